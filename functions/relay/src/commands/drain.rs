use std::time::Duration;

use relay_core::pause;
use relay_erp_pusher::ErpPusher;
use relay_host::Settings;
use relay_operations::pauses;
use serde_json::json;

use super::existing;
use super::flows::test;
use crate::Done;
use crate::drain::{Drained, drain};
use crate::output::say;

/// `relay drain`
pub(crate) async fn run(json: bool) -> anyhow::Result<Done> {
    test::must_pass(&Settings::from_environment())?;
    let (wiring, place) = existing().await?;
    let pusher = wiring.build::<ErpPusher>()?;
    wiring.active.announce().await;
    let checkpoints = wiring.stores.checkpoints.as_ref();
    pause::end_guesses(checkpoints, relay_connectors::targets(), wiring.clock.now()).await?;
    let began = wiring.clock.monotonic();
    let drained = drain(&pusher, &wiring).await?;
    if json {
        let Drained { tally, paused, paused_flows } = &drained;
        say!("{}", place.with(json!({ "flows": tally, "paused": paused, "paused_flows": paused_flows })));
    } else {
        say!("{}\n", place.line());
        print(&drained, wiring.clock.monotonic() - began);
    }
    Ok(if drained.tally.has_failures() { Done::WithFailures } else { Done::Well })
}

fn print(drained: &Drained, took: Duration) {
    if drained.tally.flows.is_empty() {
        say!("{}", if drained.is_all_done() { "The queues are empty." } else { "Nothing could be worked." });
    } else {
        say!("{}\n", drained.tally.table());
    }
    for remark in drained.tally.remarks() {
        say!("- {remark}");
    }
    let targets = drained.paused.iter().map(|(system, pause)| (system.name(), pause));
    let flows = drained.paused_flows.iter().map(|(flow, pause)| (flow.as_str(), pause));
    for (name, pause) in targets.chain(flows) {
        say!("- {name} is {}", pauses::told(pause));
        say!("  its messages wait; `relay resume {name}` ends the pause once the cause is mended");
    }
    say!("Took {took:.1?}.");
}
