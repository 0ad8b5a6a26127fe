//! What was delivered, and when?

use chrono::{DateTime, TimeDelta, Utc};
use maud::{Markup, html};
use relay_operations::OperationError;
use relay_operations::delivered::{Deliveries, Delivery, Wanted};
use relay_operations::times::shown;

use crate::Asked;
use crate::actions::in_china;
use crate::page::{Page, address, cell, document, paged, table};

/// So many documents stand on a page.
const PAGE: usize = 200;

/// So many are listed at most; the file has all.
const LISTED: usize = 2_000;

/// The fields of the form, which the file is asked for with too.
const FIELDS: [&str; 4] = ["flow", "since", "until", "amounts"];

pub(crate) async fn page(asked: &Asked<'_>) -> Result<Page, OperationError> {
    let (language, operations) = (asked.language, &asked.desk.operations);
    let wanted = Wanted { limit: Some(LISTED), ..wanted(asked)? };
    let is_dear = operations.reads_ledger_through().await?;
    // What reads the ledger through waits until somebody asks for it.
    let listed = match !is_dear || asked.request.field("since").is_some() {
        true => Some(operations.delivered(&wanted).await?),
        false => None,
    };
    let body = html! {
        (form(asked, &wanted))
        @if is_dear {
            p { (language.says(
                "这里没有按时间的索引:每次要把整个台账读一遍,每一百万张单据约 9 万读单元(约 0.01 美元)。",
                "There is no index of times here: each time the whole ledger is read through, some 90,000 read units (about 0.01 USD) for a million documents.",
            )) }
        }
        @if let Some(listed) = &listed { (found(asked, &wanted, listed)) }
    };
    Ok(Page::new(language.says("已送达", "Delivered"), body))
}

/// All of them, as a file.
pub(crate) async fn file(asked: &Asked<'_>) -> Result<String, OperationError> {
    asked.desk.operations.delivered(&wanted(asked)?).await?.csv(asked.language)
}

/// What the fields say; since a day ago, where they say nothing.
fn wanted(asked: &Asked<'_>) -> Result<Wanted, OperationError> {
    let (request, now) = (asked.request, asked.desk.operations.clock.now());
    let time = |name: &str| match request.field(name) {
        None => Ok(None),
        Some(text) => in_china(text).map(Some).ok_or_else(|| OperationError::WrongTime(text.to_owned())),
    };
    Ok(Wanted {
        flow: request.field("flow").map(str::to_owned),
        since: time("since")?.unwrap_or(now - TimeDelta::days(1)),
        until: time("until")?.unwrap_or(now),
        limit: None,
        amounts: request.field("amounts").is_some(),
    })
}

fn form(asked: &Asked<'_>, wanted: &Wanted) -> Markup {
    let (language, request) = (asked.language, asked.request);
    let flows = asked.desk.operations.flows.iter().map(|routed| routed.flow.name());
    html! {
        form.asked action="/delivered" {
            p {
                label for="flow" { (language.says("流程", "Flow")) }
                select id="flow" name="flow" {
                    option value="" { (language.says("全部", "All")) }
                    @for flow in flows { option value=(flow) selected[request.field("flow") == Some(flow)] { (flow) } }
                }
            }
            p {
                label for="since" { (language.says("从(中国时间)", "Since (China time)")) }
                input id="since" name="since" type="datetime-local" step="1" value=(picked(wanted.since)) required;
            }
            p {
                label for="until" { (language.says("到(空:现在)", "Until (none: now)")) }
                input id="until" name="until" type="datetime-local" step="1" value=[request.field("until").map(|_| picked(wanted.until))];
            }
            p {
                input id="amounts" name="amounts" type="checkbox" value="yes" checked[wanted.amounts];
                label for="amounts" { (language.says("也读金额(每张读一次归档)", "Amounts too (a read of the archive for each)")) }
            }
            p { button { (language.says("列出", "List")) } }
        }
    }
}

/// A time as such a field has it.
fn picked(time: DateTime<Utc>) -> String {
    shown(time).replace(' ', "T")
}

fn found(asked: &Asked<'_>, wanted: &Wanted, listed: &Deliveries) -> Markup {
    let language = asked.language;
    let (page, pager) = paged(asked, &listed.delivered, PAGE);
    let columns = [
        language.says("时间", "When"),
        language.says("流程", "Flow"),
        language.says("单据", "Document"),
        language.says("单号", "Number"),
        language.says("目标里的 id", "Id in the target"),
        language.says("行数", "Lines"),
        language.says("数量", "Quantity"),
        language.says("金额", "Amount"),
    ];
    let columns = if wanted.amounts { &columns[..] } else { &columns[..5] };
    let rows: Vec<_> = page.iter().map(|delivery| row(delivery, wanted.amounts)).collect();
    let fields: Vec<_> = FIELDS.iter().filter_map(|name| Some((*name, asked.request.field(name)?))).collect();
    html! {
        p {
            (listed.delivered.len()) @if listed.has_more { "+" } " " (language.says("张单据", "documents")) ": "
            (shown(wanted.since)) " – " (shown(wanted.until)) " · "
            a href=(address("/delivered.csv", &fields)) download { (language.says("下载 CSV(Excel)", "Download as CSV (Excel)")) }
        }
        @if listed.has_more {
            p.faint { (language.says("这里只列最近的;下载里是全部。", "The latest alone stand here; the file has all.")) }
        }
        (table(language, columns, &rows))
        (pager)
    }
}

fn row(delivery: &Delivery, amounts: bool) -> Vec<Markup> {
    let Delivery { at, flow, key, number, target_id, content, .. } = delivery;
    let or = |text: Option<&str>| cell(text.unwrap_or("–"));
    let sums = match content {
        Some(of) => [of.lines.to_string(), of.quantity.normalize().to_string(), of.amount.to_string()],
        None => ["–", "–", "–"].map(str::to_owned),
    };
    let cells = [
        cell(shown(*at)),
        cell(flow.as_str()),
        document(flow, key),
        or(number.as_deref()),
        or(target_id.as_deref()),
    ];
    cells.into_iter().chain(sums.into_iter().filter(|_| amounts).map(cell)).collect()
}
