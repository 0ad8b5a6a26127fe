//! What a seed is of, and what holds in it all the time.

use std::time::Duration;

use serde::Deserialize;

use super::PROCESSES;

/// What a seed is of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Drawing {
    /// One document in, one out: orders, trades, stock, shipments, JSON.
    #[default]
    Documents,
    /// Sales that become bills: groups, lives, parts, links, outcomes.
    Bills,
    /// Whole lists, the orders that Qince is asked for, and what is written back to it.
    Lists,
}

impl Drawing {
    /// As the corpus and the commands write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Documents => "documents",
            Self::Bills => "bills",
            Self::Lists => "lists",
        }
    }

    /// What has `tests/simulation/run` draw so; nothing where it does by itself.
    #[must_use]
    pub fn argument(self) -> Option<&'static str> {
        match self {
            Self::Documents => None,
            Self::Bills => Some("--bills"),
            Self::Lists => Some("--lists"),
        }
    }
}

/// What holds all the time.
#[derive(Debug, Clone)]
pub struct Conditions {
    /// What the seed is of.
    pub drawing: Drawing,
    /// Kingdee is called over V2, and not over V1 (`KINGDEE_AUTH`).
    pub v2: bool,
    /// How long things happen; after that nothing new comes, and no fault.
    pub lasts: Duration,
    /// Kingdee's orders are changed by their id (`KINGDEE_EDITS`).
    pub edits: bool,
    /// Kingdee refuses a number that it has.
    pub refuses_duplicates: bool,
    /// WDT shows a change so much later.
    pub lag: Duration,
    /// How often an empty queue is looked at.
    pub look: Duration,
    /// Which of the processes push as Lambda does, out of an event, and not in a loop.
    pub by_events: [bool; PROCESSES],
    /// The receiver of JSON keeps one document of each `id` (`HTTP_POST_REPEAT`).
    pub receiver_replaces: bool,
    /// WDT and Kingdee take so few calls a minute that most documents wait for their turn.
    pub scarce: bool,
    /// Now and then an event source does not delete what a function has done: it comes again.
    pub redelivers: bool,
    /// What the flows of bills say; `None` where there are none.
    pub bills: Option<Terms>,
}

/// What the flows of bills say.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// Whether a bill is audited once it is saved.
    pub audits: bool,
    /// What a newer version does to a bill (`changes`).
    pub changes: &'static str,
    /// What becomes of the bill of a sale that is cancelled (`when_cancelled`).
    pub when_cancelled: &'static str,
    /// Whether groups become bills in Kingdee, and not at an address.
    pub groups_in_kingdee: bool,
    /// When groups are closed (`close`).
    pub close: &'static str,
    /// What becomes of lines that take back what was billed (`difference`).
    pub difference: &'static str,
    /// How many lines a group's bill takes.
    pub max_lines: usize,
    /// Whether the outcome of each version is a document of its own, or the newest takes the place of those before it.
    pub told_by_version: bool,
    /// What the parcels of a sale become, each with what leaves one warehouse and its share of the postage; `None` where no flow has
    /// them, and no sale has postage.
    pub parcels: Option<Parcels>,
}

/// What the parcels of a sale become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parcels {
    /// Bills that live as those of sales do.
    Bills {
        /// What becomes of the bill of one that has lost its lines (`withdrawn`).
        withdrawn: &'static str,
    },
    /// Those of a shop, a warehouse and a day become one document.
    Groups {
        /// Whether they bring amounts of which no sum is exact: twelfths.
        twelfths: bool,
    },
}
