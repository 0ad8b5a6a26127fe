//! Importing: all of a file, or nothing where it holds mistakes.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use relay_connector::Catalog;
use relay_core::{Entry, EntryId, UnknownCode};
use relay_job::suggest::did_you_mean;
use relay_mapping::{LookupTable, TENANT, joined};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::sheet::Sheet;
use super::{COLUMNS, Header};
use crate::log::Did;
use crate::replay::Replayed;
use crate::{OperationError, Operations};

/// One line of a file with the columns table, code and id.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Row {
    /// The look-up table, such as `kingdee.customer`.
    pub table: String,
    /// Our code.
    pub code: String,
    /// The target's id of it.
    pub id: String,
}

/// What the columns of a file are, where it does not say so itself, and what becomes of the rows that are there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns {
    /// All of them, where the file has no header.
    pub named: Option<Vec<String>>,
    /// Those that make the code together; the first one where it is empty.
    pub code: Vec<String>,
    /// Whether rows that the file does not hold go.
    pub replaces: bool,
}

/// What became of a file of look-ups: all of it was imported, or none where it holds mistakes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// How many ids or rows were imported.
    pub imported: usize,
    /// What is wrong with the file, each with its line.
    pub mistakes: Vec<String>,
    /// What failed for codes that are known now, and was sent through its flow again.
    #[serde(flatten)]
    pub released: Replayed,
}

impl Imported {
    fn refused(mistakes: Vec<String>) -> Self {
        Self { mistakes, ..Self::default() }
    }
}

/// So many failed documents are read at once.
const PAGE: usize = 100;

