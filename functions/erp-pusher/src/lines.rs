//! The documents of a batch side by side: the versions of one one after the other, and as many at once as keep somebody
//! waiting for a permit of the target's. More would only wait; fewer would leave a slow target idle.

use std::collections::HashMap;
use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt as _};
use relay_connector::Use;
use relay_connector::quota::noting_writes;
use relay_core::policy::{self, Receive, Receiver};
use relay_core::{EntryId, Outcome};
use relay_job::Routed;

use crate::batch::Held;
use crate::boxed::boxed;
use crate::contribute;
use crate::guard::is_overdue;
use crate::open::Message;
use crate::parts;
use crate::places::{Line, PATIENCE};
use crate::push::{Pusher, Resting};
use crate::width::{UnderWay, Width};
use crate::work::Known;

/// Whether a document begins.
enum Room<'a> {
    /// It does; it is under way until that is dropped.
    Begins(Option<UnderWay<'a>>),
    /// It would wait for its permit for longer than a function is paid for.
    Later(Line<'a>),
}

/// The messages of a batch on their way.
pub(crate) struct Lines<'a> {
    pusher: &'a Pusher,
    held: &'a Held<'a>,
    messages: &'a [Message],
    width: Arc<Width>,
    known: Mutex<HashMap<EntryId, Known>>,
    /// What the turns come to that rest because their flow is paused.
    flows: HashMap<String, Outcome>,
    /// What the turns come to that have not begun: the target is paused, or time is up.
    halt: Mutex<Option<Outcome>>,
    /// Of each document that has begun, until it ends, whether it has the permit of its call.
    begun: Mutex<Vec<Weak<AtomicBool>>>,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(
        pusher: &'a Pusher,
        held: &'a Held<'a>,
        messages: &'a [Message],
        known: HashMap<EntryId, Known>,
        resting: Resting,
    ) -> Self {
        let Resting { target, flows } = resting;
        let (width, known) = (pusher.widths.of(held.system()), Mutex::new(known));
        let (halt, begun) = (Mutex::new(target), Mutex::default());
        Self { pusher, held, messages, width, known, flows, halt, begun }
    }

    /// Gives each message its turn. What rests, or is halted on the way, comes later.
    pub(crate) async fn work(&self) -> Vec<Outcome> {
        let lines = in_order(self.messages);
        for message in lines.iter().filter_map(|line| self.messages.get(*line.first()?)) {
            self.held.gather().comes(&message.received.id);
        }
        let mut lines = lines.into_iter().peekable();
        let mut outcomes = vec![Outcome::AT_ONCE; self.messages.len()];
        let (mut running, mut put_off) = (FuturesUnordered::new(), Vec::new());
        loop {
            let next = lines.peek().and_then(|line| self.messages.get(*line.first()?));
            let is_left = next.is_some();
            if !is_left {
                self.held.has_begun();
            }
            let left = lines.len();
            let room = async {
                match next {
                    Some(message) => self.room(message, left).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                // Whoever has just begun stands in the target's line before it is looked at again.
                biased;
                Some(ended) = running.next() => {
                    for (place, outcome) in ended {
                        outcomes[place] = outcome;
                    }
                }
                room = room, if is_left => match room {
                    Room::Begins(under_way) => {
                        running.extend(lines.next().map(|line| boxed(|| self.line(line, under_way))));
                    }
                    Room::Later(line) => {
                        let places = lines.next().unwrap_or_default();
                        self.come_later(&places);
                        put_off.push((line, places));
                    }
                },
                else => break,
            }
        }
        self.put_off(put_off, &mut outcomes).await;
        outcomes
    }

    /// Waits until one more document may be under way, and would not only wait for the others. Those that go out together
    /// are one call, and do not count one by one.
    async fn room(&self, message: &Message, left: usize) -> Room<'_> {
        let routed = message.flow().and_then(|flow| self.pusher.flows.named(flow));
        let Some(document) = routed.map(|routed| routed.flow.target().document) else {
            return Room::Begins(None);
        };
        // What goes into a group, or is divided, makes no call, and waits for no permit.
        let needs_none = |routed: &Routed| {
            contribute::is_member(&routed.flow, message) || parts::is_divided(&routed.flow, message)
        };
        if self.halt().is_some() || routed.is_some_and(|routed| needs_none(routed)) {
            return Room::Begins(None);
        }
        let under_way = if document.batch() > 1 { None } else { Some(self.width.begin().await) };
        let target = self.pusher.documents.targets.get(self.held.system());
        let Some(quota) = target.ok().and_then(|target| target.quota(document)) else {
            return Room::Begins(under_way);
        };
        match self.held.receiver() {
            Receiver::Loop => quota.has_room(Use::Push).await,
            Receiver::EventSource => {
                let (purpose, together) = (message.purpose(), document.batch());
                let line = Line { quota, purpose, together, wait: Duration::ZERO };
                if let Some(wait) = self.waits(message, line, left).await {
                    return Room::Later(Line { wait, ..line });
                }
            }
        }
        Room::Begins(under_way)
    }

    /// How long a document waits for the permit of its call, where a function is not to be paid for that.
    async fn waits(&self, message: &Message, line: Line<'_>, left: usize) -> Option<Duration> {
        let Line { quota, purpose, together, .. } = line;
        if is_overdue(&message.received, self.pusher.clock.now()) {
            return None;
        }
        // Whoever has been here before asks for a permit: were he sent behind the others again, all of them would go round for
        // ever, each behind the next.
        if message.received.receive_count <= 1
            && let Some(wait) = self.pusher.places.taken(quota, purpose).await
        {
            return Some(wait);
        }
        loop {
            // Made before the look, so that no move between the two is missed.
            let (permits, gathered) = (quota.moved(), self.held.gather().moved());
            // Some that have begun have their permits still to take, each its own.
            let begun = if together > 1 { 0 } else { self.without_permits() };
            if quota.at_hand(purpose) > begun {
                return None;
            }
            if begun == 0 {
                break;
            }
            // One of them takes its permit, or joins the call of others; where one ends without, all of this is looked at anew.
            tokio::select! {
                () = permits => {}
                () = gathered => {}
            }
        }
        let wait = quota.outlook(purpose, left.div_ceil(together)).await;
        (wait > PATIENCE).then_some(wait)
    }

    /// How many documents have begun and have their permits still to take.
    fn without_permits(&self) -> usize {
        let mut begun = lock(&self.begun);
        begun.retain(|has_permit| has_permit.strong_count() > 0);
        let is_without = |has_permit: &Weak<AtomicBool>| {
            has_permit.upgrade().is_some_and(|has_permit| !has_permit.load(Ordering::Relaxed))
        };
        begun.iter().filter(|has_permit| is_without(has_permit)).count()
    }

    /// Nobody waits for them.
    fn come_later(&self, places: &[usize]) {
        for place in places {
            self.held.gather().leaves(&self.messages[*place].received.id);
            self.held.is_done(*place);
        }
    }

    /// Has messages come again when their turn has come, and notes that nothing of them was sent.
    async fn put_off(&self, put_off: Vec<(Line<'_>, Vec<usize>)>, outcomes: &mut [Outcome]) {
        let mut noted = Vec::new();
        for alike in put_off.chunk_by(|(one, _), (other, _)| one.is(*other)) {
            let Some((line, _)) = alike.first() else { continue };
            let waits = self.pusher.places.take(*line, alike.len()).await;
            for ((_, places), wait) in alike.iter().zip(waits) {
                for place in places {
                    outcomes[*place] = Outcome::Postponed { wait };
                    noted.push((&self.messages[*place].received, wait));
                }
            }
        }
        if noted.is_empty() {
            return;
        }
        let (system, documents) = (self.held.system(), noted.len());
        tracing::info!(%system, documents, "the quota is used: they come again when it is their turn");
        noted.retain(|(message, _)| !self.held.is_repeated(message));
        self.pusher.places.note(system, &noted).await;
    }

    /// The versions of one document, which keep their order: where one comes again, those behind it do too.
    async fn line(&self, places: Vec<usize>, _under_way: Option<UnderWay<'_>>) -> Vec<(usize, Outcome)> {
        let mut waits = None;
        let mut outcomes = Vec::with_capacity(places.len());
        for place in places {
            let message = &self.messages[place];
            self.held.gather().comes(&message.received.id);
            let has_permit = Arc::<AtomicBool>::default();
            lock(&self.begun).push(Arc::downgrade(&has_permit));
            let (outcome, again) = noting_writes(has_permit, boxed(|| self.turn(message, waits))).await;
            self.held.gather().leaves(&message.received.id);
            self.held.is_done(place);
            waits = waits.or(again);
            outcomes.push((place, outcome));
        }
        outcomes
    }

    /// What becomes of one message, and when it comes again.
    async fn turn(&self, message: &Message, waits: Option<Duration>) -> (Outcome, Option<Duration>) {
        let outcome = match (self.rests(message).await, waits) {
            (Some(rests), _) => rests,
            (None, Some(wait)) => Outcome::Postponed { wait },
            (None, None) => self.worked(message).await,
        };
        let (now, count) = (self.pusher.clock.now(), message.received.receive_count);
        let consequences = policy::of(&outcome, Receive { now, count, receiver: self.held.receiver() });
        self.width.learn(&consequences);
        let (rest, again) = (consequences.rest, consequences.again);
        self.halt_with(rest);
        (outcome, again)
    }

    /// What a turn comes to that does not begin. The ledger takes over what the queue would drop, whatever the target is
    /// up to.
    async fn rests(&self, message: &Message) -> Option<Outcome> {
        if self.halt().is_none() {
            let halted = self.held.halted().await;
            self.halt_with(halted);
        }
        let halt = self.halt().clone();
        let rests = halt.or_else(|| self.flows.get(message.flow()?).cloned());
        rests.filter(|_| !is_overdue(&message.received, self.pusher.clock.now()))
    }

    async fn worked(&self, message: &Message) -> Outcome {
        // An entry serves one version; the next reads anew what this one has written.
        let known = message.entry_id().and_then(|id| lock(&self.known).remove(&id));
        self.pusher.one(self.held, message, known).await
    }

    /// Whether the target turned out to be paused.
    pub(crate) fn has_met_pause(&self) -> bool {
        matches!(*self.halt(), Some(Outcome::Paused { .. }))
    }

    /// The first reason stays.
    fn halt_with(&self, reason: Option<Outcome>) {
        let mut halt = self.halt();
        *halt = halt.take().or(reason);
    }

    fn halt(&self) -> MutexGuard<'_, Option<Outcome>> {
        lock(&self.halt)
    }
}

/// The places of the messages of each group, groups and messages as they were received.
fn in_order(messages: &[Message]) -> Vec<Vec<usize>> {
    let mut places = HashMap::<&str, usize>::new();
    let mut lines = Vec::<Vec<usize>>::new();
    for (place, message) in messages.iter().enumerate() {
        let line = *places.entry(&message.received.group).or_insert(lines.len());
        match lines.get_mut(line) {
            Some(line) => line.push(place),
            None => lines.push(vec![place]),
        }
    }
    lines
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
