use serde_json::json;

use crate::Done;
use crate::commands::{looked_at, operations};
use crate::output::say;

/// `relay flows retire`
pub(crate) async fn run(name: &str, json: bool) -> anyhow::Result<Done> {
    let (wiring, place) = looked_at().await?;
    operations(&wiring).retire(name).await?;
    if json {
        say!("{}", place.with(json!({ "retired": name })));
    } else {
        say!("{}", place.line());
        say!(
            "{name} 已放弃:不再为它保留什么;失败的留在台账里。",
            "{name} is retired: nothing is kept for it any more; what has failed stays in the ledger."
        );
    }
    Ok(Done::Well)
}
