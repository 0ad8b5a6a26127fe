//! What was delivered, and when?

use chrono::TimeDelta;
use maud::{Markup, html};
use relay_operations::OperationError;
use relay_operations::delivered::{DaySum, Deliveries, Delivery, ValueSum, Wanted};
use relay_operations::reconcile::Sum;
use relay_operations::times::shown;

use super::between::{self, time};
use crate::Asked;
use crate::language::Language;
use crate::page::{Page, cell, document, download, link, paged, span, table};

/// So many documents stand on a page.
const PAGE: usize = 200;

/// So many are listed at most; the file has all.
const LISTED: usize = 2_000;

/// The fields of the form, which the file is asked for with too.
const FIELDS: [&str; 8] = ["flow", "since", "until", "grep", "amounts", "sums", "by", "after"];

/// Fields that many documents have.
const SUGGESTED: [&str; 5] = ["shop_no", "warehouse_no", "shop_name", "pay_account", "salesman_no"];

/// So many days are summed where nobody says since when.
const FORTNIGHT: i64 = 14;

pub(crate) async fn page(asked: &Asked<'_>) -> Result<Page, OperationError> {
    let (language, operations) = (asked.language, &asked.desk.operations);
    let sums = is_summed(asked);
    let wanted = Wanted { limit: Some(LISTED).filter(|_| !sums), ..wanted(asked)? };
    let is_dear = operations.reads_ledger_through().await?;
    // What reads the ledger through waits until somebody asks for it.
    let listed = match !is_dear || asked.request.field("since").is_some() {
        true => Some(operations.delivered(&wanted).await?),
        false => None,
    };
    let body = html! {
        (form(asked, &wanted))
        @if is_dear { p { (dear(language)) } }
        @match &listed {
            Some(listed) if wanted.by.is_some() => { (by_value(asked, &wanted, listed)) }
            Some(listed) if sums => { (summed(asked, &wanted, listed)) }
            Some(listed) => { (found(asked, &wanted, listed)) }
            None => {}
        }
    };
    Ok(Page::new(language.says("已送达", "Delivered"), body))
}

/// What it costs where nothing finds documents by their time.
pub(super) fn dear(language: Language) -> &'static str {
    language.says(
        "这里没有按时间的索引:每次要把整个台账读一遍,每一百万张单据约 9 万读单元(约 0.01 美元)。",
        "There is no index of times here: each time the whole ledger is read through, some 90,000 read units (about 0.01 USD) for a million documents.",
    )
}

/// All of them, as a file.
pub(crate) async fn file(asked: &Asked<'_>) -> Result<String, OperationError> {
    let listed = asked.desk.operations.delivered(&wanted(asked)?).await?;
    match (asked.request.field("by"), asked.request.field("sums")) {
        (Some(field), _) => listed.csv_by_value(field, asked.language),
        (None, Some(_)) => listed.csv_by_day(asked.language),
        (None, None) => listed.csv(asked.language),
    }
}

/// Whether sums are wanted in place of documents.
fn is_summed(asked: &Asked<'_>) -> bool {
    asked.request.field("sums").is_some() || asked.request.field("by").is_some()
}

/// What the fields say; since a day ago, where they say nothing, and of sums since a fortnight ago.
fn wanted(asked: &Asked<'_>) -> Result<Wanted, OperationError> {
    let (request, now) = (asked.request, asked.desk.operations.clock.now());
    let days = if is_summed(asked) { FORTNIGHT } else { 1 };
    Ok(Wanted {
        flow: request.field("flow").map(str::to_owned),
        since: time(request, "since")?.unwrap_or(now - TimeDelta::days(days)),
        until: time(request, "until")?.unwrap_or(now),
        limit: None,
        amounts: request.field("amounts").is_some() || request.field("by").is_some(),
        by: request.field("by").map(str::to_owned),
        after: request.field("after").map(str::to_owned),
        grep: request.field("grep").map(str::to_owned),
    })
}

