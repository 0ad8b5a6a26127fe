//! Names that a person has typed.

use std::collections::BTreeSet;

use relay_connector::Connector;
use relay_core::ledger::of_no_flow::UNREADABLE;
use relay_core::registry;
use relay_host::{Wiring, suggest};
use relay_webhook_receiver::unrouted::{unreadable, unrouted};

use crate::WrongUsage;

/// Whether the ledger keeps under this name what is of no flow.
pub(crate) fn is_of_no_flow(name: &str) -> bool {
    let kept = |connector: &&dyn Connector| {
        let system = connector.system();
        name == unrouted(system) || name == unreadable(system)
    };
    name == UNREADABLE || relay_connectors::CONNECTORS.iter().any(kept)
}

/// That a name is one of a flow: of a file, of the registry, or of what has failed. A misspelt one would be answered
/// with "nothing has failed".
pub(crate) async fn check_flow(wiring: &Wiring, name: &str) -> anyhow::Result<()> {
    let is_of_a_file = wiring.flows.named(name).is_some();
    if is_of_a_file || is_of_no_flow(name) {
        return Ok(());
    }
    let known = known_flows(wiring).await?;
    if known.contains(name) {
        return Ok(());
    }
    let meant = suggest::did_you_mean(name, known.iter().map(String::as_str));
    let all: Vec<_> = known.iter().map(String::as_str).collect();
    Err(WrongUsage(format!("`{name}` is no flow{meant} (the flows are {})", all.join(", "))).into())
}

/// The names under which documents are known.
async fn known_flows(wiring: &Wiring) -> anyhow::Result<BTreeSet<String>> {
    let mut known: BTreeSet<String> =
        wiring.flows.iter().map(|routed| routed.flow.name().to_owned()).collect();
    known.extend(registry::read(wiring.stores.checkpoints.as_ref()).await?.into_keys());
    let counts = wiring.stores.ledger.counts().await?;
    known.extend(
        counts.failed.into_keys().chain(counts.delivered.into_iter().flatten().map(|(name, _)| name)),
    );
    Ok(known)
}
