use serde_json::json;

use super::pause::scope;
use super::{looked_at, operations};
use crate::Done;
use crate::output::say;

/// `relay resume`
pub(crate) async fn run(name: &str, source: bool, json: bool) -> anyhow::Result<Done> {
    let (wiring, place) = looked_at().await?;
    let resumed = match source {
        true => operations(&wiring).resume_source(name).await?,
        false => operations(&wiring).resume(name).await?,
    };
    if json {
        say!("{}", place.with(json!({ "resumed": resumed.name(), "scope": scope(&resumed) })));
    } else {
        say!("{}", place.line());
        if source {
            say!("下一次轮询起重新读 {name}。", "{name} is read again by the next poll.");
        } else {
            say!(
                "{name} 重新接收单据;等着的半小时内轮到。",
                "{name} takes documents again; those that wait come up within half an hour."
            );
        }
    }
    Ok(Done::Well)
}
