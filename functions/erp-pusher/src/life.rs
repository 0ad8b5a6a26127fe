//! Life: a bill that is saved goes through the steps of its flow, and is changed, taken back or deleted where its source
//! says something else by now.
//!
//! What is to be done next is for [`relay_core::life::next`] to say, by the bills that the ledger knows. Each move is
//! recorded before the next begins, the last one with the document's outcome. What may have been done without our knowing,
//! because an answer was lost or a process was killed, is asked for first.
//!
//! | module | what for |
//! |---|---|
//! | `look` | what is there, by the ledger and by the target |
//! | `save` | a bill is saved, unless it is there |
//! | `form` | what is sent in a bill: its number, its date, and what is negative in it |
//! | `words` | what is said of a bill that cannot go on |

mod form;
mod look;
mod save;
mod words;

use chrono::{DateTime, Utc};
use relay_connector::{Class, Repeat};
use relay_core::Outcome;
use relay_core::life::{self, Bill, Change, Move, Step, Wanted, next, standing};
use relay_mapping::Life;

use crate::batch::Held;
use crate::contribute;
use crate::map::{Plan, Sent};
use crate::parts;
use crate::settle::LedgerWriter;
use crate::stop::Stop;
use crate::work::{AtStep, Work};

/// A document whose bill has a life.
pub(crate) struct Living<'a> {
    life: &'a Life,
    plan: Plan<'a>,
    /// Why it is to have no bill, where it is to have none.
    goes: Option<Goes>,
    change: Change,
    bills: Vec<Bill>,
    /// So many of them were known when the turn began.
    known: usize,
}

/// Why a document is to have no bill any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goes {
    /// Its source has cancelled it.
    Cancelled,
    /// It is a part that its document has no lines for any more.
    Withdrawn,
}

impl<'a> Living<'a> {
    /// A document as its flow has it, in its target's form; of one whose bill `goes`, as much as tells which bill that is.
    pub(crate) fn new(life: &'a Life, plan: Plan<'a>, goes: Option<Goes>) -> Self {
        let by_itself = if plan.replaces() { Change::WhileOpen } else { Change::Refuse };
        let change = match goes {
            Some(Goes::Cancelled) => life.when_cancelled(),
            Some(Goes::Withdrawn) => life.when_withdrawn().unwrap_or(Change::Refuse),
            None => life.changes().unwrap_or(by_itself),
        };
        Self { life, plan, goes, change, bills: Vec::new(), known: 0 }
    }

    /// What the ledger is told of it.
    pub(crate) fn sent(&self) -> Sent {
        let stands = standing(&self.bills).map(|place| &self.bills[place]);
        let body_hash = if self.goes.is_some() { String::new() } else { self.plan.body_hash.clone() };
        let number = stands.and_then(|bill| bill.number.clone());
        // What is audited is not changed by a request that arrives late.
        let replaces = self.change == Change::WhileOpen && self.life.then().is_empty() && self.goes.is_none();
        Sent {
            body_hash,
            number,
            replaces,
            doubles: self.plan.repeat() != Repeat::Replaces,
            document: Some(self.plan.document.name),
            bills: Some(self.bills.clone()),
            received_at: None,
        }
    }

    /// Brings the document's bills to what it says.
    pub(crate) async fn live(
        &mut self,
        work: &mut Work<'_>,
        held: &Held<'_>,
        writer: &LedgerWriter,
    ) -> Result<Outcome, Stop> {
        if let Some(stop) = contribute::is_in_a_group(work).or_else(|| parts::is_there_in_parts(work)) {
            return Err(stop);
        }
        self.recall(work);
        let mut has_moved = false;
        let mut is_found = self.look(work, held, writer.clock.now()).await?;
        loop {
            let to_do = next(&self.bills, self.wanted());
            if to_do == Move::Nothing {
                break;
            }
            if has_moved || is_found {
                writer.lived(work, &self.bills, None).await?;
                if !held.goes_on() {
                    return Err(Stop::Ended(Outcome::AT_ONCE));
                }
            }
            let was_sent = self.take(to_do, work, held, writer).await?;
            has_moved |= was_sent;
            is_found |= !was_sent;
        }
        let target_id = standing(&self.bills).and_then(|place| self.bills[place].target_id.clone());
        let was_whole = work.known.entry.delivered.is_some() || self.goes.is_some();
        Ok(match target_id {
            _ if has_moved => Outcome::Delivered { target_id, confirm: None },
            _ if was_whole && !is_found => Outcome::Unchanged,
            Some(target_id) => Outcome::Found { target_id },
            None => Outcome::Delivered { target_id: None, confirm: None },
        })
    }

