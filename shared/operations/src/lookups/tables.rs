//! Which tables there are, and what they hold.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use relay_core::{LookupRow, Lookups, StoreError};
use relay_job::Flows;
use relay_mapping::{Diagnostic, LookupTable, TENANT};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{COLUMNS, Header};
use crate::export::written;
use crate::log::Did;
use crate::{OperationError, Operations};

/// A table that flows name, or that holds something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// The columns that make the code, and the results; of a table of the tenant that was imported.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub code: Vec<String>,
    /// The other columns.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<String>,
    /// How many codes a person has imported.
    pub imported: u64,
    /// How many answers of a vendor are remembered for the day.
    pub remembered: u64,
    /// The flows that name it.
    pub flows: BTreeSet<String>,
}

/// What is known of a code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Held {
    /// The code.
    pub code: String,
    /// The id, where it is a vendor's table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The row, where it is a table of the tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<Map<String, Value>>,
    /// Until when it is believed; `None`: it was imported, for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}

impl Held {
    fn of(LookupRow { table, code, id, expires_at }: LookupRow) -> Self {
        let row = if table.starts_with(TENANT) { serde_json::from_str(&id).ok() } else { None };
        let id = if row.is_none() { Some(id) } else { None };
        Self { code, id, row, until: expires_at }
    }
}

impl Operations<'_> {
    /// Every table that flows name or that holds something.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn tables(&self) -> Result<Vec<Table>, OperationError> {
        let mut tables = BTreeMap::<String, Table>::new();
        for routed in self.flows.iter() {
            for lookup in routed.flow.tables() {
                let name = match &lookup.table {
                    LookupTable::Tenant { table, .. } => table.clone(),
                    LookupTable::Delivered { .. } | LookupTable::Line { .. } => continue,
                    LookupTable::Vendor(_) | LookupTable::Listed { .. } => lookup.table.to_string(),
                };
                tables.entry(name).or_default().flows.insert(routed.flow.name().to_owned());
            }
        }
        for row in self.stores.lookups.list(None).await? {
            let table = tables.entry(row.table.clone()).or_default();
            if row.table.starts_with(TENANT) && row.code == COLUMNS {
                if let Ok(Header { code, results }) = serde_json::from_str(&row.id) {
                    (table.code, table.results) = (code, results);
                }
            } else if row.expires_at.is_some() {
                table.remembered += 1;
            } else {
                table.imported += 1;
            }
        }
        Ok(tables.into_iter().map(|(name, table)| Table { name, ..table }).collect())
    }

    /// What a table holds, of one code or of all.
    ///
    /// # Errors
    /// A table that holds nothing; a store that does not answer.
    pub async fn table(&self, table: &str, code: Option<&str>) -> Result<Vec<Held>, OperationError> {
        let rows = self.stores.lookups.list(Some(table)).await?;
        if rows.is_empty() {
            return Err(self.empty_table(table).await?);
        }
        let is_tenants = table.starts_with(TENANT);
        let is_asked = |row: &LookupRow| {
            code.is_none_or(|code| row.code == code) && !(is_tenants && row.code == COLUMNS)
        };
        Ok(rows.into_iter().filter(is_asked).map(Held::of).collect())
    }

    async fn empty_table(&self, table: &str) -> Result<OperationError, OperationError> {
        let tables = self.tables().await?;
        let meant = relay_job::suggest::did_you_mean(table, tables.iter().map(|table| table.name.as_str()));
        Ok(OperationError::EmptyTable { table: table.to_owned(), meant })
    }

    /// What a person has imported into a table, as a CSV file that Excel reads: it begins with a byte order mark, and is
    /// imported again as it is. A vendor's answers are left out: what is imported holds for good, and they do not.
    ///
    /// # Errors
    /// As [`Operations::table`], and a table that holds answers of a vendor alone.
    pub async fn export_table(&self, table: &str) -> Result<String, OperationError> {
        let mut held = self.table(table, None).await?;
        held.retain(|held| held.until.is_none());
        if held.is_empty() && !table.starts_with(TENANT) {
            return Err(OperationError::NothingImported(table.to_owned()));
        }
        let header = self.header(table).await?;
        let results = header.as_ref().map_or_else(|| vec!["id".to_owned()], |header| header.results.clone());
        let parts = header.as_ref().map_or_else(|| vec!["code".to_owned()], |header| header.code.clone());
        let mut lines = vec![parts.iter().chain(&results).cloned().collect::<Vec<_>>()];
        for Held { code, id, row, .. } in held {
            let mut line = if parts.len() == 1 { vec![code] } else { apart(&code) };
            match row {
                Some(row) => {
                    let cell =
                        |name: &String| row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
                    line.extend(results.iter().map(cell));
                }
                None => line.extend(id),
            }
            lines.push(line);
        }
        written(lines.into_iter())
    }

    /// Forgets a code of a table, or the whole table, and says how many codes it held of it.
    ///
    /// # Errors
    /// As [`Operations::table`].
    pub async fn remove_lookups(&self, table: &str, code: Option<&str>) -> Result<usize, OperationError> {
        let held = self.table(table, code).await?.len();
        match code {
            Some(code) => self.stores.lookups.remove(table, code).await?,
            None => self.stores.lookups.replace(table, &[]).await?,
        }
        let to = code.map_or_else(|| table.to_owned(), |code| format!("{table} {code}"));
        self.note(Did::of("lookups remove", to).times(held as u64)).await;
        Ok(held)
    }
}

/// The parts of a code that several make together.
fn apart(code: &str) -> Vec<String> {
    code.split('/').map(|part| part.replace("%2F", "/").replace("%25", "%")).collect()
}

/// What is to be said of the tables of the tenant that flows name and that were never imported. `lookups`: `None` where there
/// is no store yet.
///
/// # Errors
/// When the store does not answer.
pub async fn unimported(flows: &Flows, lookups: Option<&dyn Lookups>) -> Result<Vec<Diagnostic>, StoreError> {
    let named = flows.iter().flat_map(|routed| routed.flow.tables());
    let named: Vec<_> = named
        .filter_map(|lookup| match &lookup.table {
            LookupTable::Tenant { table, .. } => Some((table, &lookup.missing)),
            _ => None,
        })
        .collect();
    let headers: Vec<_> = named.iter().map(|(table, _)| ((*table).clone(), COLUMNS.to_owned())).collect();
    let known = match lookups {
        Some(lookups) if !headers.is_empty() => lookups.get(&headers).await?,
        _ => Default::default(),
    };
    let mut said = BTreeSet::new();
    let unknown = named.into_iter().zip(headers).filter(|(_, header)| !known.contains_key(header));
    let once = unknown.filter(|((table, missing), _)| said.insert(((*table).clone(), missing.file.clone())));
    Ok(once.map(|((_, missing), _)| missing.clone()).collect())
}
