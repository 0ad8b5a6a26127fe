use std::time::Instant;

use erp_pusher::ErpPusher;
use pipeline::pause;
use serde_json::json;
use wiring::{Function as _, Wiring};

use crate::Done;
use crate::drain::{Drained, drain};
use crate::output::say;

/// `relay drain`
pub(crate) async fn run(json: bool) -> anyhow::Result<Done> {
    let wiring = Wiring::from_environment().await?;
    let pusher = ErpPusher::wire(&wiring)?;
    pause::end_guesses(wiring.stores.checkpoints.as_ref(), wiring.clock.now()).await?;
    let began = Instant::now();
    let drained = drain(&pusher, wiring.clock.as_ref()).await?;
    if json {
        say!("{}", json!({ "flows": drained.tally, "paused": drained.paused }));
    } else {
        print(&drained, began);
    }
    Ok(if drained.tally.has_failures() { Done::WithFailures } else { Done::Well })
}

fn print(drained: &Drained, began: Instant) {
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
        say!("- {system} is paused until {}: {}", pause.until, pause.reason);
        say!("  its messages wait; `relay resume {system}` ends the pause once the cause is mended");
    }
    say!("Took {:.1?}.", began.elapsed());
}
