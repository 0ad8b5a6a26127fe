//! How far has each flow come?

use maud::{Markup, html};
use relay_operations::OperationError;
use relay_operations::alerts::Alerting;
use relay_operations::pauses;
use relay_operations::status::{FlowStatus, Status};

use crate::Asked;
use crate::language::Language;
use crate::page::{Page, act, cell, link, mark, span, table, time};

pub(crate) async fn page(asked: &Asked<'_>) -> Result<Page, OperationError> {
    let status = asked.desk.operations.status().await?;
    let language = asked.language;
    let alerting = asked.desk.operations.alerting();
    let body = html! {
        (table_of(&status, language))
        h2 { (language.says("告警", "Alerts")) }
        (alerts(&alerting, language))
        @for (name, flow) in &status.flows { (notes(name, flow, language)) }
    };
    Ok(Page::new(language.says("流程", "Flows"), body))
}

/// The flows that alert, each with the way to a test.
fn alerts(alerting: &[Alerting], language: Language) -> Markup {
    let columns =
        [language.says("流程", "Flow"), language.says("发到", "Alerts at"), language.says("操作", "Actions")];
    let test = language.says("发测试告警", "Send a test alert");
    let row = |Alerting { flow, target }: &Alerting| {
        let act = act(&[("what", "test-alert"), ("flow", flow.as_str())], test);
        vec![link("/flow", &[("flow", flow.as_str())], flow), cell(*target), act]
    };
    html! {
        @if alerting.is_empty() {
            p { (language.says("没有发告警的流程:把流程文件夹里 alerts 中的文件移到上一层(relay init 放在那里),再重新读取流程。", "No flow alerts anybody: move the files in alerts up into your folder of flows (relay init puts them there), and read the flows anew.")) }
        } @else {
            (table(language, &columns, &alerting.iter().map(row).collect::<Vec<_>>()))
            @if alerting.len() > 1 { p { (act(&[("what", "test-alert")], language.says("每个流程都发一条测试告警", "Send a test alert by each of them"))) } }
        }
    }
}

/// The flows, each with how far it has come.
pub(crate) fn table_of(status: &Status, language: Language) -> Markup {
    let columns = [
        language.says("流程", "Flow"),
        language.says("从 → 到", "From → to"),
        language.says("今天读入 / 送达", "Read / delivered today"),
        language.says("已送达", "Delivered"),
        language.says("等待", "Waiting"),
        language.says("失败", "Failed"),
        language.says("读到", "Read until"),
        language.says("落后", "Lag"),
        language.says("来源上次成功", "Source last well"),
        language.says("下次读取", "Next run"),
        language.says("操作", "Actions"),
    ];
    let rows: Vec<_> = status.flows.iter().map(|(name, flow)| row(name, flow, status, language)).collect();
    table(language, &columns, &rows)
}

fn row(name: &str, flow: &FlowStatus, status: &Status, language: Language) -> Vec<Markup> {
    let failed = match flow.failed {
        0 => cell("0"),
        count => link("/issues", &[("flow", name)], &count.to_string()),
    };
    vec![
        html! { (link("/flow", &[("flow", name)], name)) @if let Some(title) = &flow.title { br; span.faint { (title) } } },
        cell(format!("{} → {}", flow.source, flow.target)),
        cell(format!("{} / {}", flow.today.read, flow.today.delivered)),
        link("/delivered", &[("flow", name)], &count(flow.delivered)),
        cell(status.waiting_in_words(flow)),
        failed,
        time(flow.read_until),
        span(flow.lag_s),
        time(flow.source_health.last_success),
        time(flow.next_run),
        steer(name, flow.paused.is_some(), language),
    ]
}

fn count(count: Option<u64>) -> String {
    count.map_or_else(|| "–".to_owned(), |count| count.to_string())
}

fn steer(name: &str, is_paused: bool, language: Language) -> Markup {
    match is_paused {
        true => html! {
            (mark("warn", language.says("已暂停", "paused"))) br;
            (act(&[("what", "resume"), ("name", name)], language.says("恢复", "Resume")))
        },
        false => act(&[("what", "pause"), ("name", name)], language.says("暂停", "Pause")),
    }
}

/// What is to be known of a flow besides.
fn notes(name: &str, flow: &FlowStatus, language: Language) -> Markup {
    let pauses = flow.paused.iter().chain(&flow.source_paused).map(pauses::told);
    let error =
        flow.source_health.last_error.as_ref().map(|error| language.words(&error.message).into_owned());
    let told: Vec<_> = pauses
        .chain(error)
        .chain(flow.mistakes.iter().cloned())
        .chain(flow.notes.iter().map(|note| note.told(language).to_owned()))
        .collect();
    html! {
        @if !told.is_empty() || flow.open_groups.is_some() {
            div.card {
                strong { (name) }
                @if let Some(open) = flow.open_groups {
                    p { a href="/groups" { (open) " " (language.says("个汇总组未封账", "groups are open")) } }
                }
                ul { @for line in told { li { (line) } } }
            }
        }
    }
}
