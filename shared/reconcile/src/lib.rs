//! What a source says, what our ledger says and what a target holds of a day, compared.
//!
//! The core is pure: three sets of facts in, verdicts out. Around it are those who read the facts. A reconciliation changes
//! nothing: not at a vendor, and not in the stores. Its calls are the last to get a permit of a quota.
//!
//! | module | what |
//! |---|---|
//! | [`verdict`] | what three sides say of one document, judged |
//! | [`compare`] | where two documents differ |
//! | [`tolerance`] | by how much they may |
//! | [`sum`] | what documents come to: lines, quantity, amount |
//! | [`report`] | what a day of a flow comes to |
//! | [`days`] | days of China |
//! | [`kept`] | the results that are kept |
//! | [`conditions`] | the days that need a person |
//!
//! | module | what it reads |
//! |---|---|
//! | `source` | what the source shows of a day |
//! | [`ledger`] | what our ledger and our archive say |
//! | `target` | what the target holds |
//! | [`codes`] | the ids that documents need |
//! | `units` | what a flow makes of the source's documents: the documents of the target |
//! | `groups` | likewise where many of them are one bill |
//! | `day` | all of it together |
//! | `schedule` | the days that are due |
//! | [`night`] | those days, one after the other, for as long as a turn has time |
//! | [`recheck`] | what failed, and was made in its target by a person |

pub mod codes;
pub mod compare;
pub mod conditions;
mod day;
pub mod days;
mod groups;
pub mod kept;
pub mod ledger;
pub mod night;
pub mod recheck;
pub mod report;
mod schedule;
mod source;
pub mod sum;
mod target;
pub mod tolerance;
mod units;
pub mod verdict;

use std::sync::Arc;

use relay_connector::Connection;
use relay_core::clock::{Clock, Deadline};
use relay_core::{Stores, System};
use relay_job::{FlowSettings, Flows, Routed};

pub use night::{Night, Turn};
pub use report::{Compared, Day, Standing};
pub use target::Answers;
pub use tolerance::Tolerances;
pub use verdict::Verdict;

/// Connects to a vendor, or says why that cannot be.
pub type Connect<'a> = &'a (dyn Fn(System) -> Result<Arc<dyn Connection>, String> + Send + Sync);

/// Compares days of flows.
#[derive(Clone, Copy)]
pub struct Reconciler<'a> {
    /// Where everything of ours stands.
    pub stores: &'a Stores,
    /// The flows that have a file.
    pub flows: &'a Flows,
    /// The values of the settings that flows name.
    pub settings: &'a FlowSettings,
    /// Connects to the vendors.
    pub connect: Connect<'a>,
    /// The time.
    pub clock: &'a dyn Clock,
    /// By how much the sides may differ.
    pub tolerances: &'a Tolerances,
    /// Until when.
    pub deadline: Deadline,
    /// What targets have told of the day before, where it was broken off.
    pub answers: Option<&'a Answers>,
}

/// Whether a flow has days that can be compared: what tells of our own outcomes has not, and a list that is read as a whole has
/// none.
#[must_use]
pub fn has_days(routed: &Routed) -> bool {
    use relay_connector::Role;
    matches!(routed.flow.source().document.role, Role::Windowed | Role::Pushed | Role::Pool)
}
