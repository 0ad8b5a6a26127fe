//! A flow that is to read again from a time on. Whatever the ledger knows is not sent again: what is read a second time is
//! skipped as it is after any repetition.

use std::time::Duration;

use chrono::{DateTime, Utc};
use relay_connector::Role;
use relay_core::checkpoint::Lease;
use relay_job::watermark::{Watermark, checkpoint_name};
use relay_job::{Routed, snapshot};
use serde::Serialize;

use crate::log::Did;
use crate::times::shown;
use crate::{OperationError, Operations};

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

impl Operations<'_> {
    /// Has a flow read again from a time on; of a list, all of it.
    ///
    /// # Errors
    /// A flow that has no file or is not polled, a time in the future, a poll that is at work; a store that does not answer.
    pub async fn rewind(&self, flow: &str, to: DateTime<Utc>) -> Result<Rewound, OperationError> {
        let routed = self.flow_with_file(flow).await?;
        if to > self.clock.now() {
            return Err(OperationError::WrongTime(format!("{} lies in the future", shown(to))));
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
            role => {
                let instead = if role == Role::Pool {
                    "a pool gives its rows until they are acknowledged; `relay replay --delivered` sends again what was delivered"
                } else {
                    "pushes come once; `relay replay --delivered` sends again what was delivered"
                };
                let (flow, document) = (flow.to_owned(), document.name);
                Err(OperationError::NoWindows { flow, document, instead })
            }
        }
    }

    /// The flow of that name, which must have a file.
    pub(crate) async fn flow_with_file(&self, flow: &str) -> Result<&Routed, OperationError> {
        self.check_flow(flow).await?;
        let routed = self.flows.named(flow).ok_or_else(|| OperationError::NoFile(flow.to_owned()))?;
        Ok(routed.as_ref())
    }
}
