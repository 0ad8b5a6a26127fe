use relay_operations::which::Which;
use serde_json::json;

use super::{agrees, looked_at, operations, person};
use crate::Done;
use crate::cli::WhichArguments;
use crate::language::said;
use crate::output::{counted, say};

/// `relay settle`
pub(crate) async fn run(
    which: &WhichArguments,
    key: Option<&str>,
    reason: Option<&str>,
    by: Option<&str>,
    yes: bool,
    json: bool,
) -> anyhow::Result<Done> {
    let (wiring, place) = looked_at().await?;
    let operations = operations(&wiring);
    let by = person(by, &wiring);
    if let (Some(flow), Some(key)) = (which.flow(), key) {
        let settled = operations.settle(flow, key, reason, by).await?;
        if json {
            say!("{}", place.with(json!(settled)));
        } else {
            say!("{}", place.line());
            say!(
                "{flow} {key} 由 {} 了结:不再算失败,什么都没有发送。",
                "{flow} {key} is settled by {}: it is no failure any more, and nothing was sent.",
                settled.by
            );
        }
        return Ok(Done::Well);
    }
    let which: Which = which.which(wiring.clock.now(), Vec::new());
    let meant = operations.failures_of(&which).await?;
    let (documents, told) = (counted(meant.len(), "张单据", "document"), which.told());
    let question = said!(
        "{documents}({told})将从清单上去掉。继续吗?",
        "{documents} ({told}) are taken off the list. Go on?"
    );
    if !agrees(&question, yes, false)? {
        return Ok(Done::Well);
    }
    // The command line has asked for it.
    let settled = operations.settle_all(&which, reason.unwrap_or_default(), by).await?;
    if json {
        let ids: Vec<_> = settled.iter().map(|settled| &settled.id).collect();
        say!("{}", place.with(json!({ "settled": ids, "by": by, "reason": reason })));
    } else {
        say!("{}", place.line());
        settled.iter().for_each(|settled| say!("{} {}", settled.id.flow, settled.id.key));
        say!(
            "{} 张由 {by} 了结:不再算失败,什么都没有发送。",
            "{} settled by {by}: they are no failures any more, and nothing was sent.",
            settled.len()
        );
    }
    Ok(Done::Well)
}
