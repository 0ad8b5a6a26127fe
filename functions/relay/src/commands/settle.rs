use serde_json::json;
use wiring::Wiring;

use super::{failures, replay};
use crate::Done;
use crate::output::say;

/// `relay settle`
pub(crate) async fn run(flow: &str, key: &str, json: bool) -> anyhow::Result<Done> {
    let wiring = Wiring::from_environment().await?;
    let entry = replay::one(&wiring, flow, key).await?;
    failures::clear(wiring.stores.ledger.as_ref(), &entry).await?;
    if json {
        say!("{}", json!({ "settled": entry.id }));
    } else {
        say!("{flow} {key} is settled: it is no failure any more, and nothing was sent.");
    }
    Ok(Done::Well)
}
