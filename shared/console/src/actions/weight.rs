//! What an action comes to, before it is done.

use maud::{Markup, html};
use relay_operations::OperationError;
use relay_operations::alerts::Alerting;
use relay_operations::backfill::BackfillPlan;
use relay_operations::replay::plan::Costs;
use relay_operations::times::shown;

use super::Action;
use crate::Desk;
use crate::language::Language;

/// How many documents an action means, what it costs, and what it does there.
pub(super) async fn weight(
    desk: &Desk<'_>,
    action: &Action,
    language: Language,
) -> Result<Markup, OperationError> {
    let operations = &desk.operations;
    Ok(match action {
        Action::Replay { which, delivered } => {
            let plan = operations.plan_replay(which.clone(), *delivered).await?;
            html! {
                p.big { (plan.documents) " " (language.says("张单据", "documents")) }
                ul { @for costs in &plan.targets { li { (cost(costs, language)) } } }
            }
        }
        Action::Settle { which } => {
            let documents = operations.failures_of(which).await?.len();
            html! {
                p.big { (documents) " " (language.says("张单据", "documents")) }
                p { (language.says(
                    "它们不会再被发送;更旧的版本也不会。更新的版本会再来问人。",
                    "They are not sent any more, nor are older versions of them. A newer version asks a person again.",
                )) }
            }
        }
        Action::Pause { name, is_source } => html! {
            p.big { (name) }
            p { @if *is_source { (language.says("不再读取;推送照收。", "It is not read; what it pushes is taken.")) }
                @else { (language.says("单据照收,排队等待,不消耗重试。最多等 13 天。", "Documents are taken in and wait; no attempt is burned. They wait for 13 days at most.")) } }
        },
        Action::Resume { name, .. } => html! { p.big { (name) } },
        Action::Redrive { target } => {
            let letters = operations.dead_letters(Some(target)).await?;
            let count: usize = letters.values().map(Vec::len).sum();
            html! { p.big { (count) " " (language.says("封死信", "dead letters")) " → " (target) } }
        }
        Action::Close { flow, group } => {
            let shown = operations.group(Some(flow), group).await?;
            let members = shown.members.iter().filter(|member| !member.is_sealed).count();
            html! {
                p.big { (members) " " (language.says("张未入账的单据", "members that are not billed yet")) }
                p { (flow) " " (group) }
                @if let Some(now) = &shown.listed.closed_now {
                    p { (now.bills.len()) " " (language.says("张单", "bills")) ", " (now.lines) " " (language.says("行", "lines")) ": " (now.summed()) }
                }
            }
        }
        Action::Backfill { flow, from, to } => {
            let plan = operations.plan_backfill(flow, (*from, *to), desk.connect).await?;
            html! {
                p.big {
                    @match plan.rows {
                        Some(rows) => { (rows) " " (language.says("行", "rows")) }
                        None => { (language.says("行数未知", "It is not known how many rows")) }
                    }
                }
                p { (flow) ": " (shown(*from)) " – " (shown(*to)) }
                p { (range_cost(&plan, language)) }
            }
        }
        Action::TestAlert { flow } => {
            let alerting = alerting(desk, flow.as_deref());
            html! {
                p.big { (alerting.len()) " " (language.says("条测试告警", "test alerts")) }
                ul { @for Alerting { flow, target } in &alerting { li { (flow) " → " (target) } } }
                p { (language.says("现在就发,标明是测试;不合并,不排队。", "They are sent at once and say that they are tests; none is damped or queued.")) }
            }
        }
        Action::Rewind { flow, to } => {
            let plan = operations.plan_rewind(flow, *to, desk.connect).await?;
            html! {
                p.big { (plan.rows_in_words().told(language)) }
                p { (plan.warning().told(language)) }
                @if let Some(range) = &plan.range { p { (range_cost(range, language)) } }
            }
        }
    })
}

/// The flow that alerts, or all that do.
fn alerting(desk: &Desk<'_>, flow: Option<&str>) -> Vec<Alerting> {
    let mut alerting = desk.operations.alerting();
    alerting.retain(|alerting| flow.is_none_or(|flow| alerting.flow == flow));
    alerting
}

fn cost(costs: &Costs, language: Language) -> String {
    let Costs { document, documents, calls, calls_a_minute, repeat } = costs;
    let repeat = repeat.told(language);
    let minutes = about(*calls, *calls_a_minute, language);
    let up_to = language.says("最多", "up to");
    format!(
        "{document}: {documents}; {up_to} {calls} {}{minutes}; {repeat}",
        language.says("次调用", "calls")
    )
}

/// How many minutes so many calls take at the target's pace, where that is known, behind a comma.
fn about(calls: u64, calls_a_minute: Option<u32>, language: Language) -> String {
    let Some(limit) = calls_a_minute.filter(|limit| *limit > 0) else { return String::new() };
    let minutes = calls.div_ceil(u64::from(limit));
    match language {
        Language::Chinese => format!(",约 {minutes} 分钟"),
        Language::English => format!(", about {minutes} min"),
    }
}

fn range_cost(plan: &BackfillPlan, language: Language) -> String {
    let calls =
        format!("{} {} {}", language.says("至少", "at least"), plan.calls, language.says("次调用", "calls"));
    let minutes = about(plan.calls, plan.calls_a_minute, language);
    let asked = match plan.is_asked {
        true => language.says(
            ";目标里已有的会先被问到,不会重单;新的单据优先",
            "; its target is asked for each document first, so that none is made twice; what is new goes before",
        ),
        false => language.says(";新的单据优先", "; what is new goes before"),
    };
    format!("{calls}{minutes}{asked}")
}
