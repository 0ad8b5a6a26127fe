mod versions;

use std::collections::BTreeMap;

use relay_connector::Document;
use relay_core::item::MAX_DEPTH;
use relay_core::{Entry, EntryId, Failed, FailureClass, Intake, System, WorkItem};
use relay_host::{Store, Wiring, settings, suggest};
use relay_job::{Flows, Routed, work};
use relay_webhook_receiver::receive::Readers;
use relay_webhook_receiver::unrouted::{is_unreadable, kept_kind};
use serde_json::json;

use super::place::Place;
use super::{failures, names};
use crate::Done;
use crate::output::say;

/// `relay replay`
pub(crate) async fn run(flow: Option<&str>, key: Option<&str>, json: bool) -> anyhow::Result<Done> {
    let wiring = Wiring::of_existing_store().await?;
    if let Some(flow) = flow {
        names::check_flow(&wiring, flow).await?;
    }
    let entries = match (flow, key) {
        (Some(flow), Some(key)) => vec![one(&wiring, flow, key).await?],
        // The command line has asked for a key or for `--all`.
        _ => failures::all(wiring.stores.ledger.as_ref(), flow).await?,
    };
    let replayed = send(&wiring, entries).await?;
    report(&Place::of(&wiring)?, &replayed, works_them(&settings::store(&wiring.settings)?), json);
    let Replayed { without_flow, too_large, too_deep, .. } = &replayed;
    let is_whole = [without_flow, too_large, too_deep].into_iter().all(Vec::is_empty);
    Ok(if is_whole { Done::Well } else { Done::WithFailures })
}

/// What became of the documents of a replay.
#[derive(Default)]
pub(crate) struct Replayed {
    /// How many were sent through their flows again.
    sent: u64,
    /// Those that no flow takes.
    without_flow: Vec<EntryId>,
    /// Those that the queue cannot carry: they have failed anew.
    too_large: Vec<EntryId>,
    /// Those that are nested too deep to be carried, and are kept as text.
    too_deep: Vec<EntryId>,
}

/// Sends failed documents through their flows again, each in its newest version.
pub(crate) async fn send(wiring: &Wiring, entries: Vec<Entry>) -> anyhow::Result<Replayed> {
    let mut items = BTreeMap::<System, Vec<WorkItem>>::new();
    let (mut moved, mut replayed) = (Vec::new(), Replayed::default());
    // Also for the flows whose file is away: what comes for them is kept.
    let takers = wiring.active.flows().await?;
    for entry in entries {
        if entry.failures().all(|failed| failed.class == FailureClass::TooDeep) {
            replayed.too_deep.push(entry.id);
        } else if let Some(kept) = routed_now(wiring, &entry.id) {
            for (system, of_system) in pushed(wiring, &kept, &takers, &entry) {
                items.entry(system).or_default().extend(of_system);
            }
            moved.push(entry);
        } else if let Some(routed) = wiring.flows.named(&entry.id.flow) {
            let of_entry = again(wiring, routed, &entry);
            if of_entry.iter().any(|item| item.key != entry.id.key) {
                moved.push(entry);
            }
            items.entry(routed.system).or_default().extend(of_entry);
        } else {
            replayed.without_flow.push(entry.id);
        }
    }
    for (system, items) in items {
        let items = versions::newest(items);
        replayed.sent += wiring.intake().take(system, &items).await?.queued;
        let id = |item: &WorkItem| EntryId::new(&item.flow, &item.key);
        replayed.too_deep.extend(items.iter().filter(|item| item.too_deep().is_some()).map(id));
        let too_large = items.into_iter().filter(|item| Intake::is_too_large(&item.encode()));
        replayed.too_large.extend(too_large.map(|item| EntryId::new(item.flow, item.key)));
    }
    // Only now that its flows have it: from here on they say what becomes of it.
    for entry in &moved {
        failures::clear(wiring.stores.ledger.as_ref(), entry).await?;
    }
    Ok(replayed)
}

/// What a push that no flow took when it came is by the settings and flows of today; `None` where still nothing takes it.
fn routed_now(wiring: &Wiring, id: &EntryId) -> Option<Pushed> {
    let (system, kind) = kept_kind(id)?;
    let pushed = relay_connectors::named(system)?.pushed(&wiring.settings, kind)?;
    let values = settings::open_to_flows(&wiring.settings);
    let readers = Readers { flows: &wiring.flows, settings: &values };
    let is_taken = readers.of(pushed.0, &pushed.1).next().is_some();
    is_taken.then_some(pushed)
}

