//! The version guard: never an older version over a newer one, never the same one twice. Pure.

use std::cmp::Ordering;

use crate::item::is_again;
use crate::ledger::{Delivered, Entry, Failed, Stamp};
use crate::outcome::Skip;
use crate::{FailureClass, VersionKind};

/// One version of a document.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// What orders it.
    pub stamp: Stamp<'a>,
    /// The hash of the source document.
    pub hash: &'a str,
    /// Which replay it is, where a person replays it.
    pub replay: Option<&'a str>,
}

/// What the ledger says of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is for the target.
    Push,
    /// It is not for the target, and nothing is wrong with it.
    Skip(Skip),
    /// It cannot be told whether it is newer than what is known.
    Unordered(String),
    /// It is newer than the version that a person has dealt with by hand.
    Settled(String),
}

/// Judges a version by what is known of its document.
#[must_use]
pub fn judge(entry: &Entry, candidate: Candidate<'_>) -> Verdict {
    let verdict = unreadable(candidate)
        .or_else(|| by_delivery(entry, candidate))
        .or_else(|| by_tries(entry, candidate))
        .or_else(|| by_failures(entry, candidate))
        .or_else(|| by_person(entry, candidate));
    verdict.unwrap_or(Verdict::Push)
}

impl Candidate<'_> {
    /// Messages of one document come in the order in which they were sent, so that what carries no version, or an equal
    /// one, is in order by itself. A replay alone comes out of order: it is older than what was received after it.
    fn is_older_than(self, other: Stamp<'_>) -> bool {
        self.stamp.is_older_than(other) || (self.replay.is_some() && self.came_before(other))
    }

    fn came_before(self, other: Stamp<'_>) -> bool {
        match self.stamp.compare(other) {
            Some(Ordering::Less) => true,
            Some(Ordering::Equal) => {
                self.stamp.received_at.zip(other.received_at).is_some_and(|(this, that)| this < that)
            }
            Some(Ordering::Greater) | None => false,
        }
    }

    /// Whether it says what has failed before. What is said once more after something else of the same version has failed
    /// in between is the last word.
    fn repeats(self, failed: &Failed, entry: &Entry) -> bool {
        let is_between = |other: &Failed| {
            failed.stamp().compare(other.stamp()) == Some(Ordering::Equal)
                && failed.received_at < other.received_at
                && self.stamp.received_at.is_some_and(|received_at| other.received_at < received_at)
        };
        failed.is_of(self.stamp.version, self.hash) && !entry.failures().any(is_between)
    }

    /// Whether it lacks the version that would tell its place beside one that has it.
    fn lacks_version(self, other: Stamp<'_>) -> bool {
        let carries_none = self.stamp.kind == Some(VersionKind::Received);
        !carries_none && self.stamp.version.is_none() && other.version.is_some()
    }
}

fn unreadable(candidate: Candidate<'_>) -> Option<Verdict> {
    let (version, kind) = candidate.stamp.version.zip(candidate.stamp.kind)?;
    kind.parse(version).err().map(Verdict::Unordered)
}

fn by_delivery(entry: &Entry, candidate: Candidate<'_>) -> Option<Verdict> {
    let delivered = entry.delivered.as_ref()?;
    // What a person has edited stands in the place of what the source says of that version.
    let is_edited =
        entry.edited.as_ref().is_some_and(|edit| edit.of == candidate.hash && edit.to == delivered.hash);
    if is_edited && candidate.replay.is_none() {
        return Some(Verdict::Skip(Skip::Same));
    }
    if candidate.is_older_than(delivered.stamp()) {
        return Some(Verdict::Skip(Skip::Older));
    }
    // Two changes within one second carry the same version: the last one received wins.
    if delivered.hash == candidate.hash && !is_newer_version(candidate, delivered) {
        // Of what was tried since, the target may hold something else; and a person may want it sent again.
        let is_done = !entry.may_hold_another(candidate.hash) && !is_again(candidate.replay);
        return is_done.then_some(Verdict::Skip(Skip::Same));
    }
    let version = delivered.version.as_deref().filter(|_| candidate.lacks_version(delivered.stamp()))?;
    Some(Verdict::Unordered(format!(
        "it has no version, and the target has version {version}: which is newer cannot be told"
    )))
}

fn is_newer_version(candidate: Candidate<'_>, delivered: &Delivered) -> bool {
    candidate.stamp.version.is_some() && candidate.stamp.compare(delivered.stamp()) == Some(Ordering::Greater)
}

/// What was tried of a newer version may be there, and its message comes again, or has failed: an older one that a queue hands
/// out once more is not put over it.
fn by_tries(entry: &Entry, candidate: Candidate<'_>) -> Option<Verdict> {
    let tried = entry.attempts.as_ref()?;
    let stamp = Stamp { version: tried.version.as_deref(), kind: candidate.stamp.kind, received_at: None };
    candidate.stamp.is_older_than(stamp).then_some(Verdict::Skip(Skip::Older))
}

fn by_failures(entry: &Entry, candidate: Candidate<'_>) -> Option<Verdict> {
    let mut same = entry.failures().filter(|failed| candidate.repeats(failed, entry));
    if let Some(failed) = same.next().filter(|_| candidate.replay.is_none()) {
        return Some(Verdict::Skip(Skip::FailedBefore { message: failed.message.clone() }));
    }
    // The newest version is the one to mend: an older one must neither take its place in the ledger nor in the target.
    let is_older = entry.failures().any(|failed| candidate.is_older_than(failed.stamp()));
    if is_older {
        return Some(Verdict::Skip(Skip::Older));
    }
    let newest = entry.failures().find(|failed| candidate.lacks_version(failed.stamp()))?;
    let version = newest.version.as_deref().unwrap_or_default();
    (newest.hash != candidate.hash).then(|| {
        Verdict::Unordered(format!(
            "it has no version, and version {version} has failed: which is newer cannot be told"
        ))
    })
}

fn by_person(entry: &Entry, candidate: Candidate<'_>) -> Option<Verdict> {
    let settled = entry.settled.as_ref()?;
    if settled.covers(candidate.stamp, candidate.hash) {
        return Some(Verdict::Skip(Skip::Settled));
    }
    let version = settled.version.version.as_deref().unwrap_or("unknown");
    // Whoever replays all that failed for some other reason has not been told of the settled one.
    let was_told =
        candidate.replay.is_some() && entry.failures().any(|failed| is_told_of_settled(failed, candidate));
    (!was_told).then(|| {
        Verdict::Settled(format!(
            "{} has dealt with version {version} of it by hand, and this version is newer: change what is in the target by \
             hand and settle this one too, or replay it to have it sent",
            settled.by
        ))
    })
}

/// A replay whose message is delivered once more is the one that was refused, and no answer to that.
fn is_told_of_settled(failed: &Failed, candidate: Candidate<'_>) -> bool {
    failed.class == FailureClass::Settled
        && failed.is_of(candidate.stamp.version, candidate.hash)
        && failed.replay.as_deref() != candidate.replay
}

#[cfg(test)]
mod tests;
