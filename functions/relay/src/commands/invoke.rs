use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use relay_bill_closer::BillCloser;
use relay_core::clock::Deadline;
use relay_day_reconciler::DayReconciler;
use relay_erp_pusher::ErpPusher;
use relay_host::{Wiring, settings};
use relay_job::{Job as _, Unfinished};
use relay_stock_syncer::StockSyncer;
use relay_trade_poller::{Report, TradePoller};
use relay_webhook_receiver::Receiver;
use serde_json::{Value, json};

use super::flows::test;
use crate::cli::Function;
use crate::language::{self, said};
use crate::output::{say, tell};
use crate::{Done, WrongUsage};

/// `relay invoke`
pub(crate) async fn run(function: Function, event: &Path) -> anyhow::Result<Done> {
    let event = read("event", event)?;
    test::must_pass(&settings::of_process())?;
    let wiring = Wiring::from_environment().await?.speaking(language::speech());
    wiring.active.announce().await;
    let answer = answer(function, event, &wiring).await?;
    wiring.health.flush().await;
    match answer {
        Ok(answer) => {
            say!("{answer}");
            Ok(Done::Well)
        }
        // As the Lambda runtime words it.
        Err(error) => {
            let mut answer = json!({ "errorType": "Error", "errorMessage": format!("{error:#}") });
            tell!("错误:{error:#}", "error: {error:#}");
            // A person has asked, so the vendors' words are told too.
            if let Some(Unfinished { errors, .. }) = error.downcast_ref() {
                answer["errors"] = json!(errors);
                errors.iter().for_each(|error| tell!("- {error}"));
            }
            say!("{answer}");
            Ok(Done::WithFailures)
        }
    }
}

/// The function's answer, or what it failed with; the outer error is one of its wiring.
async fn answer(function: Function, event: Value, wiring: &Wiring) -> anyhow::Result<anyhow::Result<Value>> {
    // Nobody limits the time of a run by hand.
    let deadline = Deadline::NONE;
    Ok(match function {
        Function::WebhookReceiver => wiring.build::<Receiver>()?.invoke(event, deadline).await,
        Function::TradePoller => {
            let poller = wiring.build::<TradePoller>()?;
            let bar = spinner();
            let answer = poller.work(event, deadline, &|report| bar.set_message(told(report))).await;
            bar.finish_and_clear();
            answer
        }
        Function::StockSyncer => wiring.build::<StockSyncer>()?.invoke(event, deadline).await,
        Function::ErpPusher => wiring.build::<ErpPusher>()?.invoke(event, deadline).await,
        Function::BillCloser => wiring.build::<BillCloser>()?.invoke(event, deadline).await,
        Function::DayReconciler => wiring.build::<DayReconciler>()?.invoke(event, deadline).await,
    })
}

/// Shown on standard error while a backlog is read, where somebody watches.
fn spinner() -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message("reading the first window");
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
        bar.set_style(style);
    }
    // By itself: a window may take minutes.
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

fn told(report: &Report) -> String {
    let Report { flow, windows, rows, watermark, .. } = report;
    let until = watermark.map(|until| said!(",读到 {until}", ", read until {until}")).unwrap_or_default();
    // A list has none.
    let windows =
        if *windows > 0 { said!("{windows} 个窗口,", "{windows} windows, ") } else { String::new() };
    said!("{flow}:{windows}{rows} 行{until}", "{flow}: {windows}{rows} rows{until}")
}

/// A JSON file; `-` is standard input. `what` it is called in errors.
pub(super) fn read(what: &str, file: &Path) -> Result<Value, WrongUsage> {
    let text =
        if file == Path::new("-") { io::read_to_string(io::stdin()) } else { fs::read_to_string(file) };
    let wrong = |why: String| WrongUsage(format!("the {what} {} {why}", file.display()));
    let text = text.map_err(|error| wrong(format!("cannot be read: {error}")))?;
    serde_json::from_str(&text).map_err(|error| wrong(format!("is not JSON: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_tells_windows_rows_and_how_far_was_read() {
        let watermark = "2026-11-22T04:00:00Z".parse().ok();
        let report = Report { flow: "f".to_owned(), windows: 3, rows: 250, watermark, ..Report::default() };
        assert_eq!(told(&report), "f: 3 windows, 250 rows, read until 2026-11-22 04:00:00 UTC");
        assert_eq!(told(&Report { windows: 0, ..report }), "f: 250 rows, read until 2026-11-22 04:00:00 UTC");
    }
}
