//! What would happen if a flow file were begun with?

use maud::{Markup, html};
use relay_operations::OperationError;
use relay_operations::log::Did;
use relay_operations::trial::{Fate, FieldChange, FlowTrial, Otherwise, Stands, Tried};
use serde_json::Value;

use crate::Asked;
use crate::language::Language;
use crate::page::{Page, cell, document, link, mark, table};

/// So many of the last documents are tried.
const LAST: usize = 100;

/// Longer numbers may be somebody's.
const SHORT: usize = 7;

/// Of a text that somebody has pasted: nothing is sent.
pub(crate) async fn pasted(asked: &Asked<'_>) -> Result<Page, OperationError> {
    let (request, language, desk) = (asked.request, asked.language, asked.desk);
    let name = request.field("flow").unwrap_or_default();
    let text = request.raw("text").unwrap_or_default();
    // As a file has it, whatever the browser sends between lines.
    let text = text.replace("\r\n", "\n");
    desk.operations.check_flow(name).await?;
    // Reasons hold values: the audit trail says who has tried it.
    desk.operations.note(Did::of("flows try", name)).await;
    let trial = desk.operations.try_text(name, &text, LAST, desk.connect).await?;
    let body = html! {
        p { (link("/flow", &[("flow", name)], name)) " · " span.faint { (language.says("什么都没有发送", "Nothing was sent")) } }
        @for flow in &trial.flows { (one(flow, language)) }
    };
    Ok(Page::new(language.says("换上这份文件会怎样", "What would happen with this file"), body))
}

fn one(flow: &FlowTrial, language: Language) -> Markup {
    let (kind, stands) = match flow.stands {
        Stands::Same => ("good", language.says("和正在运行的一样", "the same as what runs")),
        Stands::Changed => ("warn", language.says("有变化", "changed")),
        Stands::New => {
            ("warn", language.says("还没有程序用过这个流程", "no program has begun with this flow yet"))
        }
        Stands::Gone => ("bad", language.says("没有文件", "has no file")),
        Stands::Broken => {
            ("bad", language.says("文件有错误,不能启用", "the file has mistakes, and cannot be begun with"))
        }
    };
    html! {
        p.big { (mark(kind, stands)) }
        @if !flow.mistakes.is_empty() {
            ul { @for mistake in &flow.mistakes { li { (language.words(mistake)) } } }
        }
        @if !flow.lines.is_empty() {
            h2 { (language.says("改了哪些行", "The lines that changed")) }
            pre tabindex="0" { @for line in &flow.lines { (line.told()) "\n" } }
        }
        @if let Some(tried) = &flow.tried { (of_documents(&flow.flow, tried, language)) }
    }
}

fn of_documents(flow: &str, tried: &Tried, language: Language) -> Markup {
    let Tried { documents, same, fields, otherwise, named } = tried;
    let columns = [
        language.says("字段", "Field"),
        language.says("单数", "Documents"),
        language.says("例如", "Such as"),
        language.says("现在", "Now"),
        language.says("将会", "Then"),
    ];
    let row = |FieldChange { field, documents, such_as, before, after }: &FieldChange| {
        let value = |value: &Option<Value>| value.as_ref().map_or_else(|| "–".to_owned(), shown);
        let values = [value(before), value(after)].map(cell);
        let head = [cell(field.as_str()), cell(documents.to_string()), self::document(flow, such_as)];
        head.into_iter().chain(values).collect()
    };
    let rows: Vec<Vec<Markup>> = fields.iter().map(row).collect();
    let fates =
        [language.says("单据", "Document"), language.says("现在", "Now"), language.says("将会", "Then")];
    let fate_row = |Otherwise { key, before, after }: &Otherwise| {
        vec![self::document(flow, key), cell(fate(before, language)), cell(fate(after, language))]
    };
    let others: Vec<_> = named.iter().map(fate_row).collect();
    html! {
        h2 { (language.says("用最近的单据试", "Tried with the last documents")) }
        dl {
            dt { (language.says("试了", "Tried")) } dd { (documents) }
            dt { (language.says("一样", "The same")) } dd { (same) }
            dt { (language.says("内容不同", "With other content")) } dd { (documents - same - otherwise) }
            dt { (language.says("结果不同", "With another fate")) } dd { (otherwise) }
        }
        @if !rows.is_empty() { (table(language, &columns, &rows)) }
        @if !others.is_empty() { (table(language, &fates, &others)) }
    }
}

/// A value that may be shown: a file can put a name or a telephone number into any field.
fn shown(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let is_short =
        text.len() <= SHORT && text.bytes().all(|sign| sign.is_ascii_digit() || b".-".contains(&sign));
    if is_short || value.is_boolean() { text } else { "•••".to_owned() }
}

fn fate(fate: &Fate, language: Language) -> String {
    match fate {
        Fate::Sent => language.says("发送", "sent").to_owned(),
        Fate::LeftOut => language.says("过滤条件不要", "left out by the filter").to_owned(),
        Fate::Fails(why) => format!("{}: {}", language.says("失败", "fails"), language.words(why)),
        Fate::Unknown(why) => {
            format!("{}: {}", language.says("说不准", "cannot be told"), language.words(why))
        }
    }
}
