//! One version of one document at one receive: what is known of it, and what that makes it wait for.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use relay_core::clock::Clock;
use relay_core::guard::Candidate;
use relay_core::item::content_hash;
use relay_core::ledger::{Entry, Stamp};
use relay_core::{Failed, FailureClass, Received, Step, System, UnknownCode, VersionKind, WorkItem};

/// How long a vendor is taken to work on a request after we gave its answer up.
pub(crate) const LATE: TimeDelta = TimeDelta::seconds(90);

/// When a version that followed upon a lost answer is sent once more: late enough for whatever was still going on.
pub(crate) const CONFIRM: TimeDelta = TimeDelta::minutes(5);

/// After so long nothing is going on any more.
pub(crate) const FORGOTTEN: TimeDelta = TimeDelta::minutes(10);

/// What is known of a document, and when it was read, by the monotonic clock.
pub(crate) struct Known {
    pub(crate) entry: Entry,
    pub(crate) read_at: Duration,
}

impl Known {
    /// What was read then. How long ago a request was given up is told by how long the machine has run since.
    pub(crate) fn read(mut entry: Entry, read_at: Duration, clock: &dyn Clock) -> Self {
        entry.unanswered.iter_mut().for_each(|request| request.go_by(clock));
        Self { entry, read_at }
    }
}

/// One version of one document at one receive.
pub(crate) struct Work<'a> {
    pub(crate) system: System,
    pub(crate) item: &'a WorkItem,
    pub(crate) message: &'a Received,
    pub(crate) hash: String,
    /// What it becomes, as flow files name it, as far as its flow is known.
    pub(crate) document: Option<&'static str>,
    /// Whether it is an alert, which is sent also where it says what the last one said.
    pub(crate) is_alert: bool,
    /// How versions of the document compare, as far as it is known.
    pub(crate) kind: Option<VersionKind>,
    /// What is known of the document.
    pub(crate) known: Known,
    /// Whether an earlier turn of this very message may have sent it, and have ended before the ledger knew.
    pub(crate) resumed: bool,
    /// Whether an earlier try may have reached the target.
    pub(crate) repeated: bool,
    /// Where the archive will have this turn, for the ledger to point to.
    pub(crate) archived: Option<&'a str>,
    /// The numbers that a person may ask for it by.
    pub(crate) numbers: Vec<String>,
    /// The codes that nobody knew, where it fails for them.
    pub(crate) missing: Vec<UnknownCode>,
    /// The step in the life of its bill that is being taken.
    pub(crate) step: Option<AtStep>,
}

/// A step in the life of a bill.
#[derive(Debug, Clone)]
pub(crate) struct AtStep {
    pub(crate) step: Step,
    /// The target's id of the bill, where it is known.
    pub(crate) target_id: Option<String>,
}

impl Work<'_> {
    /// What tells the document from all others of its target: its flow and its key.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.item.flow, self.item.key)
    }

    /// The version, to be judged.
    pub(crate) fn candidate(&self) -> Candidate<'_> {
        let version = self.item.version.as_deref();
        let stamp = Stamp { version, kind: self.kind, received_at: Some(self.item.received_at) };
        Candidate {
            stamp,
            hash: self.settled_hash().unwrap_or(&self.hash),
            replay: self.item.replay.as_deref(),
        }
    }

    /// The hash under which a person has settled this very content, where it failed while its flow's file was away: nobody knew then
    /// what of it counts.
    fn settled_hash(&self) -> Option<&str> {
        let settled = self.known.entry.settled.as_ref()?;
        let of_no_flow = std::iter::once(&settled.version).chain(&settled.beside);
        let mut of_no_flow = of_no_flow.filter(|version| version.class == FailureClass::Flow);
        let is_it = |version: &&Failed| version.hash == content_hash(&self.item.document);
        of_no_flow.find(is_it).map(|version| version.hash.as_str())
    }

    /// The request of another version that the vendor may still be working on, with the time since its answer was given
    /// up. A clock that was set back makes no request young again.
    pub(crate) fn unanswered(&self, now: DateTime<Utc>) -> Option<TimeDelta> {
        let other = self.known.entry.unanswered.as_ref().filter(|request| request.hash != self.hash)?;
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
        let request = self.known.entry.unanswered.as_ref()?;
        let age = now - request.at;
        let wait = (LATE - age).to_std().ok().filter(|wait| !wait.is_zero());
        wait.filter(|_| age >= TimeDelta::zero())
    }

    /// Whether the target has this very version, and is to be sent it once more; then, how long that must wait.
    pub(crate) fn is_to_be_confirmed(&self, now: DateTime<Utc>) -> Option<Duration> {
        let is_there =
            self.known.entry.delivered.as_ref().is_some_and(|delivered| delivered.hash == self.hash);
        let age =
            self.unanswered(now).filter(|_| is_there && !self.known.entry.may_hold_another(&self.hash))?;
        Some((CONFIRM - age).to_std().unwrap_or_default())
    }

    /// When the target took the version before this one. One that is only sent once more is no other delivery than the first.
    pub(crate) fn follows(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let delivered = self.known.entry.delivered.as_ref()?;
        if self.is_to_be_confirmed(now).is_some() { delivered.follows } else { Some(delivered.at) }
    }

    /// Whether the target still has what was delivered last: no other version was tried since, or may still come.
    pub(crate) fn is_believed(&self, now: DateTime<Utc>) -> bool {
        let hash =
            self.known.entry.delivered.as_ref().map_or(self.hash.as_str(), |delivered| &delivered.hash);
        !self.known.entry.may_hold_another(hash) && self.is_to_be_confirmed(now).is_none()
    }

    /// The tries at this version so far.
    pub(crate) fn tries(&self) -> u32 {
        self.known
            .entry
            .attempts
            .as_ref()
            .filter(|attempts| attempts.hash == self.hash)
            .map_or(0, |attempts| attempts.count)
    }

    /// Whether no other version of the document has, or may have, reached the target.
    pub(crate) fn is_only_version(&self) -> bool {
        self.known.entry.there().is_none() && !self.known.entry.may_hold_another(&self.hash)
    }
}
