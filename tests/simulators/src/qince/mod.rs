//! 勤策 as the sender of pushes: signed bodies, sample orders, and the daily redelivery.

mod history;
mod order;
mod outbox;
mod push;

use std::sync::{Arc, Mutex};

use relay_core::clock::Clock;

pub use history::Story;
pub use order::{Address, addresses, modify_time};
pub use push::{Digest, Encoding, PUSH_SECRET, PushStyle, SignedPush, TENANT_ID, digest, read_reply};

use crate::dice::Dice;
use outbox::Outbox;

/// The simulated 勤策.
pub struct Qince {
    clock: Arc<dyn Clock>,
    dice: Dice,
    outbox: Mutex<Outbox>,
}

impl Qince {
    pub(crate) fn new(clock: Arc<dyn Clock>, seed: u64) -> Self {
        Self { clock, dice: Dice::new(seed, "qince"), outbox: Mutex::default() }
    }
}
