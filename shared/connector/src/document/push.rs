//! What keeps a document that is pushed twice from being made twice.

/// How a vendor tells one pushed document from another.
#[derive(Debug, Clone, Copy)]
pub struct Push {
    /// The field of the document, at its top, that holds our number. `None` where it stands in the lines alone.
    pub number: Option<&'static str>,
    /// What the vendor does with a number that it has already.
    pub repeat: Repeat,
    /// How the vendor is asked for a number; `None` where it cannot be.
    pub asked: Option<Question>,
    /// The most documents that one call may hold.
    pub batch: usize,
    /// A field at the document's top, and the most documents of one call that may hold the same in it.
    pub alike: Option<(&'static str, usize)>,
    /// The steps in the life of what was pushed, first to last.
    pub steps: &'static [Step],
}

impl Push {
    /// A document that is pushed alone, and is done with when it is there.
    #[must_use]
    pub const fn new(number: Option<&'static str>, repeat: Repeat, asked: Option<Question>) -> Self {
        Self { number, repeat, asked, batch: 1, alike: None, steps: &[Step::Save] }
    }

    /// The same, of which one call may hold so many.
    #[must_use]
    pub const fn batched(self, batch: usize) -> Self {
        Self { batch, ..self }
    }

    /// The same, of which one call may hold so many that have one value in that field.
    #[must_use]
    pub const fn with_alike(self, field: &'static str, most: usize) -> Self {
        Self { alike: Some((field, most)), ..self }
    }

    /// The same, with these steps in its life.
    #[must_use]
    pub const fn with_steps(self, steps: &'static [Step]) -> Self {
        Self { steps, ..self }
    }
}

/// A step in the life of a document at its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// 保存: it is there, and can be changed.
    Save,
    /// 提交: it waits to be audited.
    Submit,
    /// 审核: it counts, and cannot be changed.
    Audit,
    /// 反审核: it can be changed again.
    Unaudit,
    /// 删除: it is gone.
    Delete,
}

/// What a vendor does with a document whose number it has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// The document takes the place of the one that is there.
    Replaces,
    /// The vendor keeps the one that is there, and takes no second.
    Refuses,
    /// Nothing is known to keep the vendor from making a second one.
    Doubles,
}

/// How a vendor is asked whether it has a document of that number.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    /// The document that is queried, such as `wangdian.stock_transfer_query`.
    pub document: &'static str,
    /// The request parameter that takes the number.
    pub param: &'static str,
    /// What else each request holds: one request for each of these until one shows the document. Vendors that show
    /// only finished documents unless they are asked for a status need several.
    pub requests: &'static [&'static [(&'static str, &'static str)]],
    /// Whether the number does not stand in for the time window, so that one is sent with it. Only what was changed
    /// within the longest window is then found.
    pub timed: bool,
    /// The fields of a row that may hold the number.
    pub holds: &'static [&'static str],
    /// The fields of a row that may hold the vendor's own number of the document, the best first.
    pub ids: &'static [&'static str],
}

/// One request, which holds nothing but the number.
pub const ONCE: &[&[(&str, &str)]] = &[&[]];
