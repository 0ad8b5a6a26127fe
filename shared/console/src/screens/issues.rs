//! Why do documents fail, and which?

use maud::{Markup, html};
use relay_operations::export;
use relay_operations::failures::Failure;
use relay_operations::issues::{self, Issue};
use relay_operations::times::shown;
use relay_operations::which::Which;
use relay_operations::{OperationError, Operations};

use crate::language::Language;
use crate::page::{Page, act, cell, document, download, link, mark, paged, table};
use crate::{Asked, Request};

/// So many documents stand on a page.
const PAGE: usize = 200;

pub(crate) async fn page(asked: &Asked<'_>) -> Result<Page, OperationError> {
    let (desk, request, language) = (asked.desk, asked.request, asked.language);
    let which = which(request);
    let entries = desk.operations.failures_of(&which).await?;
    let causes = issues::of(&entries);
    let failures: Vec<_> = entries.iter().flat_map(Failure::of_entry).collect();
    let (failures, pager) = paged(asked, &failures, PAGE);
    // Those of one flow can be ticked, and dealt with together.
    let flow = failures.first().map(|failure| failure.flow.as_str());
    let flow = flow.filter(|flow| asked.may_act() && failures.iter().all(|failure| failure.flow == *flow));
    let rows: Vec<_> = failures.iter().map(|failure| row(failure, flow.is_some(), language)).collect();
    let columns = [
        language.says("勾选", "Tick"),
        language.says("流程", "Flow"),
        language.says("单据", "Document"),
        language.says("类别", "Class"),
        language.says("原因", "Reason"),
        language.says("时间", "When"),
        language.says("操作", "Actions"),
    ];
    let body = html! {
        (self::causes(&desk.operations, &causes, language))
        h2 { (language.says("失败的单据", "Documents that failed")) " (" (entries.len()) ")" }
        form action="/issues" {
            @for name in ["flow", "cause"] {
                @if let Some(value) = request.field(name) { input type="hidden" name=(name) value=(value); }
            }
            label for="grep" { (language.says("其中含有", "With this text")) } " "
            input id="grep" name="grep" value=(request.field("grep").unwrap_or_default());
            " " button { (language.says("筛选", "Filter")) }
        }
        (download(asked, "/issues.csv", &["flow", "cause", "grep"]))
        p { a href="/errors" { (language.says("报错索引:代码和原话是什么意思", "The error index: what codes and messages mean")) } }
        @if which.grep.is_some() && !entries.is_empty() {
            @let does = |what| fields(what, &which);
            p {
                (act(&does("replay"), language.says("筛出的全部重放", "Send all of these again"))) " "
                (act(&does("settle"), language.says("筛出的全部了结", "Settle all of these")))
            }
        }
        @match flow {
            Some(flow) => { form action="/do" {
                input type="hidden" name="flow" value=(flow);
                p.together {
                    (language.says("勾选的:", "Those that are ticked:")) " "
                    button name="what" value="replay" { (language.says("重放", "Send again")) } " "
                    button name="what" value="settle" { (language.says("了结", "Settle")) }
                }
                (table(language, &columns, &rows))
            } }
            None => { (table(language, &columns[1..], &rows)) }
        }
        (pager)
    };
    Ok(Page::new(language.says("问题", "Issues"), body))
}

/// Those that the fields name.
fn which(request: &Request) -> Which {
    let field = |name: &str| request.field(name).map(str::to_owned);
    Which { flow: field("flow"), cause: field("cause"), grep: field("grep"), ..Which::default() }
}

/// All of them, as a file.
pub(crate) async fn file(asked: &Asked<'_>) -> Result<String, OperationError> {
    export::failures(&asked.desk.operations.failures_of(&which(asked.request)).await?, asked.language)
}

/// The fields of an action on what the filter has left.
fn fields<'w>(what: &'w str, which: &'w Which) -> Vec<(&'static str, &'w str)> {
    let named = [("flow", &which.flow), ("cause", &which.cause), ("grep", &which.grep)];
    let named = named.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
    std::iter::once(("what", what)).chain(named).collect()
}

fn row(failure: &Failure, is_ticked: bool, language: Language) -> Vec<Markup> {
    let Failure { flow, key, class, code, message, at, .. } = failure;
    let of = [("flow", flow.as_str()), ("key", key.as_str())];
    let does = |what| [("what", what), of[0], of[1]];
    let tick = is_ticked.then(|| html! { input type="checkbox" name="key" value=(key) aria-label=(key); });
    let cells = [
        cell(flow.as_str()),
        document(flow, key),
        class_of(class.code(), code.as_deref()),
        cell(language.words(message)),
        cell(shown(*at)),
        html! {
            (act(&does("replay"), language.says("重放", "Send again")))
            (act(&does("settle"), language.says("了结", "Settle")))
        },
    ];
    tick.into_iter().chain(cells).collect()
}

fn class_of(class: &str, code: Option<&str>) -> Markup {
    html! { (mark("bad", class)) @if let Some(code) = code { br; span.faint { (code) } } }
}

/// Failures by their cause.
pub(crate) fn causes(operations: &Operations<'_>, causes: &[Issue], language: Language) -> Markup {
    let columns = [
        language.says("数量", "Documents"),
        language.says("流程", "Flow"),
        language.says("类别", "Class"),
        language.says("原因", "Reason"),
        language.says("最早", "First"),
        language.says("最近", "Last"),
        language.says("操作", "Actions"),
    ];
    let row = |issue: &Issue| {
        let Issue { cause, flow, class, code, text, documents, first_seen, last_seen, sample, .. } = issue;
        let named = [("cause", cause.as_str())];
        let does = |what| [("what", what), named[0]];
        vec![
            link("/issues", &named, &documents.to_string()),
            cell(flow.as_str()),
            class_of(class.code(), code.as_deref()),
            html! {
                (language.words(text))
                br; span.faint { (language.class(class.code())) }
                @if let Some(row) = operations.indexed(issue) {
                    br; (row.meaning.told(language)) (language.says(":", ": ")) (row.way_out.told(language))
                }
                br; span.faint { (language.says("例如", "such as")) " " (document(flow, &sample.key)) }
            },
            cell(shown(*first_seen)),
            cell(shown(*last_seen)),
            html! {
                (act(&does("replay"), language.says("全部重放", "Send all again")))
                (act(&does("settle"), language.says("全部了结", "Settle all")))
            },
        ]
    };
    table(language, &columns, &causes.iter().map(row).collect::<Vec<_>>())
}
