//! What a rule's value goes through: a look-up or a table of codes, checked against what either end holds.

use relay_connector::{Catalog, Kind};
use serde_json::Value;

use super::codes;
use super::constant::constant;
use super::conversion::usual;
use super::lookup;
use super::reach::{self, Level};
use super::report::Report;
use super::rule::Wanted;
use super::table::{Entry, Table};
use crate::conversion::Conversion;
use crate::lookup::LookupTable;
use crate::rule::{LookedUp, Take, Through};

pub(super) fn through(
    table: &Table<'_>,
    wanted: Wanted,
    catalog: &Catalog,
    report: &mut Report<'_>,
) -> Option<Through> {
    let (lookup, codes, otherwise) = (table.get("lookup"), table.get("codes"), table.get("otherwise"));
    if let (None, Some(otherwise)) = (&codes, &otherwise) {
        let help = "for a field that is absent write `default`".to_owned();
        report.mistake(otherwise.key_span.clone(), "`otherwise` belongs to `codes`", Some(help));
    }
    for key in ["result", "by", "wait", "line"].into_iter().filter(|_| lookup.is_none()) {
        if let Some(entry) = table.get(key) {
            report.mistake(entry.key_span, format!("`{key}` belongs to a `lookup`"), None);
        }
    }
    match (lookup, codes) {
        (None, None) => Some(Through::Nothing),
        (Some(_), Some(codes)) => {
            report.mistake(codes.key_span, "a rule has `codes` or a `lookup`, not both", None);
            None
        }
        (Some(entry), None) => {
            let lookup = lookup::lookup(table, &entry, catalog, report)?;
            let is_id = !matches!(lookup.table, LookupTable::Listed { .. } | LookupTable::Tenant { .. });
            if is_id && !matches!(wanted.kind, None | Some(Kind::Text | Kind::Integer | Kind::Any)) {
                report.mistake(entry.key_span, "a look-up gives an id, which does not fit this field", None);
            }
            let then = if is_id { Conversion::Text } else { usual(wanted.kind) };
            let name = lookup.table.to_string();
            Some(Through::Lookup(Box::new(LookedUp { lookup, name, then })))
        }
        (None, Some(entry)) => {
            if entry.item.as_table_like().is_none() {
                let message = "`codes` must be a table of what is read and what is sent".to_owned();
                report.mistake(
                    entry.span,
                    message,
                    Some("codes = { \"0\" = false, \"1\" = true }".to_owned()),
                );
                return None;
            }
            let codes = entry.table(report)?;
            if codes.entries().next().is_none() {
                report.mistake(entry.span.clone(), "`codes` has no codes", None);
            }
            let codes = codes
                .entries()
                .filter_map(|code| Some((code.key.to_owned(), sent(&code, wanted, report)?)))
                .collect();
            let otherwise = otherwise.and_then(|entry| sent(&entry, wanted, report));
            Some(Through::Codes { codes, otherwise })
        }
    }
}

/// A constant that is sent as it is: one that the target's field takes.
pub(super) fn sent(entry: &Entry<'_>, wanted: Wanted, report: &mut Report<'_>) -> Option<Value> {
    let value = constant(entry, wanted.kind, report)?;
    if let (Some(field), Some(text)) = (wanted.field, value.as_str()) {
        codes::check(field, text, entry.span.clone(), codes::OF_A_SETTING, report);
    }
    Some(value)
}

/// Reports codes of the source that the fields at hand never hold.
pub(super) fn check_source_codes(table: &Table<'_>, take: &Take, level: &Level<'_>, report: &mut Report<'_>) {
    let Take::From(terms) = take else { return };
    let fields: Option<Vec<_>> = terms.iter().map(|term| reach::coded_field(term.path()?, level)).collect();
    let (Some(fields), Some(codes)) = (fields, table.get("codes")) else { return };
    let Some(codes) =
        codes.item.as_table_like().map(|codes_table| Table::new(codes_table, codes.span.clone()))
    else {
        return;
    };
    for code in codes.entries() {
        if let Some(field) = fields.last().filter(|_| !fields.iter().any(|field| field.takes(code.key))) {
            codes::check(field, code.key, code.key_span.clone(), codes::OF_THE_AUTHOR, report);
        }
    }
}
