use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use relay_core::clock::{Clock, timeout};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use super::refusals::{Reason, Refusals};

/// How long a head may take to come.
const HEAD_PATIENCE: Duration = Duration::from_secs(5);

/// How long a connection is kept for its next request. Longer than the 60 s of the proxies that hold connections open: one
/// that is closed in the moment in which a push goes out on it loses that push until the next night.
const IDLE_PATIENCE: Duration = Duration::from_secs(75);

/// A connection is not closed for another's sake before it has been silent for so long: its request may be on its way.
const GRACE: Duration = Duration::from_millis(250);

/// Nor is one whose body is coming, however slowly, before it has been coming for so long.
const BODY_GRACE: Duration = Duration::from_secs(1);

/// How often is looked whether a connection is old enough to make way.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What a connection is at. In this order they make way for new ones; the last does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Its first head is to come.
    Head,
    /// Its next request is to come.
    Idle,
    /// Its body is coming.
    Body,
    /// Its request is here and being worked.
    Work,
}

/// The connections that there are.
pub(super) struct Slots {
    most: usize,
    slots: Mutex<Taken>,
    freed: Notify,
    clock: Arc<dyn Clock>,
    refusals: Arc<Refusals>,
}

#[derive(Default)]
struct Taken {
    next: u64,
    by: BTreeMap<u64, Connection>,
}

struct Connection {
    phase: Phase,
    /// By the monotonic clock.
    since: Duration,
    /// When the last part of its body came.
    moved: Duration,
    /// Ends it; `None` where it is being ended already.
    task: Option<AbortHandle>,
}

impl Connection {
    fn is_older(&self, age: Duration, now: Duration) -> bool {
        now.saturating_sub(self.since) >= age
    }

    /// Whether it may be closed for another connection's sake.
    fn may_make_way(&self, now: Duration) -> bool {
        let is_silent = now.saturating_sub(self.moved) >= GRACE;
        self.task.is_some()
            && match self.phase {
                Phase::Head | Phase::Idle => is_silent,
                Phase::Body => is_silent || self.is_older(BODY_GRACE, now),
                Phase::Work => false,
            }
    }

    /// Whether it may be closed for the room that its body takes.
    fn is_stalled(&self, now: Duration) -> bool {
        self.task.is_some() && self.phase == Phase::Body && self.is_older(BODY_GRACE, now)
    }

    fn is_overdue(&self, now: Duration) -> bool {
        match self.phase {
            Phase::Head => self.is_older(HEAD_PATIENCE, now),
            Phase::Idle => self.is_older(IDLE_PATIENCE, now),
            // Reading a body and working a push have time-outs of their own.
            Phase::Body | Phase::Work => false,
        }
    }

    fn close(&mut self) -> bool {
        let task = self.task.take();
        task.inspect(AbortHandle::abort).is_some()
    }
}

impl Slots {
    /// BodyBudget for so many connections.
    pub(super) fn new(most: usize, clock: Arc<dyn Clock>, refusals: Arc<Refusals>) -> Arc<Self> {
        Arc::new(Self { most, slots: Mutex::default(), freed: Notify::new(), clock, refusals })
    }

    /// A slot for a new connection, as soon as there is one: where all are taken, the oldest connection that owes us its
    /// request is closed.
    pub(super) async fn take(self: &Arc<Self>) -> Arc<Slot> {
        loop {
            if let Some(slot) = self.free() {
                return slot;
            }
            self.close_one();
            _ = timeout(self.clock.as_ref(), LOOK_EVERY, self.freed.notified()).await;
        }
    }

    fn free(self: &Arc<Self>) -> Option<Arc<Slot>> {
        let mut taken = self.taken();
        if taken.by.len() >= self.most {
            return None;
        }
        let id = taken.next;
        taken.next += 1;
        let now = self.clock.monotonic();
        taken.by.insert(id, Connection { phase: Phase::Head, since: now, moved: now, task: None });
        Some(Arc::new(Slot { id, slots: self.clone() }))
    }

    /// Closes the connection that has owed us its request for longest, if there is one.
    pub(super) fn close_one(&self) {
        if self.close_first(Connection::may_make_way) {
            self.refusals.count(Reason::Crowded);
        }
    }

    /// Closes the connection whose body has been coming for longest, if there is one.
    pub(super) fn close_stalled(&self) {
        if self.close_first(Connection::is_stalled) {
            self.refusals.count(Reason::Stalled);
        }
    }

    fn close_first(&self, may_go: impl Fn(&Connection, Duration) -> bool) -> bool {
        let now = self.clock.monotonic();
        let mut taken = self.taken();
        let candidates = taken.by.values_mut().filter(|connection| may_go(connection, now));
        candidates
            .min_by_key(|connection| (connection.phase, connection.since))
            .is_some_and(Connection::close)
    }

    /// Closes the connections whose request does not come.
    pub(super) fn close_overdue(&self) {
        let now = self.clock.monotonic();
        for connection in self.taken().by.values_mut().filter(|connection| connection.is_overdue(now)) {
            let phase = connection.phase;
            if connection.close() && phase == Phase::Head {
                self.refusals.count(Reason::SlowHead);
            }
        }
    }

