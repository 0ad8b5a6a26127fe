//! Ids that a person knows better than the target: they never expire.

use std::io::Read;

use relay_connector::Catalog;
use serde::{Deserialize, Serialize};

use crate::{OperationError, Operations};

/// One line of the file: an id, and what it is the id of.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The look-up table, such as `kingdee.customer`.
    pub table: String,
    /// Our code.
    pub code: String,
    /// The target's id of it.
    pub id: String,
}

/// What became of a file of look-ups: all of it was imported, or none where it holds mistakes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// How many ids were imported.
    pub imported: usize,
    /// What is wrong with the file, each with its line.
    pub mistakes: Vec<String>,
}

impl Operations<'_> {
    /// Imports ids from CSV with the columns table, code and id.
    ///
    /// # Errors
    /// When the store does not take them.
    pub async fn import_lookups(&self, csv: impl Read) -> Result<Imported, OperationError> {
        let (rows, mistakes) = read(csv, self.catalog);
        // All or nothing: a file that is half imported is hard to mend.
        if !mistakes.is_empty() {
            return Ok(Imported { imported: 0, mistakes });
        }
        for row in &rows {
            self.stores.lookups.put(&row.table, &row.code, &row.id, None).await?;
        }
        Ok(Imported { imported: rows.len(), mistakes })
    }
}

/// Reads CSV with the columns table, code and id: the ids that it holds, and every mistake with its line.
pub fn read(csv: impl Read, catalog: &Catalog) -> (Vec<Row>, Vec<String>) {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(csv);
    let (mut rows, mut mistakes) = (Vec::new(), Vec::new());
    for (place, row) in reader.deserialize::<Row>().enumerate() {
        // The header is line 1.
        let line = place + 2;
        match row {
            Ok(row) => match mistake(&row, catalog) {
                Some(mistake) => mistakes.push(format!("line {line}: {mistake}")),
                None => rows.push(row),
            },
            Err(error) => {
                mistakes.push(format!("line {line}: the columns are table, code and id: {error}"));
            }
        }
    }
    (rows, mistakes)
}

fn mistake(row: &Row, catalog: &Catalog) -> Option<String> {
    if catalog.lookup(&row.table).is_none() {
        let known: Vec<_> = catalog.lookups().map(|lookup| lookup.name).collect();
        return Some(format!("there is no look-up table `{}`; there are {}", row.table, known.join(", ")));
    }
    let is_empty = row.code.is_empty() || row.id.is_empty();
    is_empty.then(|| "the code or the id is empty".to_owned())
}
