use std::fs;
use std::path::Path;

use anyhow::Context as _;
use relay_operations::lookups::{Columns, Held, Imported, Missing, Table};
use relay_operations::times::shown;
use serde_json::{Value, json};

use super::{existing_or_new, looked_at, operations};
use crate::Done;
use crate::cli::LookupsCommand;
use crate::language::{self, said};
use crate::output::{Form, csv, say};

/// `relay lookups`
pub(crate) async fn run(command: LookupsCommand, json: bool) -> anyhow::Result<Done> {
    match command {
        LookupsCommand::List => list(json).await,
        LookupsCommand::Show { table, code } => show(&table, code.as_deref(), json).await,
        LookupsCommand::Import { table, file, code, columns, replace } => {
            let named = if columns.is_empty() { None } else { Some(columns) };
            import(table.as_deref(), &file, &Columns { named, code, replaces: replace }, json).await
        }
        LookupsCommand::Export { table, file } => export(&table, file.as_deref(), json).await,
        LookupsCommand::Remove { table, code } => remove(&table, code.as_deref(), json).await,
        LookupsCommand::Missing { table, csv } => missing(table.as_deref(), Form::of(json, csv)).await,
    }
}

async fn list(json: bool) -> anyhow::Result<Done> {
    let (wiring, place) = looked_at().await?;
    let tables = operations(&wiring).tables().await?;
    if json {
        say!("{}", place.with(json!({ "tables": tables })));
        return Ok(Done::Well);
    }
    say!("{}", place.line());
    for Table { name, code, results, imported, remembered, flows } in &tables {
        let flows = flows.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        say!(
            "{name}:导入 {imported} 个,当天记住 {remembered} 个;用它的流程:{}",
            "{name}: {imported} imported, {remembered} remembered for the day; named by {}",
            or_none(&flows)
        );
        if !results.is_empty() {
            say!("  {} → {}", code.join(" + "), results.join(", "));
        }
    }
    say!("{} 张表。", "{} tables.", tables.len());
    Ok(Done::Well)
}

fn or_none(flows: &str) -> &str {
    if flows.is_empty() { language::current().says("没有", "no flow") } else { flows }
}

async fn show(table: &str, code: Option<&str>, json: bool) -> anyhow::Result<Done> {
    let (wiring, place) = looked_at().await?;
    let held = operations(&wiring).table(table, code).await?;
    if json {
        say!("{}", place.with(json!({ "table": table, "codes": held })));
        return Ok(Done::Well);
    }
    say!("{}", place.line());
    for Held { code, id, row, until } in &held {
        let cells = row
            .iter()
            .flatten()
            .map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()));
        let row: Vec<_> = cells.chain(id.clone()).collect();
        let until = until.map(|until| said!("(到 {})", " (until {})", shown(until))).unwrap_or_default();
        say!("{code}: {}{until}", row.join("  "));
    }
    say!("{} 个编码。", "{} codes.", held.len());
    Ok(if held.is_empty() { Done::WithFailures } else { Done::Well })
}

async fn import(table: Option<&str>, file: &Path, columns: &Columns, json: bool) -> anyhow::Result<Done> {
    // First: a file that is not there is told whatever the store is up to.
    let csv = fs::read(file).with_context(|| format!("reading the look-ups {}", file.display()))?;
    let (wiring, place) = existing_or_new().await?;
    let operations = operations(&wiring);
    let imported = match table {
        Some(table) => operations.import_table(table, &csv, columns).await?,
        None => operations.import_lookups(&csv).await?,
    };
    let Imported { imported: count, mistakes, released } = &imported;
    if json {
        say!("{}", place.with(json!(imported)));
    } else {
        say!("{}", place.line());
        mistakes.iter().for_each(|mistake| say!("- {mistake}"));
        let what = match table {
            Some(_) => said!("行", "rows"),
            None => said!("个 id", "ids"),
        };
        say!("导入了 {count} {what}。", "{count} {what} imported.");
        if released.sent > 0 {
            say!(
                "有 {} 张单据在等它们,现在重新走流程。",
                "{} documents waited for them, and are sent through their flows again.",
                released.sent
            );
        }
    }
    Ok(if mistakes.is_empty() { Done::Well } else { Done::WithFailures })
}

async fn export(table: &str, file: Option<&Path>, json: bool) -> anyhow::Result<Done> {
    let (wiring, place) = looked_at().await?;
    let csv = operations(&wiring).export_table(table).await?;
    match (file, json) {
        (Some(file), _) => {
            fs::write(file, &csv).with_context(|| format!("writing {}", file.display()))?;
            let written = file.display().to_string();
            if json {
                say!("{}", place.with(json!({ "table": table, "file": written })));
            } else {
                say!("{}\n{table} 已写入 {written}。", "{}\n{table} is written to {written}.", place.line());
            }
        }
        (None, true) => say!("{}", place.with(json!({ "table": table, "csv": csv }))),
        // The file itself and nothing else, so that it can be sent into one.
        (None, false) => csv.lines().for_each(|line| say!("{line}")),
    }
    Ok(Done::Well)
}

async fn remove(table: &str, code: Option<&str>, json: bool) -> anyhow::Result<Done> {
    let (wiring, place) = looked_at().await?;
    let removed = operations(&wiring).remove_lookups(table, code).await?;
    if json {
        say!("{}", place.with(json!({ "table": table, "removed": removed })));
    } else {
        say!(
            "{}\n{table} 删掉了 {removed} 个编码。",
            "{}\n{removed} codes of {table} are forgotten.",
            place.line()
        );
    }
    Ok(if removed == 0 { Done::WithFailures } else { Done::Well })
}

async fn missing(table: Option<&str>, form: Form) -> anyhow::Result<Done> {
    let (wiring, place) = looked_at().await?;
    let missing = operations(&wiring).missing(table).await?;
    if form == Form::Csv {
        csv(&relay_operations::export::missing(&missing)?);
    } else if form == Form::Json {
        let missing: Vec<Value> = missing.iter().map(|code| json!(code)).collect();
        say!("{}", place.with(json!({ "missing": missing })));
    } else {
        say!("{}", place.line());
        for Missing { table, code, documents, flows, since } in &missing {
            let flows = flows.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            say!(
                "{table} {code}:{documents} 张单据,{} 起({flows})",
                "{table} {code}: {documents} documents since {} ({flows})",
                shown(*since)
            );
        }
        match missing.len() {
            0 => say!("没有单据在等编码。", "No document waits for a code."),
            count => say!(
                "{count} 个编码。导入它们(`relay lookups import 表 文件`),或在厂商系统里建好:有一张单据在那里查到之后(`relay replay` \
                 发一张),等它的全部重发。",
                "{count} codes. Import them (`relay lookups import TABLE FILE`), or create them in the vendor's system: as soon \
                 as a document has met one there (`relay replay` sends one), all that wait for it are sent again."
            ),
        }
    }
    Ok(if missing.is_empty() { Done::Well } else { Done::WithFailures })
}
