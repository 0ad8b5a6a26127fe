//! What the ledger is told of a document's turn.

use std::sync::Arc;
use std::time::Duration;

use relay_core::clock::{Clock, Rng};
use relay_core::item::content_hash;
use relay_core::ledger::{self, Attempts, Delivered, Entry, EntryId, Failed, Unanswered};
use relay_core::policy::{self, News, Receive, Record};
use relay_core::{Bill, Checkpoints, FailureClass, Ledger, Outcome, Skip, StoreError, pause};
use relay_job::listeners::{Failure, Listeners, Told};

use super::crossed;
use crate::map::Sent;
use crate::stop::Stop;
use crate::work::{CONFIRM, FORGOTTEN, Known, Work};

/// When what a call has done is written again, after the store has failed: in all far less than a turn has.
const AGAIN: [Duration; 3] =
    [Duration::from_millis(100), Duration::from_millis(300), Duration::from_millis(900)];

/// Writes the ledger, once the flows that listen have been told what it will say, and the pauses of the targets.
pub(crate) struct LedgerWriter {
    pub(crate) listeners: Listeners,
    pub(crate) checkpoints: Arc<dyn Checkpoints>,
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
}

impl LedgerWriter {
    /// What is known of a document.
    pub(crate) async fn entry(&self, id: EntryId) -> Result<Entry, StoreError> {
        let known = self.ledger.read(std::slice::from_ref(&id)).await?.remove(&id);
        Ok(known.unwrap_or_else(|| Entry::new(id)))
    }

    /// Records what became of a document, as the policy says, and answers what that came to: two workers may have had it
    /// under way at once, or a newer version may be known by now.
    pub(crate) async fn record(
        &self,
        work: &Work<'_>,
        sent: Option<&Sent>,
        outcome: Outcome,
    ) -> Result<Outcome, StoreError> {
        match policy::of(&outcome, Receive::first(self.clock.now())).record {
            Record::Nothing => {
                if work.item.replay.is_some() && outcome == Outcome::Skipped(Skip::Same) {
                    self.mended(work).await?;
                }
                Ok(outcome)
            }
            Record::Delivered { target_id } => {
                let Some(sent) = sent else { return Ok(outcome) };
                self.delivered(work, target_id.map(str::to_owned), sent, &outcome).await
            }
            Record::Unchanged => {
                let Some(sent) = sent else { return Ok(outcome) };
                let delivered = work.known.entry.delivered.as_ref();
                let target_id = delivered.and_then(|delivered| delivered.target_id.clone());
                self.delivered(work, target_id, sent, &outcome).await
            }
            Record::Failed { class, code, message, tried } => {
                let failed = self.failure(work, class.clone(), code, message);
                // A version that fails unsent may have been sent all the same, by a turn that was killed.
                let attempts = (tried || work.resumed).then(|| self.attempt(work, message));
                let change = |entry: &mut Entry| {
                    if let Some(attempts) = &attempts {
                        entry.attempt(attempts.clone());
                    }
                    if entry.fail(failed.clone()) { outcome.clone() } else { Outcome::Skipped(Skip::Older) }
                };
                self.settle(work, sent, change).await
            }
            Record::Attempt { message, unanswered } => {
                self.tried(work, sent, message, unanswered, &outcome).await
            }
            Record::Pause { until, reason } => {
                let (now, reason) = (self.clock.now(), reason.to_owned());
                let pause = pause::set(self.checkpoints.as_ref(), work.system, until, reason, now).await?;
                Ok(Outcome::Paused { until: pause.until, reason: pause.reason })
            }
        }
    }

    /// Takes a failure off the list that a person has replayed, and that says what the target has already. It stands under another
    /// hash: while its flow's file is away nobody knows that the time of an outcome is no part of what it says.
    async fn mended(&self, work: &Work<'_>) -> Result<(), StoreError> {
        let hash = content_hash(&work.item.document);
        let is_it = |failed: &Failed| failed.class == FailureClass::Flow && failed.hash == hash;
        if !work.known.entry.failures().any(is_it) {
            return Ok(());
        }
        self.change(work, |entry| entry.clear(&FailureClass::Flow, &hash)).await
    }

