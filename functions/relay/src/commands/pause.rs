use std::time::Duration;

use relay_operations::pauses::{Steered, said};
use serde_json::json;

use super::{looked_at, operations, person};
use crate::Done;
use crate::language;
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
        say!("{name} {}。", "{name} is {}.", said(&pause).told(language::current()));
        if source {
            say!(
                "不去读它,以后从停的地方接着读;它推送来的照收。`relay resume {name} --source` 结束暂停。",
                "It is not read, and goes on where it stood; what it pushes is taken. `relay resume {name} --source` ends it."
            );
        } else {
            say!(
                "它的单据照收,排队等;正在运行的程序一分钟内会知道。",
                "Its documents are taken in and wait; workers that run notice it within a minute."
            );
            say!("`relay resume {name}` 结束暂停。", "`relay resume {name}` ends it.");
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
