//! What a process's store gets wrong.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use relay_core::{StoreError, StoreErrorKind, Stores};
use relay_decorator::{Call, Carries, Port, Side, decorate};

use super::books::Books;
use crate::scheduler::{Halts, Owner};
use crate::timeline::Timeline;
use crate::trace::Trace;

/// A call takes up to so many microseconds before its work, and again after it.
const LONGEST: u64 = 2_000;

/// Calls that fail.
#[derive(Debug, Clone, Copy)]
struct Armed {
    port: Port,
    side: Side,
    kind: StoreErrorKind,
    left: u32,
}

/// A call at which its process dies, or stands still for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Last {
    pub(super) port: Port,
    pub(super) operation: &'static str,
    pub(super) side: Side,
    pub(super) lasts: Option<Duration>,
}

/// What a process's store gets wrong.
pub(super) struct StoreFaults {
    armed: Mutex<Vec<Armed>>,
    last: Mutex<Option<Last>>,
    trace: Arc<Trace>,
}

/// Whose store it is.
pub(super) struct Whose {
    pub(super) process: String,
    pub(super) owner: Owner,
    pub(super) dice: u64,
}

impl StoreFaults {
    pub(super) fn new(trace: Arc<Trace>) -> Self {
        Self { armed: Mutex::default(), last: Mutex::default(), trace }
    }

    /// The next calls of that port fail.
    pub(super) fn arm(&self, port: Port, side: Side, kind: StoreErrorKind, calls: u32) {
        let armed = Armed { port, side, kind, left: calls };
        self.armed.lock().unwrap_or_else(PoisonError::into_inner).push(armed);
    }

    /// The process halts at its next call like this.
    pub(super) fn halt_at(&self, last: Last) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(last);
    }

    pub(super) fn clear(&self) {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.last.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// The ports, each call of which takes some time and may fail, or be the last of its process for a while or for good. `books` hear of each entry
    /// that was written, and of what was queued.
    pub(super) fn around(
        self: &Arc<Self>,
        stores: &Stores,
        whose: Whose,
        timeline: Arc<Timeline>,
        halts: Halts,
        books: Arc<Books>,
    ) -> Stores {
        let Whose { process, owner, dice } = whose;
        let dice = Arc::new(Mutex::new(StdRng::seed_from_u64(dice)));
        let (this, process): (Arc<Self>, Arc<str>) = (self.clone(), process.into());
        decorate(stores, move |side, call| {
            let error = this.next(call.port, side, call.operation);
            if side == Side::After && changes_something(call) {
                this.trace.say(timeline.now(), || told(&process, call, error.is_some()));
            }
            match (side, call.carries) {
                (Side::After, Carries::Entry(entry)) => books.hear_of(&entry.id),
                (Side::After, Carries::Messages(messages)) => books.hear_of_messages(messages),
                _ => {}
            }
            if let Some(last) = this.halts_at(call, side) {
                halts.halt(owner, last.lasts);
            }
            let micros = dice.lock().unwrap_or_else(PoisonError::into_inner).random_range(1..LONGEST);
            let wait = timeline.wait(Duration::from_micros(micros));
            async move {
                wait.await;
                error.map_or(Ok(()), Err)
            }
        })
    }

    fn halts_at(&self, call: &Call<'_>, side: Side) -> Option<Last> {
        let is_it =
            |last: &mut Last| last.port == call.port && last.operation == call.operation && last.side == side;
        self.last.lock().unwrap_or_else(PoisonError::into_inner).take_if(is_it)
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

/// What only looks is not told: it would be most of a trace.
fn changes_something(call: &Call<'_>) -> bool {
    let looks = ["get", "read", "depth", "list", "receive", "dead"];
    call.port != Port::Archive && !looks.contains(&call.operation)
}

/// A call in words. An entry is told with its revision: two runs that differ in it differ.
fn told(process: &str, call: &Call<'_>, fails: bool) -> String {
    let written = match call.carries {
        Carries::Entry(entry) => format!(" {} {} r{}", entry.id.flow, entry.id.key, entry.revision),
        Carries::Name(name) => format!(" {name}"),
        _ => String::new(),
    };
    let fails = if fails { " FAILS" } else { "" };
    format!("{process} {:?}.{}{written}{fails}", call.port, call.operation)
}
