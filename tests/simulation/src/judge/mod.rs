//! What must be true, read out of the vendors' own books and the ledger.

mod documents;

use relay_core::{Entry, FailureClass};

use crate::scenario::{Change, Scenario, What};
use crate::world::World;
pub use crate::world::books::Violation;
use documents::Judge;

/// Every rule that a judgement checks, by the names that violations bear.
pub const RULES: [&str; 15] = [
    "nothing panics",
    "nothing goes round for ever",
    "newest version at each target",
    "one document per number",
    "no older version over a newer",
    "acknowledged only after the effect",
    "the right reason",
    "failed with its content",
    "what a person has mended and replayed goes on",
    "what a person settled keeps its place",
    "quiet in time",
    "quota never exceeded",
    "amounts to the cent",
    "the archive tells what the vendor saw",
    "the ledger knows what was delivered",
];

/// Failures that this scenario explains.
fn explained(scenario: &Scenario, class: &FailureClass) -> bool {
    let has = |wanted: fn(&What) -> bool| scenario.events.iter().any(|event| wanted(&event.what));
    let person = has(|what| matches!(what, What::Settle));
    match class {
        FailureClass::Mapping => has(|what| matches!(what, What::BadTrade)),
        FailureClass::Flow => has(|what| matches!(what, What::FlowAway { .. })),
        // What Kingdee has and does not change; what is there, and perhaps another version. An answer whose times are all
        // zero shows another day than the next.
        FailureClass::Changed => {
            let once = !scenario.conditions.receiver_replaces;
            has(|what| matches!(what, What::TradeChange { .. }) || what.shows_zero_dates())
                || once && has(|what| matches!(what, What::Json { .. } | What::JsonFlap { .. }))
        }
        FailureClass::Settled => person,
        FailureClass::Unknown => !scenario.conditions.receiver_replaces,
        FailureClass::Crossed => has(|what| matches!(what, What::Stop { .. })),
        FailureClass::Acknowledgement => {
            has(|what| what.refuses() || matches!(what, What::RefusedAcknowledgement { .. }))
        }
        // WDT brings no order back that was deleted.
        FailureClass::Refused => {
            has(|what| what.refuses() || matches!(what, What::OrderChange { how: Change::Deleted, .. }))
        }
        _ => false,
    }
}

/// What stands in the ledger as failed, before a person does anything about it: with a reason that this scenario explains,
/// and with its content.
///
/// # Errors
/// When the store cannot be read.
pub fn failures(world: &World) -> anyhow::Result<Vec<Violation>> {
    let mut violations = Vec::new();
    for entry in &world.failures()? {
        for failed in entry.failures() {
            if !explained(&world.scenario, &failed.class) {
                let found = format!("{}: {}: {}", named(entry), failed.class, failed.message);
                violations.push(Violation { rule: "the right reason", found });
            }
            if failed.document.as_object().is_none_or(serde_json::Map::is_empty) {
                violations.push(Violation { rule: "failed with its content", found: named(entry) });
            }
        }
    }
    Ok(violations)
}

fn named(entry: &Entry) -> String {
    format!("{} {}", entry.id.flow, entry.id.key)
}

/// What must be true when all is quiet.
///
/// # Errors
/// When the store cannot be read.
pub fn last(world: &World) -> anyhow::Result<Vec<Violation>> {
    let mut judge = Judge::of(world);
    judge.orders()?;
    judge.trades()?;
    judge.stock()?;
    judge.shipments()?;
    judge.documents()?;
    judge.settled()?;
    judge.archive()?;
    judge.quotas();
    for entry in &world.failures()? {
        let waits =
            |failed: &relay_core::Failed| matches!(failed.class, FailureClass::Mapping | FailureClass::Flow);
        if let Some(failed) = entry.failures().find(|failed| waits(failed)) {
            let found = format!("{} still stands as {}: {}", named(entry), failed.class, failed.message);
            judge.violated("what a person has mended and replayed goes on", found);
        }
    }
    let mut violations = std::mem::take(&mut judge.violations);
    violations.extend(world.books.state().violations.clone());
    Ok(violations)
}

/// Whether everything that was taken is where it belongs, so that there is nothing to wait for.
///
/// # Errors
/// When the store cannot be read.
pub fn is_quiet(world: &World) -> anyhow::Result<bool> {
    let wangdian = &world.vendors.wangdian;
    let pools = wangdian.waiting_shipments().is_empty()
        && wangdian.stock().iter().all(|row| row.acknowledged_count == row.stock_change_count);
    let books = world.books.state();
    let is_told = |pushed: &crate::world::books::Pushed| {
        pushed.versions.is_empty() || pushed.accepted.contains(&(pushed.versions.len() - 1))
    };
    let pushes = world.vendors.qince.next_due().is_none() && books.documents.iter().all(is_told);
    drop(books);
    Ok(pools && pushes && world.queued()? == 0)
}
