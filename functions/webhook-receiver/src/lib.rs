//! Webhook → verify → queue.
//!
//! | module | what for |
//! |---|---|
//! | [`receive`] | one push: whose it is, whether it is believed, which flows take it |
//! | `unrouted` | pushes that no flow takes, and pushes that cannot be read: kept for a person |
//! | [`event`] | API Gateway's event and its answer |
//!
//! 0 is answered only when the push is stored durably. Everything else makes the vendor deliver it again.

pub mod event;
pub mod receive;
mod unrouted;

use relay_connector::{RefusalKind, Role};
use relay_job::{Flows, Invocation, Job, Needs, Parts};
use serde_json::Value;

pub use receive::{Answer, Receiver};
pub use relay_connector::{PushRequest, Reply};

impl Job for Receiver {
    type Handled = Answer;

    /// The connectors whose pushes flows read; and every other one that pushes and whose settings are there, because a
    /// flow whose file is away goes on taking documents in.
    fn needs(flows: &Flows) -> Needs {
        let reading = Needs::sources(flows.with_source(Role::Pushed));
        Needs { where_set: Some(Role::Pushed), ..reading }
    }

    fn build(parts: &Parts) -> anyhow::Result<Self> {
        Ok(Self {
            connections: parts.connections.clone(),
            active: parts.active.clone(),
            settings: parts.settings.clone(),
            health: parts.health.clone(),
            intake: parts.intake(),
            clock: parts.clock.clone(),
            rng: parts.rng.clone(),
            credential_check: parts.credential_check.clone(),
        })
    }

    /// Works one API Gateway event. It is done long before any deadline.
    async fn handle(&self, event: Value, _invocation: Invocation) -> anyhow::Result<Answer> {
        Ok(match event::decode(event) {
            Ok(request) => self.receive(&request.as_push()).await,
            Err(reason) => {
                tracing::warn!(reason, "push refused");
                Answer { refused: Some(RefusalKind::Malformed), ..Answer::no_push(400, &reason) }
            }
        })
    }

    /// Counts a refusal only here: a push under a secret that was just rotated is refused first, and taken then.
    async fn answer(&self, answer: Answer) -> Value {
        if let Some(reason) = answer.refused {
            metrics::counter!("pushes_refused", "reason" => reason.name()).increment(1);
        }
        event::encode(&answer)
    }
}
