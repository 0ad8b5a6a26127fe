use std::cmp::Ordering;

use chrono::{DateTime, Utc};

use crate::FailureClass;
use crate::life::standing;

use super::{Attempts, Delivered, Entry, EntryId, Failed, Numbers, Settled, Stamp, Unanswered};

/// What a delivery turned out to be when it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// The target has this version now.
    Newest,
    /// Another version was delivered while this one was on its way, and it is not known which of the two came last.
    Overtaken {
        /// The other version.
        by: Delivered,
    },
    /// The same version was delivered while this one was on its way, and the target keeps it under another id.
    Doubled {
        /// The other delivery.
        with: Delivered,
    },
}

/// So many places of the archive fit into an entry that stays one write unit of DynamoDB.
const ARCHIVED: usize = 4;

impl Entry {
    /// Whether the document was delivered and nothing of it is open: then it may be forgotten when it is old enough.
    #[must_use]
    pub fn is_only_delivered(&self) -> bool {
        let is_open = self.attempts.is_some() || self.unanswered.is_some() || self.settled.is_some();
        self.delivered.is_some() && !is_open && self.failures().next().is_none()
    }

    /// Points to where the archive has its last turn.
    pub fn archived(&mut self, location: &str) {
        if self.archive.iter().any(|known| known == location) {
            return;
        }
        self.archive.push(location.to_owned());
        let surplus = self.archive.len().saturating_sub(ARCHIVED);
        self.archive.drain(..surplus);
    }

    /// Notes what it can be found by: numbers of the document, and those that the target has it under.
    pub fn found_by(&mut self, numbers: &[String]) {
        let of_target = self.delivered.iter().flat_map(|delivered| [&delivered.target_id, &delivered.number]);
        let of_bills = self.bills.iter().flat_map(|bill| [&bill.target_id, &bill.number]);
        let of_target: Vec<String> = of_target.chain(of_bills).flatten().cloned().collect();
        of_target.iter().for_each(|number| self.bears(number));
        for number in numbers {
            self.numbers.note(number, &self.id.key);
        }
    }

    /// Notes a number that the target has it under, or may have soon.
    pub fn bears(&mut self, number: &str) {
        self.numbers.note_at_target(number, &self.id.key);
    }

    /// The entry of a document that nothing is known of yet.
    #[must_use]
    pub fn new(id: EntryId) -> Self {
        Self {
            id,
            delivered: None,
            bills: Vec::new(),
            attempts: None,
            unanswered: None,
            settled: None,
            failed: None,
            beside: Vec::new(),
            divided: None,
            archive: Vec::new(),
            heard: None,
            edited: None,
            numbers: Numbers::default(),
            revision: 0,
        }
    }

    /// Every version that failed and waits for a person.
    pub fn failures(&self) -> impl Iterator<Item = &Failed> {
        self.failed.iter().chain(&self.beside)
    }

    /// Whether all that has failed of it waits for what another flow has not delivered yet: that is sent again by itself, and
    /// needs nobody.
    #[must_use]
    pub fn only_waits(&self) -> bool {
        self.failures().next().is_some()
            && self.failures().all(|failed| failed.class == FailureClass::Waiting)
    }

    /// Whether another version than the one of that hash was tried after the last delivery, and may have arrived: itself, or
    /// parts of it.
    #[must_use]
    pub fn may_hold_another(&self, hash: &str) -> bool {
        self.attempts.as_ref().is_some_and(|attempts| attempts.may_have_brought_another(hash))
            || self.divided.as_ref().is_some_and(|divided| divided.hash != hash)
    }

    /// What of the document counts in the target, where anything does: not a bill that is being taken back, or deleted, for a newer
    /// version or a cancellation that has not come through yet.
    #[must_use]
    pub fn counts(&self) -> Option<&Delivered> {
        let stands = |there: &&Delivered| {
            let bill = standing(&self.bills).and_then(|place| self.bills.get(place));
            self.bills.is_empty() || bill.is_some_and(|bill| bill.target_id == there.target_id)
        };
        self.there().filter(stands)
    }

    /// Notes an attempt; that another version was tried before stays known.
    pub fn attempt(&mut self, attempts: Attempts) {
        let others = self.may_hold_another(&attempts.hash);
        self.attempts = Some(Attempts { others, ..attempts });
    }

    /// Notes a failure and says whether it stands: that of a version that is known to be older than one which was
    /// delivered, was settled or has failed does not. One that cannot be compared is kept beside the others. The attempts
    /// stay known, and are counted anew from here: the next is a person's command.
    pub fn fail(&mut self, failed: Failed) -> bool {
        if let Some(attempts) = self.attempts.as_mut().filter(|attempts| attempts.hash == failed.hash) {
            attempts.count = 0;
        }
        let stands = !self.is_past(&failed)
            && !self.failures().any(|other| failed.stamp().is_older_than(other.stamp()));
        if stands {
            self.keep(failed);
        }
        stands
    }

