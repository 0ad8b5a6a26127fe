//! Files of look-ups (`relay lookups import`).

use relay_operations::lookups;

use crate::Depth;
use crate::house::CATALOG;

/// Words that its parser looks for.
pub const WORDS: &[&str] = &[
    "table,code,id",
    "id,table,code",
    "kingdee.customer",
    "kingdee.material",
    "kingdee.unit",
    ",S001,1001",
    "\n",
    "\r\n",
    "\r",
    ",",
    "\"",
    "\"\"",
    "\"a\nb\"",
    "\u{FEFF}",
    "\u{3000}",
    "\0",
    " ",
    "件",
];

/// Feeds a file.
pub fn run(input: &[u8]) -> Depth {
    let (rows, mistakes) = lookups::read(input, &CATALOG);
    let lines = input.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
    // The header may be told twice: for what it says, and for what it does not.
    assert!(rows.len() + mistakes.len() <= lines + 1, "a row or a mistake for each line");
    for row in &rows {
        assert!(CATALOG.lookup(&row.table).is_some(), "a row is of a table that there is");
        assert!(!row.code.is_empty() && !row.id.is_empty(), "a row says what is what");
    }
    if rows.is_empty() {
        return Depth::Refused;
    }
    let mut written = csv::Writer::from_writer(Vec::new());
    rows.iter().for_each(|row| written.serialize(row).expect("a row can be written"));
    let written = written.into_inner().expect("a file in memory");
    assert_eq!(lookups::read(&written, &CATALOG), (rows.clone(), Vec::new()), "a row is read as written");
    if mistakes.is_empty() { Depth::Accepted } else { Depth::Opened }
}
