//! An event source hands out ten messages at most, and a call to some targets takes fifty documents; others take more than ten
//! side by side, and a run is paid for by how long it waits for them. Where an event is full, there are likely more: the
//! function receives them itself, and is then the one who deletes them or gives them back.

use std::time::Duration;

use relay_core::clock::Deadline;
use relay_core::policy::Receiver;
use relay_core::{Received, StoreError, System};

use crate::open::{Message, Turn};
use crate::worker::{LARGEST, conclude};
use crate::{BATCH, ErpPusher};

/// What was received stays in flight for as long as the function may run, and so much longer.
const MARGIN: Duration = Duration::from_secs(60);

impl ErpPusher {
    /// Receives what goes with these messages of an event, as far as a call takes more, or more can begin at once. What cannot
    /// be received now comes with an event of its own.
    pub(crate) async fn top_up(
        &self,
        system: System,
        messages: &[Message],
        deadline: Deadline,
    ) -> Vec<(Option<System>, Received)> {
        let mut more = Vec::new();
        let Some(left) = deadline.left(self.parts.clock.as_ref()) else { return more };
        let most = self.pusher.soon(system).min(LARGEST).max(self.pusher.most_together(system));
        let mut is_full = messages.len() == BATCH;
        while is_full && messages.len() + more.len() < most {
            let wanted = (most - messages.len() - more.len()).min(BATCH);
            let received = match self.parts.queue.receive(system, wanted, left + MARGIN).await {
                Ok(received) => received,
                Err(error) => {
                    tracing::warn!(%error, %system, "no more than the event is worked");
                    break;
                }
            };
            is_full = received.len() == wanted;
            more.extend(received.into_iter().map(|received| (Some(system), received)));
        }
        more
    }

    /// Deletes what is done of the messages that the function has received itself, and gives the others back.
    pub(crate) async fn conclude_own(&self, system: System, turns: &[Turn]) {
        let (queue, clock) = (self.parts.queue.as_ref(), self.parts.clock.as_ref());
        let concluded: Result<(), StoreError> =
            conclude(queue, clock, system, turns, Receiver::EventSource).await;
        if let Err(error) = concluded {
            tracing::warn!(%error, %system, "messages come again when the queue says");
        }
    }
}
