//! A bill is saved, unless it is there already.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use relay_connector::{Class, Delivery, Failure, Found, Repeat};
use relay_core::clock::Deadline;
use relay_core::ledger::Unanswered;
use relay_core::life::{Bill, Step};
use relay_core::{FailureClass, Outcome};
use relay_mapping::Mapped;

use super::{Living, form};
use crate::batch::Held;
use crate::deliver::{UNKNOWN, not_shown};
use crate::gather::Parcel;
use crate::open::purpose;
use crate::settle::LedgerWriter;
use crate::stop::Stop;
use crate::work::Work;

impl Living<'_> {
    /// Saves a bill, unless it is there; says whether it was sent.
    pub(super) async fn save(
        &mut self,
        place: usize,
        work: &mut Work<'_>,
        held: &Held<'_>,
        writer: &LedgerWriter,
    ) -> Result<bool, Stop> {
        work.step = Some(self.at(place, Step::Save));
        let form = self.form(place, work)?;
        let may_be_there = work.repeated || place < self.known;
        let is_risky = self.is_risky(&form);
        if is_risky && work.known.entry.unanswered.is_some() && work.item.replay.is_none() {
            return Err(Stop::failed(FailureClass::Unknown, UNKNOWN));
        }
        if may_be_there {
            let deadline = held.keep().await?;
            match self.plan.target.find(&self.delivery(&form), deadline).await? {
                Found::There(id) => return self.found(place, id, work, deadline, writer.clock.now()).await,
                Found::NotThere if self.plan.repeat() != Repeat::Replaces => {
                    if let Some(wait) = work.waits_for_itself(writer.clock.now()) {
                        return Err(Stop::Ended(Outcome::Postponed { wait }));
                    }
                }
                // It was to be asked, and cannot tell: that proves nothing. Nor does it where there is no asking, and what may
                // be there is to go.
                Found::CannotBeAsked
                    if work.item.replay.is_none()
                        && (self.goes.is_some() || !is_risky && self.plan.repeat() == Repeat::Doubles) =>
                {
                    return Err(Stop::failed(FailureClass::Unknown, UNKNOWN));
                }
                Found::NotThere | Found::CannotBeAsked => {}
            }
        }
        if self.goes.is_some() && self.bills[place].takes_back.is_none() {
            self.bills[place].stage = Some(Step::Delete);
            return Ok(false);
        }
        if self.bills[place].takes_back.is_none() {
            // What was to be sent of an older version never arrived.
            let Bill { version, body_hash, body, .. } = self.blank(work, None);
            let bill = &mut self.bills[place];
            (bill.version, bill.body_hash, bill.body) = (version, body_hash, body);
        }
        if is_risky || self.life.takes_back() {
            let begun = is_risky.then(|| Unanswered::now(&work.hash, writer.clock.as_ref()));
            writer.lived(work, &self.bills, begun).await?;
        }
        let form = self.form(place, work)?;
        match self.send(form.clone(), None, work, held, writer).await {
            Ok(id) => {
                let bill = &mut self.bills[place];
                (bill.target_id, bill.stage, bill.at) = (id, Some(Step::Save), writer.clock.now());
                Ok(true)
            }
            Err(Stop::Call(failure)) if failure.class == Class::Exists => {
                self.exists(place, &form, failure, work, held, writer).await
            }
            Err(Stop::Call(failure)) if is_risky && failure.class != Class::Unknown => {
                let others: Vec<_> = self.bills.iter().filter(|bill| bill.stage.is_some()).cloned().collect();
                writer.lived(work, &others, None).await?;
                Err(Stop::Call(failure))
            }
            Err(stop) => Err(stop),
        }
    }

    /// The target has a bill of that number. What is in it is known where the ledger has noted it before it was sent, or where no
    /// other version went out under the number.
    pub(super) async fn found(
        &mut self,
        place: usize,
        id: String,
        work: &Work<'_>,
        deadline: Deadline,
        now: DateTime<Utc>,
    ) -> Result<bool, Stop> {
        let stage = self.stage(&id, deadline, work).await?.unwrap_or(Step::Save);
        let is_noted = self.bills[place].takes_back.is_some() || place < self.known;
        // The bills before it are gone or taken back: what was tried since is all that may be in it.
        let is_only_version = match place {
            0 => work.is_only_version(),
            _ => !work.known.entry.may_hold_another(&work.hash),
        };
        let bill = &mut self.bills[place];
        (bill.target_id, bill.stage, bill.at) = (Some(id), Some(stage), now);
        if !is_noted && !is_only_version {
            (bill.body_hash, bill.version, bill.body) = (String::new(), None, None);
        }
        Ok(false)
    }

    /// The target says that it has the number.
    pub(super) async fn exists(
        &mut self,
        place: usize,
        form: &Arc<Mapped>,
        failure: Failure,
        work: &Work<'_>,
        held: &Held<'_>,
        writer: &LedgerWriter,
    ) -> Result<bool, Stop> {
        let deadline = held.keep().await?;
        match self.plan.target.find(&self.delivery(form), deadline).await? {
            Found::There(id) => self.found(place, id, work, deadline, writer.clock.now()).await,
            Found::CannotBeAsked if work.repeated && work.tries() > 0 && work.is_only_version() => {
                let id = self.bills[place].number.clone().unwrap_or_default();
                self.found(place, id, work, deadline, writer.clock.now()).await
            }
            Found::NotThere | Found::CannotBeAsked => Err(Stop::Call(not_shown(work, failure))),
        }
    }

    /// Sends a bill, on the first day that the target's books take.
    pub(super) async fn send(
        &self,
        form: Arc<Mapped>,
        replaces: Option<String>,
        work: &Work<'_>,
        held: &Held<'_>,
        writer: &LedgerWriter,
    ) -> Result<Option<String>, Stop> {
        let now = writer.clock.now();
        let mut form = form;
        loop {
            let parcel = Parcel {
                message: work.message.id.clone(),
                key: work.name(),
                document: self.plan.document,
                mapped: form.clone(),
                replaces: replaces.clone(),
                follows: work.follows(now),
                purpose: purpose(work.item),
                deadline: held.keep().await?,
            };
            let failure = match held.gather().deliver(self.plan.target, parcel).await {
                Ok(id) => return Ok(id),
                Err(failure) => failure,
            };
            let moved = match failure.class {
                Class::Closed { open_from } if self.life.moves_date() => {
                    form::moved(self.plan.document, &form, open_from, now)
                }
                _ => None,
            };
            form = Arc::new(moved.ok_or(failure)?);
        }
    }

    pub(super) fn delivery<'f>(&self, form: &'f Mapped) -> Delivery<'f> {
        let Mapped { body, params, route, .. } = form;
        Delivery { route: *route, ..Delivery::of(self.plan.document, params, body) }
    }

    /// Whether nobody could tell after a lost answer whether a bill has arrived, and another would double it.
    pub(super) fn is_risky(&self, form: &Mapped) -> bool {
        let has_question = self.plan.document.push.is_some_and(|push| push.asked.is_some());
        let can_be_asked = has_question && self.delivery(form).number().is_some();
        self.plan.repeat() == Repeat::Doubles && !can_be_asked
    }
}
