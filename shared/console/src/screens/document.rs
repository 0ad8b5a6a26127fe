//! What became of this document?

use maud::{Markup, html};
use relay_core::archive::{Event, Exchange, Record};
use relay_operations::OperationError;
use relay_operations::explain::Differing;
use relay_operations::failures::Failure;
use relay_operations::log::Did;
use relay_operations::pauses;
use relay_operations::record::is_personal;
use relay_operations::show::{self, Shown};
use relay_operations::times::shown;
use serde_json::Value;

use super::search;
use crate::language::Language;
use crate::page::{Page, act, link, mark};
use crate::privacy::Privacy;
use crate::{Asked, Request};

pub(crate) async fn page(asked: &Asked<'_>) -> Result<Page, OperationError> {
    let (flow, key) = named(asked.request);
    let document = asked.desk.operations.show(flow, key).await?;
    Ok(of(asked, &document, Privacy::Masked))
}

/// With personal data, because somebody has asked for it: the audit trail says who.
pub(crate) async fn revealed(asked: &Asked<'_>) -> Result<Page, OperationError> {
    let (flow, key) = named(asked.request);
    let operations = &asked.desk.operations;
    let document = operations.show(flow, key).await?;
    operations.note(Did::of("reveal", format!("{flow} {key}"))).await;
    Ok(of(asked, &document, Privacy::Revealed))
}

fn named(request: &Request) -> (&str, &str) {
    (request.field("flow").unwrap_or_default(), request.field("key").unwrap_or_default())
}

fn of(asked: &Asked<'_>, document: &Shown, privacy: Privacy) -> Page {
    let language = asked.language;
    let Shown { flow, key, history, .. } = document;
    let of = [("flow", flow.as_str()), ("key", key.as_str())];
    let does = |what| [("what", what), of[0], of[1]];
    let body = html! {
        p.faint { (flow) }
        (facts(document, language))
        p {
            @if document.failures.is_empty() {
                @if document.delivered.is_some() {
                    (act(&[("what", "replay"), of[0], of[1], ("delivered", "yes")], language.says("再发一次", "Send again")))
                }
            } @else {
                (act(&does("replay"), language.says("重放", "Send again")))
                (act(&does("settle"), language.says("了结", "Settle")))
            }
            (link("/explain", &of, language.says("每个字段从哪里来", "Where each field comes from")))
        }
        @for failure in &document.failures { (failed(failure, language)) }
        h2 { (language.says("经过", "What happened")) }
        @if privacy == Privacy::Masked && !history.is_empty() && asked.may_act() {
            form method="post" action="/document" {
                @for (name, value) in of { input type="hidden" name=(name) value=(value); }
                input type="hidden" name="token" value=(asked.token);
                p.faint { (language.says("姓名、电话、地址已遮盖。", "Names, phones and addresses are masked.")) " "
                    button { (language.says("显示(会记入操作记录)", "Show them (the audit trail says so)")) } }
            }
        }
        @if history.is_empty() {
            p.nothing { (language.says("没有留存的经过。", "There is no history of it.")) }
        }
        ol.way {
            @for (place, record) in history.iter().enumerate() {
                li { (happened(record, privacy, language)) (changes(&history[..place], record, privacy, language)) }
            }
        }
    };
    Page::new(key.as_str(), body)
}

