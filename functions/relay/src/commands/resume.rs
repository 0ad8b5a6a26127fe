use serde_json::json;

use super::pause::scope;
use super::{looked_at, operations};
use crate::Done;
use crate::output::say;

/// `relay resume`
pub(crate) async fn run(name: &str, json: bool) -> anyhow::Result<Done> {
    let (wiring, place) = looked_at().await?;
    let resumed = operations(&wiring).resume(name).await?;
    if json {
        say!("{}", place.with(json!({ "resumed": resumed.name(), "scope": scope(&resumed) })));
    } else {
        say!("{}", place.line());
        say!("{name} takes documents again; those that wait come up within half an hour.");
    }
    Ok(Done::Well)
}
