use relay_core::{Failed, ledger};
use relay_host::Wiring;
use serde_json::json;

use super::place::Place;
use super::{names, replay};
use crate::Done;
use crate::output::say;

/// `relay settle`: notes who has dealt with a document by hand, when and why. It keeps its place in the ledger by that:
/// an older version is not sent over what the person has entered, and a newer one asks a person.
pub(crate) async fn run(
    flow: &str,
    key: &str,
    reason: Option<&str>,
    by: Option<&str>,
    json: bool,
) -> anyhow::Result<Done> {
    let wiring = Wiring::of_existing_store().await?;
    let place = Place::of(&wiring)?;
    names::check_flow(&wiring, flow).await?;
    let entry = replay::one(&wiring, flow, key).await?;
    // Whoever is logged in, as the shell says.
    let by = by.or_else(|| wiring.settings.get("USER")).or_else(|| wiring.settings.get("LOGNAME"));
    let (by, at) = (by.unwrap_or("unknown"), wiring.clock.now());
    let seen: Vec<Failed> = entry.failures().cloned().collect();
    let settle = |entry: &mut relay_core::Entry| entry.settle(&seen, by, reason, at);
    let was_there = ledger::update(wiring.stores.ledger.as_ref(), &entry.id, None, settle).await?;
    anyhow::ensure!(was_there, "the document `{key}` of the flow `{flow}` has not failed any more");
    if json {
        say!("{}", place.with(json!({ "settled": entry.id, "by": by, "reason": reason, "at": at })));
    } else {
        say!("{}", place.line());
        say!("{flow} {key} is settled by {by}: it is no failure any more, and nothing was sent.");
    }
    Ok(Done::Well)
}
