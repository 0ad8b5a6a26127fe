use pipeline::{Entry, Ledger, StoreError, ledger};
use serde_json::{Value, json};
use wiring::Wiring;

use crate::Done;
use crate::output::say;

const PAGE: usize = 100;

/// `relay failures`
pub(crate) async fn run(flow: Option<&str>, json: bool) -> anyhow::Result<Done> {
    let wiring = Wiring::from_environment().await?;
    let failures = all(wiring.stores.ledger.as_ref(), flow).await?;
    if json {
        let failures: Vec<_> = failures.iter().filter_map(as_json).collect();
        say!("{}", json!({ "failures": failures }));
    } else {
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

/// Takes a document off the list of failures, unless another version of it has failed since it was read. What the
/// target has stays as it is.
pub(crate) async fn clear(ledger: &dyn Ledger, seen: &Entry) -> Result<(), StoreError> {
    ledger::update(ledger, &seen.id, None, |entry| {
        if entry.failed.as_ref().map(|failed| &failed.hash) == seen.failed.as_ref().map(|failed| &failed.hash)
        {
            entry.failed = None;
        }
    })
    .await
}

fn as_json(entry: &Entry) -> Option<Value> {
    let failed = entry.failed.as_ref()?;
    let mut value = serde_json::to_value(failed).ok()?;
    value["flow"] = json!(entry.id.flow);
    value["key"] = json!(entry.id.key);
    // As JSON, not as the packed text that the ledger stores.
    value["document"] = failed.document.clone();
    value["delivered_version"] =
        json!(entry.delivered.as_ref().and_then(|delivered| delivered.version.as_ref()));
    Some(value)
}

fn print(entries: &[Entry]) {
    for entry in entries {
        let Some(failed) = &entry.failed else { continue };
        say!("{} {}", entry.id.flow, entry.id.key);
        say!("  version {}, failed {}", failed.version.as_deref().unwrap_or("-"), failed.at);
        say!("  {} ({}): {}", failed.class, failed.code.as_deref().unwrap_or("no code"), failed.message);
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
