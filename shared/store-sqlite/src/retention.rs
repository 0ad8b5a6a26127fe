//! How long what is done with is kept.

use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

/// How long what is done with is kept. Expired look-ups, deduplication ids and dead letters have terms of their own, which
/// nobody chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// How long the ledger remembers a document that was delivered and of which nothing is open. The guard needs it for
    /// as long as a source may bring the document again.
    pub ledger: Duration,
    /// How long the archive keeps what came, what was sent and what was answered; zero: there is no archive.
    pub history: Duration,
}

impl Retention {
    /// By days, as the settings say it.
    #[must_use]
    pub fn of_days(ledger: u32, history: u32) -> Self {
        Self { ledger: ledger * DAY, history: history * DAY }
    }
}

/// 400 days of the ledger: a year and a month. 30 days of history.
impl Default for Retention {
    fn default() -> Self {
        Self::of_days(400, 30)
    }
}
