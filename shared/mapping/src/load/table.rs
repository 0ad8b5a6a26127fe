//! A TOML table with the places of its keys and values.

use std::ops::Range;

use toml_edit::{Item, TableLike, Value};

use super::report::{Report, Written, closest};

#[derive(Clone)]
pub(crate) struct Table<'t> {
    table: &'t dyn TableLike,
    pub(crate) span: Range<usize>,
}

/// One `key = value`.
#[derive(Clone)]
pub(crate) struct Entry<'t> {
    pub(crate) key: &'t str,
    pub(crate) key_span: Range<usize>,
    pub(crate) item: &'t Item,
    pub(crate) span: Range<usize>,
}

impl<'t> Table<'t> {
    pub(crate) fn new(table: &'t dyn TableLike, span: Range<usize>) -> Self {
        Self { table, span }
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = Entry<'t>> + use<'t> {
        let table = self.table;
        table.iter().filter_map(move |(name, _)| entry(table, name))
    }

    pub(crate) fn get(&self, key: &str) -> Option<Entry<'t>> {
        entry(self.table, key)
    }

    /// Reports every key that is none of `known`.
    pub(crate) fn expect(&self, known: &[&str], report: &mut Report<'_>) {
        for entry in self.entries().filter(|entry| !known.contains(&entry.key)) {
            report.unknown(entry.key_span, format!("unknown key `{}`", entry.key), entry.key, known);
        }
    }

    /// A table that must be there.
    pub(crate) fn table(&self, key: &str, report: &mut Report<'_>) -> Option<Table<'t>> {
        let Some(entry) = self.get(key) else {
            if self.misspelt(key).is_none() {
                let help = match key {
                    "source" => Some("[source] says what is read: `document`, `key` and mostly `version`"),
                    "target" => Some("[target] says what it becomes: `document`"),
                    "fields" => {
                        Some("[fields] has a rule for each field of the target: number = \"trade_no\"")
                    }
                    _ => None,
                };
                let message = format!("the table [{key}] is missing");
                report.missing(self.span.clone(), message, help.map(str::to_owned));
            }
            return None;
        };
        entry.table(report)
    }

    /// What stands there instead of a key that is not there, and all but spells it: [`expect`](Self::expect) tells of it.
    pub(crate) fn misspelt(&self, key: &str) -> Option<Entry<'t>> {
        let is_meant = |entry: &Entry<'_>| closest(&entry.key.to_lowercase(), &[key]).is_some();
        self.entries().find(is_meant).filter(|_| self.get(key).is_none())
    }

    /// A text, if the key is there.
    pub(crate) fn text(&self, key: &str, report: &mut Report<'_>) -> Option<Written<'t>> {
        self.get(key)?.text(report)
    }

    /// A text that must be there.
    pub(crate) fn required_text(&self, key: &str, report: &mut Report<'_>) -> Option<Written<'t>> {
        if self.get(key).is_none() && self.misspelt(key).is_none() {
            let help = (key == "document").then(|| "`relay documents` lists what there is".to_owned());
            report.missing(self.span.clone(), format!("`{key}` is missing"), help);
        }
        self.text(key, report)
    }
}

fn entry<'t>(table: &'t dyn TableLike, key: &str) -> Option<Entry<'t>> {
    let (key, item) = table.get_key_value(key)?;
    let key_span = key.span().or_else(|| item.span()).unwrap_or(0..0);
    let span = item.span().unwrap_or_else(|| key_span.clone());
    Some(Entry { key: key.get(), key_span, item, span })
}

impl<'t> Entry<'t> {
    pub(crate) fn text(&self, report: &mut Report<'_>) -> Option<Written<'t>> {
        let text = self.item.as_str();
        if text.is_none() {
            self.wrong_type("a text in quotes", report);
        }
        Some(Written { text: text?, span: self.span.clone() })
    }

    pub(crate) fn table(&self, report: &mut Report<'_>) -> Option<Table<'t>> {
        let table = self.item.as_table_like();
        if table.is_none() {
            self.wrong_type("a table", report);
        }
        Some(Table::new(table?, self.span.clone()))
    }

    pub(crate) fn wrong_type(&self, expected: &str, report: &mut Report<'_>) {
        // Of a text it is its content that does not do.
        let found = match self.item.as_str() {
            Some(text) => format!("\"{text}\""),
            None => type_name(self.item).to_owned(),
        };
        report.mistake(self.span.clone(), format!("`{}` must be {expected}, not {found}", self.key), None);
    }

    /// A list of texts, or a single one.
    pub(crate) fn texts(&self, report: &mut Report<'_>) -> Option<Vec<Written<'t>>> {
        if let Some(text) = self.item.as_str() {
            return Some(vec![Written { text, span: self.span.clone() }]);
        }
        let texts = self.item.as_array().and_then(|array| array.iter().map(written).collect());
        if texts.is_none() {
            self.wrong_type("a text in quotes, or a list of such texts", report);
        }
        texts
    }
}

fn written(value: &Value) -> Option<Written<'_>> {
    Some(Written { text: value.as_str()?, span: value.span()? })
}

fn type_name(item: &Item) -> &'static str {
    match item.type_name() {
        "integer" => "a whole number",
        "float" => "a number with a fraction",
        "boolean" => "true or false",
        "datetime" => "a date without quotes",
        "array" | "array of tables" => "a list",
        _ => "a table",
    }
}
