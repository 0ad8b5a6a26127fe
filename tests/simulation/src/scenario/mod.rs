//! What happens in one simulation: documents, faults and people's doings, as data that can be printed, cut down and
//! played again.

mod conditions;
mod draw;
mod what;

use std::fmt;
use std::time::Duration;

pub use conditions::{Conditions, Drawing, Parcels, Terms};
pub use what::{Change, Hand, Says, Table, Vendor, What};

use crate::trace::clock;

/// One simulation.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Decides who goes first, how long calls take, and what vendors make up.
    pub seed: u64,
    /// What holds all the time.
    pub conditions: Conditions,
    /// What happens, by time.
    pub events: Vec<Event>,
}

/// How a vendor refuses a document for good.
pub const REFUSED: &str = "单据不允许保存";

/// How many processes share a store.
pub const PROCESSES: usize = 2;

/// Something happens.
#[derive(Debug, Clone)]
pub struct Event {
    /// Names it, also where others are left out.
    pub id: usize,
    /// When, since the beginning.
    pub at: Duration,
    /// What.
    pub what: What,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:<3} {}  {:?}", self.id, clock(self.at), self.what)
    }
}

impl Scenario {
    /// What it was drawn of.
    #[must_use]
    pub fn drawing(&self) -> Drawing {
        self.conditions.drawing
    }

    /// Whether processes stand still for a while.
    #[must_use]
    pub fn stops(&self) -> bool {
        self.events.iter().any(|event| event.what.stops().is_some())
    }

    /// Whether something may arrive at a vendor, and nobody hear of that.
    #[must_use]
    pub fn loses_answers(&self) -> bool {
        self.stops()
            || self.events.iter().any(|event| event.what.kills().is_some() || event.what.loses_answers())
    }

    /// Whether a process stands still and dies after that: a call that it makes upon waking is known to nobody.
    #[must_use]
    pub fn dies_upon_waking(&self) -> bool {
        let stopped: Vec<_> =
            self.events.iter().filter_map(|event| Some((event.what.stops()?, event.at))).collect();
        let killed = self.events.iter().filter_map(|event| Some((event.what.kills()?, event.at)));
        killed
            .into_iter()
            .any(|(slot, at)| stopped.iter().any(|(which, since)| *which == slot && *since <= at))
    }

    /// Whether a flow says that at some time.
    #[must_use]
    pub fn has_flow_say(&self, wanted: Says) -> bool {
        let is_it = |what: &What| matches!(what, What::FlowSays { says, .. } if *says == wanted);
        self.events.iter().any(|event| is_it(&event.what))
    }

    /// The same with some of its events alone.
    #[must_use]
    pub fn with_events(&self, events: Vec<Event>) -> Self {
        Self { events, ..self.clone() }
    }

    /// The same with those events alone.
    #[must_use]
    pub fn only(&self, ids: &[usize]) -> Self {
        self.with_events(self.events.iter().filter(|event| ids.contains(&event.id)).cloned().collect())
    }
}
