//! Where a vendor stands, as a source and as a target.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use relay_core::System;
use relay_core::pause::{self, Pause, Scope};
use relay_core::quota::Used;
use serde::Serialize;

use super::{Doing, Status};
use crate::language::Said;
use crate::{OperationError, Operations, pauses};

/// Where a vendor stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VendorStatus {
    /// As a source; `None` where no flow reads it.
    pub source: Option<Side>,
    /// As a target; `None` where no flow delivers to it and nothing waits for it.
    pub target: Option<Side>,
    /// What of its quotas is used, all accounts together.
    #[serde(flatten)]
    pub used: Used,
    /// So many calls a minute are allowed, as far as the settings say.
    pub calls_a_minute: Option<u32>,
}

/// One end of a vendor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Side {
    /// Where it stands.
    pub stands: Standing,
    /// Why, where it is not simply reachable.
    pub why: Option<Said>,
    /// Until when, where that is known.
    pub until: Option<DateTime<Utc>>,
}

/// Where one end of a vendor stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// A person or its own answer has paused it.
    Paused,
    /// It answers, and takes nothing or gives nothing.
    Refusing,
    /// It does not answer.
    Unreachable,
    /// Its last answer was well.
    Reachable,
    /// Nothing has been asked of it yet.
    Unknown,
}

impl Standing {
    /// As people call it, in both languages.
    #[must_use]
    pub fn said(self) -> Said {
        let chinese = match self {
            Self::Paused => "已暂停",
            Self::Refusing => "拒绝",
            Self::Unreachable => "连不上",
            Self::Reachable => "正常",
            Self::Unknown => "还没问过",
        };
        Said::new(chinese, self.name())
    }

    /// As people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::Refusing => "refusing",
            Self::Unreachable => "unreachable",
            Self::Reachable => "reachable",
            Self::Unknown => "not asked yet",
        }
    }
}

impl Side {
    fn paused(pause: &Pause) -> Self {
        Self { stands: Standing::Paused, why: Some(pauses::said(pause)), until: pause.until }
    }

    fn of(doing: &Doing) -> Self {
        let stands = match (&doing.failing_since, &doing.last_error, doing.last_success) {
            (Some(_), Some(error), _) if error.class == "retry" => Standing::Unreachable,
            (Some(_), ..) => Standing::Refusing,
            (None, _, Some(_)) => Standing::Reachable,
            (None, _, None) => Standing::Unknown,
        };
        let error = doing.last_error.as_ref().filter(|_| doing.failing_since.is_some());
        Self { stands, why: error.map(|error| Said::of(&error.message)), until: None }
    }

    /// The same, with what its documents wait for where nothing else is to be said.
    fn or_waits(self, status: &Status, system: System) -> Self {
        let mut of_target = status.flows.values().filter(|flow| flow.goes_to(system));
        let waits = of_target.find_map(|flow| Some((flow.waits_for_its_time()?, flow.not_yet.as_ref()?)));
        match waits {
            Some((why, not_yet)) if self.why.is_none() => {
                Self { why: Some(why), until: Some(not_yet.until), ..self }
            }
            _ => self,
        }
    }

    /// The worse of the two.
    fn or(self, other: Self) -> Self {
        if other.stands < self.stands { other } else { self }
    }
}

impl Operations<'_> {
    pub(super) async fn vendor_statuses(
        &self,
        status: &Status,
    ) -> Result<BTreeMap<System, VendorStatus>, OperationError> {
        let (checkpoints, now) = (self.stores.checkpoints.as_ref(), self.clock.now());
        let mut sources = BTreeMap::<System, Side>::new();
        for routed in self.flows.iter() {
            let Some(flow) = status.flows.get(routed.flow.name()) else { continue };
            let side = Side::of(&flow.source_health);
            let system = routed.source_system();
            let side = match sources.remove(&system) {
                Some(known) => known.or(side),
                None => side,
            };
            sources.insert(system, side);
        }
        for (system, side) in &mut sources {
            if let Some(pause) = pause::current(checkpoints, Scope::Source(*system), now).await? {
                *side = Side::paused(&pause);
            }
        }
        let used = self.stores.quotas.used().await?;
        let mut vendors = BTreeMap::new();
        for connector in self.connectors {
            let system = connector.system();
            let queue = status.queues.get(&system);
            let delivers = self.flows.iter().any(|routed| routed.system == system)
                || queue.is_some_and(|queue| queue.waiting + queue.in_flight > 0);
            let target = queue.filter(|_| delivers).map(|queue| match &queue.paused {
                Some(pause) => Side::paused(pause),
                None => Side::of(&queue.target_health).or_waits(status, system),
            });
            let source = sources.remove(&system);
            if source.is_none() && target.is_none() {
                continue;
            }
            let of_vendor = used.iter().filter(|(name, _)| name.split('/').next() == Some(system.name()));
            let used = of_vendor.fold(Used::default(), |sum, (_, used)| Used {
                last_minute: sum.last_minute + used.last_minute,
                waiting: sum.waiting + used.waiting,
            });
            let calls_a_minute = self.calls_a_minute(system);
            vendors.insert(system, VendorStatus { source, target, used, calls_a_minute });
        }
        Ok(vendors)
    }
}
