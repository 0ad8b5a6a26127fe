//! A vendor's call limit, kept on our side so that it is rarely hit.
//!
//! The calls of a process wait in one line for permits, which come a few at a time out of the budget that all processes of an
//! account share ([`relay_core::quota`]).

mod line;
mod permits;
#[cfg(test)]
mod rounds;
#[cfg(test)]
mod tests;
mod unshared;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use relay_core::clock::{Clock, Deadline};
use relay_core::quota::{Ask, Grant, Limit, Quotas};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::sync::Notify;

use self::line::Line;
use self::permits::Permits;
use crate::calls;
use crate::connector::Surroundings;
use crate::metered::millis;
use crate::record;

tokio::task_local! {
    /// What calls are at most, of those that are made within: less urgent ones stay so.
    static AT_MOST: Use;
}

/// Has work whose calls are at most as urgent as that.
pub async fn at_most<T>(purpose: Use, work: impl Future<Output = T>) -> T {
    AT_MOST.scope(purpose, work).await
}

pub use relay_core::quota::Use;
pub use unshared::Unshared as UnsharedQuotas;

/// How long to wait for a store that does not answer.
const AGAIN: Duration = Duration::from_secs(1);

/// So many waiting calls are enough for no permit to be left lying.
const FEW: usize = 2;

tokio::task_local! {
    static WRITES: Arc<AtomicBool>;
}

/// Does some work, and notes there when it has a permit for a call that is no read, or needs none of its own
/// ([`needs_no_permit`]).
pub async fn noting_writes<T>(has_permit: Arc<AtomicBool>, work: impl Future<Output = T>) -> T {
    WRITES.scope(has_permit, work).await
}

/// Says of the work at hand that it waits for no permit of its own any more: it has one, or goes out in a call with others.
pub fn needs_no_permit() {
    // Nobody asks to be told outside of a document's turn.
    _ = WRITES.try_with(|has_permit| has_permit.store(true, Ordering::Relaxed));
}

/// A call's turn would come after its deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfTime;

/// An account's allowance of calls: wait for one before each call. First come, first served among calls of one use.
pub struct Quota {
    vendor: &'static str,
    /// Names the budget that all processes share.
    name: String,
    /// Names this process in it.
    holder: String,
    limit: Limit,
    quotas: Arc<dyn Quotas>,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    moved: Notify,
}

#[derive(Default)]
struct State {
    line: Line,
    permits: Permits,
    /// Whether the budget is being asked.
    is_asking: bool,
    /// Until when calls of a use were refused.
    refused: BTreeMap<Use, Duration>,
}

/// A place in the line, which is given up when the caller stops waiting.
struct Place<'a> {
    quota: &'a Quota,
    purpose: Use,
    ticket: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.quota.state().line.leave(self.purpose, self.ticket);
        self.quota.moved.notify_waiters();
    }
}

/// Somebody asks the budget, until this is dropped.
struct Asking<'a>(&'a Quota);

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.state().is_asking = false;
        self.0.moved.notify_waiters();
    }
}

impl Quota {
    /// At most `calls` in any `period` to `vendor`, of the account that these words name, such as its address, its user and
    /// what is counted.
    #[must_use]
    pub fn new(
        vendor: &'static str,
        account: &[&str],
        calls: NonZeroU32,
        period: Duration,
        surroundings: &Surroundings,
    ) -> Self {
        // As JSON, so that no two accounts run into the same text.
        let digest = Sha256::digest(json!(account).to_string());
        Self {
            vendor,
            name: format!("{vendor}/{}", hex::encode(&digest[..8])),
            holder: hex::encode(&surroundings.rng.bytes()[..4]),
            limit: Limit { calls, period, at_once: None },
            quotas: surroundings.quotas.clone(),
            clock: surroundings.clock.clone(),
            state: Mutex::default(),
            moved: Notify::new(),
        }
    }

    /// The same, with so many calls at once at most.
    #[must_use]
    pub fn at_once(mut self, calls: NonZeroU32) -> Self {
        self.limit.at_once = Some(calls);
        self
    }

