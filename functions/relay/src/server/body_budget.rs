use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use relay_core::clock::{Clock, timeout};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::slots::Slots;

/// What all large bodies may take together, in bytes: eight of the largest that are taken.
const ALL: usize = 32 * 1024 * 1024;

/// A body up to this size needs no room of the large ones, so that they never keep it out: nearly every push is one.
const SMALL: usize = 64 * 1024;

/// A body that finds no room waits so often, and so long, before it is refused.
const LOOKS: u32 = 4;
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);

/// The bytes that are held for large bodies.
pub(super) struct BodyBudget {
    left: Arc<Semaphore>,
    clock: Arc<dyn Clock>,
    slots: Arc<Slots>,
}

/// There is no room.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoRoom;

/// What one body holds; given back when it is dropped.
#[derive(Default)]
pub(super) struct Reservation {
    permit: Option<OwnedSemaphorePermit>,
}

impl BodyBudget {
    pub(super) fn new(clock: Arc<dyn Clock>, slots: Arc<Slots>) -> Self {
        Self { left: Arc::new(Semaphore::new(ALL)), clock, slots }
    }

    /// Sees to it that `held` covers a body of `bytes`. Where there is no room, the bodies that have been coming for
    /// longest make way.
    pub(super) async fn hold(&self, held: &mut Reservation, bytes: usize) -> Result<(), NoRoom> {
        let holds = held.permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        if bytes <= SMALL.max(holds) {
            return Ok(());
        }
        let more = self.more(u32::try_from(bytes - holds).unwrap_or(u32::MAX)).await?;
        match &mut held.permit {
            Some(permit) => permit.merge(more),
            None => held.permit = Some(more),
        }
        Ok(())
    }

    async fn more(&self, bytes: u32) -> Result<OwnedSemaphorePermit, NoRoom> {
        let clock = self.clock.as_ref();
        let mut permit = pin!(self.left.clone().acquire_many_owned(bytes));
        for _ in 1..LOOKS {
            if let Ok(permit) = timeout(clock, BETWEEN_LOOKS, &mut permit).await {
                return permit.map_err(|_| NoRoom);
            }
            self.slots.close_stalled();
        }
        timeout(clock, BETWEEN_LOOKS, permit).await.map_err(|_| NoRoom)?.map_err(|_| NoRoom)
    }
}
