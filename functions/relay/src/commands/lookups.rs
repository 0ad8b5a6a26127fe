use std::fs::File;
use std::path::Path;

use anyhow::Context as _;
use relay_operations::lookups::Imported;
use serde_json::json;

use super::{looked_at, operations};
use crate::Done;
use crate::output::say;

/// `relay lookups import`
pub(crate) async fn import(file: &Path, json: bool) -> anyhow::Result<Done> {
    // First: a file that is not there is told whatever the store is up to.
    let rows = File::open(file).with_context(|| format!("reading the look-ups {}", file.display()))?;
    let (wiring, place) = looked_at().await?;
    let imported = operations(&wiring).import_lookups(rows).await?;
    let Imported { imported: count, mistakes } = &imported;
    if json {
        say!("{}", place.with(json!(imported)));
    } else {
        say!("{}", place.line());
        mistakes.iter().for_each(|mistake| say!("- {mistake}"));
        say!("{count} ids imported.");
    }
    Ok(if mistakes.is_empty() { Done::Well } else { Done::WithFailures })
}
