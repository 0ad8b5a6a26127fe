//! What a person knows of codes better than a vendor: ids, and tables of the tenant. It never expires.
//!
//! | module | what |
//! |---|---|
//! | `sheet` | a CSV file as text, in whatever encoding Excel wrote it, with its columns and rows |
//! | `import` | a file becomes rows of a table, all or none, and what waits for its codes is sent again |
//! | `tables` | which tables there are, what they hold, and what flows name that was never imported |
//! | `missing` | the codes that nobody knows, and how many documents wait for each |

mod import;
mod missing;
mod sheet;
mod tables;

pub use import::{Columns, Imported, Row, read};
pub use missing::Missing;
pub use tables::{Held, Table, unimported};

use relay_mapping::LookupTable;
use serde::{Deserialize, Serialize};

use crate::Operations;

/// The code of the row that says what the columns of a table of the tenant are: no row of a file has an empty one.
const COLUMNS: &str = "";

/// What the columns of a table of the tenant are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Header {
    /// The columns that make the code together.
    code: Vec<String>,
    /// The others.
    results: Vec<String>,
}

impl Operations<'_> {
    /// The tables of vendors that ids can be imported into: their own, and those of their lists that flows name.
    fn vendor_tables(&self) -> Vec<String> {
        let own = self.catalog.lookups().map(|lookup| lookup.name.to_owned());
        let named = self.flows.iter().flat_map(|routed| routed.flow.tables());
        let listed = named.filter(|lookup| matches!(lookup.table, LookupTable::Listed { .. }));
        let mut tables: Vec<_> = own.chain(listed.map(|lookup| lookup.table.to_string())).collect();
        tables.sort_unstable();
        tables.dedup();
        tables
    }
}