/// A document that was pushed, and what a flow's source parameters must agree with.
type Pushed = (&'static Document, Vec<(String, String)>);

/// Every version of such a push as a new message of every flow that takes it.
fn pushed(
    wiring: &Wiring,
    (document, params): &Pushed,
    takers: &Flows,
    entry: &Entry,
) -> BTreeMap<System, Vec<WorkItem>> {
    let (clock, rng) = (wiring.clock.as_ref(), wiring.rng.as_ref());
    let values = settings::open_to_flows(&wiring.settings);
    let readers = Readers { flows: takers, settings: &values };
    let mut items = BTreeMap::<System, Vec<WorkItem>>::new();
    for failed in entry.failures() {
        for (system, mut of_version) in readers.work_items(document, params, &failed.document, clock, rng) {
            of_version.iter_mut().for_each(|item| mark(wiring, item, failed));
            items.entry(system).or_default().extend(of_version);
        }
    }
    items
}

/// The failed versions as new messages, each with key and version as the flow reads them today: what could not be read
/// when it failed is perhaps what was mended. They acknowledge nothing: what the source counts has moved on since.
fn again(wiring: &Wiring, routed: &Routed, entry: &Entry) -> Vec<WorkItem> {
    let version = |failed: &Failed| {
        let (now, document) = (wiring.clock.now(), failed.document.clone());
        let mut item = work::item(&routed.flow, document, false, now, wiring.rng.as_ref());
        if !work::is_unreadable(&entry.id.key) {
            item.key.clone_from(&entry.id.key);
        }
        mark(wiring, &mut item, failed);
        item
    };
    entry.failures().map(version).collect()
}

/// A replay tells of the document what its first message told.
fn mark(wiring: &Wiring, item: &mut WorkItem, failed: &Failed) {
    item.received_at = failed.received_at;
    item.trace.clone_from(&failed.trace);
    item.replay = Some(wiring.rng.uuid().to_string());
}

/// The entry of a failed document.
pub(crate) async fn one(wiring: &Wiring, flow: &str, key: &str) -> anyhow::Result<Entry> {
    let id = EntryId::new(flow, key);
    let entry = wiring.stores.ledger.read(std::slice::from_ref(&id)).await?.remove(&id);
    let Some(entry) = entry else {
        let failures = failures::all(wiring.stores.ledger.as_ref(), Some(flow)).await?;
        let meant = suggest::did_you_mean(key, failures.iter().map(|entry| entry.id.key.as_str()));
        anyhow::bail!("the ledger knows no document `{key}` of the flow `{flow}`{meant}");
    };
    anyhow::ensure!(entry.failed.is_some(), "the document `{key}` of the flow `{flow}` has not failed");
    Ok(entry)
}

/// Who takes it from here.
fn works_them(store: &Store) -> &'static str {
    match store {
        Store::Sqlite(_) => "`relay drain` or `relay serve` works them",
        Store::Aws(_) => "the pusher of the stack works them by itself",
    }
}

fn report(place: &Place, replayed: &Replayed, works_them: &str, json: bool) {
    let Replayed { sent, without_flow, too_large, too_deep } = replayed;
    if json {
        let mut answer = json!({ "replayed": sent, "without_flow": without_flow, "too_large": too_large });
        if !too_deep.is_empty() {
            answer["too_deep"] = json!(too_deep);
        }
        say!("{}", place.with(answer));
        return;
    }
    say!("{}", place.line());
    for id in without_flow {
        let why = if is_unreadable(id) { "its data is no document" } else { "no flow takes it" };
        say!("- {} {}: {why}, so it stays in the ledger", id.flow, id.key);
    }
    for id in too_deep {
        say!(
            "- {} {}: it is nested more than {MAX_DEPTH} levels deep, which is not carried, so it stays in the ledger",
            id.flow,
            id.key
        );
    }
    for id in too_large {
        say!("- {} {}: it is too large for the queue, so it stays in the ledger", id.flow, id.key);
    }
    say!("{sent} sent through their flows again; {works_them}.");
}

#[cfg(test)]
mod tests {
    use relay_host::Settings;

    use super::*;

    #[test]
    fn what_works_a_replay_is_the_one_that_the_store_has() {
        let told = |store: &'static str| {
            let tables = ["CHECKPOINT_TABLE", "LEDGER_TABLE", "LOOKUP_TABLE"].map(str::to_owned);
            let queues = relay_connectors::queues().map(|(_, queue)| format!("{queue}_QUEUE_URL"));
            let of_stack = tables
                .into_iter()
                .chain(queues)
                .map(|name| (name, "https://example.invalid/q.fifo".to_owned()));
            let settings: Settings = of_stack.chain([("RELAY_STORE".to_owned(), store.to_owned())]).collect();
            works_them(&settings::store(&settings).unwrap())
        };
        assert!(told("sqlite:relay.db").contains("relay drain"));
        assert!(told("aws").contains("by itself"));
    }
}
