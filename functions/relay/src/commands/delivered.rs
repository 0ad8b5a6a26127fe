use std::time::Duration;

use relay_operations::Operations;
use relay_operations::delivered::{DaySum, Deliveries, Delivery, Took, ValueSum, Wanted};
use relay_operations::reconcile::Sum;
use relay_operations::times::{shown, span};
use serde_json::json;

use super::{agrees, looked_at, operations};
use crate::Done;
use crate::cli::DeliveredArguments;
use crate::language::{self, said};
use crate::output::{Form, counted, csv, say, tell};
use crate::tally::plain_table;

/// So many are listed where nobody says how many.
const LISTED: usize = 50;

/// `relay delivered`
pub(crate) async fn run(which: &DeliveredArguments, json: bool) -> anyhow::Result<Done> {
    let form = Form::of(json, which.csv);
    let (wiring, place) = looked_at().await?;
    let operations = operations(&wiring);
    let usual = (form == Form::Text).then_some(LISTED);
    let wanted = which.wanted(wiring.clock.now(), usual);
    if !may_read_through(&operations, which.yes).await? {
        return Ok(Done::Well);
    }
    let listed = operations.delivered(&wanted).await?;
    if let Some(field) = &which.by {
        match form {
            Form::Json => {
                say!(
                    "{}",
                    place.with(json!({ "by": field, "sums": listed.by_value(), "sum": listed.sum() }))
                );
            }
            Form::Csv => csv(&listed.csv_by_value(field, language::current())?),
            Form::Text => {
                say!("{};时间为北京时间\n", "{}; times are China time\n", place.line());
                say!("{} 到 {}:", "{} to {}:", shown(wanted.since), shown(wanted.until));
                print_by_value(&listed, field, &wanted);
            }
        }
        return Ok(Done::Well);
    }
    match (form, which.sums) {
        (Form::Json, true) => {
            say!("{}", place.with(json!({ "sums": listed.by_day(), "sum": listed.sum() })));
        }
        (Form::Json, false) => say!("{}", place.with(json!(listed))),
        (Form::Csv, true) => csv(&listed.csv_by_day(language::current())?),
        (Form::Csv, false) => csv(&listed.csv(language::current())?),
        (Form::Text, sums) => {
            say!("{};时间为北京时间\n", "{}; times are China time\n", place.line());
            say!("{} 到 {}:", "{} to {}:", shown(wanted.since), shown(wanted.until));
            if sums { print_sums(&listed, &wanted) } else { print(&listed, &wanted) }
        }
    }
    Ok(Done::Well)
}

/// Whether a ledger that has to be read through may be: what that costs is told first.
pub(super) async fn may_read_through(operations: &Operations<'_>, yes: bool) -> anyhow::Result<bool> {
    if !operations.reads_ledger_through().await? {
        return Ok(true);
    }
    tell!("这里没有按时间的索引。", "There is no index of times here.");
    agrees_to_read_through(yes)
}

/// Whether the ledger may be read through: what that costs is told first.
pub(super) fn agrees_to_read_through(yes: bool) -> anyhow::Result<bool> {
    tell!(
        "要把整个台账读一遍,每一百万张单据约 9 万读单元(约 0.01 美元),几秒到几分钟。",
        "The whole ledger is read through, some 90,000 read units (about 0.01 USD) for a million documents, in seconds to \
         minutes."
    );
    agrees(&said!("读吗?", "Read it?"), yes, false)
}

fn print(listed: &Deliveries, wanted: &Wanted) {
    let amounts = wanted.amounts;
    let Deliveries { delivered, has_more } = listed;
    if delivered.is_empty() {
        say!("这段时间没有送达的单据。", "Nothing was delivered in that time.");
        return;
    }
    let columns = [
        ("时间", "time"),
        ("流程", "flow"),
        ("单据", "document"),
        ("单号", "number"),
        ("目标里的 id", "id in the target"),
    ];
    let sums = [("行数", "lines"), ("数量", "quantity"), ("金额", "amount")];
    let columns: Vec<_> = columns.into_iter().chain(sums.into_iter().filter(|_| amounts)).collect();
    let mut table = plain_table(&columns);
    for Delivery { at, flow, key, number, target_id, content, .. } in delivered {
        let or = |text: &Option<String>| text.clone().unwrap_or_else(dash);
        let sums = match content {
            Some(of) => [of.lines.to_string(), of.quantity.normalize().to_string(), of.amount.to_string()],
            None => [dash(), dash(), dash()],
        };
        let cells = [shown(*at), flow.clone(), key.clone(), or(number), or(target_id)];
        table.add_row(cells.into_iter().chain(sums.into_iter().filter(|_| amounts)));
    }
    say!("{table}\n");
    let documents = format!("{}{}", counted(delivered.len(), "张", "document"), besides(listed, wanted));
    match has_more {
        true => say!(
            "最近的 {documents};还有更早的:`--limit` 多列一些,`--csv` 全部写成文件。",
            "The latest {documents}; there are earlier ones: `--limit` lists more, `--csv` writes all as a file."
        ),
        false => say!("{documents}。", "{documents}."),
    }
}

