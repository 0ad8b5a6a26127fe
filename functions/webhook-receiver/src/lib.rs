//! API Gateway → verify → queue.
//!
//! Qince waits 5 seconds for its answer, tries again only the next night, and gives up after ten. So the answer is 0 as
//! soon as the order is stored durably, whatever becomes of it later, and 1 only where nothing could be stored.

pub mod event;
mod receive;

use relay_host::{Function, Occasion, Wiring};
use serde_json::Value;

pub use receive::{
    Answer, PushRequest, Receiver, Refusal, UNREADABLE, UNROUTED, reads_direct_orders, unrouted_type,
    work_items,
};
pub use relay_qince::Reply;

impl Function for Receiver {
    type Handled = Answer;

    fn wire(wiring: &Wiring) -> anyhow::Result<Self> {
        Ok(Self {
            settings: wiring.settings.qince()?,
            standing: wiring.standing.clone(),
            health: wiring.health.clone(),
            intake: wiring.intake(),
            clock: wiring.clock.clone(),
            rng: wiring.rng.clone(),
            credential_check: wiring.credential_check.clone(),
        })
    }

    /// Works one API Gateway event. It is done long before any deadline.
    async fn handle(&self, event: Value, _occasion: Occasion) -> anyhow::Result<Answer> {
        Ok(match event::decode(event) {
            Ok(request) => self.receive(&request.as_push()).await,
            Err(reason) => {
                tracing::warn!(reason, "push refused");
                Answer { refused: Some(Refusal::Malformed), ..Answer::no_push(400, &reason) }
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