    /// Waits until one more call is allowed.
    ///
    /// # Errors
    /// At once where that would be after the deadline: nothing is to be sent then.
    pub async fn wait(&self, purpose: Use, deadline: Deadline) -> Result<(), OutOfTime> {
        let purpose = AT_MOST.try_with(|least| purpose.max(*least)).unwrap_or(purpose);
        let began = self.clock.monotonic();
        let ticket = self.state().line.join(purpose);
        let place = Place { quota: self, purpose, ticket };
        // Somebody more urgent than who is first need not wait as long.
        self.moved.notify_waiters();
        loop {
            // Made before the look, so that no move between the two is missed.
            let moved = self.moved.notified();
            match self.look(&place, deadline)? {
                Turn::Now => break,
                Turn::Ask(ask) => self.ask(&ask).await,
                Turn::Next(wait) => tokio::select! {
                    () = moved => {}
                    () = self.clock.sleep(wait) => {}
                },
                Turn::Later => match deadline.left(self.clock.as_ref()) {
                    None => moved.await,
                    Some(left) => tokio::select! {
                        () = moved => {}
                        () = self.clock.elapse(left) => {}
                    },
                },
            }
        }
        if purpose != Use::Read {
            needs_no_permit();
        }
        if record::sends() {
            calls::permitted(self.vendor, purpose, self.clock.now());
        }
        let waited = millis(self.clock.monotonic().saturating_sub(began));
        if waited > 0 {
            metrics::histogram!("quota_wait", "vendor" => self.vendor).record(waited);
        }
        Ok(())
    }

    /// Waits until fewer than two calls wait for a permit that are as urgent as this use, or more so.
    pub async fn has_room(&self, purpose: Use) {
        loop {
            // Made before the look, so that no move between the two is missed.
            let moved = self.moved.notified();
            if self.state().line.waiting(purpose) < FEW {
                return;
            }
            moved.await;
        }
    }

    /// Names the budget that all processes share.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How long a call takes at the limit's pace.
    #[must_use]
    pub fn pace(&self) -> Duration {
        self.limit.period / self.limit.calls.get()
    }

