use relay_core::{Entry, Failed, Ledger, StoreError, ledger};
use relay_host::Wiring;
use serde_json::{Value, json};

use super::names;
use super::place::Place;
use crate::Done;
use crate::output::say;
use crate::times::shown;

const PAGE: usize = 100;

/// `relay failures`
pub(crate) async fn run(flow: Option<&str>, json: bool) -> anyhow::Result<Done> {
    let wiring = Wiring::of_existing_store().await?;
    let place = Place::of(&wiring)?;
    if let Some(flow) = flow {
        names::check_flow(&wiring, flow).await?;
    }
    let failures = all(wiring.stores.ledger.as_ref(), flow).await?;
    if json {
        let failures: Vec<_> = failures.iter().flat_map(as_json).collect();
        say!("{}", place.with(json!({ "failures": failures })));
    } else {
        say!("{}", place.line());
        print(&failures);
    }
    Ok(if failures.is_empty() { Done::Well } else { Done::WithFailures })
}

/// Every entry with a failed version, oldest failure first.
pub(crate) async fn all(ledger: &dyn Ledger, flow: Option<&str>) -> anyhow::Result<Vec<Entry>> {
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let page = ledger.failed(flow, PAGE, entries.last().map(|entry| &entry.id)).await?;
        let is_last = page.len() < PAGE;
        entries.extend(page);
        if is_last {
            return Ok(entries);
        }
    }
}

/// Takes versions off the list of failures that others tell of from here on. What has failed since they were seen stays.
pub(crate) async fn clear(ledger: &dyn Ledger, seen: &Entry) -> Result<(), StoreError> {
    ledger::update(ledger, &seen.id, None, |entry| {
        seen.failures().for_each(|failed| entry.clear(&failed.class, &failed.hash));
    })
    .await
}

fn as_json(entry: &Entry) -> Vec<Value> {
    let version = |failed: &Failed| {
        let mut value = serde_json::to_value(failed).ok()?;
        value["flow"] = json!(entry.id.flow);
        value["key"] = json!(entry.id.key);
        // As JSON, not as the packed text that the ledger stores.
        value["document"] = failed.document.clone();
        value["delivered_version"] =
            json!(entry.delivered.as_ref().and_then(|delivered| delivered.version.as_ref()));
        Some(value)
    };
    entry.failures().filter_map(version).collect()
}

fn print(entries: &[Entry]) {
    for entry in entries {
        say!("{} {}", entry.id.flow, entry.id.key);
        for failed in entry.failures() {
            let (class, code) = (&failed.class, failed.code.as_deref().unwrap_or("no code"));
            say!("  version {}, failed {}", failed.version.as_deref().unwrap_or("-"), shown(failed.at));
            say!("  {class} ({code}): {}", failed.message);
        }
        if !entry.beside.is_empty() {
            say!("  which of these versions is the newest cannot be told: a replay asks the flow again");
        }
    }
    match entries.len() {
        0 => say!("No document has failed."),
        count => {
            say!(
                "{count} failed. `relay replay --flow FLOW --key KEY` (or `--all`) sends them again; `relay settle` takes \
                 one off this list that was done by hand."
            );
        }
    }
}
