//! What kinds of failures stand in the ledger.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why a document stands in the ledger as failed. Ledgers hold the code, `relay failures` prints it, and alarms and
/// scripts go by it: a code never changes its meaning.
///
/// | code | what it means | the way out |
/// |---|---|---|
/// | `mapping` | the flow cannot make the target's document of it: a code is unknown, an address cannot be split, its key or version cannot be read | mend the document in its source, the base data in the target or the flow; `relay replay` |
/// | `waiting` | it refers to a document that another flow has not delivered yet | none is needed: it is sent again when that is there, and fails as `mapping` when it has waited for as long as its flow says |
/// | `flow` | its flow has no file any more | put the file back and `relay replay`, or `relay flows retire` |
/// | `refused` | the target does not take it | mend what the message names, `relay replay`; or enter it by hand, `relay settle` |
/// | `changed` | a newer version of what the target has and does not change, or a document of this number is there that may be another version | change it in the target by hand, `relay settle` |
/// | `withdrawn` | a part that is in the target, and for which a newer version of its document has no lines | undo it in the target by hand, `relay settle` |
/// | `settled` | a newer version of what a person has dealt with by hand | change it by hand and `relay settle` this one too, or `relay replay` |
/// | `unknown` | it was sent and the answer was lost; the target cannot be asked, and would make a second one of it | look for it in the target, then `relay settle`, or `relay replay` |
/// | `crossed` | two workers had it under way at once, so that the target may hold either version, or both | compare it in the target, `relay settle` |
/// | `expired` | it waited for 13 days, and the queue would have dropped it | mend what the last try failed with, `relay replay` |
/// | `panic` | a mistake in the program stopped its turn | report it; `relay replay` with a version that mends it |
/// | `acknowledgement` | the target has it, and its source refuses the acknowledgement: the row stays in the pool | acknowledge it in the source by hand, `relay settle` |
/// | `too large` | the queue carries no message of this size | split it in the source, or enter it by hand, `relay settle` |
/// | `too deep` | it is nested deeper than a message carries | flatten it in the source, or enter it by hand, `relay settle` |
/// | `unreadable` | a message that is no work item, or a push whose data is no document | look at what is kept; `relay settle` |
/// | `unrouted` | a push that no flow takes | add a flow for it and `relay replay`, or stop the push and `relay settle` |
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureClass {
    /// `mapping`: the flow cannot make the target's document of it.
    Mapping,
    /// `waiting`: it refers to what another flow has not delivered yet.
    Waiting,
    /// `flow`: its flow has no file any more.
    Flow,
    /// `refused`: the target does not take it.
    Refused,
    /// `changed`: a newer version of what the target does not change.
    Changed,
    /// `withdrawn`: a part for which a newer version of its document has no lines.
    Withdrawn,
    /// `settled`: a newer version of what a person has dealt with.
    Settled,
    /// `unknown`: it may be there, nobody can be asked, and sending it again would make a second one.
    Unknown,
    /// `crossed`: two workers had it under way at once.
    Crossed,
    /// `expired`: it waited until the queue would have dropped it.
    Expired,
    /// `panic`: a mistake in the program stopped its turn.
    Panic,
    /// `acknowledgement`: its source refuses the acknowledgement.
    Acknowledgement,
    /// `too large`: the queue carries no message of this size.
    TooLarge,
    /// `too deep`: it is nested deeper than a message carries.
    TooDeep,
    /// `unreadable`: a message that is no work item, or a push whose data is no document.
    Unreadable,
    /// `unrouted`: a push that no flow takes.
    Unrouted,
    /// A class of a newer program, by its code.
    Other(Box<str>),
}

impl FailureClass {
    /// Every class that this program writes.
    pub const ALL: [Self; 16] = [
        Self::Mapping,
        Self::Waiting,
        Self::Flow,
        Self::Refused,
        Self::Changed,
        Self::Withdrawn,
        Self::Settled,
        Self::Unknown,
        Self::Crossed,
        Self::Expired,
        Self::Panic,
        Self::Acknowledgement,
        Self::TooLarge,
        Self::TooDeep,
        Self::Unreadable,
        Self::Unrouted,
    ];

    /// The class's code, as ledgers hold it.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Mapping => "mapping",
            Self::Waiting => "waiting",
            Self::Flow => "flow",
            Self::Refused => "refused",
            Self::Changed => "changed",
            Self::Withdrawn => "withdrawn",
            Self::Settled => "settled",
            Self::Unknown => "unknown",
            Self::Crossed => "crossed",
            Self::Expired => "expired",
            Self::Panic => "panic",
            Self::Acknowledgement => "acknowledgement",
            Self::TooLarge => "too large",
            Self::TooDeep => "too deep",
            Self::Unreadable => "unreadable",
            Self::Unrouted => "unrouted",
            Self::Other(code) => code,
        }
    }
}

impl From<&str> for FailureClass {
    fn from(code: &str) -> Self {
        let known = Self::ALL.into_iter().find(|class| class.code() == code);
        known.unwrap_or_else(|| Self::Other(code.into()))
    }
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// As ledgers hold it: by its code.
impl PartialEq<&str> for FailureClass {
    fn eq(&self, code: &&str) -> bool {
        self.code() == *code
    }
}

impl Serialize for FailureClass {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for FailureClass {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from(String::deserialize(deserializer)?.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn the_codes_are_those_that_stand_in_ledgers() {
        let codes: Vec<_> = FailureClass::ALL.iter().map(FailureClass::code).collect();
        let written = [
            "mapping",
            "waiting",
            "flow",
            "refused",
            "changed",
            "withdrawn",
            "settled",
            "unknown",
            "crossed",
            "expired",
            "panic",
            "acknowledgement",
            "too large",
            "too deep",
            "unreadable",
            "unrouted",
        ];
        assert_eq!(codes, written);
        assert_eq!(BTreeSet::from(written).len(), FailureClass::ALL.len());
    }

    #[test]
    fn a_class_is_read_as_it_was_written_and_that_of_a_newer_program_is_kept() {
        for class in FailureClass::ALL {
            assert_eq!(json!(class), json!(class.code()));
            assert_eq!(from_value::<FailureClass>(json!(class)).unwrap(), class);
        }
        let newer: FailureClass = from_value(json!("period closed")).unwrap();
        assert_eq!(
            (&newer, json!(newer)),
            (&FailureClass::Other("period closed".into()), json!("period closed"))
        );
    }
}
