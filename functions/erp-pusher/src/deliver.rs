//! Deliver: a document is asked after where an earlier try may have arrived, and sent.

use std::time::Duration;

use chrono::{DateTime, Utc};
use relay_connector::{Class, Delivery, Failure, Found, Repeat};
use relay_core::clock::Deadline;
use relay_core::{FailureClass, Outcome};
use relay_mapping::Mapped;

use crate::contribute;
use crate::gather::{Gather, Parcel};
use crate::map::Plan;
use crate::open::purpose;
use crate::parts;
use crate::settle::LedgerWriter;
use crate::stop::Stop;
use crate::work::Work;

/// So many tries may find the target's lists lagging behind what it has.
const LAGGING_TRIES: u32 = 8;

/// What is said of a document that may be there, and that nobody can ask for.
pub(crate) const UNKNOWN: &str = "it was sent and the answer was lost; the target cannot be asked whether it has it, and sending it again \
                       would make a second one: look for it there, then settle it, or replay it to have it sent again";

/// Of a repetition that was refused after a lost answer.
const REFUSED_AGAIN: &str = "an earlier call was not answered and may have made it, and the target cannot be asked: look for it there, \
     then settle this where it is there, else mend what the answer says and replay this";

/// A document on its way to its target.
pub(crate) struct Sending<'a> {
    pub(crate) work: &'a Work<'a>,
    pub(crate) plan: &'a Plan<'a>,
    pub(crate) deadline: Deadline,
    pub(crate) gather: &'a Gather,
}

/// What the target has of a document, as far as it can be told before it is sent.
enum Before {
    /// Nothing that a push would double.
    Nothing,
    /// An older version, under this id, whose place this one takes.
    Older(String),
    /// This very version: an earlier try has arrived.
    This(String),
    /// An earlier request may still be worked on: the target is asked again after this time.
    Wait(Duration),
}

