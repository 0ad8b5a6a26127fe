//! What is there: the bills that the ledger knows, and where the target says that they stand.

use chrono::{DateTime, Utc};
use relay_connector::{Class, Found};
use relay_core::Outcome;
use relay_core::clock::Deadline;
use relay_core::life::{Bill, Change, Move, Step, Wanted, next, standing};

use super::{Living, words};
use crate::batch::Held;
use crate::stop::Stop;
use crate::work::{LATE, Work};

impl Living<'_> {
    /// The bills that the ledger knows. What was delivered before its flow had a life has one.
    pub(super) fn recall(&mut self, work: &Work<'_>) {
        let entry = &work.known.entry;
        self.bills.clone_from(&entry.bills);
        if let Some(delivered) = entry.delivered.as_ref().filter(|_| self.bills.is_empty())
            && (delivered.target_id.is_some() || delivered.number.is_some())
        {
            self.bills.push(Bill {
                number: delivered.number.clone(),
                target_id: delivered.target_id.clone(),
                takes_back: None,
                version: delivered.version.clone(),
                body_hash: delivered.body_hash.clone(),
                stage: Some(Step::Save),
                at: delivered.at,
                body: None,
            });
        }
        let may_be_there = entry.attempts.is_some() || entry.unanswered.is_some();
        // What was deleted may have been made anew since. What may be taken back is noted before it is sent.
        let is_noted = self.life.takes_back() && !self.bills.is_empty();
        if self.goes.is_some() && standing(&self.bills).is_none() && may_be_there && !is_noted {
            self.bills.push(self.blank(work, None));
        }
        self.known = self.bills.len();
    }

    /// Asks where bills stand: those that are not whole, and the one that is to be changed. Says whether that was news.
    pub(super) async fn look(
        &mut self,
        work: &Work<'_>,
        held: &Held<'_>,
        now: DateTime<Utc>,
    ) -> Result<bool, Stop> {
        let is_confirmation = work.is_to_be_confirmed(now).is_some();
        let may_hold_another = work.known.entry.may_hold_another(&work.hash);
        let changes_in_place = matches!(self.change, Change::WhileOpen | Change::Reopen);
        if let Some(place) = standing(&self.bills)
            && changes_in_place
            && (is_confirmation || may_hold_another)
        {
            self.bills[place].body_hash.clear();
        }
        let mut is_news = false;
        for place in 0..self.known {
            if !self.is_to_be_asked(place, work) {
                continue;
            }
            let Some(id) = self.bills[place].target_id.clone() else { continue };
            let deadline = held.keep().await?;
            // What somebody has deleted is not taken back, and who has it sent again wants it there.
            let stage = match self.has_stages() || !(work.item.is_again() || self.change == Change::Offset) {
                true => self.stage(&id, deadline, work).await?,
                false => self.saved_or_gone(place, deadline, work, now).await?,
            };
            let bill = &mut self.bills[place];
            if stage.is_none() && work.item.replay.is_none() && self.goes.is_none() {
                return Err(words::gone(work.system, bill));
            }
            let stage = stage.unwrap_or(Step::Delete);
            let is_as_known = bill.stage == Some(stage);
            // What the vendor has not done yet, it may still do.
            if is_as_known
                && !bill.is_gone()
                && let Some(wait) = work.waits_for_itself(now)
            {
                return Err(Stop::Ended(Outcome::Postponed { wait }));
            }
            if !is_as_known {
                (bill.stage, bill.at, is_news) = (Some(stage), now, true);
            }
        }
        Ok(is_news)
    }

    pub(super) fn is_to_be_asked(&self, place: usize, work: &Work<'_>) -> bool {
        let only = std::slice::from_ref(&self.bills[place]);
        let bill = &self.bills[place];
        if bill.stage.is_none() || bill.is_gone() {
            return false;
        }
        let as_it_is = Wanted { body_hash: Some(&bill.body_hash), ..self.wanted() };
        let is_whole = match bill.takes_back {
            None => next(only, as_it_is) == Move::Nothing,
            Some(_) => next(&[Bill { takes_back: None, ..bill.clone() }], as_it_is) == Move::Nothing,
        };
        let is_due = standing(&self.bills) == Some(place)
            && self.change != Change::Refuse
            && self.wanted().body_hash != Some(bill.body_hash.as_str());
        // Who has it sent again asks whether it is still there.
        !is_whole || is_due || work.item.is_again()
    }

    fn has_stages(&self) -> bool {
        self.plan.document.steps().len() > 1
    }

    /// Whether a bill that has no stages is there, by its number; one that cannot be asked for is taken to be. A list may lag behind
    /// what was saved just now.
    async fn saved_or_gone(
        &self,
        place: usize,
        deadline: Deadline,
        work: &Work<'_>,
        now: DateTime<Utc>,
    ) -> Result<Option<Step>, Stop> {
        let form = self.form(place, work)?;
        let found = self.plan.target.find(&self.delivery(&form), deadline).await?;
        if found != Found::NotThere {
            return Ok(Some(Step::Save));
        }
        let lags = (LATE - (now - self.bills[place].at).abs()).to_std().unwrap_or_default();
        match lags.is_zero() || work.item.is_again() {
            true => Ok(None),
            false => Err(Stop::Ended(Outcome::Postponed { wait: lags })),
        }
    }

    /// The stage of a bill; of what has none, that it is saved.
    pub(super) async fn stage(
        &self,
        id: &str,
        deadline: Deadline,
        work: &Work<'_>,
    ) -> Result<Option<Step>, Stop> {
        if !self.has_stages() {
            return Ok(Some(Step::Save));
        }
        match self.plan.target.stage(self.plan.document, id, deadline).await {
            Err(failure) if failure.class == Class::Refused && work.item.replay.is_none() => {
                Err(words::cannot_be_asked(work.system, id, &failure))
            }
            Err(failure) if failure.class == Class::Refused => Ok(Some(Step::Save)),
            stage => Ok(stage?),
        }
    }
}
