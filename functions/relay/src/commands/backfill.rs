use chrono::TimeDelta;
use relay_operations::log::Did;
use relay_operations::times::shown;
use relay_trade_poller::TradePoller;
use relay_trade_poller::backfill::Range;
use serde_json::json;

use super::{agrees, existing, operations};
use crate::Done;
use crate::cli::Time;
use crate::language::said;
use crate::output::{say, tell};

/// So long ago a range ends where nobody says when: later rows are perhaps not visible yet.
const LATEST: TimeDelta = TimeDelta::minutes(2);

/// `relay backfill`
pub(crate) async fn run(
    flow: &str,
    from: Time,
    to: Option<Time>,
    yes: bool,
    json: bool,
) -> anyhow::Result<Done> {
    let (wiring, place) = existing().await?;
    let operations = operations(&wiring);
    operations.check_flow(flow).await?;
    let now = wiring.clock.now();
    let range = Range { from: from.at(now), to: to.map_or(now - LATEST, |to| to.at(now)) };
    let told = format!("{flow} from {} to {}", shown(range.from), shown(range.to));
    let question = said!(
        "{told}:与新单并行读取,每百行、每个窗口一次调用,每张单据再到目标里查一次。继续吗?",
        "{told} is read beside what is new: a call for each hundred rows and each window, and one more for each document \
         that is asked after in its target. Go on?"
    );
    if !agrees(&question, yes, false)? {
        return Ok(Done::Well);
    }
    let poller = wiring.build::<TradePoller>()?;
    let progress = |report: &relay_trade_poller::Report| {
        let until = report.watermark.map(shown).unwrap_or_default();
        tell!(
            "读到 {until}:{} 行,{} 条入队",
            "read until {until}: {} rows, {} queued",
            report.rows,
            report.queued
        );
    };
    let report = poller.backfill(flow, range, &progress).await?;
    operations.note(Did::of("backfill", told).times(report.queued)).await;
    if json {
        say!("{}", place.with(json!(report)));
    } else {
        say!("{}", place.line());
        say!(
            "读了 {} 行,入队 {} 条,过滤掉 {} 条,失败 {} 条。",
            "{} rows read, {} queued, {} filtered, {} failed.",
            report.rows,
            report.queued,
            report.filtered,
            report.failed
        );
        if let Some(error) = &report.error_in_full {
            say!(
                "停下了:{error}\n同一条命令会从那里接着读。",
                "It stopped: {error}\nThe same command goes on from there."
            );
        }
    }
    Ok(if report.error.is_none() { Done::Well } else { Done::WithFailures })
}