fn form(asked: &Asked<'_>, wanted: &Wanted) -> Markup {
    let (language, request) = (asked.language, asked.request);
    html! {
        form.asked action="/delivered" {
            (between::fields(asked, (wanted.since, wanted.until), &html! {}))
            p {
                input id="amounts" name="amounts" type="checkbox" value="yes" checked[wanted.amounts];
                label for="amounts" { (language.says("也读金额(每张读一次归档)", "Amounts too (a read of the archive for each)")) }
            }
            p {
                input id="sums" name="sums" type="checkbox" value="yes" checked[request.field("sums").is_some()];
                label for="sums" { (language.says("不列单据,按天和流程合计", "Sums by day and flow in place of documents")) }
            }
            p {
                label for="by" { (language.says("按字段的值合计(shop_no、warehouse_no、税率…)", "Sums by a field's values (shop_no, warehouse_no, a rate of tax…)")) }
                input id="by" name="by" list="fields" value=(request.field("by").unwrap_or_default()) maxlength="100";
                datalist id="fields" { @for field in SUGGESTED { option value=(field) {} } }
            }
            p {
                label for="after" { (language.says("用时从哪个时间算(空:收到;如 pay_time)", "Time taken from (none: when it came; such as pay_time)")) }
                input id="after" name="after" value=(request.field("after").unwrap_or_default()) maxlength="100";
            }
            p { button { (language.says("列出", "List")) } }
        }
        p { (link("/delivered", &[("sums", "yes")], language.says("最近十四天,按天和流程合计", "The last fortnight by day and flow"))) " · "
            (link("/delivered", &[("by", "shop_no")], language.says("按店铺合计", "by shop"))) }
    }
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
    html! {
        (head(asked, wanted, listed))
        @if listed.has_more {
            p.faint { (language.says("这里只列最近的;下载里是全部。", "The latest alone stand here; the file has all.")) }
        }
        (table(language, columns, &rows))
        (pager)
    }
}

/// How many they are, of which span, and the way to all of them as a file.
fn head(asked: &Asked<'_>, wanted: &Wanted, listed: &Deliveries) -> Markup {
    let language = asked.language;
    html! {
        p {
            (listed.delivered.len()) @if listed.has_more { "+" } " " (language.says("张单据", "documents")) ": "
            (shown(wanted.since)) " – " (shown(wanted.until))
        }
        (download(asked, "/delivered.csv", &FIELDS))
    }
}

/// What they come to by flow and value of a field.
fn by_value(asked: &Asked<'_>, wanted: &Wanted, listed: &Deliveries) -> Markup {
    let language = asked.language;
    let columns = [
        language.says("流程", "Flow"),
        wanted.by.as_deref().unwrap_or_default(),
        language.says("单数", "Documents"),
        language.says("一半在", "Half within"),
        language.says("最长", "Longest"),
        language.says("行数", "Lines"),
        language.says("数量", "Quantity"),
        language.says("金额", "Amount"),
    ];
    let row = |ValueSum { flow, value, sum, took }: &ValueSum| {
        let cells = [
            cell(flow.as_str()),
            cell(if value.is_empty() { language.says("(没有)", "(none)") } else { value }),
            cell(sum.documents.to_string()),
            span(took.map(|took| took.half_within_s)),
            span(took.map(|took| took.longest_s)),
        ];
        cells.into_iter().chain(content(sum).map(cell)).collect()
    };
    let rows: Vec<Vec<_>> = listed.by_value().iter().map(row).collect();
    let (page, pager) = paged(asked, &rows, PAGE);
    html! {
        (head(asked, wanted, listed))
        (table(language, &columns, page))
        (pager)
        p.faint { (language.says(
            "一张单据的行有几个值时,每个值各算一张;(没有):没有这个字段,或归档里已没有(RELAY_HISTORY_DAYS)。",
            "A document whose lines have several values is counted under each; (none): it has no such field, or the archive has it no more (RELAY_HISTORY_DAYS)."
        )) }
    }
}

/// What they come to by day and flow.
fn summed(asked: &Asked<'_>, wanted: &Wanted, listed: &Deliveries) -> Markup {
    let language = asked.language;
    let columns = [
        language.says("日期", "Day"),
        language.says("流程", "Flow"),
        language.says("单数", "Documents"),
        language.says("一半在", "Half within"),
        language.says("最长", "Longest"),
        language.says("行数", "Lines"),
        language.says("数量", "Quantity"),
        language.says("金额", "Amount"),
    ];
    let columns = if wanted.amounts { &columns[..] } else { &columns[..5] };
    let days = listed.by_day();
    let rows: Vec<_> = days.iter().map(|day| day_row(day, wanted.amounts)).collect();
    let (page, pager) = paged(asked, &rows, PAGE);
    html! {
        (head(asked, wanted, listed))
        (table(language, columns, page))
        (pager)
    }
}

fn day_row(DaySum { day, flow, sum, took }: &DaySum, amounts: bool) -> Vec<Markup> {
    let day = day.to_string();
    let midnights = [format!("{day}T00:00:00"), format!("{day}T23:59:59")];
    let of_day = [("flow", flow.as_str()), ("since", &midnights[0]), ("until", &midnights[1])];
    let cells = [
        cell(day.as_str()),
        cell(flow.as_str()),
        link("/delivered", &of_day, &sum.documents.to_string()),
        span(took.map(|took| took.half_within_s)),
        span(took.map(|took| took.longest_s)),
    ];
    cells.into_iter().chain(content(sum).into_iter().filter(|_| amounts).map(cell)).collect()
}

/// Lines, quantity and amount, where they are known.
fn content(sum: &Sum) -> [String; 3] {
    match &sum.content {
        Some(of) => [of.lines.to_string(), of.quantity.normalize().to_string(), of.amount.to_string()],
        None => ["–", "–", "–"].map(str::to_owned),
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
