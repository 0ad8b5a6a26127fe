//! Time and chance as arguments.
//!
//! Nothing in the bundle reads the machine's clock or its randomness by itself: both are handed in, so
//! that a test can run a whole day of operation in seconds, from one seed, and run the same day again.

mod chance;
mod simulated;

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

pub use chance::{Chance, SeededChance, SystemChance};
pub use simulated::SimulatedClock;

/// What time it is, and how to wait.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> DateTime<Utc>;

    /// Waits for `duration`.
    async fn sleep(&self, duration: Duration);
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

    #[expect(clippy::disallowed_methods, reason = "the one place that waits for real")]
    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
