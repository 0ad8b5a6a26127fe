//! What waits for each target, for how long, and what was given up?

use maud::{Markup, html};
use relay_operations::OperationError;
use relay_operations::dead_letters::{Dead, Says};
use relay_operations::pauses;
use relay_operations::status::Status;
use relay_operations::times::shown;
use relay_operations::waiting::{self, Failed, Waiting, Waits};

use crate::Asked;
use crate::language::Language;
use crate::page::{Page, act, cell, document, download, mark, paged, span, table, time, with_commands};

/// So many dead letters of a target are listed.
const LISTED: usize = 200;

pub(crate) async fn page(asked: &Asked<'_>) -> Result<Page, OperationError> {
    let (operations, language) = (&asked.desk.operations, asked.language);
    let status = operations.status().await?;
    let letters = operations.dead_letters(None).await?;
    let waiting = operations.waiting(&everything()).await?;
    let columns = [
        language.says("单据", "Document"),
        language.says("流程", "Flow"),
        language.says("入队时间", "Sent"),
        language.says("取出次数", "Received"),
    ];
    let body = html! {
        (table_of(&status, language))
        (listed(asked, &waiting))
        (failed(asked, &waiting.failed))
        @for (system, letters) in letters.iter().filter(|(_, letters)| !letters.is_empty()) {
            h2 { (system.name()) ": " (letters.len()) " " (language.says("封死信", "dead letters")) }
            p { (act(&[("what", "redrive"), ("target", system.name())], language.says("重新入队", "Send again"))) }
            (table(language, &columns, &letters.iter().take(LISTED).map(letter).collect::<Vec<_>>()))
        }
    };
    Ok(Page::new(language.says("队列", "Queues"), body))
}

/// Whatever came, and its target does not have yet.
fn everything() -> waiting::Asked {
    waiting::Asked { failed: true, ..waiting::Asked::default() }
}

/// Those that failed: their target does not have them either, or has an older version.
fn failed(asked: &Asked<'_>, failed: &[Failed]) -> Markup {
    let language = asked.language;
    let columns = [
        language.says("收到", "Came"),
        language.says("流程", "Flow"),
        language.says("单据", "Document"),
        language.says("怎样", "How"),
    ];
    let row = |of: &Failed| {
        vec![
            cell(shown(of.since)),
            cell(of.flow.as_str()),
            document(&of.flow, &of.key),
            html! { (with_commands(of.said().told(language))) },
        ]
    };
    let rows: Vec<_> = failed.iter().take(LISTED).map(row).collect();
    html! {
        @if !rows.is_empty() {
            h2 { (language.says("失败、等人处理的单据", "Documents that failed and wait for a person")) " (" (failed.len()) ")" }
            @if failed.len() > LISTED {
                p.faint { (language.says("最久的在这里;下载里是全部。", "Those that came first stand here; the file has all.")) }
            }
            (table(language, &columns, &rows))
        }
    }
}

/// What waits, the longest waiting first.
fn listed(asked: &Asked<'_>, waiting: &Waiting) -> Markup {
    let language = asked.language;
    let columns = [
        language.says("从", "Since"),
        language.says("流程", "Flow"),
        language.says("单据", "Document"),
        language.says("怎样", "How"),
    ];
    let (page, pager) = paged(asked, &waiting.documents, LISTED);
    let row = |Waits { flow, key, queued }: &Waits| {
        let said = queued.said();
        vec![
            cell(shown(queued.since)),
            cell(flow.as_str()),
            document(flow, key),
            html! { (with_commands(said.told(language))) },
        ]
    };
    let rows: Vec<_> = page.iter().map(row).collect();
    html! {
        p { a href="/bills" { (language.says("目标里已保存、待提交或待审核的单据", "Bills that targets have, to be submitted or audited")) } }
        h2 { (language.says("在等的单据", "Documents that wait")) " (" (waiting.documents.len()) @if waiting.has_more { "+" } ")" }
        @for queue in &waiting.unseen {
            p { (queue.system.name()) ": " (queue.waiting + queue.in_flight) " · "
                (language.says("SQS 不让人看里面是什么", "SQS shows nobody what it holds")) }
        }
        @if waiting.unseen.is_empty() || !rows.is_empty() { (table(language, &columns, &rows)) }
        (pager)
        @if !rows.is_empty() || !waiting.failed.is_empty() { (download(asked, "/waiting.csv", &[])) }
    }
}

/// All that waits, as a file.
pub(crate) async fn file(asked: &Asked<'_>) -> Result<String, OperationError> {
    asked.desk.operations.waiting(&everything()).await?.csv(asked.language)
}

fn letter(letter: &Dead) -> Vec<Markup> {
    let (what, flow) = match &letter.says {
        Says::Item { flow, key, .. } => (document(flow, key), flow.as_str()),
        Says::Unreadable { unreadable, .. } => (cell(unreadable.as_str()), "–"),
    };
    vec![what, cell(flow), cell(shown(letter.sent_at)), cell(letter.receive_count.to_string())]
}

/// The targets' queues.
pub(crate) fn table_of(status: &Status, language: Language) -> Markup {
    let columns = [
        language.says("队列", "Queue"),
        language.says("等待", "Waiting"),
        language.says("在途", "In flight"),
        language.says("死信", "Dead"),
        language.says("最久等了", "Oldest waits"),
        language.says("目标上次成功", "Target last well"),
        language.says("暂停", "Paused"),
    ];
    let rows = status.queues.iter().map(|(system, queue)| {
        let dead = match queue.dead {
            0 => cell("0"),
            count => mark("bad", &count.to_string()),
        };
        vec![
            cell(system.name()),
            cell(queue.waiting.to_string()),
            cell(queue.in_flight.to_string()),
            dead,
            span(queue.oldest_waiting_s),
            time(queue.target_health.last_success),
            cell(queue.paused.as_ref().map(pauses::told).unwrap_or_default()),
        ]
    });
    table(language, &columns, &rows.collect::<Vec<_>>())
}