/// By day and flow.
fn print_sums(listed: &Deliveries, wanted: &Wanted) {
    let mut table = plain_table(&[
        ("日期", "day"),
        ("流程", "flow"),
        ("单数", "documents"),
        ("行数", "lines"),
        ("数量", "quantity"),
        ("金额", "amount"),
        ("一半在", "half within"),
        ("最长", "longest"),
    ]);
    for DaySum { day, flow, sum, took } in listed.by_day() {
        let content = content(&sum);
        let took = match took {
            Some(took) => [took.half_within_s, took.longest_s].map(|took| span(Duration::from_secs(took))),
            None => [dash(), dash()],
        };
        let head = [day.to_string(), flow, sum.documents.to_string()];
        table.add_row(head.into_iter().chain(content).chain(took));
    }
    say!("{table}\n");
    let documents = counted(listed.delivered.len(), "张", "document");
    say!("{documents}{}。", "{documents}{}.", besides(listed, wanted));
}

/// By flow and value of a field.
fn print_by_value(listed: &Deliveries, field: &str, wanted: &Wanted) {
    let columns = [
        ("流程", "flow"),
        (field, field),
        ("单数", "documents"),
        ("行数", "lines"),
        ("数量", "quantity"),
        ("金额", "amount"),
        ("一半在", "half within"),
    ];
    let mut table = plain_table(&columns);
    for ValueSum { flow, value, sum, took } in listed.by_value() {
        let value = if value.is_empty() { said!("(没有)", "(none)") } else { value };
        let took = took.map_or_else(dash, |took| span(Duration::from_secs(took.half_within_s)));
        let head = [flow, value, sum.documents.to_string()];
        table.add_row(head.into_iter().chain(content(&sum)).chain([took]));
    }
    say!("{table}\n");
    let documents = counted(listed.delivered.len(), "张", "document");
    say!("{documents}{}。", "{documents}{}.", besides(listed, wanted));
    say!(
        "一张单据的行有几个值时,每个值各算一张;(没有):没有这个字段,或归档里已没有(RELAY_HISTORY_DAYS)。",
        "A document whose lines have several values is counted under each; (none): it has no such field, or the archive has it no more \
         (RELAY_HISTORY_DAYS)."
    );
}

fn content(sum: &Sum) -> [String; 3] {
    sum.columns().map(|column| column.unwrap_or_else(dash))
}

/// What they come to, and how long they took, as far as that is known.
fn besides(listed: &Deliveries, wanted: &Wanted) -> String {
    let Sum { content, .. } = listed.sum();
    let content = content.filter(|_| !listed.delivered.is_empty()).map(|of| {
        let (lines, quantity, amount) = (of.lines, of.quantity.normalize(), of.amount);
        said!(
            ",{lines} 行,数量 {quantity},金额 {amount}",
            ", {lines} lines, quantity {quantity}, amount {amount}"
        )
    });
    let took = Took::of(&listed.delivered).map(|Took { half_within_s, longest_s }| {
        let [half, longest] = [half_within_s, longest_s].map(|took| span(Duration::from_secs(took)));
        match &wanted.after {
            None => said!(
                ";从收到到送达:一半在 {half} 内,最长 {longest}",
                "; from when they came until they were delivered: half within {half}, the slowest {longest}"
            ),
            Some(field) => {
                let known = listed.delivered.iter().filter(|delivery| delivery.after.is_some()).count();
                said!(
                    ";从 {field} 到送达({known} 张有这个时间):一半在 {half} 内,最长 {longest}",
                    "; from {field} until they were delivered ({known} have that time): half within {half}, the slowest {longest}"
                )
            }
        }
    });
    content.into_iter().chain(took).collect()
}

fn dash() -> String {
    "-".to_owned()
}