    /// Records that the target has this version.
    async fn delivered(
        &self,
        work: &Work<'_>,
        target_id: Option<String>,
        sent: &Sent,
        outcome: &Outcome,
    ) -> Result<Outcome, StoreError> {
        let at = self.clock.now();
        let delivered = Delivered {
            version: work.item.version.clone(),
            version_kind: work.kind,
            hash: work.hash.clone(),
            body_hash: sent.body_hash.clone(),
            target_id: target_id.clone(),
            number: sent.number.clone(),
            received_at: Some(sent.received_at.unwrap_or(work.item.received_at)),
            at,
            follows: work.follows(at),
        };
        let confirmed = work.is_to_be_confirmed(at).is_some();
        let replaces = sent.replaces && *outcome != Outcome::Unchanged;
        let waits_for_this =
            |entry: &Entry| entry.unanswered.as_ref().is_some_and(|request| request.hash == work.hash);
        let change = |entry: &mut Entry| {
            // What was noted before it was sent has been answered.
            if waits_for_this(entry) && !waits_for_this(&work.known.entry) {
                entry.unanswered.clone_from(&work.known.entry.unanswered);
            }
            let request = entry.unanswered.as_ref();
            let is_over = request.is_some_and(|request| confirmed || (at - request.at).abs() > FORGOTTEN);
            entry.unanswered.take_if(|_| is_over);
            if let Some(bills) = &sent.bills {
                // Those that another worker has noted meanwhile are not forgotten.
                if entry.bills == work.known.entry.bills {
                    entry.bills.clone_from(bills);
                }
                // A late request changes nothing of what is audited, and what was asked for is known.
                entry.unanswered.take_if(|_| !replaces);
            }
            let delivery = entry.deliver(delivered.clone(), work.known.entry.delivered.as_ref());
            if sent.is_contribution() && crossed::in_a_group(&delivery) {
                return Outcome::Skipped(Skip::Older);
            }
            let second = crossed::second(&delivery, &delivered, &entry.bills).filter(|_| sent.doubles);
            let crossed = crossed::delivered(work.system, &delivery, &delivered, second);
            if let Some(message) = &crossed {
                let failed = self.failure(work, FailureClass::Crossed, None, message);
                let target_id = second.map(str::to_owned).or(failed.target_id);
                let failed = Failed { target_id, ..failed };
                entry.cross(self.attempt(work, message), failed);
                return Outcome::failed_try(FailureClass::Crossed, None, message);
            }
            if confirmed {
                return Outcome::Confirmed { target_id: target_id.clone() };
            }
            let other = entry.unanswered.as_ref().filter(|request| replaces && request.hash != work.hash);
            match other.map(|request| (CONFIRM - (at - request.at)).to_std().unwrap_or_default()) {
                Some(wait) => Outcome::Delivered { target_id: target_id.clone(), confirm: Some(wait) },
                None => outcome.clone(),
            }
        };
        self.settle(work, Some(sent), change).await
    }

    /// Records how far the bills of a document have come, before the next move; with a request, if one begins whose repetition
    /// would make a second bill. Another worker that has written meanwhile has the document's turn.
    pub(crate) async fn lived(
        &self,
        work: &mut Work<'_>,
        bills: &[Bill],
        begun: Option<Unanswered>,
    ) -> Result<(), Stop> {
        let mut entry = work.known.entry.clone();
        noted(work, &mut entry, |entry| {
            entry.bills = bills.to_vec();
            // What is recorded of the bills is known, whatever tries there were.
            (entry.attempts, entry.unanswered) = (None, begun.clone());
        });
        self.written(work, entry).await
    }