/// How it stands: the target's id, the numbers it is found by, what may be under way.
fn facts(document: &Shown, language: Language) -> Markup {
    let (kind, stands) = search::stands(document, language);
    html! {
        dl {
            dt { (language.says("状态", "Stands")) } dd { (mark(kind, stands)) }
            @if let Some(delivered) = &document.delivered {
                dt { (language.says("已送达版本", "Version delivered")) }
                dd { (delivered.version.as_deref().unwrap_or("–")) ", " (shown(delivered.at)) }
                dt { (language.says("目标里的 id", "Id in the target")) }
                dd { (delivered.target_id.as_deref().unwrap_or("–")) }
                @if let Some(by) = document.made_by {
                    dt { (language.says("按流程文件", "By the flow's file of")) }
                    dd {
                        (link("/flow", &[("name", document.flow.as_str())], &shown(by.since))) " "
                        @if by.changes_since == 0 {
                            (language.says("的版本,此后没改过", "which has not changed since"))
                        } @else {
                            (language.says("的版本,此后改过", "which has changed since,")) " " (by.changes_since) " "
                            (language.says("次", "times"))
                        }
                    }
                }
            }
            @if let Some(attempts) = &document.attempts {
                dt { (language.says("尝试", "Tried")) }
                dd { (attempts.count) " × " (shown(attempts.at)) ": " (language.words(&attempts.message)) }
            }
            @if let Some(request) = &document.unanswered {
                dt { (language.says("回答丢失", "Answer lost")) } dd { (shown(request.at)) }
            }
            @if let Some(settled) = &document.settled {
                dt { (language.says("人工了结", "Settled")) }
                dd { (settled.by) ", " (shown(settled.at)) ": " (settled.reason.as_deref().unwrap_or("–")) }
            }
            @if let Some(edited) = &document.edited {
                dt { (language.says("人工改过", "Edited")) } dd { (edited.by) ", " (shown(edited.at)) }
            }
            @for queued in &document.queued {
                dt { (language.says("队列", "Queue")) } dd { (queued.said().told(language)) }
            }
            @if let Some(pause) = &document.paused {
                dt { (language.says("暂停", "Paused")) } dd { (pauses::told(pause)) }
            }
            @if let Some(group) = &document.group {
                dt { (language.says("汇总", "Group")) }
                dd { (link("/group", &[("flow", &document.flow), ("group", &group.group)], &group.group)) }
                @if !group.bills.is_empty() {
                    dt { (language.says("它的单据", "Its bills")) }
                    dd { @for bill in &group.bills { (link("/search", &[("q", bill)], bill)) " " } }
                }
                @if !group.members.is_empty() {
                    dt { (language.says("它的成员", "Its members")) }
                    dd { @for member in &group.members { (crate::page::document(&document.flow, &member.key)) " " } }
                }
            }
            @if !document.numbers.is_empty() {
                dt { (language.says("单号", "Numbers")) } dd { (document.numbers.join(", ")) }
            }
        }
    }
}

fn failed(failure: &Failure, language: Language) -> Markup {
    let Failure { version, class, code, message, attempts, at, .. } = failure;
    html! {
        div.card {
            (mark("bad", class.code())) " " (code.as_deref().unwrap_or_default()) " " span.faint { (shown(*at)) }
            p { (language.words(message)) }
            p.faint {
                (language.class(class.code())) " · " (language.says("版本", "version")) " "
                (version.as_deref().unwrap_or("–")) " · " (attempts) " " (language.says("次尝试", "attempts"))
            }
        }
    }
}

fn happened(record: &Record, privacy: Privacy, language: Language) -> Markup {
    let Record { version, at, event, .. } = record;
    html! {
        span.faint { (shown(*at)) } " "
        @match event {
            Event::Received { document } => {
                strong { (language.says("收到", "Came")) } " "
                span.faint { (language.says("版本", "version")) " " (version.as_deref().unwrap_or("–")) }
                pre tabindex="0" { (privacy.shows(document)) }
            }
            Event::Called(exchange) => { (called(exchange, privacy, language)) }
            Event::Ended { outcome, message, attempt } => {
                strong { (outcome) } " " span.faint { (language.says("第几次", "attempt")) " " (attempt) }
                @if let Some(message) = message { p { (language.words(message)) } }
            }
        }
    }
}

/// Where a version differs from the one that came before it.
fn changes(before: &[Record], record: &Record, privacy: Privacy, language: Language) -> Markup {
    let came = |record: &Record| match &record.event {
        Event::Received { document } => Some(document.clone()),
        Event::Called(_) | Event::Ended { .. } => None,
    };
    let changed = match (before.iter().rev().find_map(came), came(record)) {
        (Some(before), Some(now)) => show::changed(&before, &now),
        _ => Vec::new(),
    };
    let value = |field: &str, value: &Option<Value>| match value {
        None => "–".to_owned(),
        Some(_) if privacy == Privacy::Masked && is_personal(field) => "•••".to_owned(),
        Some(value) => value.to_string(),
    };
    html! {
        @if !changed.is_empty() {
            p.faint { (language.says("和上一次来的不同", "Beside what had come before it")) }
            ul { @for Differing { field, there, now } in &changed {
                li { code { (field) } " " (value(field, there)) " → " (value(field, now)) }
            } }
        }
    }
}

fn called(exchange: &Exchange, privacy: Privacy, language: Language) -> Markup {
    let Exchange { vendor, operation, parameters, body, answer, duration } = exchange;
    html! {
        strong { (vendor) " " (operation) } " " span.faint { (duration.as_millis()) " ms" }
        @for (name, value) in parameters { p.faint { (name) } pre tabindex="0" { (privacy.shows(value)) } }
        @if !body.is_empty() { p.faint { (language.says("发送", "Sent")) } pre tabindex="0" { (privacy.shows(body)) } }
        @match answer {
            Ok(answer) => { p.faint { (language.says("回答", "Answered")) } pre tabindex="0" { (privacy.shows(answer)) } }
            Err(why) => { p { (mark("bad", language.says("没有回答", "No answer"))) " " (why) } }
        }
    }
}
