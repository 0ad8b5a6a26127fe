//! Which bills are saved, and not submitted or audited yet, and why?

use maud::{Markup, html};
use relay_operations::OperationError;
use relay_operations::bills::{Bills, Stands};
use relay_operations::times::shown;
use relay_operations::waiting;

use crate::Asked;
use crate::language::Language;
use crate::page::{Page, cell, document, download, link, mark, paged, table};

/// So many bills stand on a page.
const PAGE: usize = 200;

/// The fields of the form, which the file is asked for with too.
const FIELDS: [&str; 3] = ["flow", "grep", "read"];

pub(crate) async fn page(asked: &Asked<'_>) -> Result<Page, OperationError> {
    let (language, operations) = (asked.language, &asked.desk.operations);
    let wanted = wanted(asked);
    let is_dear = operations.bills_read_ledger_through(&wanted).await?;
    // What reads the ledger through waits until somebody asks for it.
    let listed = match !is_dear || asked.request.field("read").is_some() {
        true => Some(operations.bills(&wanted).await?),
        false => None,
    };
    let body = html! {
        (form(asked))
        @if is_dear {
            p { (dear(language)) }
        }
        @match &listed {
            Some(listed) => { (found(asked, listed)) }
            None => { p { (link("/bills", &[("read", "yes")], language.says("读台账", "Read the ledger"))) } }
        }
    };
    Ok(Page::new(language.says("待提交、待审核的单据", "Bills to be submitted or audited"), body))
}

/// What it costs where nobody can look into a queue that holds something.
fn dear(language: Language) -> &'static str {
    language.says(
        "目标的队列里有东西,而 SQS 不让人看里面是什么:每次要把整个台账读一遍,每一百万张单据约 9 万读单元(约 0.01 美元)。",
        "A queue of a target holds something, and SQS shows nobody what: each time the whole ledger is read through, some 90,000 read units (about 0.01 USD) for a million documents.",
    )
}

/// All of them, as a file.
pub(crate) async fn file(asked: &Asked<'_>) -> Result<String, OperationError> {
    asked.desk.operations.bills(&wanted(asked)).await?.csv(asked.language)
}

fn wanted(asked: &Asked<'_>) -> waiting::Asked {
    let field = |name: &str| asked.request.field(name).map(str::to_owned);
    waiting::Asked { flow: field("flow"), grep: field("grep"), ..waiting::Asked::default() }
}

fn form(asked: &Asked<'_>) -> Markup {
    let (language, request) = (asked.language, asked.request);
    html! {
        form action="/bills" {
            @for name in ["flow", "read"] {
                @if let Some(value) = request.field(name) { input type="hidden" name=(name) value=(value); }
            }
            label for="grep" { (language.says("其中含有", "With this text")) } " "
            input id="grep" name="grep" value=(request.field("grep").unwrap_or_default()) maxlength="200";
            " " button { (language.says("筛选", "Filter")) }
        }
    }
}

fn found(asked: &Asked<'_>, listed: &Bills) -> Markup {
    let language = asked.language;
    let columns = [
        language.says("从", "Since"),
        language.says("流程", "Flow"),
        language.says("单据", "Document"),
        language.says("单号", "Number"),
        language.says("目标里的 id", "Id in the target"),
        language.says("停在", "Stands"),
        language.says("下一步", "Next"),
        language.says("为什么", "Why"),
    ];
    let (page, pager) = paged(asked, &listed.bills, PAGE);
    let rows: Vec<_> = page.iter().map(|bill| row(bill, language)).collect();
    html! {
        p { (listed.bills.len()) @if listed.has_more { "+" } " " (language.says("张单据", "bills")) }
        (table(language, &columns, &rows))
        (pager)
        @if !rows.is_empty() { (download(asked, "/bills.csv", &FIELDS)) }
    }
}

fn row(bill: &Stands, language: Language) -> Vec<Markup> {
    let Stands { flow, key, target, number, target_id, since, why, .. } = bill;
    let or = |text: Option<&str>| cell(text.unwrap_or("–"));
    let kind = if why.needs_a_person() { "bad" } else { "warn" };
    vec![
        cell(shown(*since)),
        html! { (link("/bills", &[("flow", flow)], flow)) br; span.faint { (target.name()) } },
        document(flow, key),
        or(number.as_deref()),
        or(target_id.as_deref()),
        mark(kind, bill.stage_said().told(language)),
        cell(bill.next_said().told(language)),
        cell(why.said().told(language)),
    ]
}
