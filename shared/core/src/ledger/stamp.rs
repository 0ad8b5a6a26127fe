use std::cmp::Ordering;

use crate::VersionKind;
use chrono::{DateTime, Utc};

use super::{Delivered, Failed};
use crate::FailureClass;

/// What tells which of two versions of a document is the newer.
#[derive(Debug, Clone, Copy)]
pub struct Stamp<'a> {
    /// The version as found.
    pub version: Option<&'a str>,
    /// How versions of the document compare, as far as it is known.
    pub kind: Option<VersionKind>,
    /// When it was received.
    pub received_at: Option<DateTime<Utc>>,
}

impl Stamp<'_> {
    /// How this version compares with another of the same document; `None` where that cannot be told. Documents without
    /// versions compare by when they were received.
    #[must_use]
    pub fn compare(self, other: Stamp<'_>) -> Option<Ordering> {
        match self.kind.or(other.kind)? {
            VersionKind::Received => Some(self.received_at?.cmp(&other.received_at?)),
            kind => {
                let parse = |version: Option<&str>| kind.parse(version?).ok();
                Some(parse(self.version)?.cmp(&parse(other.version)?))
            }
        }
    }

    /// Whether this version is known to be older than another. Not by when they were received: a machine's clock may have
    /// been set back in between, and nothing is dropped on its word.
    #[must_use]
    pub fn is_older_than(self, other: Stamp<'_>) -> bool {
        let by_version = self.kind.or(other.kind) != Some(VersionKind::Received);
        by_version && self.compare(other) == Some(Ordering::Less)
    }
}

impl Delivered {
    /// Whether the target has nothing of this version: a part that was withdrawn.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.body_hash.is_empty()
    }

    /// What orders it.
    #[must_use]
    pub fn stamp(&self) -> Stamp<'_> {
        Stamp { version: self.version.as_deref(), kind: self.version_kind, received_at: self.received_at }
    }
}

impl Failed {
    /// Whether the target has the version, and only its source has not taken that.
    #[must_use]
    pub fn is_of_source(&self) -> bool {
        self.class == FailureClass::Acknowledgement
    }

    /// Whether the target has the document a second time, under an id that nothing else here knows. A person has to delete one of
    /// the two: no version that comes later does.
    #[must_use]
    pub fn is_doubled(&self) -> bool {
        self.class == FailureClass::Crossed && self.target_id.is_some()
    }

    /// What orders it.
    #[must_use]
    pub fn stamp(&self) -> Stamp<'_> {
        let received_at = Some(self.received_at);
        Stamp { version: self.version.as_deref(), kind: self.version_kind, received_at }
    }

    /// Whether it is that version with that content.
    #[must_use]
    pub fn is_of(&self, version: Option<&str>, hash: &str) -> bool {
        self.hash == hash && self.version.as_deref() == version
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(version: Option<&str>, kind: Option<VersionKind>, second: i64) -> Stamp<'_> {
        Stamp { version, kind, received_at: DateTime::from_timestamp(second, 0) }
    }

    #[test]
    fn versions_compare_by_their_kind_whenever_they_were_received() {
        let time = Some(VersionKind::Time);
        let nine = stamp(Some("2016-12-01 09:00:00"), time, 9);
        let ten = stamp(Some("2016-12-01 10:00:00"), None, 1);
        assert_eq!(nine.compare(ten), Some(Ordering::Less));
        assert_eq!(ten.compare(nine), Some(Ordering::Greater), "one of the two knows how");
        assert!(nine.is_older_than(ten) && !ten.is_older_than(nine));
    }

    #[test]
    fn without_versions_the_one_received_later_is_the_newer_and_none_is_certainly_older() {
        let received = Some(VersionKind::Received);
        let (first, second) = (stamp(None, received, 1), stamp(None, received, 2));
        assert_eq!(first.compare(second), Some(Ordering::Less));
        assert!(!first.is_older_than(second));
    }

    #[test]
    fn what_cannot_be_read_has_no_order() {
        let (time, good) = (Some(VersionKind::Time), stamp(Some("2016-12-01"), Some(VersionKind::Time), 1));
        assert_eq!(stamp(Some("yesterday"), time, 2).compare(good), None);
        assert_eq!(stamp(None, time, 2).compare(good), None);
        assert_eq!(stamp(None, None, 1).compare(stamp(None, None, 2)), None, "nobody knows how");
    }
}
