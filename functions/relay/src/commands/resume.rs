use relay_core::{System, pause};
use relay_host::{Wiring, suggest};
use serde_json::json;

use super::place::Place;
use crate::output::say;
use crate::{Done, WrongUsage};

/// `relay resume`
pub(crate) async fn run(target: &str, json: bool) -> anyhow::Result<Done> {
    let system = relay_connectors::targets().find(|system| system.name() == target).ok_or_else(|| {
        let known: Vec<_> = relay_connectors::targets().map(System::name).collect();
        let meant = suggest::did_you_mean(target, known.iter().copied());
        WrongUsage(format!("`{target}` is no target{meant} (the targets are {})", known.join(", ")))
    })?;
    let wiring = Wiring::of_existing_store().await?;
    let place = Place::of(&wiring)?;
    pause::end(wiring.stores.checkpoints.as_ref(), system).await?;
    if json {
        say!("{}", place.with(json!({ "resumed": system })));
    } else {
        say!("{}", place.line());
        say!("{system} takes documents again; those that wait come up within their back-off.");
    }
    Ok(Done::Well)
}
