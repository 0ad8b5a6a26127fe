//! Where is this number?

use chrono::{DateTime, Utc};
use maud::{Markup, html};
use relay_operations::OperationError;
use relay_operations::find::{AtSource, Found};
use relay_operations::show::Shown;
use relay_operations::times::shown;

use crate::Asked;
use crate::language::Language;
use crate::page::{Page, cell, document, mark, table};

/// So many numbers are looked for at once.
const NUMBERS: usize = 100;

pub(crate) async fn page(asked: &Asked<'_>) -> Result<Page, OperationError> {
    let (desk, request, language) = (asked.desk, asked.request, asked.language);
    let wanted = request.field("q").unwrap_or_default();
    let is_between = |letter: char| letter.is_whitespace() || ",;,;、".contains(letter);
    let numbers: Vec<_> =
        wanted.split(is_between).filter(|part| !part.is_empty()).take(NUMBERS).map(str::to_owned).collect();
    let found = desk.operations.find(&numbers, None, desk.connect).await?;
    let body = html! {
        @if numbers.is_empty() {
            p { (language.says(
                "在上面填一个或多个单号:订单、原始单号、运单、单据号、对方的 id。",
                "Type one or more numbers above: of orders, waybills, bills, or ids of a target.",
            )) }
        }
        @for found in &found { (one(found, language)) }
    };
    Ok(Page::new(language.says("查找", "Search"), body))
}

fn one(Found { number, documents, sources, unseen }: &Found, language: Language) -> Markup {
    let columns = [
        language.says("流程", "Flow"),
        language.says("单据", "Document"),
        language.says("状态", "Stands"),
        language.says("目标里的 id", "Id in the target"),
        language.says("时间", "When"),
    ];
    let rows: Vec<_> = documents.iter().map(|shown| row(shown, language)).collect();
    html! {
        h2 { (number) }
        @if documents.is_empty() {
            p { (language.says("哪个流程都没有见过它。", "No flow knows it.")) }
            @for AtSource { flow, source, key, says } in sources {
                p { (flow) " (" (source) @if let Some(key) = key { " " (key) } "): " (says) }
            }
            @if sources.is_empty() {
                p.faint { (language.says("能按这种单号询问的来源里也没有。", "No source that can be asked by such a number has it.")) }
            }
            @for queue in unseen { p { (queue.said().told(language)) } }
        } @else {
            (table(language, &columns, &rows))
        }
    }
}

fn row(found: &Shown, language: Language) -> Vec<Markup> {
    let delivered = found.delivered.as_ref();
    let (kind, stands) = stands(found, language);
    let stands = html! {
        (mark(kind, stands))
        @for failure in &found.failures { p.faint { (failure.message) } }
        @for queued in &found.queued { p.faint { (queued.said().told(language)) } }
    };
    vec![
        cell(found.flow.as_str()),
        document(&found.flow, &found.key),
        stands,
        cell(delivered.and_then(|delivered| delivered.target_id.as_deref()).unwrap_or("–")),
        cell(stands_since(found).map_or_else(|| "–".to_owned(), shown)),
    ]
}

/// Since when a document stands so.
fn stands_since(found: &Shown) -> Option<DateTime<Utc>> {
    let failed = found.failures.iter().map(|failure| failure.at).max();
    let settled = found.settled.as_ref().map(|settled| settled.at);
    let delivered = found.delivered.as_ref().map(|delivered| delivered.at);
    failed.or(settled).or(delivered).or_else(|| found.queued.first().map(|queued| queued.since))
}

/// How a document stands, in a word.
pub(super) fn stands(found: &Shown, language: Language) -> (&'static str, &'static str) {
    if !found.failures.is_empty() {
        ("bad", language.says("失败", "failed"))
    } else if found.settled.is_some() {
        ("good", language.says("已了结", "settled"))
    } else if found.delivered.is_some() {
        ("good", language.says("已送达", "delivered"))
    } else if !found.queued.is_empty() {
        ("warn", language.says("在队列里", "in the queue"))
    } else {
        ("warn", language.says("未送达", "not delivered"))
    }
}
