//! What the commands that list something ask for.

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::Args;
use relay_operations::delivered::Wanted;
use relay_operations::{history, waiting};

use super::asked::{Time, duration, time};

/// Which deliveries are meant.
#[derive(Debug, Args)]
pub(crate) struct DeliveredArguments {
    /// Of this flow alone
    #[arg(long)]
    flow: Option<String>,
    /// Since then: `2026-11-28`, `2026-11-28 08:00`, or 2h ago
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "24h")]
    since: Time,
    /// Until then [default: now]
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<Time>,
    /// So many at most, the latest [default: 50, and all in a file]
    #[arg(long)]
    limit: Option<usize>,
    /// With this text in their key, their numbers or their content, such as a shop's or a product's code
    #[arg(long, value_name = "TEXT")]
    grep: Option<String>,
    /// Tell lines, quantity and amount too, as they were sent: a read of the archive for each document
    #[arg(long)]
    amounts: bool,
    /// Tell what they come to by day and flow, in place of the documents
    #[arg(long, conflicts_with = "limit")]
    pub(crate) sums: bool,
    /// Sum by the values of this field in place of days: of the document as it came (`shop_no`, `warehouse_no`), or of its lines as they
    /// were sent (a rate of tax); with amounts
    #[arg(long, value_name = "FIELD", requires = "sums")]
    pub(crate) by: Option<String>,
    /// Reckon how long they took from this time of the document as it came, such as `pay_time`, and not from when it came
    #[arg(long, value_name = "FIELD", requires = "sums")]
    after: Option<String>,
    /// Answer as a CSV file that Excel opens
    #[arg(long, conflicts_with = "json")]
    pub(crate) csv: bool,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}

impl DeliveredArguments {
    /// By the time that it is; `usual` many where nobody says how many.
    pub(crate) fn wanted(&self, now: DateTime<Utc>, usual: Option<usize>) -> Wanted {
        Wanted {
            flow: self.flow.clone(),
            since: self.since.at(now),
            until: self.until.map_or(now, |until| until.at(now)),
            limit: self.limit.or(usual).filter(|_| !self.sums),
            amounts: self.amounts || self.by.is_some(),
            by: self.by.clone(),
            after: self.after.clone(),
            grep: self.grep.clone(),
        }
    }
}

/// How turns end, as `relay history` names it.
const OUTCOMES: [&str; 10] = [
    "delivered",
    "found",
    "unchanged",
    "skipped",
    "failed",
    "retry",
    "paused",
    "postponed",
    "confirmed",
    "divided",
];

/// Which turns are meant.
#[derive(Debug, Args)]
pub(crate) struct HistoryArguments {
    /// Of this flow alone
    #[arg(long)]
    flow: Option<String>,
    /// Since then: `2026-11-28`, `2026-11-28 08:00`, or 2h ago
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "24h")]
    since: Time,
    /// Until then [default: now]
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<Time>,
    /// That ended so
    #[arg(long, value_parser = OUTCOMES)]
    outcome: Option<String>,
    /// With a call to this vendor within that time (kingdee, for instance)
    #[arg(long)]
    vendor: Option<String>,
    /// With this text in their key, their reason, or in what came and was sent
    #[arg(long, value_name = "TEXT")]
    grep: Option<String>,
    /// So many at most, the latest [default: 50, and all in a file]
    #[arg(long)]
    limit: Option<usize>,
    /// Tell how many ended how, and how vendors answered, in place of the turns
    #[arg(long, conflicts_with_all = ["limit", "csv"])]
    pub(crate) sums: bool,
    /// Tell what failed most in place of the turns, and how often it did in the span of that length before; what is mended is among it
    #[arg(long, conflicts_with_all = ["limit", "csv", "sums", "outcome"])]
    pub(crate) causes: bool,
    /// Answer as a CSV file that Excel opens
    #[arg(long, conflicts_with = "json")]
    pub(crate) csv: bool,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}

impl HistoryArguments {
    /// By the time that it is; `usual` many where nobody says how many.
    pub(crate) fn asked(&self, now: DateTime<Utc>, usual: Option<usize>) -> history::Asked {
        history::Asked {
            flow: self.flow.clone(),
            since: self.since.at(now),
            until: self.until.map_or(now, |until| until.at(now)),
            outcome: self.outcome.clone(),
            vendor: self.vendor.clone(),
            grep: self.grep.clone(),
            limit: self.limit.or(usual).filter(|_| !self.sums),
        }
    }
}

/// Which of the documents that wait are meant.
#[derive(Debug, Args)]
pub(crate) struct WaitingArguments {
    /// For this target alone
    #[arg(long)]
    target: Option<String>,
    /// Of this flow alone
    #[arg(long)]
    flow: Option<String>,
    /// With this text in their key or their content
    #[arg(long, value_name = "TEXT")]
    grep: Option<String>,
    /// That wait for so long already: 30m, 2h or 1d
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    lasts: Option<Duration>,
    /// So many at most, those that have waited longest [default: 50, and all in a file]
    #[arg(long)]
    pub(crate) limit: Option<usize>,
    /// List those too that failed and wait for a person: all that came and that its target does not have
    #[arg(long, conflicts_with = "bills")]
    pub(crate) failed: bool,
    /// List bills in place of messages: those that a target has and that have a step before them (submit, audit), with where
    /// each stands, since when, and why; those that failed there too
    #[arg(long)]
    pub(crate) bills: bool,
    /// Answer as a CSV file that Excel opens
    #[arg(long, conflicts_with = "json")]
    pub(crate) csv: bool,
    /// Do not ask
    #[arg(long, requires = "bills")]
    pub(crate) yes: bool,
}

impl WaitingArguments {
    /// By the time that it is.
    pub(crate) fn asked(&self, now: DateTime<Utc>) -> waiting::Asked {
        waiting::Asked {
            target: self.target.clone(),
            flow: self.flow.clone(),
            grep: self.grep.clone(),
            failed: self.failed,
            before: self.lasts.map(|lasts| now - lasts),
        }
    }
}

/// Which actions are meant.
#[derive(Debug, Args)]
pub(crate) struct LogArguments {
    /// Since then: `2026-11-28`, `2026-11-28 08:00`, or 2h ago
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) since: Option<Time>,
    /// With this text: a person's name, a command, a document's key, a reason
    #[arg(long, value_name = "TEXT")]
    pub(crate) grep: Option<String>,
    /// So many actions at most
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: usize,
    /// Answer as a CSV file that Excel opens
    #[arg(long, conflicts_with = "json")]
    pub(crate) csv: bool,
}

/// Which document is meant.
#[derive(Debug, Args)]
pub(crate) struct ExplainArguments {
    /// A file with the document as its source hands it over (JSON); `-` reads standard input
    #[arg(required_unless_present_any = ["key", "number"], conflicts_with_all = ["key", "number"])]
    pub(crate) file: Option<PathBuf>,
    /// Its flow
    #[arg(long)]
    pub(crate) flow: String,
    /// The document that the ledger or the archive has under this key
    #[arg(long, conflicts_with = "number")]
    pub(crate) key: Option<String>,
    /// The document that the source has under this number: it is asked
    #[arg(long)]
    pub(crate) number: Option<String>,
}