    /// Waits until permits are given, or taken, or somebody joins the line or leaves it. What happens from the call on counts.
    pub fn moved(&self) -> impl Future<Output = ()> + '_ {
        self.moved.notified()
    }

    /// How many calls of that use could begin now with the permits that are at hand, after those that wait for one.
    #[must_use]
    pub fn at_hand(&self, purpose: Use) -> usize {
        self.state().at_hand(self.clock.monotonic(), purpose)
    }

    /// How long one more call of that use would wait, as far as it can be told. Where that is not known the budget is asked
    /// for so many calls; their permits are at hand then.
    pub async fn outlook(&self, purpose: Use, calls: usize) -> Duration {
        loop {
            // Made before the look, so that no move between the two is missed.
            let moved = self.moved.notified();
            match self.look_out(purpose, calls) {
                Outlook::Known(wait) => return wait,
                Outlook::Ask(ask) => self.ask(&ask).await,
                Outlook::Asked => moved.await,
            }
        }
    }

    fn look_out(&self, purpose: Use, calls: usize) -> Outlook {
        let now = self.clock.monotonic();
        let mut state = self.state();
        let waiting = state.line.waiting(purpose);
        let wait = state.wait(now, purpose, waiting, self.limit);
        if state.at_hand(now, purpose) > 0 || !wait.is_zero() {
            return Outlook::Known(wait);
        }
        // Whoever is first in the line asks by himself.
        if state.is_asking || state.line.is_somebody_due(purpose, |other| state.is_due(now, other)) {
            return Outlook::Asked;
        }
        Outlook::Ask(self.question(&mut state, now, purpose, calls))
    }

    /// What the budget is asked; from here on somebody asks.
    fn question(&self, state: &mut State, now: Duration, purpose: Use, calls: usize) -> Ask {
        let ask = Ask {
            holder: self.holder.clone(),
            purpose,
            wanted: state.permits.wanted(calls),
            beside: state.line.beside(purpose).collect(),
            begun: state.permits.begun(now),
        };
        // What is left is for something more urgent.
        state.permits.give_back();
        state.is_asking = true;
        ask
    }

    fn look(&self, place: &Place<'_>, deadline: Deadline) -> Result<Turn, OutOfTime> {
        let now = self.clock.monotonic();
        let mut state = self.state();
        let ahead = state.line.ahead_of(place.purpose, place.ticket, |other| state.is_due(now, other));
        let wait = state.wait(now, place.purpose, ahead, self.limit);
        if deadline.is_over(self.clock.as_ref())
            || !wait.is_zero() && !deadline.allows(self.clock.as_ref(), wait)
        {
            return Err(OutOfTime);
        }
        if ahead > 0 || state.is_asking {
            return Ok(Turn::Later);
        }
        if state.permits.take(now, place.purpose) {
            state.line.count(place.purpose);
            return Ok(Turn::Now);
        }
        if !wait.is_zero() {
            return Ok(Turn::Next(wait));
        }
        let waiting = state.line.waiting(place.purpose);
        Ok(Turn::Ask(self.question(&mut state, now, place.purpose, waiting)))
    }

    /// Asks the budget. A store that does not answer is asked again a little later: no call goes out unbudgeted.
    async fn ask(&self, ask: &Ask) {
        let asking = Asking(self);
        let asked_at = self.clock.monotonic();
        let answer = self.quotas.ask(&self.name, self.limit, ask).await;
        let mut state = self.state();
        match answer {
            // Counted from before the question, however long the answer took.
            Ok(Grant::Permits { count, valid }) => {
                state.permits = Permits::given(ask.purpose, count, asked_at + valid);
            }
            Ok(Grant::Wait(wait)) => {
                state.refused.insert(ask.purpose, self.clock.monotonic() + wait);
            }
            Err(error) => {
                tracing::warn!(vendor = self.vendor, %error, "the budget of calls cannot be asked");
                state.refused.insert(ask.purpose, self.clock.monotonic() + AGAIN);
            }
        }
        drop(state);
        drop(asking);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn at_hand(&self, now: Duration, purpose: Use) -> usize {
        let left = usize::try_from(self.permits.left_for(now, purpose)).unwrap_or(usize::MAX);
        left.saturating_sub(self.line.waiting(purpose))
    }

    /// How long a call waits, as far as it can be told, that has so many ahead.
    fn wait(&self, now: Duration, purpose: Use, ahead: usize, limit: Limit) -> Duration {
        let ahead = u32::try_from(ahead).unwrap_or(u32::MAX).saturating_sub(self.permits.left(now));
        // Permits come in lumps.
        let others = limit.period.saturating_mul(ahead / limit.lump() * limit.lump()) / limit.calls.get();
        self.refused(now, purpose) + others
    }

    /// How long a call is refused yet. Reads have a share of their own; of the rest, what was refused to the more urgent is
    /// not given to the less urgent.
    fn refused(&self, now: Duration, purpose: Use) -> Duration {
        if self.permits.left_for(now, purpose) > 0 {
            return Duration::ZERO;
        }
        let same = |other: Use| other == purpose || other < purpose && other != Use::Read;
        let until = self.refused.iter().filter(|(other, _)| same(**other)).map(|(_, until)| *until).max();
        until.map_or(Duration::ZERO, |until| until.saturating_sub(now))
    }

    /// Whether nothing speaks against a call of that use but those who go before it.
    fn is_due(&self, now: Duration, purpose: Use) -> bool {
        self.refused(now, purpose).is_zero()
    }
}

/// What can be told of one more call.
enum Outlook {
    Known(Duration),
    /// The budget is to be asked.
    Ask(Ask),
    /// Somebody asks it.
    Asked,
}

/// What a look at the line says.
enum Turn {
    Now,
    /// First in the line: the budget is to be asked.
    Ask(Ask),
    /// First in the line, and so much too early.
    Next(Duration),
    /// Others go first.
    Later,
}
