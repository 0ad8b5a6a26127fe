//! Which time the windows of a query are over.

/// A time that the windows of a document can be over, and the requests that make them so.
#[derive(Debug, Clone, Copy)]
pub struct WindowTime {
    /// The vendor's field of that time, which a flow names: `modified`, `consign_time`.
    pub field: &'static str,
    /// The vendor's description, in Chinese.
    pub title: &'static str,
    /// The requests whose windows are over this time: those that meet all conditions of any one of these lists.
    pub requests: &'static [&'static [Condition]],
    /// Parameters that a request holds with these values unless a flow fixes them itself.
    pub sends: &'static [(&'static str, &'static str)],
}

/// What a request holds in one of its parameters.
#[derive(Debug, Clone, Copy)]
pub struct Condition {
    /// The parameter.
    pub param: &'static str,
    /// What it holds.
    pub test: Test,
}

/// What a parameter must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {
    /// Anything.
    Given,
    /// Nothing.
    Absent,
    /// Just this.
    Is(&'static str),
    /// Nothing, or anything but this.
    IsNot(&'static str),
    /// A whole number below this.
    Below(u32),
    /// A whole number from this on.
    From(u32),
}

/// What is known of a parameter before a flow runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held<'a> {
    /// It is not sent.
    Nothing,
    /// It is sent with this value.
    Text(&'a str),
    /// It is sent with a value that a setting holds.
    Unknown,
}

impl WindowTime {
    /// Whether the windows of a request that holds these parameters are over this time for certain.
    pub fn is_of<'a>(&self, held: impl Fn(&str) -> Held<'a>) -> bool {
        let meets = |condition: &Condition| condition.test.holds(held(condition.param));
        self.requests.iter().any(|conditions| conditions.iter().all(meets))
    }

    /// The conditions of the first requests that make windows so, in words: "`status` is below 95".
    #[must_use]
    pub fn in_words(&self) -> String {
        let alternatives: Vec<_> = self
            .requests
            .iter()
            .map(|conditions| conditions.iter().map(Condition::in_words).collect::<Vec<_>>().join(" and "))
            .collect();
        alternatives.join(", or ")
    }
}

impl Condition {
    fn in_words(&self) -> String {
        let Self { param, test } = self;
        match test {
            Test::Given => format!("`{param}` is given"),
            Test::Absent => format!("`{param}` is left out"),
            Test::Is(value) => format!("`{param}` is \"{value}\""),
            Test::IsNot(value) => format!("`{param}` is not \"{value}\""),
            Test::Below(bound) => format!("`{param}` is below {bound}"),
            Test::From(bound) => format!("`{param}` is {bound} or more"),
        }
    }
}

impl Test {
    /// Whether a parameter that is held so meets it for certain.
    #[must_use]
    pub fn holds(self, held: Held<'_>) -> bool {
        // Of several values, which are asked for one by one, each has to.
        let each = |text: &str, meets: &dyn Fn(u32) -> bool| {
            text.split(',').all(|value| value.trim().parse::<u32>().is_ok_and(meets))
        };
        match (self, held) {
            (Self::Given, held) => held != Held::Nothing,
            (Self::Absent, held) => held == Held::Nothing,
            (Self::Is(wanted), Held::Text(text)) => text.trim() == wanted,
            (Self::IsNot(_), Held::Nothing) => true,
            (Self::IsNot(unwanted), Held::Text(text)) => text.trim() != unwanted,
            (Self::Below(bound), Held::Text(text)) => each(text, &|number| number < bound),
            (Self::From(bound), Held::Text(text)) => each(text, &|number| number >= bound),
            (Self::Is(_) | Self::Below(_) | Self::From(_), Held::Nothing) => false,
            (Self::Is(_) | Self::IsNot(_) | Self::Below(_) | Self::From(_), Held::Unknown) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_only_a_setting_knows_proves_no_more_than_that_there_is_one() {
        assert!(Test::Given.holds(Held::Unknown));
        for test in [Test::Absent, Test::Is("1"), Test::IsNot("1"), Test::Below(95), Test::From(95)] {
            assert!(!test.holds(Held::Unknown), "{test:?}");
        }
    }

    #[test]
    fn numbers_compare_as_numbers() {
        assert!(Test::Below(95).holds(Held::Text("5")) && !Test::Below(95).holds(Held::Text("110")));
        assert!(Test::From(95).holds(Held::Text("110")) && Test::From(95).holds(Held::Text("95, 110")));
        assert!(!Test::From(95).holds(Held::Text("5,95")) && !Test::Below(95).holds(Held::Text("5,95")));
    }
}