impl Operations<'_> {
    /// Imports ids from CSV with the columns table, code and id.
    ///
    /// # Errors
    /// When a store does not do its part.
    pub async fn import_lookups(&self, csv: &[u8]) -> Result<Imported, OperationError> {
        let (rows, mistakes) = read(csv, self.catalog);
        if !mistakes.is_empty() {
            return Ok(Imported::refused(mistakes));
        }
        let imported = rows.len();
        let mut tables = BTreeMap::<String, Vec<(String, String)>>::new();
        for Row { table, code, id } in rows {
            tables.entry(table).or_default().push((code, id));
        }
        for (table, ids) in &tables {
            self.stores.lookups.put_all(table, ids).await?;
        }
        let is_known = |missing: &UnknownCode| {
            tables.get(&missing.table).is_some_and(|ids| ids.iter().any(|(code, _)| *code == missing.code))
        };
        let released = self.release(is_known).await?;
        let to = tables.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        self.note(Did::of("lookups import", to).times(imported as u64)).await;
        Ok(Imported { imported, mistakes, released })
    }

    /// Imports a file into one table: of the tenant, with any columns, or of a vendor, with code and id.
    ///
    /// # Errors
    /// A name that no table can have; a store that does not do its part.
    pub async fn import_table(
        &self,
        table: &str,
        csv: &[u8],
        columns: &Columns,
    ) -> Result<Imported, OperationError> {
        let is_tenants = relay_mapping::is_tenant_table(table);
        if !is_tenants && !self.vendor_tables().iter().any(|known| known == table) {
            return Err(self.unknown_table(table));
        }
        let mut sheet = Sheet::read(csv, columns.named.as_deref());
        let header = header(&sheet.columns, &columns.code);
        let header = match (header, sheet.mistakes.is_empty()) {
            (Ok(header), true) => header,
            (header, _) => {
                sheet.mistakes.extend(header.err());
                return Ok(Imported::refused(sheet.mistakes));
            }
        };
        if is_tenants {
            sheet.mistakes.extend(self.lacking(table, &header, columns.replaces).await?);
        } else if header.results.len() != 1 {
            sheet.mistakes.push(format!("`{table}` takes two columns, the code and the id"));
        }
        let mut rows = rows(&mut sheet, &header, is_tenants);
        if !sheet.mistakes.is_empty() {
            return Ok(Imported::refused(sheet.mistakes));
        }
        let imported = rows.len();
        let codes: BTreeSet<_> = rows.iter().map(|(code, _)| code.clone()).collect();
        let written = |row: Map<String, Value>| match is_tenants {
            true => Value::Object(row).to_string(),
            false => row.values().next().and_then(Value::as_str).unwrap_or_default().to_owned(),
        };
        let mut ids: Vec<_> = rows.drain(..).map(|(code, row)| (code, written(row))).collect();
        if is_tenants {
            ids.push((COLUMNS.to_owned(), serde_json::json!(header).to_string()));
        }
        let lookups = &self.stores.lookups;
        match columns.replaces {
            true => lookups.replace(table, &ids).await?,
            false => lookups.put_all(table, &ids).await?,
        }
        let result_of = format!("{table}.");
        let is_of_table = |name: &str| name == table || is_tenants && name.starts_with(&result_of);
        let is_known = |missing: &UnknownCode| is_of_table(&missing.table) && codes.contains(&missing.code);
        let released = self.release(is_known).await?;
        let reason = columns.replaces.then_some("in the place of all that it held");
        self.note(Did::of("lookups import", table).times(imported as u64).because(reason)).await;
        Ok(Imported { imported, mistakes: Vec::new(), released })
    }

    fn unknown_table(&self, table: &str) -> OperationError {
        let known = self.vendor_tables();
        let named = self.flows.iter().flat_map(|routed| routed.flow.tables());
        let tenants: BTreeSet<_> = named
            .filter_map(|lookup| match &lookup.table {
                LookupTable::Tenant { table, .. } => Some(table.clone()),
                _ => None,
            })
            .collect();
        let all = known.iter().chain(&tenants).map(String::as_str);
        OperationError::UnknownTable { table: table.to_owned(), meant: did_you_mean(table, all) }
    }

    /// What flows want of a table that the file does not have, and columns that are not those of the rows beside it.
    async fn lacking(
        &self,
        table: &str,
        header: &Header,
        replaces: bool,
    ) -> Result<Vec<String>, OperationError> {
        let mut mistakes = Vec::new();
        for routed in self.flows.iter() {
            for lookup in routed.flow.tables() {
                let LookupTable::Tenant { table: named, result: Some(result) } = &lookup.table else {
                    continue;
                };
                if named == table && !header.results.contains(result) {
                    let (flow, results) = (routed.flow.name(), &header.results);
                    let meant = did_you_mean(result, results.iter().map(String::as_str));
                    mistakes.push(format!(
                        "the flow {flow} asks for the column `{result}`, and the file has `{}`{meant}",
                        results.join("`, `")
                    ));
                }
            }
        }
        let known = self.header(table).await?.filter(|known| !replaces && known != header);
        mistakes.extend(known.map(|known| {
            format!(
                "the table holds rows with the columns `{}` and `{}` already: give the file the same ones, or take the \
                 place of all rows with --replace",
                known.code.join("`, `"),
                known.results.join("`, `")
            )
        }));
        mistakes.sort_unstable();
        mistakes.dedup();
        Ok(mistakes)
    }

    /// What the columns of a table of the tenant are; `None` where it was never imported.
    pub(super) async fn header(&self, table: &str) -> Result<Option<Header>, OperationError> {
        let code = (table.to_owned(), COLUMNS.to_owned());
        let held = self.stores.lookups.get(std::slice::from_ref(&code)).await?.remove(&code);
        Ok(held.and_then(|header| serde_json::from_str(&header).ok()))
    }

    /// Sends what failed for codes that are known now through its flow again.
    async fn release(&self, is_known: impl Fn(&UnknownCode) -> bool) -> Result<Replayed, OperationError> {
        let mut waiting = Vec::<Entry>::new();
        let mut released = HashMap::<UnknownCode, Vec<EntryId>>::new();
        let mut after = None;
        loop {
            let page = self.stores.ledger.failed(None, PAGE, after.as_ref()).await?;
            let is_last = page.len() < PAGE;
            after = page.last().map(|entry| entry.id.clone());
            for entry in page {
                let codes = entry.failures().flat_map(|failed| &failed.missing).filter(|code| is_known(code));
                let codes: HashSet<_> = codes.cloned().collect();
                if codes.is_empty() {
                    continue;
                }
                for code in codes {
                    released.entry(code).or_default().push(entry.id.clone());
                }
                waiting.push(entry);
            }
            if is_last {
                break;
            }
        }
        let replayed = self.replay_entries(waiting).await?;
        for (code, documents) in released {
            self.stores.lookups.release(&code, &documents).await?;
        }
        Ok(replayed)
    }
}

/// Reads CSV with the columns table, code and id: the ids that it holds, and every mistake with its line.
#[must_use]
pub fn read(csv: &[u8], catalog: &Catalog) -> (Vec<Row>, Vec<String>) {
    const EXPECTED: [&str; 3] = ["table", "code", "id"];
    let Sheet { columns, rows, mut mistakes } = Sheet::read(csv, None);
    let places = EXPECTED.map(|name| columns.iter().position(|column| column == name));
    let [Some(table), Some(code), Some(id)] = places else {
        if !columns.is_empty() {
            mistakes.insert(0, "line 1: the columns are table, code and id".to_owned());
        }
        return (Vec::new(), mistakes);
    };
    let mut read = Vec::new();
    let mut lines = BTreeMap::<(String, String), u64>::new();
    for (line, cells) in rows {
        let cell = |place: usize| cells.get(place).cloned().unwrap_or_default();
        let row = Row { table: cell(table), code: cell(code), id: cell(id) };
        let place = (row.table.clone(), row.code.clone());
        let repeated = || lines.get(&place).map(|first| already(&row.code, *first));
        match mistake(&row, catalog).or_else(repeated) {
            Some(mistake) => mistakes.push(format!("line {line}: {mistake}")),
            None => {
                lines.insert(place, line);
                read.push(row);
            }
        }
    }
    (read, mistakes)
}

