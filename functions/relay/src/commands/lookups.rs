use std::path::Path;

use anyhow::Context as _;
use relay_connector::Catalog;
use relay_host::Wiring;
use serde::Deserialize;
use serde_json::json;

use super::place::Place;
use crate::Done;
use crate::output::say;

/// One line of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    table: String,
    code: String,
    id: String,
}

/// `relay lookups import`: ids that a person knows better than the target, for good.
pub(crate) async fn import(file: &Path, json: bool) -> anyhow::Result<Done> {
    let (rows, mistakes) = read(file, &relay_connectors::catalog())?;
    let wiring = Wiring::of_existing_store().await?;
    let place = Place::of(&wiring)?;
    // All or nothing: a file that is half imported is hard to mend.
    if mistakes.is_empty() {
        for row in &rows {
            wiring.stores.lookups.put(&row.table, &row.code, &row.id, None).await?;
        }
    }
    let imported = if mistakes.is_empty() { rows.len() } else { 0 };
    if json {
        say!("{}", place.with(json!({ "imported": imported, "mistakes": mistakes })));
    } else {
        say!("{}", place.line());
        mistakes.iter().for_each(|mistake| say!("- {mistake}"));
        say!("{imported} ids imported.");
    }
    Ok(if mistakes.is_empty() { Done::Well } else { Done::WithFailures })
}

fn read(file: &Path, catalog: &Catalog) -> anyhow::Result<(Vec<Row>, Vec<String>)> {
    let reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(file);
    let mut reader = reader.with_context(|| format!("reading the look-ups {}", file.display()))?;
    let (mut rows, mut mistakes) = (Vec::new(), Vec::new());
    for (place, row) in reader.deserialize::<Row>().enumerate() {
        // The header is line 1.
        let line = place + 2;
        match row {
            Ok(row) => match mistake(&row, catalog) {
                Some(mistake) => mistakes.push(format!("line {line}: {mistake}")),
                None => rows.push(row),
            },
            Err(error) => mistakes.push(format!("line {line}: the columns are table, code and id: {error}")),
        }
    }
    Ok((rows, mistakes))
}

fn mistake(row: &Row, catalog: &Catalog) -> Option<String> {
    if catalog.lookup(&row.table).is_none() {
        let known: Vec<_> = catalog.lookups().map(|lookup| lookup.name).collect();
        return Some(format!("there is no look-up table `{}`; there are {}", row.table, known.join(", ")));
    }
    if row.code.is_empty() || row.id.is_empty() {
        return Some("the code or the id is empty".to_owned());
    }
    None
}
