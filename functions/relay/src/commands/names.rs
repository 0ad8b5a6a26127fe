//! Names that a person has typed.

use std::collections::BTreeSet;

use relay_core::registry;
use relay_host::{Wiring, suggest};
use relay_webhook_receiver::{UNREADABLE, UNROUTED};

use crate::WrongUsage;

/// Under these names the ledger keeps what is of no flow.
pub(crate) const OF_NO_FLOW: [&str; 3] = [UNROUTED, UNREADABLE, relay_erp_pusher::UNREADABLE];

/// That a name is one of a flow: of a file, of the registry, or of what has failed. A misspelt one would be answered
/// with "nothing has failed".
pub(crate) async fn check_flow(wiring: &Wiring, name: &str) -> anyhow::Result<()> {
    let is_of_a_file = wiring.flows.named(name).is_some();
    if is_of_a_file || OF_NO_FLOW.contains(&name) {
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
