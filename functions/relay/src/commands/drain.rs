use std::time::Duration;

use relay_core::pause;
use relay_erp_pusher::ErpPusher;
use relay_host::settings;
use relay_operations::pauses;
use serde_json::json;

use super::existing;
use super::flows::test;
use crate::Done;
use crate::drain::{Drained, drain};
use crate::language;
use crate::output::say;

/// `relay drain`
pub(crate) async fn run(json: bool) -> anyhow::Result<Done> {
    test::must_pass(&settings::of_process())?;
    let (wiring, place) = existing().await?;
    let pusher = wiring.build::<ErpPusher>()?;
    wiring.active.announce().await;
    let checkpoints = wiring.stores.checkpoints.as_ref();
    pause::end_guesses(checkpoints, relay_connectors::targets(), wiring.clock.now()).await?;
    let began = wiring.clock.monotonic();
    let drained = drain(&pusher, &wiring).await;
    wiring.health.flush().await;
    let drained = drained?;
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
        if drained.is_all_done() {
            say!("队列是空的。", "The queues are empty.");
        } else {
            say!("没有能处理的。", "Nothing could be worked.");
        }
    } else {
        say!("{}\n", drained.tally.table());
    }
    for remark in drained.tally.remarks() {
        say!("- {remark}");
    }
    let targets = drained.paused.iter().map(|(system, pause)| (system.name(), pause));
    let flows = drained.paused_flows.iter().map(|(flow, pause)| (flow.as_str(), pause));
    for (name, pause) in targets.chain(flows) {
        say!("- {name} 目前{}", "- {name} is {}", pauses::said(pause).told(language::current()));
        say!(
            "  它的消息在等;原因解决后用 `relay resume {name}` 结束暂停",
            "  its messages wait; `relay resume {name}` ends the pause once the cause is mended"
        );
    }
    say!("用时 {took:.1?}。", "Took {took:.1?}.");
}
