use serde_json::json;

use super::{looked_at, operations, person};
use crate::Done;
use crate::output::say;

/// `relay settle`
pub(crate) async fn run(
    flow: &str,
    key: &str,
    reason: Option<&str>,
    by: Option<&str>,
    json: bool,
) -> anyhow::Result<Done> {
    let (wiring, place) = looked_at().await?;
    let settled = operations(&wiring).settle(flow, key, reason, person(by, &wiring)).await?;
    if json {
        say!("{}", place.with(json!(settled)));
    } else {
        say!("{}", place.line());
        say!("{flow} {key} is settled by {}: it is no failure any more, and nothing was sent.", settled.by);
    }
    Ok(Done::Well)
}