    fn wanted(&self) -> Wanted<'_> {
        let body_hash = self.goes.is_none().then_some(self.plan.body_hash.as_str());
        Wanted { body_hash, then: self.life.then(), change: self.change }
    }

    /// Does what is to be done next, and says whether something was sent for it.
    async fn take(
        &mut self,
        to_do: Move,
        work: &mut Work<'_>,
        held: &Held<'_>,
        writer: &LedgerWriter,
    ) -> Result<bool, Stop> {
        match to_do {
            Move::Nothing => Ok(false),
            Move::Refuse(place) => Err(self.refused(work, place)),
            Move::Make => {
                self.bills.push(self.blank(work, None));
                Box::pin(self.save(self.bills.len() - 1, work, held, writer)).await
            }
            Move::TakeBack(place) => {
                if self.bills[place].body.is_none() {
                    return Err(words::not_kept(work.system, &self.bills[place]));
                }
                self.bills.push(self.blank(work, Some(place)));
                Box::pin(self.save(self.bills.len() - 1, work, held, writer)).await
            }
            Move::Save(place) => Box::pin(self.save(place, work, held, writer)).await,
            Move::Change(place) => {
                let replaces = self.bills[place].target_id.clone();
                work.step = Some(self.at(place, Step::Save));
                let form = self.form(place, work)?;
                let id = Box::pin(self.send(form, replaces, work, held, writer)).await?;
                let said = self.blank(work, None);
                let bill = &mut self.bills[place];
                bill.target_id = id.or(bill.target_id.take());
                (bill.version, bill.body_hash, bill.body) = (said.version, said.body_hash, said.body);
                (bill.stage, bill.at) = (Some(Step::Save), writer.clock.now());
                Ok(true)
            }
            Move::Take(place, step) => self.step(place, step, work, held, writer.clock.now()).await,
        }
    }

    /// A bill that is not there yet.
    fn blank(&self, work: &Work<'_>, takes_back: Option<usize>) -> Bill {
        let base = self.bills.first().and_then(|bill| bill.number.clone()).or_else(|| self.plan.number());
        let number = base.map(|base| life::numbered(&base, &self.bills, takes_back.is_some()));
        let of = takes_back.map(|place| &self.bills[place]);
        let keeps = self.life.takes_back() && takes_back.is_none() && self.goes.is_none();
        Bill {
            number,
            target_id: None,
            takes_back,
            version: of.map_or_else(|| work.item.version.clone(), |of| of.version.clone()),
            body_hash: of.map_or_else(|| self.plan.body_hash.clone(), |of| of.body_hash.clone()),
            stage: None,
            at: work.item.received_at,
            body: keeps.then(|| self.plan.mapped.body.clone()),
        }
    }

    /// Takes a step. One that the target refuses may have been taken already.
    async fn step(
        &mut self,
        place: usize,
        step: Step,
        work: &mut Work<'_>,
        held: &Held<'_>,
        now: DateTime<Utc>,
    ) -> Result<bool, Stop> {
        work.step = Some(self.at(place, step));
        // It goes alone: nobody waits for it.
        held.gather().leaves(&work.message.id);
        let bill = &self.bills[place];
        let Some(id) = bill.target_id.clone() else { return Err(words::no_id(work.system, bill, step)) };
        let (target, document) = (self.plan.target, self.plan.document);
        let deadline = held.keep().await?;
        let mut was_sent = true;
        if let Err(failure) = target.step(document, &id, step, deadline).await {
            let may_be_taken = matches!(failure.class, Class::Refused | Class::Exists | Class::Closed { .. });
            let stage = if may_be_taken { target.stage(document, &id, deadline).await.ok() } else { None };
            let has_taken = stage.is_some_and(|stage| match step {
                Step::Delete => stage.is_none(),
                step => stage.is_some_and(|stage| stage.has_taken(step)),
            });
            if !has_taken {
                return Err(Stop::Call(words::at_step(failure, bill, step)));
            }
            was_sent = false;
        }
        let bill = &mut self.bills[place];
        (bill.stage, bill.at) = (Some(step.stage()), now);
        Ok(was_sent)
    }

    fn refused(&self, work: &Work<'_>, place: usize) -> Stop {
        let bill = &self.bills[place];
        match (self.goes, self.change) {
            (Some(Goes::Withdrawn), _) => words::withdrawn(work.system, bill),
            (Some(Goes::Cancelled), Change::WhileOpen) => {
                words::audited(work.system, bill, "unaudit+delete", "when_cancelled")
            }
            (Some(Goes::Cancelled), _) => words::cancelled(work.system, bill),
            (None, Change::WhileOpen) => words::audited(work.system, bill, "reopen", "changes"),
            (None, _) => self.plan.changed_bill(work.system, bill),
        }
    }

    fn at(&self, place: usize, step: Step) -> AtStep {
        AtStep { step, target_id: self.bills[place].target_id.clone() }
    }
}
