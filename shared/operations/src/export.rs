//! Tables as CSV files that Excel opens by a double click.
//!
//! They begin with a byte order mark, without which Excel reads Chinese as something else. What a vendor or whoever may push has
//! written stands in the cells: none of it is to be run as a formula, and no number of twenty digits to be rounded.

use relay_core::{Action, Entry};

use crate::OperationError;
use crate::failures::Failure;
use crate::language::Language;
use crate::lookups::Missing;
use crate::reconcile::Day;
use crate::times::shown;

/// What Excel takes for the beginning of a formula.
const BEGINS_FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Of longer numbers Excel shows an exponent, and from the sixteenth digit on it shows zeros.
const MOST_DIGITS: usize = 11;

/// A table that a person reads, with the names of its columns.
pub(crate) fn sheet(
    columns: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
) -> Result<String, OperationError> {
    let names = columns.iter().map(|column| (*column).to_owned()).collect();
    let shown = rows.map(|row| row.iter().map(|cell| shielded(cell)).collect());
    written(std::iter::once(names).chain(shown))
}

/// Lines as a file, each cell as it is.
pub(crate) fn written(lines: impl Iterator<Item = Vec<String>>) -> Result<String, OperationError> {
    let unwritable = |error: String| OperationError::Unwritable(error);
    let mut writer = csv::Writer::from_writer(Vec::new());
    for line in lines {
        writer.write_record(line).map_err(|error| unwritable(error.to_string()))?;
    }
    let written = writer.into_inner().map_err(|error| unwritable(error.to_string()))?;
    Ok(format!("\u{FEFF}{}", String::from_utf8_lossy(&written)))
}

/// A cell that Excel shows as it is: a quote stands before what would be a formula, a tab behind what would be rounded or lose its
/// zeros. Amounts stay numbers.
fn shielded(cell: &str) -> String {
    let digits = cell.strip_prefix('-').unwrap_or(cell);
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    if is_digits(whole) && is_digits(fraction) {
        let is_code = !digits.contains('.')
            && (whole.len() > MOST_DIGITS || (whole.len() > 1 && whole.starts_with('0')));
        return if is_code { format!("{cell}\t") } else { cell.to_owned() };
    }
    if cell.starts_with(BEGINS_FORMULA) { format!("'{cell}") } else { cell.to_owned() }
}

/// Failures, a line for each version.
///
/// # Errors
/// A table that cannot be written.
pub fn failures(entries: &[Entry], language: Language) -> Result<String, OperationError> {
    let columns = [
        language.says("时间", "time"),
        language.says("流程", "flow"),
        language.says("单据", "document"),
        language.says("版本", "version"),
        language.says("类别", "class"),
        language.says("代码", "code"),
        language.says("原因", "reason"),
        language.says("尝试次数", "attempts"),
    ];
    let row = |failure: Failure| {
        let Failure { at, flow, key, version, class, code, message, attempts, .. } = failure;
        let (version, code) = (version.unwrap_or_default(), code.unwrap_or_default());
        let message = language.words(&message).into_owned();
        vec![shown(at), flow, key, version, class.to_string(), code, message, attempts.to_string()]
    };
    sheet(&columns, entries.iter().flat_map(Failure::of_entry).map(row))
}

/// The documents of days that are not matched.
///
/// # Errors
/// A table that cannot be written.
pub fn days(days: &[Day], language: Language) -> Result<String, OperationError> {
    let columns = [
        language.says("日期", "day"),
        language.says("流程", "flow"),
        language.says("单据", "document"),
        language.says("单号", "number"),
        language.says("结果", "comes to"),
        language.says("店铺", "shop"),
        language.says("仓库", "warehouse"),
        language.says("说明", "why"),
        language.says("不同的字段", "fields that differ"),
    ];
    let rows = days.iter().flat_map(|day| day.documents.iter().map(move |document| (day, document)));
    let row = |(day, document): (&Day, &crate::reconcile::Compared)| {
        let fields = document.fields.iter().map(|differing| {
            let told = |value: &Option<serde_json::Value>| {
                value.as_ref().map_or_else(|| "–".to_owned(), ToString::to_string)
            };
            format!("{}: {} → {}", differing.field, told(&differing.there), told(&differing.now))
        });
        vec![
            day.day.to_string(),
            day.flow.clone(),
            document.key.clone(),
            document.number.clone().unwrap_or_default(),
            language.verdict(document.verdict).to_owned(),
            document.place.shop.clone(),
            document.place.warehouse.clone(),
            document.why.clone().unwrap_or_default(),
            fields.collect::<Vec<_>>().join("; "),
        ]
    };
    sheet(&columns, rows.map(row))
}

/// What people have done.
///
/// # Errors
/// A table that cannot be written.
pub fn actions(actions: &[Action], language: Language) -> Result<String, OperationError> {
    let columns = [
        language.says("时间", "time"),
        language.says("谁", "who"),
        language.says("做了什么", "did"),
        language.says("对什么", "to"),
        language.says("数量", "how many"),
        language.says("原因", "why"),
    ];
    let row = |Action { at, by, did, to, count, reason }: &Action| {
        let count = count.map(|count| count.to_string()).unwrap_or_default();
        vec![shown(*at), by.clone(), did.clone(), to.clone(), count, reason.clone().unwrap_or_default()]
    };
    sheet(&columns, actions.iter().map(row))
}

/// The codes that nobody knows. Its columns are those that `relay lookups import` reads, so that a person fills the ids in and
/// imports the file; what else stands in it is passed over there.
///
/// # Errors
/// A table that cannot be written.
pub fn missing(missing: &[Missing]) -> Result<String, OperationError> {
    let row = |Missing { table, code, documents, flows, since }: &Missing| {
        let flows = flows.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        vec![table.clone(), code.clone(), String::new(), documents.to_string(), shown(*since), flows]
    };
    sheet(&["table", "code", "id", "documents", "since", "flows"], missing.iter().map(row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_no_formula_and_loses_no_digit() {
        for (cell, written) in [
            ("=HYPERLINK(\"http://evil\")", "\"'=HYPERLINK(\"\"http://evil\"\")\""),
            ("+1+cmd", "'+1+cmd"),
            ("-2+3", "'-2+3"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("-", "'-"),
            ("-12.50", "-12.50"),
            ("12.50", "12.50"),
            ("7", "7"),
            ("0", "0"),
            ("007", "007\t"),
            ("7226306356013346628", "7226306356013346628\t"),
            ("JY202611220001", "JY202611220001"),
            ("北京,朝阳", "\"北京,朝阳\""),
        ] {
            let text = sheet(&["a"], std::iter::once(vec![cell.to_owned()])).unwrap();
            assert_eq!(text, format!("\u{FEFF}a\n{written}\n"), "{cell}");
        }
    }
}
