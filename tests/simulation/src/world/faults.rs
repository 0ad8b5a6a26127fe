//! What a process's store gets wrong.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use relay_core::{StoreError, StoreErrorKind, Stores};
use relay_decorator::{Carries, Port, Side, decorate};

use super::World;
use crate::timeline::Timeline;
use crate::trace::Trace;

/// Calls that fail.
#[derive(Debug, Clone, Copy)]
struct Armed {
    port: Port,
    side: Side,
    kind: StoreErrorKind,
    left: u32,
}

/// What a process's store gets wrong.
pub(super) struct StoreFaults {
    armed: Mutex<Vec<Armed>>,
    trace: Arc<Trace>,
}

impl StoreFaults {
    pub(super) fn new(trace: Arc<Trace>) -> Self {
        Self { armed: Mutex::default(), trace }
    }

    /// The next calls of that port fail.
    pub(super) fn arm(&self, port: Port, side: Side, kind: StoreErrorKind, calls: u32) {
        let armed = Armed { port, side, kind, left: calls };
        self.armed.lock().unwrap_or_else(PoisonError::into_inner).push(armed);
    }

    pub(super) fn clear(&self) {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The ports, each call of which takes some time and may fail.
    pub(super) fn around(
        self: &Arc<Self>,
        stores: &Stores,
        process: String,
        timeline: Arc<Timeline>,
        dice: u64,
    ) -> Stores {
        let dice = Arc::new(Mutex::new(StdRng::seed_from_u64(dice)));
        let (this, process): (Arc<Self>, Arc<str>) = (self.clone(), process.into());
        decorate(stores, move |side, call| {
            let (port, operation) = (call.port, call.operation);
            let error = this.next(port, side, operation);
            // A write is told with what it writes: two runs that differ in it differ.
            let written = match call.carries {
                Carries::Entry(entry) => format!(" {} {} r{}", entry.id.flow, entry.id.key, entry.revision),
                _ => String::new(),
            };
            if side == Side::After
                && (port != Port::Archive)
                && !matches!(operation, "get" | "read" | "depth" | "list" | "receive" | "dead")
            {
                this.trace.say(timeline.now(), || {
                    format!(
                        "{process} {port:?}.{operation}{written}{}",
                        if error.is_some() { " FAILS" } else { "" }
                    )
                });
            }
            let most = World::least_wait().as_micros() as u64 * 40;
            let wait = Duration::from_micros(
                dice.lock().unwrap_or_else(PoisonError::into_inner).random_range(1..most),
            );
            let wait = timeline.wait(wait);
            async move {
                wait.await;
                error.map_or(Ok(()), Err)
            }
        })
    }

    fn next(&self, port: Port, side: Side, operation: &str) -> Option<StoreError> {
        let mut armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
        let place = armed.iter().position(|armed| armed.port == port && armed.side == side)?;
        let Armed { kind, .. } = armed[place];
        armed[place].left -= 1;
        if armed[place].left == 0 {
            armed.remove(place);
        }
        Some(StoreError::new(operation, format!("the store fails ({kind:?})")).of_kind(kind))
    }
}
