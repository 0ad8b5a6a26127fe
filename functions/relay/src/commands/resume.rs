use pipeline::{System, pause};
use serde_json::json;
use wiring::Wiring;

use crate::output::say;
use crate::{Done, WrongUsage};

/// `relay resume`
pub(crate) async fn run(target: &str, json: bool) -> anyhow::Result<Done> {
    let system = System::named(target).ok_or_else(|| {
        let known = System::ALL.map(System::name).join(", ");
        WrongUsage(format!("`{target}` is no target: the targets are {known}"))
    })?;
    let wiring = Wiring::from_environment().await?;
    pause::end(wiring.stores.checkpoints.as_ref(), system).await?;
    if json {
        say!("{}", json!({ "resumed": system }));
    } else {
        say!("{system} takes documents again; those that wait come up within their back-off.");
    }
    Ok(Done::Well)
}
