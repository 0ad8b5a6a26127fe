use std::time::Duration;

use relay_core::pause;
use relay_erp_pusher::ErpPusher;
use relay_host::Wiring;
use serde_json::json;

use super::place::Place;
use crate::Done;
use crate::drain::{Drained, drain};
use crate::output::say;
use crate::times::shown;

/// `relay drain`
pub(crate) async fn run(json: bool) -> anyhow::Result<Done> {
    let wiring = Wiring::of_existing_store().await?;
    let place = Place::of(&wiring)?;
    let pusher = wiring.build::<ErpPusher>()?;
    wiring.active.announce().await;
    let checkpoints = wiring.stores.checkpoints.as_ref();
    pause::end_guesses(checkpoints, relay_connectors::targets(), wiring.clock.now()).await?;
    let began = wiring.clock.monotonic();
    let drained = drain(&pusher, wiring.clock.as_ref()).await?;
    if json {
        say!("{}", place.with(json!({ "flows": drained.tally, "paused": drained.paused })));
    } else {
        say!("{}\n", place.line());
        print(&drained, wiring.clock.monotonic() - began);
    }
    Ok(if drained.tally.has_failures() { Done::WithFailures } else { Done::Well })
}

fn print(drained: &Drained, took: Duration) {
    if drained.tally.flows.is_empty() {
        say!(
            "{}",
            if drained.paused.is_empty() { "The queues are empty." } else { "Nothing could be worked." }
        );
    } else {
        say!("{}\n", drained.tally.table());
    }
    for remark in drained.tally.remarks() {
        say!("- {remark}");
    }
    for (system, pause) in &drained.paused {
        say!("- {system} is paused until {}: {}", shown(pause.until), pause.reason);
        say!("  its messages wait; `relay resume {system}` ends the pause once the cause is mended");
    }
    say!("Took {took:.1?}.");
}
