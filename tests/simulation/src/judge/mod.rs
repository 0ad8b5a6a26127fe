//! What must be true, read out of the vendors' own books and the ledger.

mod bills;
mod documents;
mod evidence;
mod groups;
mod lists;
mod lives;
mod parts;
mod sums;

use relay_core::groups::{Contribution, unmarked};
use relay_core::{Entry, Failed, FailureClass};
use serde_json::{Value, json};

use crate::scenario::{Change, Drawing, Hand, Parcels, Scenario, Table, What};
use crate::world::World;
use crate::world::books::Pile;
pub use crate::world::books::Violation;
use crate::world::operator::PARCELS;
use evidence::Judge;

/// Every rule that a judgement checks, by the names that violations bear.
pub const RULES: [&str; 29] = [
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
    "nothing is sent before it is sealed",
    "a bill is what was sealed",
    "the bills of a group come to what its members bring",
    "each member stands in a seal as it is",
    "each step has one effect",
    "nothing is audited blindly",
    "what waits for a bill goes on with it",
    "a receipt refers to the bill that counts",
    "who asks for a group is heard",
    "a document comes as a whole or in parts",
    "what a person has deleted stays deleted",
    "what a re-check closes, a person has made",
    "each delivery is told, and nothing else",
    "only what has changed goes on",
];

/// Failures that this scenario explains.
fn explained(scenario: &Scenario, class: &FailureClass) -> bool {
    let has = |wanted: fn(&What) -> bool| scenario.events.iter().any(|event| wanted(&event.what));
    if scenario.conditions.bills.is_some() {
        match class {
            FailureClass::Mapping => {
                return has(|what| matches!(what, What::Sale { is_bad: true, .. } | What::Receipt { .. }));
            }
            FailureClass::Waiting => return has(|what| matches!(what, What::Receipt { .. })),
            // Each newer version of a bill that is not to be changed, each part that has lost its lines.
            FailureClass::Changed | FailureClass::Withdrawn => return true,
            // What a person deletes while its bill is saved, or is being audited, is refused for its number, or its id.
            FailureClass::Refused => {
                return has(|what| what.refuses() || matches!(what, What::ByHand { how: Hand::Deletes, .. }));
            }
            // Whether a step was taken is asked of the same vendor, which may refuse the question too.
            FailureClass::Unknown if has(What::refuses) => return true,
            _ => {}
        }
    }
    if scenario.drawing() == Drawing::Lists {
        match class {
            FailureClass::Changed => return is_kept(scenario),
            FailureClass::Unknown => return makes_another(scenario),
            FailureClass::Refused => return has(What::refuses),
            FailureClass::Mapping => return false,
            _ => {}
        }
    }
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
        FailureClass::Settled => person || has(|what| matches!(what, What::Recheck)),
        FailureClass::Unknown => !scenario.conditions.receiver_replaces,
        // A clock that is set forward ends what is in flight, as a process does that stands still for longer.
        FailureClass::Crossed => scenario.stops() || has(What::sets_clock_forward),
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

/// Whether there is something at a target that keeps what it has: a record that is not to be changed, an order in Qince, and
/// what was given to an address that knows nothing again.
fn is_kept(scenario: &Scenario) -> bool {
    let is_record = |table: Table| matches!(table, Table::Shops | Table::Warehouses | Table::Suppliers);
    let is_row = |what: &What| matches!(what, What::Row { table, .. } if is_record(*table));
    makes_another(scenario)
        || !scenario.conditions.edits && scenario.events.iter().any(|event| is_row(&event.what))
}

/// Whether there is something of which a target makes another where it comes twice, and that it cannot be asked for.
fn makes_another(scenario: &Scenario) -> bool {
    let once = !scenario.conditions.receiver_replaces;
    scenario.events.iter().any(|event| match event.what {
        What::Json { pile, .. } | What::JsonFlap { pile, .. } => pile == Pile::Purchases,
        What::Row { table, .. } => once && table == Table::Sales,
        _ => false,
    })
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
            if !is_explained(&world.scenario, entry, failed) || has_crossed_into_a_group(world, entry, failed)
            {
                let found = format!("{}: {}: {}", named(entry), failed.class, failed.message);
                violations.push(Violation { rule: "the right reason", found });
            }
            if failed.document.as_object().is_none_or(serde_json::Map::is_empty) {
                violations.push(Violation { rule: "failed with its content", found: named(entry) });
            }
        }
    }
    violations.extend(heard(world)?);
    Ok(violations)
}

