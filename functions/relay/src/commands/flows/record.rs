use serde_json::json;

use crate::Done;
use crate::commands::{looked_at, operations};
use crate::output::{say, tell};

/// `relay flows record`
pub(crate) async fn run(key: &str, flow: Option<&str>, json: bool) -> anyhow::Result<Done> {
    let (wiring, place) = looked_at().await?;
    let recorded = operations(&wiring).record(key, flow).await?;
    if json {
        say!("{}", place.with(json!(recorded)));
        return Ok(Done::Well);
    }
    // The test alone on standard output: it goes to the end of a file.
    tell!("{}", place.line());
    tell!(
        "保存前先读一遍。它接在 {}.test.toml 的末尾。",
        "Read it before you keep it. It goes to the end of {}.test.toml.",
        recorded.flow
    );
    say!("{}", recorded.test.trim_end());
    Ok(Done::Well)
}
