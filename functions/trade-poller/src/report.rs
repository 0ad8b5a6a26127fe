//! What became of one flow's turn.

use chrono::{DateTime, Utc};
use serde::Serialize;

/// What became of one flow's turn.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// The flow.
    pub flow: String,
    /// Windows that were read to their end.
    pub windows: u64,
    /// Rows that the vendor gave, repetitions included.
    pub rows: u64,
    /// Documents that the queue has taken.
    pub queued: u64,
    /// Rows that the flow's filter does not take.
    pub filtered: u64,
    /// Documents that were recorded as failed, because the queue cannot carry them.
    pub failed: u64,
    /// How far has been read; unset while nothing has.
    pub watermark: Option<DateTime<Utc>>,
    /// Whether there is nothing left to read for now.
    pub caught_up: bool,
    /// For how many seconds the vendor is not to be asked, where it lets the query through so often a day alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_s: Option<u64>,
    /// By how many seconds the machine's clock is ahead of the vendor's (behind it: negative), where it is off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_skew_s: Option<i64>,
    /// What a person should know, although the reading went on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Why it stopped early, if it did. The next turn goes on from the watermark.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The same with the vendor's words, for whoever asks: logs, and what Lambda logs of an answer, do without them.
    #[serde(skip)]
    pub error_in_full: Option<String>,
}

impl Report {
    /// What `relay status` is to tell of a poll besides whether it succeeded.
    pub(crate) fn remarks(&self, vendor: &str) -> Vec<String> {
        let clock = self.clock_skew_s.map(|seconds| {
            let direction = if seconds > 0 { "ahead of" } else { "behind" };
            let seconds = seconds.unsigned_abs();
            format!("this machine's clock is {seconds} s {direction} {vendor}'s: set it right (NTP)")
        });
        clock.into_iter().chain(self.notes.iter().cloned()).collect()
    }
}
