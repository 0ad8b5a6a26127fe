use std::collections::BTreeMap;

use anyhow::Context as _;
use pipeline::intake::TOO_DEEP;
use pipeline::item::MAX_DEPTH;
use pipeline::{Entry, EntryId, Intake, System, WorkItem};
use serde_json::json;
use webhook_receiver::{UNREADABLE, UNROUTED};
use wiring::{Store, Wiring};

use super::failures;
use crate::Done;
use crate::output::say;

/// `relay replay`
pub(crate) async fn run(flow: Option<&str>, key: Option<&str>, json: bool) -> anyhow::Result<Done> {
    let wiring = Wiring::from_environment().await?;
    let entries = match (flow, key) {
        (Some(flow), Some(key)) => vec![one(&wiring, flow, key).await?],
        // The command line has asked for a key or for `--all`.
        _ => failures::all(wiring.stores.ledger.as_ref(), flow).await?,
    };
    let replayed = send(&wiring, entries).await?;
    report(&replayed, works_them(&wiring.settings.store()?), json);
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

/// Sends failed versions through their flows again.
pub(crate) async fn send(wiring: &Wiring, entries: Vec<Entry>) -> anyhow::Result<Replayed> {
    let mut items = BTreeMap::<System, Vec<WorkItem>>::new();
    let (mut routed, mut replayed) = (Vec::new(), Replayed::default());
    for entry in entries {
        if entry.failed.as_ref().is_some_and(|failed| failed.class == TOO_DEEP) {
            replayed.too_deep.push(entry.id);
        } else if is_routed_now(wiring, &entry.id) {
            for (system, of_system) in orders(wiring, &entry) {
                items.entry(system).or_default().extend(of_system);
            }
            routed.push(entry);
        } else if let Some(flow) = wiring.flows.named(&entry.id.flow) {
            items.entry(flow.system).or_default().extend(item(wiring, entry));
        } else {
            replayed.without_flow.push(entry.id);
        }
    }
    for (system, items) in items {
        replayed.sent += wiring.intake().take(system, &items).await?.queued;
        let id = |item: &WorkItem| EntryId::new(&item.flow, &item.key);
        replayed.too_deep.extend(items.iter().filter(|item| item.too_deep().is_some()).map(id));
        let too_large = items.into_iter().filter(|item| Intake::is_too_large(&item.encode()));
        replayed.too_large.extend(too_large.map(|item| EntryId::new(item.flow, item.key)));
    }
    // Only now that its flows have it: from here on they say what becomes of it.
    for entry in &routed {
        failures::clear(wiring.stores.ledger.as_ref(), entry).await?;
    }
    Ok(replayed)
}

/// Whether this is a push that no flow took when it came, and that the settings and flows take by now.
fn is_routed_now(wiring: &Wiring, id: &EntryId) -> bool {
    let data_type = webhook_receiver::unrouted_type(&id.key);
    id.flow == UNROUTED
        && wiring.settings.qince_data_types().iter().any(|taken| taken == data_type)
        && webhook_receiver::reads_direct_orders(&wiring.flows)
}

/// Such a push as a new message of every flow that takes it.
fn orders(wiring: &Wiring, entry: &Entry) -> BTreeMap<System, Vec<WorkItem>> {
    let Some(failed) = &entry.failed else { return BTreeMap::new() };
    let (clock, chance) = (wiring.clock.as_ref(), wiring.chance.as_ref());
    let mut items = webhook_receiver::work_items(&wiring.flows, &failed.document, clock, chance);
    for item in items.values_mut().flatten() {
        item.received_at = failed.received_at;
        item.replay = Some(chance.uuid().to_string());
    }
    items
}

/// The entry of a failed document.
pub(crate) async fn one(wiring: &Wiring, flow: &str, key: &str) -> anyhow::Result<Entry> {
    let id = EntryId::new(flow, key);
    let entry = wiring.stores.ledger.read(std::slice::from_ref(&id)).await?.remove(&id);
    let entry =
        entry.with_context(|| format!("the ledger knows no document `{key}` of the flow `{flow}`"))?;
    anyhow::ensure!(entry.failed.is_some(), "the document `{key}` of the flow `{flow}` has not failed");
    Ok(entry)
}

/// The failed version as a new message. It acknowledges nothing: what the source counts has moved on since.
fn item(wiring: &Wiring, entry: Entry) -> Option<WorkItem> {
    let failed = entry.failed?;
    Some(WorkItem {
        flow: entry.id.flow,
        key: entry.id.key,
        version: failed.version,
        version_kind: None,
        document: failed.document,
        acknowledge: false,
        received_at: failed.received_at,
        trace: failed.trace,
        replay: Some(wiring.chance.uuid().to_string()),
    })
}

/// Who takes it from here.
fn works_them(store: &Store) -> &'static str {
    match store {
        Store::Sqlite(_) => "`relay drain` or `relay serve` works them",
        Store::Aws(_) => "the pusher of the stack works them by itself",
    }
}

fn report(replayed: &Replayed, works_them: &str, json: bool) {
    let Replayed { sent, without_flow, too_large, too_deep } = replayed;
    if json {
        let mut answer = json!({ "replayed": sent, "without_flow": without_flow, "too_large": too_large });
        if !too_deep.is_empty() {
            answer["too_deep"] = json!(too_deep);
        }
        say!("{answer}");
        return;
    }
    for id in without_flow {
        let why = if id.flow == UNREADABLE { "its data is no document" } else { "no flow takes it" };
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
    use wiring::Settings;

    use super::*;

    #[test]
    fn what_works_a_replay_is_the_one_that_the_store_has() {
        let told = |store: &'static str| {
            let names = ["CHECKPOINT_TABLE", "LEDGER_TABLE", "LOOKUP_TABLE"];
            let queues = ["KINGDEE_QUEUE_URL", "SHARECRM_QUEUE_URL", "WDT_QUEUE_URL"];
            let of_stack =
                names.into_iter().chain(queues).map(|name| (name, "https://example.invalid/q.fifo"));
            let settings = of_stack.chain([("RELAY_STORE", store)]);
            let settings: Settings =
                settings.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            works_them(&settings.store().unwrap())
        };
        assert!(told("sqlite:relay.db").contains("relay drain"));
        assert!(told("aws").contains("by itself"));
    }
}