/// Whoever had a group closed finds everything that was in it then in a seal, once closers have had time.
fn heard(world: &World) -> anyhow::Result<Vec<Violation>> {
    let asked = world.books.state().asked.clone();
    let mut violations = Vec::new();
    for (id, had) in asked {
        for group in world.groups(&id.flow, [id.group.clone()].into())?.iter().filter(|group| group.id == id)
        {
            let is_sealed = |member: &Contribution| {
                let sealed = group.seals.iter().flat_map(|seal| &seal.members);
                sealed
                    .rev()
                    .find(|sealed| sealed.key == member.key)
                    .is_some_and(|it| it.hash == member.hash())
            };
            // Content that has come back since is another version.
            let is_it = |member: &Contribution| (member.version.clone(), member.hash());
            let was_there = |member: &&Contribution| had.get(&member.key) == Some(&is_it(member));
            let left = group.members.iter().filter(was_there).filter(|it| !it.is_withdrawn && !is_sealed(it));
            let left: Vec<&str> = left.map(|member| member.key.as_str()).collect();
            if !left.is_empty() {
                let found = format!("{} {}, was asked for: {left:?} are in no seal", id.flow, id.group);
                violations.push(Violation { rule: "who asks for a group is heard", found });
            }
        }
    }
    Ok(violations)
}

/// A group keeps the later of two versions, whoever puts his own there last: nothing crosses on the way into one.
fn has_crossed_into_a_group(world: &World, entry: &Entry, failed: &Failed) -> bool {
    failed.class == FailureClass::Crossed
        && world.grouped().contains(&&*entry.id.flow)
        && unmarked(&entry.id.key).is_none()
}

/// Whether this scenario explains a failure.
fn is_explained(scenario: &Scenario, entry: &Entry, failed: &Failed) -> bool {
    explained(scenario, &failed.class) || is_never_taken(scenario, entry, failed)
}

/// Whether a document says what no target takes, whoever mends what: a sale that has no lines, and is not cancelled; amounts of which
/// no sum is exact.
fn is_never_taken(scenario: &Scenario, entry: &Entry, failed: &Failed) -> bool {
    let Some(terms) = &scenario.conditions.bills else { return false };
    let is_of_sale = !matches!(&*entry.id.flow, bills::RECEIPTS | "numbers" | "bills-told");
    // Orders by warehouse know no cancellation, and what is taken back by a red bill has its lines.
    let is_to_be_there = failed.document["status"] != "cancelled"
        || entry.id.flow == bills::BY_WAREHOUSE
        || terms.when_cancelled == "offset";
    let is_empty = failed.document["items"] == json!([]) && is_to_be_there;
    let has_thirds = |document: &Value| {
        sums::items(document).any(|item| item["quantity"].as_u64().is_some_and(|n| n % 3 != 0))
    };
    let is_inexact = terms.parcels == Some(Parcels::Groups { twelfths: true })
        && entry.id.flow == PARCELS
        && has_thirds(&failed.document);
    match failed.class {
        FailureClass::Refused => is_of_sale && is_empty,
        FailureClass::Mapping => is_of_sale && is_empty || is_inexact,
        _ => false,
    }
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
    match world.scenario.drawing() {
        Drawing::Documents => {
            judge.orders()?;
            judge.trades()?;
            judge.stock()?;
            judge.shipments()?;
            judge.documents()?;
            judge.archive()?;
        }
        Drawing::Bills => {
            judge.bills()?;
            judge.groups()?;
        }
        Drawing::Lists => {
            judge.rows()?;
            judge.written()?;
        }
    }
    judge.settled()?;
    judge.quotas();
    // What a receipt waits for is looked at beside it.
    for entry in world.failures()?.iter().filter(|entry| entry.id.flow != bills::RECEIPTS) {
        let waits = |failed: &Failed| matches!(failed.class, FailureClass::Mapping | FailureClass::Flow);
        let is_left = |failed: &Failed| waits(failed) && !is_never_taken(&world.scenario, entry, failed);
        if let Some(failed) = entry.failures().find(|failed| is_left(failed)) {
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
    let pushes = world.vendors.qince.next_due().is_none() && books.pushed().all(is_told);
    drop(books);
    Ok(pools && pushes && world.queued()? == 0 && world.open_groups()?.is_empty())
}
