//! Time and chance as arguments.
//!
//! Nothing in the bundle reads the machine's clock or its randomness by itself: both are handed in, so
//! that a test can run a whole day of operation in seconds, from one seed, and run the same day again.

mod deadline;
mod interval;
mod rng;
mod simulated;
mod timeout;
mod uptime;

use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::time::Instant;

pub use deadline::Deadline;
pub use interval::Interval;
pub use rng::{Rng, SeededRng, SystemRng};
pub use simulated::SimulatedClock;
pub use timeout::{Elapsed, timeout};

/// What time it is, and how to wait.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The current time, which a person or a time server may set forward and back.
    fn now(&self) -> DateTime<Utc>;

    /// The time since a moment in the past, which nobody sets: what waits, quotas and leases of this process go by.
    /// Two readings of one process compare, those of two processes do not.
    fn monotonic(&self) -> Duration;

    /// The time since the machine was started, which nobody sets: what processes of one machine go by that share a file.
    /// Readings of two processes compare as long as [`Clock::boot`] is the same.
    fn uptime(&self) -> Duration {
        self.monotonic()
    }

    /// Names the run of the machine that [`Clock::uptime`] counts from.
    fn boot(&self) -> &str {
        ""
    }

    /// Waits for `duration`.
    async fn sleep(&self, duration: Duration);

    /// Waits, beside other work, until `duration` is over: for a limit on that work ([`timeout`]), and for what is done
    /// from time to time meanwhile ([`Interval`]). Unlike [`Clock::sleep`] it is no reason for a simulated clock to move
    /// on: a limit of an hour does not make an hour go by.
    async fn elapse(&self, duration: Duration);
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    // Tokio's reading of the machine's clock, because tokio's timers go by it: a test that pauses them (`start_paused`)
    // reads here how long was waited.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's monotonic clock")]
    fn monotonic(&self) -> Duration {
        static ORIGIN: OnceLock<Instant> = OnceLock::new();
        // An hour, so that a moment before the first reading can be named.
        let ahead = Instant::now() + Duration::from_secs(3_600);
        ahead.saturating_duration_since(*ORIGIN.get_or_init(Instant::now))
    }

    fn uptime(&self) -> Duration {
        uptime::read()
    }

    fn boot(&self) -> &str {
        uptime::boot()
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that waits for real")]
    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    async fn elapse(&self, duration: Duration) {
        self.sleep(duration).await;
    }
}