fn already(code: &str, line: u64) -> String {
    format!("the code `{code}` is on line {line} already")
}

fn mistake(row: &Row, catalog: &Catalog) -> Option<String> {
    if row.table.starts_with(TENANT) {
        let table = &row.table;
        return Some(format!("`{table}` is a table of yours: relay lookups import {table} FILE"));
    }
    if catalog.lookup(&row.table).is_none() {
        let known: Vec<_> = catalog.lookups().map(|lookup| lookup.name).collect();
        return Some(format!("there is no look-up table `{}`; there are {}", row.table, known.join(", ")));
    }
    match (row.code.as_str(), row.id.as_str()) {
        ("", _) => Some("the code is empty (column `code`)".to_owned()),
        (_, "") => Some("the id is empty (column `id`)".to_owned()),
        (code, id) => spoilt(code).or_else(|| spoilt(id)),
    }
}

/// Which columns are the code, and which the results.
fn header(columns: &[String], code: &[String]) -> Result<Header, String> {
    if let Some(unknown) = code.iter().find(|name| !columns.contains(name)) {
        let meant = did_you_mean(unknown, columns.iter().map(String::as_str));
        return Err(format!("the file has no column `{unknown}`, only `{}`{meant}", columns.join("`, `")));
    }
    let code: Vec<_> =
        if code.is_empty() { columns.iter().take(1).cloned().collect() } else { code.to_vec() };
    let results: Vec<_> = columns.iter().filter(|column| !code.contains(column)).cloned().collect();
    if results.is_empty() {
        return Err(format!("the file has nothing but the code, `{}`", code.join("`, `")));
    }
    Ok(Header { code, results })
}

/// The rows by their codes, and a mistake for each code that is empty or there already, each result that is empty where it
/// must not be, and each cell that Excel has spoilt.
fn rows(sheet: &mut Sheet, header: &Header, may_be_empty: bool) -> Vec<(String, Map<String, Value>)> {
    let mut lines = BTreeMap::<String, u64>::new();
    let mut rows = Vec::new();
    for (line, cells) in &sheet.rows {
        let cell = |name: &String| {
            let place = sheet.columns.iter().position(|column| column == name);
            place.and_then(|place| cells.get(place)).cloned().unwrap_or_default()
        };
        let parts: Vec<_> = header.code.iter().map(cell).collect();
        let results: Vec<_> = header.results.iter().map(cell).collect();
        let code = joined(&parts);
        let empty = |cells: &[String]| cells.iter().position(String::is_empty);
        let mistake = match (empty(&parts), empty(&results).filter(|_| !may_be_empty)) {
            (Some(place), _) => Some(format!("the code is empty (column `{}`)", header.code[place])),
            (None, Some(place)) => Some(format!("the id is empty (column `{}`)", header.results[place])),
            (None, None) => parts
                .iter()
                .chain(&results)
                .find_map(|cell| spoilt(cell))
                .or_else(|| lines.get(&code).map(|first| already(&code, *first))),
        };
        match mistake {
            Some(mistake) => sheet.mistakes.push(format!("line {line}: {mistake}")),
            None => {
                let results = header.results.iter().cloned().zip(results.into_iter().map(Value::String));
                rows.push((code.clone(), results.collect()));
                lines.insert(code, *line);
            }
        }
    }
    rows
}

/// What Excel writes into a cell that it cannot show.
const ERRORS: [&str; 7] = ["#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!"];

/// What is wrong with a cell that Excel has spoilt: a long number of which it keeps a few digits (`1.23457E+12`), a formula
/// that has failed, a column that was too narrow.
fn spoilt(cell: &str) -> Option<String> {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_rounded = cell.split_once("E+").is_some_and(|(number, exponent)| {
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        // Excel writes two digits at least: `1E+5` is somebody's code.
        is_digits(whole) && is_digits(fraction) && is_digits(exponent) && exponent.len() > 1
    });
    let is_hidden = cell.len() > 1 && cell.bytes().all(|byte| byte == b'#');
    if is_rounded {
        return Some(format!(
            "`{cell}` is what Excel makes of a long number: format the column as text (文本), and type it again"
        ));
    }
    let is_failed = is_hidden || ERRORS.contains(&cell);
    is_failed.then(|| {
        format!("`{cell}` is what Excel writes where it shows no value: correct the cell, and save it again")
    })
}