    /// Closes every connection.
    pub(super) fn close_all(&self) {
        for connection in self.taken().by.values_mut() {
            connection.close();
        }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection's slot; free again when it is dropped.
pub(super) struct Slot {
    id: u64,
    slots: Arc<Slots>,
}

impl Slot {
    /// Tells what ends this connection.
    pub(super) fn is_worked_by(&self, task: AbortHandle) {
        if let Some(connection) = self.slots.taken().by.get_mut(&self.id) {
            connection.task = Some(task);
        }
    }

    /// Tells what the connection is at from now on.
    pub(super) fn enter(&self, phase: Phase) {
        if let Some(connection) = self.slots.taken().by.get_mut(&self.id) {
            let now = self.slots.clock.monotonic();
            (connection.phase, connection.since, connection.moved) = (phase, now, now);
        }
    }

    /// Tells that a part of the body has come.
    pub(super) fn moves(&self) {
        if let Some(connection) = self.slots.taken().by.get_mut(&self.id) {
            connection.moved = self.slots.clock.monotonic();
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.slots.taken().by.remove(&self.id);
        self.slots.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use relay_core::clock::{Elapsed, SystemClock};
    use tokio::task::JoinHandle;
    use tokio::time::advance;

    use super::*;

    fn slots(most: usize) -> Arc<Slots> {
        let clock = Arc::new(SystemClock);
        Slots::new(most, clock.clone(), Arc::new(Refusals::new(clock)))
    }

    async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T, Elapsed> {
        timeout(&SystemClock, limit, work).await
    }

    /// A connection at some phase, for as long as nobody closes it.
    async fn connect(slots: &Arc<Slots>, phase: Phase) -> JoinHandle<()> {
        let slot = slots.take().await;
        slot.enter(phase);
        let held = slot.clone();
        let task = tokio::spawn(async move {
            let _held = held;
            pending::<()>().await;
        });
        slot.is_worked_by(task.abort_handle());
        task
    }

    async fn is_closed(task: &JoinHandle<()>) -> bool {
        tokio::task::yield_now().await;
        task.is_finished()
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_connection_takes_the_place_of_the_oldest_half_sent_one() {
        let slots = slots(4);
        let work = connect(&slots, Phase::Work).await;
        let body = connect(&slots, Phase::Body).await;
        let first = connect(&slots, Phase::Head).await;
        advance(Duration::from_millis(10)).await;
        let second = connect(&slots, Phase::Head).await;
        let began = SystemClock.monotonic();
        let third = connect(&slots, Phase::Head).await;
        assert!(is_closed(&first).await && !is_closed(&second).await && !is_closed(&body).await);
        assert!(
            SystemClock.monotonic() - began >= GRACE - Duration::from_millis(10),
            "not before its request could come"
        );

        let fourth = connect(&slots, Phase::Head).await;
        assert!(is_closed(&second).await && !is_closed(&third).await && !is_closed(&fourth).await);
        assert!(!is_closed(&work).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_has_stopped_coming_makes_way_before_one_that_is_coming() {
        let slots = slots(2);
        let coming = slots.take().await;
        coming.enter(Phase::Body);
        let task = tokio::spawn(pending::<()>());
        coming.is_worked_by(task.abort_handle());
        let stopped = connect(&slots, Phase::Body).await;
        for _ in 0..3 {
            advance(Duration::from_millis(100)).await;
            coming.moves();
        }
        let _third = within(Duration::from_millis(100), slots.take()).await.unwrap();
        assert!(is_closed(&stopped).await && !is_closed(&task).await);
        assert!(within(Duration::from_millis(400), slots.take()).await.is_err(), "it is still coming");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_being_worked_is_waited_for() {
        let slots = slots(2);
        let works = [connect(&slots, Phase::Work).await, connect(&slots, Phase::Work).await];
        assert!(within(Duration::from_secs(3), slots.take()).await.is_err());
        works[0].abort();
        within(Duration::from_millis(1), slots.take()).await.unwrap();
        assert!(!is_closed(&works[1]).await);
    }

    #[tokio::test(start_paused = true)]
    async fn half_sent_heads_have_five_seconds_and_idle_connections_longer_than_proxies_keep_them() {
        let slots = slots(4);
        let (head, idle) = (connect(&slots, Phase::Head).await, connect(&slots, Phase::Idle).await);
        advance(Duration::from_secs(4)).await;
        slots.close_overdue();
        assert!(!is_closed(&head).await);
        advance(Duration::from_secs(1)).await;
        slots.close_overdue();
        assert!(is_closed(&head).await);
        advance(Duration::from_secs(60)).await;
        slots.close_overdue();
        assert!(!is_closed(&idle).await);
        advance(Duration::from_secs(10)).await;
        slots.close_overdue();
        assert!(is_closed(&idle).await);
    }
}
