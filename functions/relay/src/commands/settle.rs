use serde_json::json;
use wiring::Wiring;

use super::place::Place;
use super::{failures, names, replay};
use crate::Done;

/// `relay settle`
pub(crate) async fn run(flow: &str, key: &str, json: bool) -> anyhow::Result<Done> {
    let wiring = Wiring::of_existing_store().await?;
    let place = Place::of(&wiring)?;
    names::check_flow(&wiring, flow).await?;
    let entry = replay::one(&wiring, flow, key).await?;
    failures::clear(wiring.stores.ledger.as_ref(), &entry).await?;
    if json {
        println!("{}", place.with(json!({ "settled": entry.id })));
    } else {
        println!("{}", place.line());
        println!("{flow} {key} is settled: it is no failure any more, and nothing was sent.");
    }
    Ok(Done::Well)
}
