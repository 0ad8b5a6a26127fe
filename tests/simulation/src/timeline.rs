//! Time that stands still while anybody has something to do, and then jumps to the earliest who waits.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use relay_core::clock::Clock;

/// How long a machine has run when a simulation begins.
pub(crate) const UPTIME: Duration = Duration::from_secs(86_400);

/// The one time that everything in a simulation goes by, counted from its beginning.
#[derive(Default)]
pub struct Timeline(Mutex<Hands>);

#[derive(Default)]
struct Hands {
    now: Duration,
    /// Numbers those who wait, so that two who wait for one moment are told apart.
    next: u64,
    waiting: BTreeMap<(Duration, u64), Waker>,
}

impl Timeline {
    /// The time since the beginning.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.hands().now
    }

    /// Waits. Also a wait of no length lets others go first.
    #[must_use]
    pub fn wait(self: &Arc<Self>, duration: Duration) -> Wait {
        let due = self.now().saturating_add(duration);
        Wait { timeline: self.clone(), due, place: None }
    }

    /// When the next of those who wait is to be woken.
    #[must_use]
    pub fn next_due(&self) -> Option<Duration> {
        self.hands().waiting.first_key_value().map(|((due, _), _)| *due)
    }

    /// Moves on to `time`, and wakes whoever waits for it.
    pub fn advance_to(&self, time: Duration) {
        let due = {
            let mut hands = self.hands();
            hands.now = hands.now.max(time);
            let now = hands.now;
            let later = hands.waiting.split_off(&(now, u64::MAX));
            std::mem::replace(&mut hands.waiting, later)
        };
        due.into_values().for_each(Waker::wake);
    }

    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who waits. Dropped, it wakes nobody.
pub struct Wait {
    timeline: Arc<Timeline>,
    due: Duration,
    place: Option<u64>,
}

impl Future for Wait {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let (timeline, due) = (self.timeline.clone(), self.due);
        let mut hands = timeline.hands();
        let place = match self.place {
            Some(place) if !hands.waiting.contains_key(&(due, place)) => return Poll::Ready(()),
            Some(place) => place,
            None => {
                hands.next += 1;
                *self.place.insert(hands.next)
            }
        };
        hands.waiting.insert((due, place), context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            self.timeline.hands().waiting.remove(&(self.due, place));
        }
    }
}

/// The clock of one machine: its wall clock may be off, and be set; its monotonic clock goes by the timeline.
pub struct Machine {
    timeline: Arc<Timeline>,
    start: DateTime<Utc>,
    off_by: Mutex<TimeDelta>,
}

impl Machine {
    /// A clock that is right, in a simulation that begins at `start`.
    #[must_use]
    pub fn new(timeline: Arc<Timeline>, start: DateTime<Utc>) -> Self {
        Self { timeline, start, off_by: Mutex::default() }
    }

    /// Sets the wall clock, so much ahead of the right time.
    pub fn set_ahead(&self, by: TimeDelta) {
        *self.off_by.lock().unwrap_or_else(PoisonError::into_inner) = by;
    }
}

#[async_trait]
impl Clock for Machine {
    fn now(&self) -> DateTime<Utc> {
        self.start + self.timeline.now() + *self.off_by.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn monotonic(&self) -> Duration {
        UPTIME + self.timeline.now()
    }

    async fn sleep(&self, duration: Duration) {
        self.timeline.wait(duration).await;
    }

    async fn elapse(&self, duration: Duration) {
        self.timeline.wait(duration).await;
    }
}
