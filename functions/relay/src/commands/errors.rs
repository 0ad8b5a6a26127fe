//! `relay errors`: what a vendor's code or words mean, and what to do.

use relay_operations::error_index::{self, Row};
use serde_json::json;

use crate::Done;
use crate::language;
use crate::output::say;

/// `relay errors`
pub(crate) fn run(text: Option<&str>, json: bool) -> Done {
    let found: Vec<_> = error_index::about(text.unwrap_or_default()).collect();
    if json {
        let row = |row: &&Row| json!({ "vendor": row.system(), "signs": row.signs(), "meaning": row.meaning, "way_out": row.way_out });
        say!("{}", json!({ "errors": found.iter().map(row).collect::<Vec<_>>() }));
    } else {
        let language = language::current();
        for row in &found {
            say!("{} {}", row.system(), row.signs().join(", "));
            say!("  {}", row.meaning.told(language));
            say!("  → {}", row.way_out.told(language));
        }
        if found.is_empty() {
            say!("报错索引里没有。", "The error index has nothing of it.");
        }
    }
    if found.is_empty() { Done::WithFailures } else { Done::Well }
}
