use pipeline::{System, pause};
use serde_json::json;
use wiring::{SettingsError, Wiring};

use crate::Done;

/// `relay resume`
pub(crate) async fn run(target: &str, json: bool) -> anyhow::Result<Done> {
    let system = System::named(target).ok_or_else(|| SettingsError {
        problems: vec![format!(
            "`{target}` is no target: the targets are {}",
            System::ALL.map(System::name).join(", ")
        )],
    })?;
    let wiring = Wiring::from_environment()?;
    pause::end(wiring.stores.checkpoints.as_ref(), system).await?;
    if json {
        println!("{}", json!({ "resumed": system }));
    } else {
        println!("{system} takes documents again; those that wait come up within their back-off.");
    }
    Ok(Done::Well)
}
