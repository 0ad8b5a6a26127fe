//! Versions of a document: which of two is the newer.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::time;

/// How the versions of a flow's documents compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VersionKind {
    /// A point in time, China time where it names no zone.
    Time,
    /// A counter.
    Integer,
    /// Text, compared character by character.
    Text,
    /// The documents carry no version: the one received last is the newest.
    Received,
}

/// A version that was read. Only versions of one kind compare meaningfully.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// A point in time.
    Time(DateTime<Utc>),
    /// A counter.
    Integer(i128),
    /// Text.
    Text(String),
}

impl VersionKind {
    /// Reads a version of this kind.
    ///
    /// # Errors
    /// What was expected, when the text is no version of this kind.
    pub fn parse(self, text: &str) -> Result<Version, String> {
        let text = text.trim();
        match self {
            Self::Time => time::read(text, &[], time::china())
                .map(|time| Version::Time(time.to_utc()))
                .ok_or_else(|| format!("version `{text}` is not a time such as 2016-12-01 00:00:00")),
            Self::Integer => text
                .parse()
                .map(Version::Integer)
                .map_err(|_| format!("version `{text}` is not a whole number")),
            Self::Text | Self::Received => Ok(Version::Text(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_compare_by_their_fraction_and_counters_by_their_value() {
        let time = |text| VersionKind::Time.parse(text).unwrap();
        assert!(time("2016-12-01 00:00:00.999") > time("2016-12-01 00:00:00"));
        assert!(time("2016-12-01 00:00:00.999001") > time("2016-12-01 00:00:00.999"));
        let counter = |text| VersionKind::Integer.parse(text).unwrap();
        assert!(counter("10") > counter("9"));
    }

    #[test]
    fn a_version_of_the_wrong_kind_says_what_was_expected() {
        assert!(VersionKind::Time.parse("0000-00-00 00:00:00").unwrap_err().contains("is not a time"));
        assert!(VersionKind::Integer.parse("1.5").unwrap_err().contains("whole number"));
    }
}