impl Sending<'_> {
    /// Sends the document, unless the target has all of it already.
    pub(crate) async fn deliver(&self, ledger_writer: &LedgerWriter) -> Result<Outcome, Stop> {
        let now = ledger_writer.clock.now();
        if let Some(stop) =
            contribute::is_in_a_group(self.work).or_else(|| parts::is_there_in_parts(self.work))
        {
            return Err(stop);
        }
        if self.work.item.is_again() {
            return self.send_again(now).await;
        }
        if let Some(delivered) = self.work.known.entry.there() {
            let is_there = delivered.body_hash == self.plan.body_hash && self.work.is_believed(now);
            if is_there && !self.work.is_alert {
                return Ok(Outcome::Unchanged);
            }
            let is_changed = self.plan.repeat() == Repeat::Replaces || self.changed_id().is_some();
            if !is_changed {
                return Err(self.plan.changed(self.work.system, delivered));
            }
        }
        self.send(ledger_writer, now).await
    }

    /// Sends what the target has, because a person says so. What a repetition would not replace is asked after: found, it
    /// stays as it is, and missing, it is made anew. Where nobody can be asked, the person has been told what a repetition does.
    async fn send_again(&self, now: DateTime<Utc>) -> Result<Outcome, Stop> {
        let mut replaced = None;
        if self.plan.replaces() {
            let delivered = self.work.known.entry.there();
            replaced = delivered.and_then(|delivered| delivered.target_id.clone());
        } else if let Found::There(target_id) = self.plan.target.find(&self.delivery(), self.deadline).await?
        {
            return Ok(Outcome::Found { target_id });
        }
        match self.call(replaced.as_deref(), now).await {
            Ok(target_id) => Ok(Outcome::Delivered { target_id, confirm: None }),
            Err(failure) if failure.class == Class::Exists => {
                Ok(Outcome::Found { target_id: self.number().unwrap_or_default() })
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// Sends it, unless the target says that an earlier try has arrived.
    async fn send(&self, ledger_writer: &LedgerWriter, now: DateTime<Utc>) -> Result<Outcome, Stop> {
        if self.is_unknown() {
            return Err(Stop::failed(FailureClass::Unknown, UNKNOWN));
        }
        let replaced = match self.before(now).await? {
            Before::This(target_id) => return Ok(Outcome::Found { target_id }),
            Before::Wait(wait) => return Ok(Outcome::Postponed { wait }),
            Before::Older(target_id) => Some(target_id),
            Before::Nothing => None,
        };
        if self.is_risky() {
            ledger_writer.begun(self.work).await?;
        }
        match self.call(replaced.as_deref(), now).await {
            Ok(target_id) => Ok(Outcome::Delivered { target_id, confirm: None }),
            Err(failure) => {
                if self.is_risky() && failure.class != Class::Unknown {
                    ledger_writer.answered(self.work).await?;
                }
                Ok(self.refused(failure).await?)
            }
        }
    }

    async fn call(&self, replaces: Option<&str>, now: DateTime<Utc>) -> Result<Option<String>, Failure> {
        let parcel = Parcel {
            message: self.work.message.id.clone(),
            key: self.work.name(),
            document: self.plan.document,
            mapped: self.plan.mapped.clone(),
            replaces: replaces.map(str::to_owned),
            follows: self.work.follows(now),
            purpose: purpose(self.work.item),
            deadline: self.deadline,
        };
        self.gather.deliver(self.plan.target, parcel).await
    }

    fn delivery(&self) -> Delivery<'_> {
        let Mapped { body, params, route, .. } = &*self.plan.mapped;
        Delivery { route: *route, ..Delivery::of(self.plan.document, params, body) }
    }

    async fn before(&self, now: DateTime<Utc>) -> Result<Before, Stop> {
        let delivered = self.work.known.entry.there();
        let known = delivered.and_then(|delivered| delivered.target_id.clone());
        if delivered.is_some() || !self.work.repeated {
            return Ok(known.map_or(Before::Nothing, Before::Older));
        }
        match self.plan.target.find(&self.delivery(), self.deadline).await? {
            // Where another version may have gone out under our number, finding the number proves nothing about this one.
            Found::There(target_id) if self.work.is_only_version() => Ok(Before::This(target_id)),
            Found::There(target_id) if self.plan.replaces() => Ok(Before::Older(target_id)),
            Found::There(target_id) => Err(self.another_is_there(&target_id).into()),
            // What the vendor has not done yet, it may still do.
            Found::NotThere if self.plan.repeat() != Repeat::Replaces => {
                Ok(self.work.waits_for_itself(now).map_or(Before::Nothing, Before::Wait))
            }
            Found::NotThere => Ok(Before::Nothing),
            // It was to be asked, and cannot tell: that proves nothing.
            Found::CannotBeAsked
                if self.can_be_asked() && self.doubles() && self.work.item.replay.is_none() =>
            {
                Err(Stop::failed(FailureClass::Unknown, UNKNOWN))
            }
            Found::CannotBeAsked => Ok(Before::Nothing),
        }
    }

    /// Where nobody can be asked, what may have arrived is sent again only if that makes no second one, or if a person
    /// says so.
    fn is_unknown(&self) -> bool {
        let may_be_there = self.work.known.entry.unanswered.is_some();
        self.is_risky() && may_be_there && self.work.item.replay.is_none()
    }

    /// Whether nobody could tell after a lost answer whether the document has arrived, and another push would double it.
    /// What is sent with the id of an older version makes no second one, however often.
    fn is_risky(&self) -> bool {
        self.doubles() && !self.can_be_asked() && self.changed_id().is_none()
    }

    fn doubles(&self) -> bool {
        self.plan.repeat() == Repeat::Doubles
    }

    /// Whether the target has a question for such documents, and this one has the number that it asks for.
    fn can_be_asked(&self) -> bool {
        self.plan.document.push.is_some_and(|push| push.asked.is_some()) && self.number().is_some()
    }

    /// The id with which it is sent, because an older version was delivered under it.
    fn changed_id(&self) -> Option<String> {
        self.plan.changes(self.work.known.entry.delivered.as_ref()?)
    }

    fn number(&self) -> Option<String> {
        self.delivery().number()
    }

    fn another_is_there(&self, target_id: &str) -> Failure {
        let message = format!("a document of this number is there (id {target_id})");
        self.failure(Class::Exists, message)
    }

    async fn refused(&self, failure: Failure) -> Result<Outcome, Failure> {
        if failure.class == Class::Refused && self.may_be_there_unseen() {
            let message = format!("{}; {REFUSED_AGAIN}", failure.in_full());
            return Ok(Outcome::failed_try(FailureClass::Unknown, failure.code, message));
        }
        if failure.class != Class::Exists || !self.work.is_only_version() {
            return Err(failure);
        }
        match self.plan.target.find(&self.delivery(), self.deadline).await? {
            Found::There(target_id) => Ok(Outcome::Found { target_id }),
            // Its own word is all that there is: after an earlier try it speaks of that one.
            Found::CannotBeAsked if self.work.repeated && self.work.tries() > 0 => {
                Ok(Outcome::Found { target_id: self.number().unwrap_or_default() })
            }
            Found::NotThere | Found::CannotBeAsked => Err(not_shown(self.work, failure)),
        }
    }

    /// Whether an earlier try may have arrived, of which the refusal of the next may speak, and nobody can be asked.
    fn may_be_there_unseen(&self) -> bool {
        let was_lost = self.work.known.entry.unanswered.is_some();
        was_lost && self.plan.repeat() == Repeat::Refuses && !self.can_be_asked()
    }

    fn failure(&self, class: Class, message: String) -> Failure {
        Failure::new(self.work.system.name(), self.plan.document.name, class, None, message)
    }
}

/// The target says that it has the document, and does not show it. After an earlier try its lists may lag behind;
/// otherwise it speaks of something else, such as a good that is on two lines.
pub(crate) fn not_shown(work: &Work<'_>, mut failure: Failure) -> Failure {
    failure.class =
        if work.repeated && work.tries() < LAGGING_TRIES { Class::Unknown } else { Class::Refused };
    failure.message.push_str("; the target shows no document of this number");
    failure
}

#[cfg(test)]
mod tests;
