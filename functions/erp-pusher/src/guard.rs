//! The version guard: never an older version over a newer one, never the same one twice. Pure.

use std::cmp::Ordering;

use mapping::VersionKind;
use pipeline::Entry;

use crate::outcome::Skip;

/// One version of a document.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// The version as found; a source without versions has none.
    pub version: Option<&'a str>,
    /// The hash of the source document.
    pub hash: &'a str,
    /// Whether a person replays it.
    pub replay: bool,
}

/// Why a version is not for the target, if it is not.
///
/// # Errors
/// When the version is none of its kind.
pub fn skip(entry: &Entry, candidate: Candidate<'_>, kind: VersionKind) -> Result<Option<Skip>, String> {
    if let Some(version) = candidate.version {
        kind.parse(version)?;
    }
    if let Some(delivered) = &entry.delivered {
        if let (None, Some(version)) = (candidate.version, &delivered.version)
            && delivered.hash != candidate.hash
        {
            return Err(format!(
                "it has no version, and the target has version {version}: which is newer cannot be told"
            ));
        }
        match compare(candidate.version, delivered.version.as_deref(), kind) {
            Some(Ordering::Less) => return Ok(Some(Skip::Older)),
            // Two changes within one second carry the same version: the last one received wins.
            Some(Ordering::Equal) | None if delivered.hash == candidate.hash => return Ok(Some(Skip::Same)),
            _ => {}
        }
    }
    let Some(failed) = entry.failed.as_ref().filter(|_| !candidate.replay) else { return Ok(None) };
    if failed.hash == candidate.hash && failed.version.as_deref() == candidate.version {
        return Ok(Some(Skip::FailedBefore { message: failed.message.clone() }));
    }
    // The newest version is the one to mend: an older one must neither take its place in the ledger nor in the target.
    let is_older = compare(candidate.version, failed.version.as_deref(), kind) == Some(Ordering::Less);
    Ok(is_older.then_some(Skip::Older))
}

/// Whether a failure is settled by the delivery of a version: of the same one, or of a newer one.
#[must_use]
pub fn settles(delivered: Option<&str>, failed: Option<&str>, kind: VersionKind) -> bool {
    compare(delivered, failed, kind).is_none_or(Ordering::is_ge)
}

/// Versions that cannot be compared have no order.
fn compare(one: Option<&str>, other: Option<&str>, kind: VersionKind) -> Option<Ordering> {
    let parse = |version: Option<&str>| kind.parse(version?).ok();
    Some(parse(one)?.cmp(&parse(other)?))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use pipeline::{Delivered, EntryId, Failed};
    use serde_json::Value;

    use super::*;

    fn delivered(version: Option<&str>, hash: &str) -> Entry {
        let mut entry = Entry::new(EntryId::new("f", "k"));
        entry.delivered = Some(Delivered {
            version: version.map(str::to_owned),
            hash: hash.to_owned(),
            body_hash: String::new(),
            target_id: None,
            at: DateTime::UNIX_EPOCH,
        });
        entry
    }

    fn failed(version: &str, hash: &str) -> Entry {
        let mut entry = Entry::new(EntryId::new("f", "k"));
        entry.failed = Some(Failed {
            version: Some(version.to_owned()),
            hash: hash.to_owned(),
            class: String::new(),
            code: None,
            message: "no such material".to_owned(),
            attempts: 1,
            document: Value::Null,
            received_at: DateTime::UNIX_EPOCH,
            at: DateTime::UNIX_EPOCH,
            trace: String::new(),
        });
        entry
    }

    fn judge(entry: &Entry, version: Option<&str>, hash: &str) -> Option<Skip> {
        skip(entry, Candidate { version, hash, replay: false }, VersionKind::Time).unwrap()
    }

    const NINE: Option<&str> = Some("2016-12-01 09:00:00");
    const TEN: Option<&str> = Some("2016-12-01 10:00:00.500");

    #[test]
    fn only_what_is_new_is_pushed() {
        assert_eq!(judge(&Entry::new(EntryId::new("f", "k")), NINE, "a"), None);
        assert_eq!(judge(&delivered(NINE, "a"), TEN, "b"), None, "newer");
        assert_eq!(judge(&delivered(TEN, "a"), NINE, "b"), Some(Skip::Older));
        assert_eq!(judge(&delivered(TEN, "a"), TEN, "a"), Some(Skip::Same));
        assert_eq!(judge(&delivered(TEN, "a"), TEN, "b"), None, "two changes within a second");
    }

    #[test]
    fn without_versions_the_content_decides() {
        assert_eq!(judge(&delivered(None, "a"), None, "a"), Some(Skip::Same));
        assert_eq!(judge(&delivered(None, "a"), None, "b"), None);
        let candidate = Candidate { version: None, hash: "b", replay: false };
        let error = skip(&delivered(TEN, "a"), candidate, VersionKind::Time).unwrap_err();
        assert!(error.contains("no version") && error.contains("10:00:00.500"), "{error}");
    }

    #[test]
    fn what_has_failed_waits_for_a_person() {
        let entry = failed("2016-12-01 09:00:00", "a");
        let skip_before = Skip::FailedBefore { message: "no such material".to_owned() };
        assert_eq!(judge(&entry, NINE, "a"), Some(skip_before));
        assert_eq!(judge(&entry, NINE, "b"), None, "other content may do better");
        let replay = Candidate { version: NINE, hash: "a", replay: true };
        assert_eq!(skip(&entry, replay, VersionKind::Time).unwrap(), None);
    }

    #[test]
    fn an_older_version_does_not_take_the_place_of_a_newer_one_that_failed() {
        let entry = failed("2016-12-01 10:00:00.500", "a");
        assert_eq!(judge(&entry, NINE, "b"), Some(Skip::Older));
        let entry = failed("2016-12-01 09:00:00", "a");
        assert_eq!(judge(&entry, TEN, "b"), None, "a newer one may do better");
    }

    #[test]
    fn a_version_that_is_none_is_said_so() {
        let candidate = Candidate { version: Some("yesterday"), hash: "a", replay: false };
        let error = skip(&Entry::new(EntryId::new("f", "k")), candidate, VersionKind::Time).unwrap_err();
        assert!(error.contains("yesterday"), "{error}");
    }

    #[test]
    fn a_delivery_settles_failures_up_to_its_version() {
        assert!(settles(TEN, NINE, VersionKind::Time));
        assert!(settles(TEN, TEN, VersionKind::Time));
        assert!(!settles(NINE, TEN, VersionKind::Time));
        assert!(settles(None, None, VersionKind::Time));
    }
}
