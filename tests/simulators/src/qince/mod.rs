//! 勤策: the sender of pushes (signed bodies, sample orders, the daily redelivery), and the API that is called.

mod api;
mod history;
mod order;
mod outbox;
mod push;

use std::sync::{Arc, Mutex};

use relay_core::clock::Clock;

pub use api::{CREDENTIALS, Credentials, PATHS};
pub use history::Story;
pub use order::{Address, addresses, modify_time};
pub use push::{Digest, Encoding, PUSH_SECRET, PushStyle, SignedPush, TENANT_ID, digest, read_reply};

use crate::dice::Dice;
use crate::door::Traffic;
use crate::faults::Faults;
use api::Books;
use outbox::Outbox;

/// The simulated 勤策.
pub struct Qince {
    /// What its API gets wrong.
    pub faults: Faults,
    clock: Arc<dyn Clock>,
    dice: Dice,
    traffic: Traffic,
    outbox: Mutex<Outbox>,
    books: Mutex<Books>,
}

impl Qince {
    pub(crate) fn new(clock: Arc<dyn Clock>, seed: u64) -> Self {
        Self {
            faults: Faults::new(seed, "qince"),
            clock,
            dice: Dice::new(seed, "qince"),
            traffic: Traffic::default(),
            outbox: Mutex::default(),
            books: Mutex::default(),
        }
    }
}
