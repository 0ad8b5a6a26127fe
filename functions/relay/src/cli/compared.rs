//! What a comparison of days asks for.

use chrono::NaiveDate;
use clap::Args;

/// Which days.
#[derive(Debug, Args)]
pub(crate) struct DayRange {
    /// The day, in China [default: yesterday]
    #[arg(long, value_name = "DAY", conflicts_with_all = ["from", "to"])]
    pub(crate) day: Option<NaiveDate>,
    /// From this day on
    #[arg(long, value_name = "DAY")]
    pub(crate) from: Option<NaiveDate>,
    /// Until this day [default: yesterday]
    #[arg(long, value_name = "DAY")]
    pub(crate) to: Option<NaiveDate>,
}

/// Which days of which flow, and what is to be done.
#[derive(Debug, Args)]
pub(crate) struct ReconcileArguments {
    /// The flow [default: every flow that has days]
    pub(crate) flow: Option<String>,
    #[command(flatten)]
    pub(crate) days: DayRange,
    /// What is no difference: `amount=0.01` up to so much, `remark` whatever it is, `extra` what nobody here knows; also
    /// from RELAY_RECONCILE_TOLERATE
    #[arg(long, value_name = "NAME[=BOUND]", value_delimiter = ',')]
    pub(crate) tolerate: Vec<String>,
    /// Tell what days came to when they were compared last, and ask nobody [default: the last month]
    #[arg(long, conflicts_with_all = ["heal", "tolerate"])]
    pub(crate) kept: bool,
    /// Send what is missing, after it was told and asked
    #[arg(long)]
    pub(crate) heal: bool,
    /// Answer with the documents that are not matched, as a CSV file that Excel opens
    #[arg(long, conflicts_with = "json")]
    pub(crate) csv: bool,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}