    /// Records our number of a document, before it is sent.
    pub(crate) async fn numbered(&self, work: &mut Work<'_>, number: &str) -> Result<(), Stop> {
        let mut entry = work.known.entry.clone();
        noted(work, &mut entry, |entry| entry.bears(number));
        self.written(work, entry).await
    }

    /// Writes what is known of a document from here on.
    async fn written(&self, work: &mut Work<'_>, mut entry: Entry) -> Result<(), Stop> {
        if !self.ledger.write(&entry).await? {
            tracing::warn!("another worker has written this document's entry: its turn comes once more");
            return Err(Stop::Ended(Outcome::AT_ONCE));
        }
        entry.revision += 1;
        entry.numbers.are_stored();
        work.known = Known { entry, read_at: self.clock.monotonic() };
        Ok(())
    }

    /// Records a try, and what is to be said of it where it has crossed another worker's delivery.
    async fn tried(
        &self,
        work: &Work<'_>,
        sent: Option<&Sent>,
        message: &str,
        is_unanswered: bool,
        outcome: &Outcome,
    ) -> Result<Outcome, StoreError> {
        let attempts = self.attempt(work, message);
        let request = is_unanswered.then(|| Unanswered::now(&work.hash, self.clock.as_ref()));
        let crosses = |entry: &mut Entry| {
            entry.attempt(attempts.clone());
            // The one that began last ends last, as far as anybody knows.
            entry.unanswered = Some(request.clone()?);
            let message = crossed::unanswered(work, entry.delivered.as_ref()?)?;
            entry.stand(self.failure(work, FailureClass::Crossed, None, &message));
            Some(Outcome::failed_try(FailureClass::Crossed, None, message))
        };
        self.settle(work, sent, |entry| crosses(entry).unwrap_or_else(|| outcome.clone())).await
    }

    /// Changes the entry. Where the store fails after a call may have been made, it is tried again for a moment: the message may
    /// be another worker's by now, and then nobody else comes to say what this call has done.
    async fn settle(
        &self,
        work: &Work<'_>,
        sent: Option<&Sent>,
        change: impl Fn(&mut Entry) -> Outcome + Send + Sync,
    ) -> Result<Outcome, StoreError> {
        let mut known = Some(work.known.entry.clone());
        let mut waits = AGAIN.iter().filter(|_| sent.is_some());
        loop {
            match self.settle_once(work, sent, known.take(), &change).await {
                Ok(Some(outcome)) => return Ok(outcome),
                Ok(None) => {}
                Err(error) => match waits.next() {
                    Some(wait) => self.clock.sleep(*wait).await,
                    None => return Err(error),
                },
            }
        }
    }

    /// Changes the entry as it is known, else as it is read now, and tells the flows that listen what that comes to **before** it
    /// is written: a crash between the two repeats the turn and what is told of it, and loses neither. `None`: another has
    /// written meanwhile, or this one before its answer got lost.
    async fn settle_once(
        &self,
        work: &Work<'_>,
        sent: Option<&Sent>,
        known: Option<Entry>,
        change: &(impl Fn(&mut Entry) -> Outcome + Send + Sync),
    ) -> Result<Option<Outcome>, StoreError> {
        let mut entry = match known {
            Some(entry) => entry,
            None => self.entry(work.known.entry.id.clone()).await?,
        };
        let outcome = noted(work, &mut entry, change);
        self.tell(work, sent, &entry, &outcome).await?;
        Ok(self.ledger.write(&entry).await?.then_some(outcome))
    }

