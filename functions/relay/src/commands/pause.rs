use std::time::Duration;

use relay_operations::pauses::{Steered, told};
use serde_json::json;

use super::{looked_at, operations, person};
use crate::Done;
use crate::output::say;

/// `relay pause`
pub(crate) async fn run(
    name: &str,
    source: bool,
    reason: Option<&str>,
    by: Option<&str>,
    lasts: Option<Duration>,
    json: bool,
) -> anyhow::Result<Done> {
    let (wiring, place) = looked_at().await?;
    let (reason, by) = (reason.unwrap_or("no reason given"), person(by, &wiring));
    let operations = operations(&wiring);
    let (paused, pause) = match source {
        true => operations.pause_source(name, reason, by, lasts).await?,
        false => operations.pause(name, reason, by, lasts).await?,
    };
    if json {
        say!("{}", place.with(json!({ "paused": paused.name(), "scope": scope(&paused), "pause": pause })));
    } else {
        say!("{}", place.line());
        say!("{name} is {}.", told(&pause));
        if source {
            say!(
                "It is not read, and goes on where it stood; what it pushes is taken. `relay resume {name} --source` ends it."
            );
        } else {
            say!("Its documents are taken in and wait; workers that run notice it within a minute.");
            say!("`relay resume {name}` ends it.");
        }
    }
    Ok(Done::Well)
}

/// What kind of thing it is.
pub(super) fn scope(steered: &Steered) -> &'static str {
    match steered {
        Steered::Target(_) => "target",
        Steered::Flow(_) => "flow",
        Steered::Source(_) => "source",
    }
}
