//! `relay calls`: how many calls each vendor got.

use relay_connector::calls as noted;
use relay_core::clock::{Clock as _, SystemClock};
use relay_host::{Store, settings, stores};
use relay_operations::calls::{self, Counted, OfCall, OfPurpose, QUERY, Span, failed_said, purpose_said};
use serde_json::json;
use std::sync::Arc;

use super::{looked_at, operations};
use crate::Done;
use crate::language::{self, said};
use crate::output::{Form, csv, say};
use crate::tally::plain_table;

/// `relay calls`
pub(crate) async fn run(form: Form) -> anyhow::Result<Done> {
    let (wiring, place) = looked_at().await?;
    let Some(counted) = operations(&wiring).calls().await? else {
        match form {
            Form::Json => say!("{}", place.with(json!({ "counted": null, "query": QUERY }))),
            Form::Text | Form::Csv => of_a_stack(),
        }
        return Ok(Done::Well);
    };
    match form {
        Form::Json => say!("{}", place.with(json!({ "counted": counted }))),
        Form::Csv => csv(&counted.csv(language::current())?),
        Form::Text => {
            say!("{};日子按北京时间\n", "{}; days are China's\n", place.line());
            print(&counted);
        }
    }
    Ok(Done::Well)
}

/// Keeps how many calls this process has made, where its store is a file. What cannot be kept is not counted.
pub(crate) async fn keep() {
    if noted::is_nothing() {
        return;
    }
    let settings = settings::of_process();
    if !matches!(settings::store(&settings), Ok(Store::Sqlite(file)) if file.exists()) {
        return;
    }
    let clock = Arc::new(SystemClock);
    let Ok(stores) = stores::open_existing(&settings, clock.clone()).await else { return };
    if let Err(error) = calls::keep(stores.checkpoints.as_ref(), clock.now()).await {
        tracing::debug!(%error, "how many calls were made is not kept");
    }
}

fn of_a_stack() {
    say!(
        "这个存储在 AWS 上,函数把调用次数写进各自的日志。在 CloudWatch Logs Insights 里选这些函数的日志组和时间,运行(每 GB 约 0.005 美元):",
        "This store is on AWS, where functions count their calls in their logs. In Logs Insights of CloudWatch choose their log groups and \
         the time, and run (some 0.005 USD for a GB):"
    );
    say!("    {QUERY}");
    say!(
        "按厂商和失败的类别分,不分操作;每个操作多少次、多快、多少没有回答:`relay history --sums`(只算为单据做的调用)。",
        "It tells them by vendor and by what failures mean, and not by operation; how many of an operation, how fast and how many \
         unanswered: `relay history --sums`, of what was called for documents."
    );
}

fn print(counted: &Counted) {
    let Some(since) = counted.since else {
        say!(
            "还没有数过一次调用:`relay serve` 每分钟记一次。",
            "No call was counted yet: `relay serve` notes them once a minute."
        );
        return;
    };
    let spans = [("今天", "today"), ("本周", "this week"), ("本月", "this month"), ("上月", "last month")];
    let columns: Vec<_> = [("厂商", "vendor"), ("操作", "call")].into_iter().chain(spans).collect();
    let mut table = plain_table(&columns);
    for OfCall { vendor, operation, spans } in &counted.calls {
        let operation = operation.clone().unwrap_or_else(|| said!("合计", "all"));
        let cells = spans.iter().map(|of| match of.failures() {
            0 => of.calls.to_string(),
            failed => format!("{} ({failed})", of.calls),
        });
        table.add_row([vendor.clone(), operation].into_iter().chain(cells));
    }
    say!("{table}");
    say!(
        "括号里是没成的:被拒绝的和没有回答的。\n",
        "In brackets those that came to nothing: refused, and unanswered.\n"
    );
    for OfCall { vendor, operation, spans } in &counted.calls {
        let Some(operation) = operation else { continue };
        for (span, of) in Span::ALL.iter().zip(spans).skip(2).filter(|(_, of)| of.failures() > 0) {
            let span = span.said();
            say!("{vendor} {operation} {}: {}", span.told(language::current()), failed_said(of));
        }
    }
    let columns: Vec<_> = [("厂商", "vendor"), ("为了", "for")].into_iter().chain(spans).collect();
    let mut table = plain_table(&columns);
    for OfPurpose { vendor, purpose, spans } in &counted.purposes {
        let purpose = purpose_said(*purpose).told(language::current()).to_owned();
        table.add_row([vendor.clone(), purpose].into_iter().chain(spans.iter().map(u64::to_string)));
    }
    say!("\n{table}\n");
    say!("从 {since} 开始数。", "Counted since {since}.");
}
