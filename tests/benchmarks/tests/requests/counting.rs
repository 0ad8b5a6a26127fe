//! Ports that count what a bill would count, and pass everything on.

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::{Arc, Mutex, PoisonError};

use relay_core::Stores;
use relay_decorator::{Call, Carries, Port, Side, decorate};

/// As many messages as SQS takes in one request.
const SEND_BATCH: usize = 10;

/// As many bytes as DynamoDB writes for one unit.
const WRITE_UNIT: usize = 1_024;

/// What has been counted.
#[derive(Default)]
pub(crate) struct Counting(Mutex<BTreeMap<&'static str, u64>>);

impl Counting {
    /// The same ports, counted.
    pub(crate) fn around(self: &Arc<Self>, stores: &Stores) -> Stores {
        let counting = self.clone();
        decorate(stores, move |side, call| {
            if side == Side::Before {
                let (what, count) = billed(call);
                *counting.0.lock().unwrap_or_else(PoisonError::into_inner).entry(what).or_default() +=
                    count as u64;
            }
            ready(Ok(()))
        })
    }

    pub(crate) fn counted(&self) -> BTreeMap<&'static str, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Under which item a bill has a call, and how often.
fn billed(call: &Call<'_>) -> (&'static str, usize) {
    match (call.port, call.operation, call.carries) {
        (Port::Queue, _, Carries::Messages(messages)) => ("queue sends", messages.len().div_ceil(SEND_BATCH)),
        (Port::Queue, _, Carries::Batches(batches)) => {
            ("queue sends", batches.iter().map(|(_, messages)| messages.len().div_ceil(SEND_BATCH)).sum())
        }
        (Port::Queue, "receive", _) => ("queue receives", 1),
        (Port::Queue, "delete", _) => ("queue deletes", 1),
        (Port::Queue, "delay" | "delay_all", _) => ("queue delays", 1),
        (Port::Queue, ..) => ("queue depths", 1),
        (Port::Checkpoints, "get" | "list", _) => ("checkpoint reads", 1),
        (Port::Checkpoints, ..) => ("checkpoint writes", 1),
        (Port::Ledger, _, Carries::Entry(entry)) => {
            ("ledger write units", serde_json::json!(entry).to_string().len().div_ceil(WRITE_UNIT))
        }
        (Port::Ledger, ..) => ("ledger reads", 1),
        (Port::Lookups, "get" | "waiting", _) => ("look-up reads", 1),
        (Port::Lookups, ..) => ("look-up writes", 1),
        (Port::Archive, ..) => ("archive objects", 1),
        (Port::Quotas, ..) => ("quota writes", 1),
        (Port::Groups, "members" | "open" | "seals" | "sealed" | "group_of" | "lapse", _) => {
            ("group reads", 1)
        }
        (Port::Groups, ..) => ("group writes", 1),
        (Port::Audit, ..) => ("audit trail", 1),
    }
}
