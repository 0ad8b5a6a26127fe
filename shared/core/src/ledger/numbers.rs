//! The numbers that a document is found by: those in it, and those that its target has it under.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::groups::unmarked;

/// More are not kept of one document: an order of hundreds of lines may have as many numbers.
const MOST: usize = 24;

/// A shorter one is no number that a person asks for, a longer one is a text.
const LENGTHS: std::ops::RangeInclusive<usize> = 3..=64;

/// The numbers that a document is found by, in the order in which they were noted. As JSON a list.
#[derive(Debug, Clone, Default)]
pub struct Numbers {
    all: Vec<String>,
    /// So many of them were in the ledger when it was read.
    stored: usize,
}

impl Numbers {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[String] {
        &self.all
    }

    /// Those that the ledger does not know yet.
    #[must_use]
    pub fn unknown(&self) -> &[String] {
        self.all.get(self.stored..).unwrap_or_default()
    }

    /// All of them are in the ledger.
    pub fn are_stored(&mut self) {
        self.stored = self.all.len();
    }

    /// Notes one of the document, if it is any and not the document's key, which finds it anyway.
    pub(super) fn note(&mut self, number: &str, key: &str) {
        if LENGTHS.contains(&number.len()) && self.all.len() < MOST {
            self.note_at_target(number, key);
        }
    }

    /// Notes one that its target has it under, however many there are: by it what we have made is told from what others have.
    pub(super) fn note_at_target(&mut self, number: &str, key: &str) {
        // A group has thousands of members, and lists them itself.
        let is_group = unmarked(number).is_some();
        let is_any = number != key && !is_group && !number.is_empty();
        if is_any && !self.all.iter().any(|known| known == number) {
            self.all.push(number.to_owned());
        }
    }
}

/// How many were stored is no part of what they are.
impl PartialEq for Numbers {
    fn eq(&self, other: &Self) -> bool {
        self.all == other.all
    }
}

impl Serialize for Numbers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.all.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Numbers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let all = Vec::<String>::deserialize(deserializer)?;
        Ok(Self { stored: all.len(), all })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_unknown_until_it_was_read_from_the_ledger() {
        let mut numbers = Numbers::default();
        for number in ["T1001", "T1001", "JY1", "@SHOP-1", "x", &"9".repeat(65)] {
            numbers.note(number, "JY1");
        }
        assert_eq!(
            (numbers.all(), numbers.unknown()),
            (&["T1001".to_owned()][..], &["T1001".to_owned()][..])
        );
        let text = serde_json::to_string(&numbers).unwrap();
        assert_eq!(text, r#"["T1001"]"#);
        let mut read: Numbers = serde_json::from_str(&text).unwrap();
        assert!(read.unknown().is_empty() && read == numbers);
        read.note("SF2002", "JY1");
        assert_eq!((read.all().len(), read.unknown()), (2, &["SF2002".to_owned()][..]));
    }

    #[test]
    fn a_document_has_no_more_than_fit_into_its_entry() {
        let mut numbers = Numbers::default();
        (1_000..1_100).for_each(|number| numbers.note(&number.to_string(), ""));
        assert_eq!(numbers.all().len(), MOST);
        numbers.note_at_target("X-B4", "X");
        assert_eq!(
            numbers.all().last().map(String::as_str),
            Some("X-B4"),
            "its bills are found all the same"
        );
    }
}
