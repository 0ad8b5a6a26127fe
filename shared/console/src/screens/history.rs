//! What happened, turn by turn: what came, how it ended, why, and how vendors answered.

use chrono::TimeDelta;
use maud::{Markup, html};
use relay_operations::OperationError;
use relay_operations::history::{self, CallSum, Called, Cause, Causes, OutcomeSum, Turn, Turns};
use relay_operations::times::shown;

use super::between::{self, time};
use super::delivered::dear;
use crate::Asked;
use crate::language::Language;
use crate::page::{Page, cell, document, download, mark, paged, table};

/// So many turns stand on a page.
const PAGE: usize = 200;

/// So many are listed at most; the file has all.
const LISTED: usize = 2_000;

/// The fields of the form, which the file is asked for with too.
const FIELDS: [&str; 7] = ["flow", "since", "until", "outcome", "vendor", "grep", "sums"];

const OUTCOMES: [&str; 6] = ["delivered", "found", "unchanged", "skipped", "failed", "retry"];

pub(crate) async fn page(asked: &Asked<'_>) -> Result<Page, OperationError> {
    let (language, operations) = (asked.language, &asked.desk.operations);
    let sums = asked.request.field("sums").is_some();
    let wanted = history::Asked { limit: Some(LISTED).filter(|_| !sums), ..wanted(asked)? };
    let is_dear = operations.reads_ledger_through().await?;
    // What reads the ledger through waits until somebody asks for it.
    let may_read = !is_dear || asked.request.field("since").is_some();
    let (found, most) = match (may_read, asked.request.field("causes").is_some()) {
        (true, false) => (Some(operations.happened(&wanted).await?), None),
        (true, true) => (None, Some(operations.causes(&wanted).await?)),
        (false, _) => (None, None),
    };
    let body = html! {
        (form(asked, &wanted))
        @if is_dear { p { (dear(language)) } }
        @if let Some(most) = &most { (causes(&wanted, most, language)) }
        @match &found {
            Some(found) if sums => { (summed(found, language)) }
            Some(found) => { (listed(asked, &wanted, found)) }
            None => {}
        }
    };
    Ok(Page::new(language.says("经过", "History"), body))
}

/// All of them, as a file.
pub(crate) async fn file(asked: &Asked<'_>) -> Result<String, OperationError> {
    asked.desk.operations.happened(&wanted(asked)?).await?.csv(asked.language)
}

/// What the fields say; since a day ago, where they say nothing.
fn wanted(asked: &Asked<'_>) -> Result<history::Asked, OperationError> {
    let (request, now) = (asked.request, asked.desk.operations.clock.now());
    let field = |name: &str| request.field(name).map(str::to_owned);
    Ok(history::Asked {
        flow: field("flow"),
        since: time(request, "since")?.unwrap_or(now - TimeDelta::days(1)),
        until: time(request, "until")?.unwrap_or(now),
        outcome: field("outcome"),
        vendor: field("vendor"),
        grep: field("grep"),
        limit: None,
    })
}

fn form(asked: &Asked<'_>, wanted: &history::Asked) -> Markup {
    let (language, request) = (asked.language, asked.request);
    let outcomes = html! {
        p {
            label for="outcome" { (language.says("结果", "Ended")) }
            select id="outcome" name="outcome" {
                option value="" { (language.says("全部", "All")) }
                @for name in OUTCOMES {
                    option value=(name) selected[request.field("outcome") == Some(name)] { (language.outcome(name)) }
                }
            }
        }
        p {
            label for="vendor" { (language.says("调用过", "Has called")) }
            select id="vendor" name="vendor" {
                option value="" { (language.says("全部", "All")) }
                @for target in asked.desk.operations.targets() {
                    option value=(target.name()) selected[request.field("vendor") == Some(target.name())] { (target.name()) }
                }
            }
        }
    };
    html! {
        form.asked action="/history" {
            (between::fields(asked, (wanted.since, wanted.until), &outcomes))
            p {
                input id="sums" name="sums" type="checkbox" value="yes" checked[request.field("sums").is_some()];
                label for="sums" { (language.says("合计:各种结果有多少,各家回答得怎样", "Sums: how many ended how, and how vendors answered")) }
            }
            p {
                input id="causes" name="causes" type="checkbox" value="yes" checked[request.field("causes").is_some()];
                label for="causes" { (language.says("什么失败得最多,和前一段同样长的时间比", "What failed most, beside the span of that length before")) }
            }
            p { button { (language.says("列出", "List")) } }
        }
    }
}