    async fn tell(
        &self,
        work: &Work<'_>,
        sent: Option<&Sent>,
        entry: &Entry,
        outcome: &Outcome,
    ) -> Result<(), StoreError> {
        let Some(news) = policy::of(outcome, Receive::first(self.clock.now())).news else { return Ok(()) };
        let delivered = entry.delivered.as_ref().filter(|_| news == News::Delivered);
        if delivered.is_some() && sent.is_some_and(Sent::is_contribution) {
            // In its group, and not in the target: the bill is told of.
            return Ok(());
        }
        let failure = match outcome {
            Outcome::Failed { class, code, message, .. } => {
                Some(Failure { class, code: code.as_deref(), message })
            }
            _ => None,
        };
        let at = work.step.as_ref().filter(|_| news == News::Failed);
        let told = Told {
            item: work.item,
            kind: work.kind,
            news,
            document: sent.and_then(|sent| sent.document).or(work.document),
            id: delivered
                .map_or_else(|| at?.target_id.as_deref(), |delivered| delivered.target_id.as_deref()),
            step: at.map(|at| at.step.name()),
            number: sent.and_then(|sent| sent.number.as_deref()),
            failure,
        };
        self.listeners.tell(told).await
    }

    /// Records, before it is sent, that a document may reach the target: one that nobody can ask for, and whose repetition
    /// would make a second one. Where another turn of it has begun or ended meanwhile, its turn comes once more.
    pub(crate) async fn begun(&self, work: &Work<'_>) -> Result<(), Stop> {
        let request = Unanswered::now(&work.hash, self.clock.as_ref());
        let known = &work.known.entry;
        let begin = |entry: &mut Entry| {
            let is_as_known = entry.delivered == known.delivered && entry.unanswered == known.unanswered;
            if is_as_known {
                entry.unanswered = Some(request.clone());
            }
            is_as_known
        };
        if self.change(work, begin).await? { Ok(()) } else { Err(Stop::Ended(Outcome::AT_ONCE)) }
    }

    /// Takes that back, where the target's answer says that it has not taken the document.
    pub(crate) async fn answered(&self, work: &Work<'_>) -> Result<(), StoreError> {
        self.change(work, |entry| entry.unanswered.clone_from(&work.known.entry.unanswered)).await
    }

    fn failure(&self, work: &Work<'_>, class: FailureClass, code: Option<&str>, message: &str) -> Failed {
        let is_for_codes = matches!(class, FailureClass::Mapping | FailureClass::Waiting);
        let missing = if is_for_codes { work.missing.clone() } else { Vec::new() };
        Failed {
            version: work.item.version.clone(),
            version_kind: work.kind,
            hash: work.hash.clone(),
            class,
            code: code.map(str::to_owned),
            message: message.to_owned(),
            attempts: work.tries() + 1,
            document: work.item.document.clone(),
            received_at: work.item.received_at,
            at: self.clock.now(),
            trace: work.item.trace.clone(),
            replay: work.item.replay.clone(),
            step: work.step.as_ref().map(|at| at.step),
            target_id: work.step.as_ref().and_then(|at| at.target_id.clone()),
            missing,
        }
    }

    fn attempt(&self, work: &Work<'_>, message: &str) -> Attempts {
        Attempts {
            version: work.item.version.clone(),
            hash: work.hash.clone(),
            count: work.tries() + 1,
            message: message.to_owned(),
            at: self.clock.now(),
            others: false,
        }
    }

    async fn change<T: Send>(
        &self,
        work: &Work<'_>,
        change: impl Fn(&mut Entry) -> T + Send + Sync,
    ) -> Result<T, StoreError> {
        let known = Some(work.known.entry.clone());
        let change = |entry: &mut Entry| noted(work, entry, &change);
        ledger::update(self.ledger.as_ref(), &work.known.entry.id, known, change).await
    }
}

/// Changes an entry, and notes where the archive has the turn, which message has had it, and the numbers that the document is
/// found by.
pub(crate) fn noted<T>(work: &Work<'_>, entry: &mut Entry, change: impl Fn(&mut Entry) -> T) -> T {
    work.archived.into_iter().for_each(|location| entry.archived(location));
    let done = change(entry);
    entry.hear(work.message);
    entry.found_by(&work.numbers);
    done
}
