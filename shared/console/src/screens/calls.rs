//! How many calls did each vendor get, and how many came to nothing?

use maud::{Markup, html};
use relay_operations::OperationError;
use relay_operations::calls::{Counted, OfCall, OfPurpose, QUERY, Span, failed_said, purpose_said};

use crate::Asked;
use crate::language::Language;
use crate::page::{Page, cell, download, mark, table};

pub(crate) async fn page(asked: &Asked<'_>) -> Result<Page, OperationError> {
    let language = asked.language;
    let body = match asked.desk.operations.calls().await? {
        None => of_a_stack(language),
        Some(counted) if counted.since.is_none() => html! {
            p { (language.says("还没有数过一次调用。", "No call was counted yet.")) }
        },
        Some(counted) => html! {
            p.faint { (language.says("没成:被拒绝的和没有回答的。日子按北京时间。", "Came to nothing: refused, and unanswered. Days are China's.")) }
            (download(asked, "/calls.csv", &[]))
            (by_operation(&counted, language))
            h2 { (language.says("为了什么", "What for")) }
            (by_purpose(&counted, language))
            @if let Some(since) = counted.since {
                p.faint { (language.says("从这天开始数:", "Counted since ")) (since) }
            }
        },
    };
    Ok(Page::new(language.says("调用次数", "Calls"), body))
}

/// All of them, as a file; of a stack it is empty.
pub(crate) async fn file(asked: &Asked<'_>) -> Result<String, OperationError> {
    match asked.desk.operations.calls().await? {
        Some(counted) => counted.csv(asked.language),
        None => Ok(String::new()),
    }
}

fn columns(first: [&'static str; 2], language: Language) -> Vec<String> {
    let spans = Span::ALL.map(|span| span.said().told(language).to_owned());
    first.into_iter().map(str::to_owned).chain(spans).collect()
}

fn by_operation(counted: &Counted, language: Language) -> Markup {
    let columns = columns([language.says("系统", "System"), language.says("操作", "Call")], language);
    let columns: Vec<_> = columns.iter().map(String::as_str).collect();
    let row = |OfCall { vendor, operation, spans }: &OfCall| {
        let is_sum = operation.is_none();
        let operation = operation.as_deref().unwrap_or(language.says("合计", "All"));
        let of_whom = html! { @if is_sum { strong { (operation) } } @else { (operation) } };
        let cells = spans.iter().map(|of| {
            html! {
                (of.calls)
                @if of.failures() > 0 {
                    p { (mark("bad", &format!("{} {}", of.failures(), language.says("次没成", "came to nothing")))) }
                    p.faint { (failed_said(of)) }
                }
            }
        });
        [cell(vendor.as_str()), of_whom].into_iter().chain(cells).collect()
    };
    table(language, &columns, &counted.calls.iter().map(row).collect::<Vec<_>>())
}

fn by_purpose(counted: &Counted, language: Language) -> Markup {
    let columns = columns([language.says("系统", "System"), language.says("为了", "For")], language);
    let columns: Vec<_> = columns.iter().map(String::as_str).collect();
    let row = |OfPurpose { vendor, purpose, spans }: &OfPurpose| {
        let head = [vendor.clone(), purpose_said(*purpose).told(language).to_owned()];
        head.into_iter().chain(spans.iter().map(u64::to_string)).map(cell).collect()
    };
    table(language, &columns, &counted.purposes.iter().map(row).collect::<Vec<Vec<_>>>())
}

fn of_a_stack(language: Language) -> Markup {
    html! {
        p { (language.says(
            "函数把调用次数写进各自的日志。在 CloudWatch Logs Insights 里选它们的日志组和时间,运行:",
            "The functions count their calls in their logs. In Logs Insights of CloudWatch choose their log groups and the time, and run:"
        )) }
        pre { (QUERY) }
        p { (language.says("为单据做的调用,按操作:", "What was called for documents, by operation: "))
            a href="/history?sums=yes" { (language.says("经过的合计", "sums of the history")) } }
    }
}