fn listed(asked: &Asked<'_>, wanted: &history::Asked, found: &Turns) -> Markup {
    let language = asked.language;
    let (page, pager) = paged(asked, &found.turns, PAGE);
    let columns = [
        language.says("时间", "When"),
        language.says("流程", "Flow"),
        language.says("单据", "Document"),
        language.says("结果", "Ended"),
        language.says("收到", "Came"),
        language.says("调用", "Calls"),
    ];
    let rows: Vec<_> = page.iter().map(|turn| row(turn, language)).collect();
    html! {
        p {
            (found.turns.len()) @if found.has_more { "+" } " " (language.says("次", "turns")) ": "
            (shown(wanted.since)) " – " (shown(wanted.until))
        }
        (download(asked, "/history.csv", &FIELDS))
        (table(language, &columns, &rows))
        (pager)
    }
}

fn row(turn: &Turn, language: Language) -> Vec<Markup> {
    let Turn { at, came, flow, key, outcome, message, calls, .. } = turn;
    let outcome = outcome.as_deref().unwrap_or("–");
    let kind = match outcome {
        "delivered" | "found" | "confirmed" => "good",
        "failed" => "bad",
        _ => "warn",
    };
    vec![
        cell(shown(*at)),
        cell(flow.as_str()),
        document(flow, key),
        html! {
            (mark(kind, language.outcome(outcome)))
            @if let Some(message) = message { p.faint { (language.words(message)) } }
        },
        cell(came.map(shown).unwrap_or_default()),
        cell(calls.iter().map(Called::told).collect::<Vec<_>>().join("; ")),
    ]
}

/// What failed most, beside the span before.
fn causes(wanted: &history::Asked, Causes { causes, before_since }: &Causes, language: Language) -> Markup {
    let columns = [
        language.says("单数", "Documents"),
        language.says("前一段", "Before"),
        language.says("流程", "Flow"),
        language.says("原因", "Why"),
        language.says("最近一张", "The last"),
    ];
    let row = |Cause { flow, text, documents, before, last_key, last }: &Cause| {
        vec![
            cell(documents.to_string()),
            cell(before.to_string()),
            cell(flow.as_str()),
            cell(language.words(text)),
            html! { (document(flow, last_key)) p.faint { (shown(*last)) } },
        ]
    };
    let [before, since, until] = [*before_since, wanted.since, wanted.until].map(shown);
    html! {
        p { (since) " – " (until) "; " (language.says("前一段:", "before: ")) (before) " – " (since) }
        (table(language, &columns, &causes.iter().map(row).collect::<Vec<_>>()))
        p.faint { (language.says(
            "已经解决的也算;比 RELAY_HISTORY_DAYS 更早的没有。",
            "What is mended is among it; what is older than RELAY_HISTORY_DAYS is not."
        )) }
    }
}

fn summed(found: &Turns, language: Language) -> Markup {
    let columns = [
        language.says("流程", "Flow"),
        language.says("结果", "Ended"),
        language.says("次数", "Turns"),
        language.says("原因", "Why"),
    ];
    let row = |OutcomeSum { flow, outcome, why, turns }: OutcomeSum| {
        let why = why.map(|why| language.words(&why).into_owned()).unwrap_or_default();
        vec![cell(flow), cell(language.outcome(&outcome)), cell(turns.to_string()), cell(why)]
    };
    let outcomes: Vec<_> = found.by_outcome().into_iter().map(row).collect();
    let of_calls = [
        language.says("厂商", "Vendor"),
        language.says("操作", "Operation"),
        language.says("调用", "Calls"),
        language.says("没有回答", "Unanswered"),
        language.says("一半在", "Half within"),
        language.says("最长", "Longest"),
    ];
    let call = |CallSum { vendor, operation, calls, unanswered, half_within_ms, longest_ms }: CallSum| {
        let counts = [calls.to_string(), unanswered.to_string()];
        let took = [half_within_ms, longest_ms].map(|took| format!("{took} ms"));
        [vendor, operation].into_iter().chain(counts).chain(took).map(cell).collect()
    };
    let calls: Vec<Vec<Markup>> = found.by_call().into_iter().map(call).collect();
    html! {
        h2 { (language.says("结果", "How turns ended")) }
        (table(language, &columns, &outcomes))
        h2 { (language.says("调用", "Calls")) }
        (table(language, &of_calls, &calls))
    }
}
