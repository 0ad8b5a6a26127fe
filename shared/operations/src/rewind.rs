//! A flow that is to read again from a time on. Whatever the ledger knows is not sent again: what is read a second time is
//! skipped as it is after any repetition.

use std::time::Duration;

use chrono::{DateTime, Utc};
use relay_connector::Role;
use relay_core::checkpoint::Lease;
use relay_job::watermark::{self, Watermark, checkpoint_name};
use relay_job::{Routed, snapshot};
use serde::Serialize;

use crate::backfill::BackfillPlan;
use crate::explain::Connect;
use crate::language::Said;
use crate::log::Did;
use crate::times::shown;
use crate::{OperationError, Operations, both};

/// How long the flow is kept from being polled while its watermark is set.
const TTL: Duration = Duration::from_secs(30);

/// A flow that reads again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rewound {
    /// The flow.
    pub flow: String,
    /// How far it had been read.
    pub from: Option<DateTime<Utc>>,
    /// From where it reads on; `None` of a list, which is read as a whole.
    pub to: Option<DateTime<Utc>>,
}

/// A rewinding, before it is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RewindPlan {
    /// The flow.
    pub flow: String,
    /// How far it has been read.
    pub from: Option<DateTime<Utc>>,
    /// From where it is to read on; `None` of a list, which is read as a whole.
    pub to: Option<DateTime<Utc>>,
    /// What reading that again comes to; `None` of a list.
    pub range: Option<BackfillPlan>,
}

impl RewindPlan {
    /// What it does, for whoever is to agree.
    #[must_use]
    pub fn warning(&self) -> Said {
        let flow = &self.flow;
        match self.to.map(shown) {
            Some(to) => both!(
                "{flow} 从 {to} 起重新读,排在新单之前:台账里有的跳过,台账已忘记的(RELAY_LEDGER_DAYS)会再发。只想补读一段,用 `relay backfill`。",
                "{flow} reads again from {to} on, before anything new: what the ledger knows is skipped, what it has forgotten \
                 (RELAY_LEDGER_DAYS) is sent again. `relay backfill` reads a range beside what is new."
            ),
            None => both!(
                "{flow} 下一次轮询读它的整个列表,每一行都再发一次。",
                "All of the list of {flow} is read by the next poll, and each row is sent again."
            ),
        }
    }

    /// How many rows that is.
    #[must_use]
    pub fn rows_in_words(&self) -> Said {
        match self.range.as_ref().map(|range| range.rows) {
            Some(Some(rows)) => both!("{rows} 行", "{rows} rows"),
            Some(None) => Said::new("行数未知", "It is not known how many rows"),
            None => Said::new("整个列表", "The whole list"),
        }
    }
}

impl Rewound {
    /// What follows.
    #[must_use]
    pub fn on(&self) -> Said {
        match self.to.map(shown) {
            Some(to) => both!("下一次轮询从 {to} 读起", "the next poll reads on from {to}"),
            None => Said::new("下一次轮询读它的整个列表", "all of its list is read by the next poll"),
        }
    }
}

impl Operations<'_> {
    /// What having a flow read again from a time on comes to. Its source is asked how many rows that is.
    ///
    /// # Errors
    /// As [`Operations::rewind`].
    pub async fn plan_rewind(
        &self,
        flow: &str,
        to: DateTime<Utc>,
        connect: Connect<'_>,
    ) -> Result<RewindPlan, OperationError> {
        let document = self.flow_with_file(flow).await?.flow.source().document;
        let (checkpoints, now) = (self.stores.checkpoints.as_ref(), self.clock.now());
        if to > now {
            return Err(in_the_future(to));
        }
        let plan = RewindPlan { flow: flow.to_owned(), from: None, to: None, range: None };
        match document.role {
            Role::Windowed => {
                let from = watermark::read(checkpoints, flow).await?;
                let range = match to < now {
                    true => Some(self.plan_backfill(flow, (to, now), connect).await?),
                    false => None,
                };
                Ok(RewindPlan { from, to: Some(to), range, ..plan })
            }
            Role::Listed => Ok(RewindPlan { from: snapshot::read_at(checkpoints, flow).await?, ..plan }),
            role => Err(no_windows(flow, document.name, role)),
        }
    }

    /// Has a flow read again from a time on; of a list, all of it.
    ///
    /// # Errors
    /// A flow that has no file or is not polled, a time in the future, a poll that is at work; a store that does not answer.
    pub async fn rewind(&self, flow: &str, to: DateTime<Utc>) -> Result<Rewound, OperationError> {
        let routed = self.flow_with_file(flow).await?;
        if to > self.clock.now() {
            return Err(in_the_future(to));
        }
        let checkpoints = self.stores.checkpoints.as_ref();
        let owner = self.rng.uuid().to_string();
        let Some(lease) = checkpoints.acquire(&format!("poll/{flow}"), &owner, TTL).await? else {
            return Err(OperationError::BeingRead(flow.to_owned()));
        };
        let rewound = self.rewind_held(routed, to, &lease).await;
        checkpoints.release(&lease).await?;
        let rewound = rewound?;
        let from = rewound.from.map(|from| format!("it had been read until {}", shown(from)));
        let to = rewound.to.map_or_else(|| "its beginning".to_owned(), shown);
        self.note(Did::of("rewind", format!("{flow} to {to}")).because(from)).await;
        Ok(rewound)
    }

    async fn rewind_held(
        &self,
        routed: &Routed,
        to: DateTime<Utc>,
        lease: &Lease,
    ) -> Result<Rewound, OperationError> {
        let (flow, document) = (routed.flow.name(), routed.flow.source().document);
        let checkpoints = self.stores.checkpoints.as_ref();
        match document.role {
            Role::Windowed => {
                let name = checkpoint_name(flow);
                let before = checkpoints.get(&name).await?;
                let read = before.as_ref().and_then(|it| serde_json::from_str::<Watermark>(&it.value).ok());
                let value = serde_json::json!(Watermark { read_until: to }).to_string();
                let revision = before.map(|before| before.revision);
                if !checkpoints.put(&name, &value, revision, Some(lease)).await? {
                    return Err(OperationError::BeingRead(flow.to_owned()));
                }
                let from = read.map(|read| read.read_until);
                Ok(Rewound { flow: flow.to_owned(), from, to: Some(to) })
            }
            Role::Listed => {
                let from = snapshot::read_at(checkpoints, flow).await?;
                // Without its head a snapshot knows nothing: every row is queued by the next reading.
                checkpoints.remove(&snapshot::head_name(flow)).await?;
                Ok(Rewound { flow: flow.to_owned(), from, to: None })
            }
            role => Err(no_windows(flow, document.name, role)),
        }
    }

    /// The flow of that name, which must have a file.
    pub(crate) async fn flow_with_file(&self, flow: &str) -> Result<&Routed, OperationError> {
        self.check_flow(flow).await?;
        let routed = self.flows.named(flow).ok_or_else(|| OperationError::NoFile(flow.to_owned()))?;
        Ok(routed.as_ref())
    }
}

fn in_the_future(to: DateTime<Utc>) -> OperationError {
    OperationError::WrongTime(format!("{} lies in the future", shown(to)))
}

/// The error of a flow whose source is not polled.
fn no_windows(flow: &str, document: &'static str, role: Role) -> OperationError {
    let instead = if role == Role::Pool {
        "a pool gives its rows until they are acknowledged; `relay replay --delivered` sends again what was delivered"
    } else {
        "pushes come once; `relay replay --delivered` sends again what was delivered"
    };
    OperationError::NoWindows { flow: flow.to_owned(), document, instead }
}
