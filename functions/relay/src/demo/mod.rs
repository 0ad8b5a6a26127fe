//! `relay demo`: every flow against simulated vendors, and what became of each document.
//!
//! The vendors are real servers on loopback and everything travels over HTTP; only the clock is simulated, so that the
//! waits for quotas and back-offs, and for the night in which a day is closed, take no time.

mod audit;
mod day;
mod stage;
mod told;

use relay_core::clock::{Clock as _, SystemClock};
use relay_simulators::qince::SignedPush;
use relay_simulators::{Demo, Fault};
use serde_json::json;

use crate::Done;
use crate::demo::audit::Audit;
use crate::demo::day::Day;
use crate::demo::stage::Stage;
use crate::demo::told::Teller;
use crate::output::say;
use crate::tally::Tally;

/// Runs the demo. It ends well only if every document reached its target once.
pub(crate) async fn run(json: bool) -> anyhow::Result<Done> {
    let began = SystemClock.monotonic();
    let stage = Stage::build().await?;
    let demo = stage.vendors.load_demo_data();
    let teller = Teller { quiet: json };
    teller.opening(&demo);

    let first = first_act(&stage, &demo, &teller).await?;
    teller.first_act(&first, &demo, &stage);
    let second = second_act(&stage, &demo).await?;
    teller.second_act(&second);
    let day = Day::pass(&stage, &demo).await?;
    teller.third_act(&day, &demo);

    let audit = Audit::of(&stage, &demo, &day).await?;
    if json {
        let acts = [first, second];
        say!("{}", json!({ "acts": acts, "day": day, "targets": audit.targets, "problems": audit.problems }));
    } else {
        teller.ending(&audit, SystemClock.monotonic() - began);
    }
    Ok(if audit.problems.is_empty() { Done::Well } else { Done::WithFailures })
}

/// Everything that lies in the vendors goes its way, and one answer of Kingdee gets lost.
async fn first_act(stage: &Stage, demo: &Demo, teller: &Teller) -> anyhow::Result<Tally> {
    stage.vendors.kingdee.faults.inject_for("sal_order_save", Fault::LostAnswer);
    for push in &demo.pushes {
        push_one(stage, push).await?;
    }
    teller.received(demo.pushes.len());
    until_quiet(stage).await
}

/// People mend what was refused, and it goes its way too.
async fn second_act(stage: &Stage, demo: &Demo) -> anyhow::Result<Tally> {
    stage.vendors.create_missing_material(demo);
    stage.replay(&demo.trade_without_material).await?;
    if let Some(push) = stage.vendors.correct_address(demo) {
        push_one(stage, &push).await?;
    }
    until_quiet(stage).await
}

async fn push_one(stage: &Stage, push: &SignedPush) -> anyhow::Result<()> {
    anyhow::ensure!(stage.push(push).await?, "Qince was told that push {} could not be stored", push.msg_id);
    Ok(())
}

/// Polls, pulls and pushes until nothing moves any more.
async fn until_quiet(stage: &Stage) -> anyhow::Result<Tally> {
    let mut tally = Tally::default();
    loop {
        let rows = stage.read().await?;
        let drained = stage.drain().await?;
        let worked: u64 = drained.flows.values().map(|flow| flow.read).sum();
        tally.add(drained);
        if rows + worked == 0 {
            return Ok(tally);
        }
    }
}
