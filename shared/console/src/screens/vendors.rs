//! Does each system answer, and what of its quota is used?

use maud::{Markup, html};
use relay_operations::OperationError;
use relay_operations::status::{Side, Standing, Status};
use relay_operations::times::shown;

use crate::Asked;
use crate::language::Language;
use crate::page::{Page, act, cell, mark, table};

pub(crate) async fn page(asked: &Asked<'_>) -> Result<Page, OperationError> {
    let status = asked.desk.operations.status().await?;
    let language = asked.language;
    let body = html! {
        (table_of(&status, language))
        p { a href="/calls" { (language.says("各系统被调用了多少次", "How many calls each got")) } }
    };
    Ok(Page::new(language.says("系统与额度", "Systems and quotas"), body))
}

/// The systems at either end, and their quotas.
pub(crate) fn table_of(status: &Status, language: Language) -> Markup {
    let columns = [
        language.says("系统", "System"),
        language.says("作为来源", "As a source"),
        language.says("作为目标", "As a target"),
        language.says("一分钟内的调用", "Calls in a minute"),
        language.says("在等额度", "Waiting for the quota"),
    ];
    let rows = status.vendors.iter().map(|(system, vendor)| {
        let limit = vendor.calls_a_minute.map(|limit| format!(" / {limit}")).unwrap_or_default();
        vec![
            cell(system.name()),
            side(system.name(), vendor.source.as_ref(), true, language),
            side(system.name(), vendor.target.as_ref(), false, language),
            cell(format!("{}{limit}", vendor.used.last_minute)),
            cell(vendor.used.waiting.to_string()),
        ]
    });
    table(language, &columns, &rows.collect::<Vec<_>>())
}

fn side(name: &str, side: Option<&Side>, is_source: bool, language: Language) -> Markup {
    let Some(Side { stands, why, until }) = side else { return cell("–") };
    let (kind, words) = match stands {
        Standing::Paused => ("warn", language.says("已暂停", "paused")),
        Standing::Refusing => ("bad", language.says("拒绝", "refusing")),
        Standing::Unreachable => ("bad", language.says("连不上", "unreachable")),
        Standing::Reachable => ("good", language.says("正常", "reachable")),
        Standing::Unknown => ("warn", language.says("还没问过", "not asked yet")),
    };
    let is_paused = *stands == Standing::Paused;
    let (what, words_of_it) = match is_paused {
        true => ("resume", language.says("恢复", "Resume")),
        false => ("pause", language.says("暂停", "Pause")),
    };
    let side = is_source.then_some(("side", "source"));
    let fields: Vec<_> = [("what", what), ("name", name)].into_iter().chain(side).collect();
    html! {
        (mark(kind, words)) " " (act(&fields, words_of_it))
        @if let Some(why) = why { p { (why.told(language)) } }
        @if let Some(until) = until { p.faint { (language.says("到", "until")) " " (shown(*until)) } }
    }
}