    /// Notes that the target has this version, which settles the failures up to it. `seen` is what was known to be
    /// delivered when it was sent: where another has delivered since, two requests were on their way at once.
    pub fn deliver(&mut self, delivered: Delivered, seen: Option<&Delivered>) -> Delivery {
        match self.delivered.take().filter(|known| Some(known) != seen) {
            Some(known) if known.hash == delivered.hash && known.target_id == delivered.target_id => {}
            Some(known) if known.hash == delivered.hash => {
                self.delivered = Some(known.clone());
                return Delivery::Doubled { with: known };
            }
            Some(known) if delivered.stamp().compare(known.stamp()) != Some(Ordering::Greater) => {
                self.delivered = Some(known.clone());
                return Delivery::Overtaken { by: known };
            }
            // The older one may have reached the target after this one: it is taken for a request that is still going on.
            Some(known) => {
                self.unanswered = Some(Unanswered { hash: known.hash, at: delivered.at, ran: None });
            }
            None => {}
        }
        self.strike_off(|failed| {
            let order = delivered.stamp().compare(failed.stamp());
            failed.hash == delivered.hash || !failed.is_doubled() && order.is_some_and(Ordering::is_ge)
        });
        self.settled.take_if(|settled| !delivered.stamp().is_older_than(settled.version.stamp()));
        self.attempts = None;
        self.delivered = Some(delivered);
        Delivery::Newest
    }

    /// Notes a version whose request was on its way together with another's: it stands among the failures, whatever its
    /// age, and the target is not believed to hold what was delivered last.
    pub fn cross(&mut self, attempts: Attempts, failed: Failed) {
        self.attempt(attempts);
        self.keep(failed);
    }

    /// Notes a failure that stands whatever was delivered: it is not one of the target.
    pub fn stand(&mut self, failed: Failed) {
        self.keep(failed);
    }

    /// Takes the failures of a class and a content off the list: what they said is over.
    pub fn clear(&mut self, class: &FailureClass, hash: &str) {
        self.strike_off(|failed| failed.class == *class && failed.hash == hash);
    }

    /// Notes that a person has dealt by hand with those versions that have failed and that were `seen`; the newest of
    /// them keeps its place. Says whether there were any.
    pub fn settle(&mut self, seen: &[Failed], by: &str, reason: Option<&str>, at: DateTime<Utc>) -> bool {
        let was_seen =
            |failed: &Failed| seen.iter().any(|seen| seen.is_of(failed.version.as_deref(), &failed.hash));
        let mut taken = self.strike_off(was_seen);
        let were_there = !taken.is_empty();
        // What the target has keeps its place by that.
        taken.retain(|failed| !self.is_delivered(failed));
        if !taken.is_empty() {
            let version = taken.remove(0);
            let (by, reason) = (by.to_owned(), reason.map(str::to_owned));
            self.settled = Some(Settled { version, beside: taken, by, reason, at });
        }
        were_there
    }

    /// Takes failures out, and answers them.
    fn strike_off(&mut self, is_done: impl Fn(&Failed) -> bool) -> Vec<Failed> {
        let standing: Vec<_> = self.failed.take().into_iter().chain(self.beside.drain(..)).collect();
        let (done, mut left): (Vec<_>, Vec<_>) = standing.into_iter().partition(is_done);
        self.failed = (!left.is_empty()).then(|| left.remove(0));
        self.beside = left;
        done
    }

    /// Whether a version was delivered or settled already, itself or a newer one.
    fn is_past(&self, failed: &Failed) -> bool {
        let is_in_doubt = self.may_hold_another(&failed.hash)
            && self.delivered.as_ref().is_some_and(|delivered| delivered.hash == failed.hash);
        let by_delivery = self.is_delivered(failed) && !is_in_doubt;
        let by_person =
            self.settled.as_ref().is_some_and(|settled| settled.covers(failed.stamp(), &failed.hash));
        by_delivery || by_person
    }

    /// Whether the target was given this version, or a newer one.
    fn is_delivered(&self, failed: &Failed) -> bool {
        self.delivered.as_ref().is_some_and(|delivered| {
            delivered.hash == failed.hash || failed.stamp().is_older_than(delivered.stamp())
        })
    }

    /// Puts a failure in the place of those that it replaces.
    fn keep(&mut self, failed: Failed) {
        self.strike_off(|other| failed.replaces(other));
        match &self.failed {
            None => self.failed = Some(failed),
            // The version that waits for a person comes first.
            Some(doubled) if doubled.is_doubled() => self.beside.extend(self.failed.replace(failed)),
            Some(_) => self.beside.push(failed),
        }
    }
}

impl Failed {
    /// Whether this failure takes the place of another: of the same version, of an older one, or of one with an equal
    /// version that was not received later. None takes the place of a document that is there twice.
    fn replaces(&self, other: &Self) -> bool {
        if other.is_doubled() {
            return self.is_doubled() && self.target_id == other.target_id;
        }
        self.is_of(other.version.as_deref(), &other.hash)
            || match self.stamp().compare(other.stamp()) {
                Some(Ordering::Greater) => true,
                Some(Ordering::Equal) => self.received_at >= other.received_at,
                Some(Ordering::Less) | None => false,
            }
    }
}

impl Settled {
    /// Whether a version is one of those that the person has dealt with, or older than they are.
    #[must_use]
    pub fn covers(&self, stamp: Stamp<'_>, hash: &str) -> bool {
        let mut versions = std::iter::once(&self.version).chain(&self.beside);
        stamp.is_older_than(self.version.stamp()) || versions.any(|version| version.hash == hash)
    }
}
