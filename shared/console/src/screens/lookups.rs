//! Which codes does nobody know, and what do the tables hold?

use std::fmt::Write as _;

use maud::{Markup, html};
use relay_operations::lookups::{Held, Missing, Table};
use relay_operations::times::shown;
use relay_operations::{OperationError, export};

use crate::Asked;
use crate::language::Language;
use crate::page::{Page, cell, download, link, paged, table};

/// What a tenant's own tables begin with: their rows have several columns, and come from a file.
const TENANT: &str = "table.";

/// So many codes stand on a page.
const PAGE: usize = 200;

/// What parts table and code in the name of a field: neither holds it.
const BETWEEN: char = '\u{1f}';

pub(crate) async fn page(asked: &Asked<'_>) -> Result<Page, OperationError> {
    let (operations, language) = (&asked.desk.operations, asked.language);
    if let Some(name) = asked.request.field("table") {
        return one(asked, name).await;
    }
    let missing = operations.missing(None).await?;
    let tables = operations.tables().await?;
    let body = html! {
        h2 { (language.says("没有人认识的编码", "Codes that nobody knows")) }
        @if !missing.is_empty() { (download(asked, "/lookups.csv", &[])) }
        (unknown(asked, &missing))
        h2 { (language.says("对照表", "Tables")) }
        (known(&tables, language))
    };
    Ok(Page::new(language.says("对照表", "Look-ups"), body))
}

/// The codes that nobody knows as a file, to fill in and import; of a table that is named, what it holds.
pub(crate) async fn file(asked: &Asked<'_>) -> Result<String, OperationError> {
    let operations = &asked.desk.operations;
    match asked.request.field("table") {
        Some(name) => operations.export_table(name).await,
        None => export::missing(&operations.missing(None).await?),
    }
}

/// What one table holds; of one code alone, where one is named.
async fn one(asked: &Asked<'_>, name: &str) -> Result<Page, OperationError> {
    let language = asked.language;
    let code = asked.request.field("code");
    let held = asked.desk.operations.table(name, code).await?;
    let columns =
        [language.says("编码", "Code"), language.says("结果", "Result"), language.says("到", "Until")];
    let (page, pager) = paged(asked, &held, PAGE);
    let row = |held: &Held| {
        let cells = held.row.iter().flatten();
        let cells = cells.map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()));
        let result: Vec<_> = cells.chain(held.id.clone()).collect();
        let until = held.until.map_or_else(|| language.says("一直", "for good").to_owned(), shown);
        vec![cell(held.code.as_str()), cell(result.join("  ")), cell(until)]
    };
    let rows: Vec<_> = page.iter().map(row).collect();
    let body = html! {
        form.asked action="/lookups" {
            input type="hidden" name="table" value=(name);
            p {
                label for="code" { (language.says("编码(空:全部)", "Code (none: all)")) }
                input id="code" name="code" value=(code.unwrap_or_default()) maxlength="200";
            }
            p { button { (language.says("查找", "Find")) } }
        }
        @if held.iter().any(|held| held.until.is_none()) { (download(asked, "/lookups.csv", &["table"])) }
        p { (held.len()) " " (language.says("个编码", "codes")) }
        (table(language, &columns, &rows))
        (pager)
        p { a href="/lookups" { (language.says("全部对照表", "All tables")) } }
    };
    Ok(Page::new(name, body))
}

/// The missing codes, each with a field for its id.
fn unknown(asked: &Asked<'_>, missing: &[Missing]) -> Markup {
    let (language, may_act) = (asked.language, asked.may_act());
    let columns = [
        language.says("表", "Table"),
        language.says("编码", "Code"),
        language.says("在等的单据", "Documents that wait"),
        language.says("从", "Since"),
        language.says("填 id", "Its id"),
    ];
    let (missing, pager) = paged(asked, missing, PAGE);
    let row = |missing: &Missing| {
        let Missing { table, code, documents, since, .. } = missing;
        let fill = html! {
            @if table.starts_with(TENANT) {
                code { "relay lookups import " (table) " FILE.csv" }
            } @else if table.starts_with("delivered.") {
                (language.says("等那张单据送达", "waits for that document"))
            } @else if may_act {
                input name={ "id" (BETWEEN) (table) (BETWEEN) (code) } aria-label={ (table) " " (code) } maxlength="200";
            }
        };
        vec![
            cell(table.as_str()),
            cell(code.as_str()),
            link("/issues", &[("grep", code)], &documents.to_string()),
            cell(shown(*since)),
            fill,
        ]
    };
    let rows: Vec<_> = missing.iter().map(row).collect();
    html! {
        form method="post" action="/lookups" {
            input type="hidden" name="token" value=(asked.token);
            (table(language, &columns, &rows))
            @if !missing.is_empty() && may_act {
                p { button { (language.says("导入填好的,并重新发送在等的单据", "Import what is filled in, and send what waits for it")) } }
                p.faint { (language.says("同样的命令", "The same as a command")) ": " code { "relay lookups import FILE.csv" } }
            }
        }
        (pager)
    }
}

fn known(tables: &[Table], language: Language) -> Markup {
    let columns = [
        language.says("表", "Table"),
        language.says("结果", "Results"),
        language.says("导入的", "Imported"),
        language.says("记住的", "Remembered"),
        language.says("用它的流程", "Flows that ask it"),
    ];
    let row = |table: &Table| {
        let flows: Vec<_> = table.flows.iter().map(String::as_str).collect();
        vec![
            match table.imported + table.remembered {
                0 => cell(table.name.as_str()),
                _ => link("/lookups", &[("table", &table.name)], &table.name),
            },
            cell(table.results.join(", ")),
            cell(table.imported.to_string()),
            cell(table.remembered.to_string()),
            cell(flows.join(", ")),
        ]
    };
    table(language, &columns, &tables.iter().map(row).collect::<Vec<_>>())
}

/// Imports what a person has filled in, as a file of it would be.
pub(crate) async fn filled(asked: &Asked<'_>) -> Result<Page, OperationError> {
    let language = asked.language;
    let filled = asked.request.fields.iter().filter(|(_, id)| !id.trim().is_empty());
    let mut csv = String::from("table,code,id\n");
    for (name, id) in filled {
        let mut parts = name.split(BETWEEN);
        if let (Some("id"), Some(table), Some(code)) = (parts.next(), parts.next(), parts.next()) {
            _ = writeln!(csv, "{},{},{}", quoted(table), quoted(code), quoted(id.trim()));
        }
    }
    let imported = asked.desk.operations.import_lookups(csv.as_bytes()).await?;
    let body = html! {
        p { (imported.imported) " " (language.says("个编码已导入", "codes imported")) "; "
            (imported.released.sent) " " (language.says("张单据已重新发送", "documents sent again")) }
        ul { @for mistake in &imported.mistakes { li { (mistake) } } }
        p { a href="/lookups" { (language.says("返回", "Back")) } }
    };
    Ok(Page::new(language.says("对照表", "Look-ups"), body))
}

/// A value of a CSV file.
fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('"', "\"\""))
}
