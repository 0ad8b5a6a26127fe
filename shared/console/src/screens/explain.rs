//! Where does each field come from, and what would become of the document now?

use maud::{Markup, html};
use relay_mapping::{Ended, FieldTrace};
use relay_operations::OperationError;
use relay_operations::explain::{self, Becomes, Compared, Explained, Target};
use relay_operations::record::is_personal;
use relay_operations::times::shown;
use serde_json::Value;

use crate::Asked;
use crate::language::Language;
use crate::page::{Page, address, cell, document, link, mark, table};

/// What stands in the place of names, phones and addresses: the page of the document shows them to who asks.
const HIDDEN: &str = "•••";

pub(crate) async fn page(asked: &Asked<'_>) -> Result<Page, OperationError> {
    let (request, language) = (asked.request, asked.language);
    let (flow, key) = (request.field("flow").unwrap_or_default(), request.field("key").unwrap_or_default());
    let given = explain::Asked::Key(key);
    let explained = asked.desk.operations.explain(flow, given, asked.desk.connect, Target::IsRead).await?;
    Ok(of(&explained, &document(flow, key), language))
}

/// Of a document that somebody has pasted: nothing is sent.
pub(crate) async fn pasted(asked: &Asked<'_>) -> Result<Page, OperationError> {
    let (request, language) = (asked.request, asked.language);
    let (flow, text) =
        (request.field("flow").unwrap_or_default(), request.field("document").unwrap_or_default());
    let given = match serde_json::from_str(text) {
        Ok(given) => explain::Asked::Document(given),
        Err(error) => {
            let title = language.says("这不是 JSON", "This is no JSON");
            return Ok(Page::notice(title, &error.to_string()));
        }
    };
    let explained = asked.desk.operations.explain(flow, given, asked.desk.connect, Target::IsRead).await?;
    let name = explained.key.clone().unwrap_or_else(|| "–".to_owned());
    Ok(of(&explained, &cell(name), language))
}

fn of(explained: &Explained, name: &Markup, language: Language) -> Page {
    let columns = [
        language.says("目标字段", "Target's field"),
        language.says("值", "Value"),
        language.says("来自", "From"),
        language.says("读到", "Found"),
        language.says("对照", "Looked up"),
        language.says("规则在第几行", "Line of the rule"),
    ];
    let fields: Vec<_> =
        explained.trace.fields.iter().map(|field| row(field, &explained.flow, language)).collect();
    let body = html! {
        p { (name) " " span.faint { (link("/flow", &[("flow", &explained.flow)], &explained.flow)) } }
        (verdict(explained, language))
        h2 { (language.says("字段", "Fields")) }
        (table(language, &columns, &fields))
        h2 { (language.says("与上次发送的不同", "Beside what was sent last")) }
        (compared(&explained.sent_last, language))
        h2 { (language.says("与目标现在的不同", "Beside what the target has now")) }
        (compared(&explained.target_now, language))
    };
    Page::new(language.says("每个字段从哪里来", "Where each field comes from"), body)
}

fn verdict(explained: &Explained, language: Language) -> Markup {
    let (kind, becomes) = match explained.verdict.becomes {
        Becomes::Sent => ("good", language.says("会发送", "It would be sent")),
        Becomes::Grouped => ("good", language.says("会进入分组", "It would go into its group")),
        Becomes::Withdrawn => ("warn", language.says("会从分组中撤出", "It would be taken out of its group")),
        Becomes::Unknown => ("warn", language.says("无法判断", "It cannot be told what would become of it")),
        Becomes::Nothing => ("warn", language.says("不会发送", "Nothing would be sent")),
        Becomes::Fails => ("bad", language.says("会失败", "It would fail")),
    };
    html! {
        p { (mark(kind, becomes)) @if let Some(why) = &explained.verdict.why { ": " (why) } }
        ul {
            @for fault in &explained.faults { li { (fault) } }
            @for code in &explained.unresolved {
                li { (code.table) " " (code.code) " " (language.says("问不到:", "could not be asked for: ")) (code.why) }
            }
        }
    }
}

fn row(field: &FieldTrace, flow: &str, language: Language) -> Vec<Markup> {
    let is_personal = is_personal(&field.target) || field.reads.iter().any(|read| is_personal(&read.path));
    let shows = |value: String| if is_personal { HIDDEN.to_owned() } else { value };
    let value = match (&field.result, field.ended) {
        (Some(value), Ended::Default) => {
            format!("{} ({})", shows(text(value)), language.says("缺省", "the default"))
        }
        (Some(value), _) => shows(text(value)),
        (None, Ended::Fault) => field.fault.clone().unwrap_or_default(),
        (None, _) => language.says("不发送", "left out").to_owned(),
    };
    let reads = field.reads.iter().map(|read| {
        let found = read.value.clone().map_or_else(|| language.says("没有", "absent").to_owned(), shows);
        format!("{} = {found}", read.path)
    });
    let lookup = field.lookup.as_ref().map(|lookup| {
        let id = lookup.id.as_deref().unwrap_or(language.says("不认识", "unknown"));
        format!("{} {} → {id}", lookup.table, lookup.code)
    });
    vec![
        cell(field.target.as_str()),
        cell(value),
        cell(format!("{} {}", field.takes, field.source)),
        cell(reads.collect::<Vec<_>>().join("; ")),
        cell(lookup.unwrap_or_default()),
        html! { @if let Some(at) = field.at { a href={ (address("/flow", &[("flow", flow)])) "#L" (at.line) } { (at.line) } } },
    ]
}

fn compared(compared: &Compared, language: Language) -> Markup {
    let columns = [
        language.says("字段", "Field"),
        language.says("那里", "There"),
        language.says("现在会发送", "Would be sent now"),
    ];
    let row = |differing: &explain::Differing| {
        let is_personal = is_personal(&differing.field);
        let value = |value: &Option<Value>| match value {
            Some(_) if is_personal => cell(HIDDEN),
            Some(value) => cell(text(value)),
            None => cell("–"),
        };
        vec![cell(differing.field.as_str()), value(&differing.there), value(&differing.now)]
    };
    let rows: Vec<_> = compared.differing.iter().map(row).collect();
    html! {
        @if let Some(at) = compared.at { p.faint { (shown(at)) } }
        @match &compared.not_compared {
            Some(why) => { p { (why) } }
            None => { (table(language, &columns, &rows)) }
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
