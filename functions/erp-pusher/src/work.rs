//! One version of one document at one receive: what is known of it, and what that makes it wait for.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use relay_core::VersionKind;
use relay_core::ledger::{Delivered, Stamp};
use relay_core::{Entry, System, WorkItem};
use relay_mapping::Fault;

use crate::guard::Candidate;

/// How long a vendor is taken to work on a request after we gave its answer up.
pub(crate) const LATE: TimeDelta = TimeDelta::seconds(90);

/// When a version that followed upon a lost answer is sent once more: late enough for whatever was still going on.
pub(crate) const CONFIRM: TimeDelta = TimeDelta::minutes(5);

/// After so long nothing is going on any more.
pub(crate) const FORGOTTEN: TimeDelta = TimeDelta::minutes(10);

/// One version of one document at one receive.
pub(crate) struct Work<'a> {
    pub(crate) system: System,
    pub(crate) item: &'a WorkItem,
    pub(crate) hash: String,
    /// How versions of the document compare, as far as it is known.
    pub(crate) kind: Option<VersionKind>,
    pub(crate) entry: Entry,
    /// Whether an earlier try may have reached the target.
    pub(crate) repeated: bool,
}

impl Work<'_> {
    /// The version, to be judged.
    pub(crate) fn candidate(&self) -> Candidate<'_> {
        let version = self.item.version.as_deref();
        let stamp = Stamp { version, kind: self.kind, received_at: Some(self.item.received_at) };
        Candidate { stamp, hash: &self.hash, replay: self.item.replay.is_some() }
    }

    /// The request of another version that the vendor may still be working on, with the time since its answer was given
    /// up. A clock that was set back makes no request young again.
    pub(crate) fn unanswered(&self, now: DateTime<Utc>) -> Option<TimeDelta> {
        let other = self.entry.unanswered.as_ref().filter(|request| request.hash != self.hash)?;
        let age = now - other.at;
        Some(if age < TimeDelta::zero() { CONFIRM } else { age })
    }

    /// How long its turn must wait for a request of another version; `None` when it need not.
    pub(crate) fn waits_for_another(&self, now: DateTime<Utc>) -> Option<Duration> {
        let age = self.unanswered(now)?;
        (LATE - age).to_std().ok().filter(|wait| !wait.is_zero())
    }

    /// How long it must wait before the target's word that it has no such document can be believed.
    pub(crate) fn waits_for_itself(&self, now: DateTime<Utc>) -> Option<Duration> {
        let request = self.entry.unanswered.as_ref()?;
        let age = now - request.at;
        let wait = (LATE - age).to_std().ok().filter(|wait| !wait.is_zero());
        wait.filter(|_| age >= TimeDelta::zero())
    }

    /// Whether the target has this very version, and is to be sent it once more; then, how long that must wait.
    pub(crate) fn is_to_be_confirmed(&self, now: DateTime<Utc>) -> Option<Duration> {
        let is_there = self.entry.delivered.as_ref().is_some_and(|delivered| delivered.hash == self.hash);
        let age = self.unanswered(now).filter(|_| is_there && !self.entry.may_hold_another(&self.hash))?;
        Some((CONFIRM - age).to_std().unwrap_or_default())
    }

    /// Whether the target still has what was delivered last: no other version was tried since, or may still come.
    pub(crate) fn is_believed(&self, now: DateTime<Utc>) -> bool {
        let hash = self.entry.delivered.as_ref().map_or(self.hash.as_str(), |delivered| &delivered.hash);
        !self.entry.may_hold_another(hash) && self.is_to_be_confirmed(now).is_none()
    }

    /// The tries at this version so far.
    pub(crate) fn tries(&self) -> u32 {
        self.entry
            .attempts
            .as_ref()
            .filter(|attempts| attempts.hash == self.hash)
            .map_or(0, |attempts| attempts.count)
    }

    /// Whether no other version of the document has, or may have, reached the target.
    pub(crate) fn is_only_version(&self) -> bool {
        self.entry.delivered.is_none() && !self.entry.may_hold_another(&self.hash)
    }

    /// The reason of a document that has waited for so long that the queue would drop it.
    pub(crate) fn expired(&self, limit: Duration) -> Reason {
        let last = self.entry.attempts.as_ref().map_or("never tried", |attempts| attempts.message.as_str());
        let days = limit.as_secs() / 86_400;
        Reason::new("expired", format!("it has waited for {days} days; the last try: {last}"))
    }
}

/// Why a document fails for good.
#[derive(Debug)]
pub(crate) struct Reason {
    pub(crate) class: &'static str,
    pub(crate) code: Option<String>,
    pub(crate) message: String,
}

impl Reason {
    pub(crate) fn new(class: &'static str, message: impl Into<String>) -> Self {
        Self { class, code: None, message: message.into() }
    }

    /// One line for all faults; fields that fail for the same reason share its words.
    pub(crate) fn faults(faults: Vec<Fault>) -> Self {
        let mut shared: Vec<Fault> = Vec::new();
        for fault in faults {
            let same = |other: &&mut Fault| {
                (&other.source, &other.value, &other.cause) == (&fault.source, &fault.value, &fault.cause)
            };
            match shared.iter_mut().find(same) {
                Some(other) => other.target = format!("{}, {}", other.target, fault.target),
                None => shared.push(fault),
            }
        }
        let lines: Vec<_> = shared.iter().map(ToString::to_string).collect();
        Self::new("mapping", lines.join("; "))
    }

    /// A newer version of what the target does not change.
    pub(crate) fn changed(system: System, delivered: &Delivered, way: Option<&str>) -> Self {
        let id = delivered.target_id.as_deref().unwrap_or("unknown");
        let version = delivered.version.as_deref().unwrap_or("unknown");
        let way_out = way.map(|way| format!(" (or let it be changed: {way})")).unwrap_or_default();
        Self::new(
            "changed",
            format!(
                "{system} has version {version} of it (id {id}), and a newer version has other content: {system} creates \
                 such documents and does not change them, so change it there by hand{way_out}"
            ),
        )
    }
}
