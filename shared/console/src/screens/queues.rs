//! What waits for each target, for how long, and what was given up?

use maud::{Markup, html};
use relay_operations::OperationError;
use relay_operations::dead_letters::{Dead, Says};
use relay_operations::pauses;
use relay_operations::status::Status;
use relay_operations::times::shown;

use crate::Asked;
use crate::language::Language;
use crate::page::{Page, act, cell, document, mark, span, table, time};

/// So many dead letters of a target are listed.
const LISTED: usize = 200;

pub(crate) async fn page(asked: &Asked<'_>) -> Result<Page, OperationError> {
    let (operations, language) = (&asked.desk.operations, asked.language);
    let status = operations.status().await?;
    let letters = operations.dead_letters(None).await?;
    let columns = [
        language.says("单据", "Document"),
        language.says("流程", "Flow"),
        language.says("入队时间", "Sent"),
        language.says("取出次数", "Received"),
    ];
    let body = html! {
        (table_of(&status, language))
        @for (system, letters) in letters.iter().filter(|(_, letters)| !letters.is_empty()) {
            h2 { (system.name()) ": " (letters.len()) " " (language.says("封死信", "dead letters")) }
            p { (act(&[("what", "redrive"), ("target", system.name())], language.says("重新入队", "Send again"))) }
            (table(language, &columns, &letters.iter().take(LISTED).map(letter).collect::<Vec<_>>()))
        }
    };
    Ok(Page::new(language.says("队列", "Queues"), body))
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
