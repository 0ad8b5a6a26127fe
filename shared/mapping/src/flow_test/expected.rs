//! What a test expects of a request.
//!
//! It is compared in part: a field that the test does not name may hold anything. A list has as many lines as the test names.
//! A text in quotes is compared as text, so that `"12.50"` is not `"12.5"`; a bare number by its exact value, however it is
//! sent.

use relay_connector::{Document, Field};
use rust_decimal::Decimal;
use serde_json::Value;
use toml_edit::Item;

use super::{Difference, place};
use crate::load::fields::sent_as;
use crate::load::report::Report;
use crate::number;

/// A part of a request that is expected, with the line that expects it.
#[derive(Debug)]
pub(crate) struct Expected {
    line: usize,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Text(String),
    Number { value: Decimal, written: String },
    Flag(bool),
    List(Vec<Expected>),
    Object(Vec<(String, Expected)>),
}

/// So many characters of a value are shown.
const SHOWN: usize = 160;

impl Expected {
    /// Reads it; reports what cannot be expected.
    pub(crate) fn read(item: &Item, line: usize, report: &mut Report<'_>) -> Option<Self> {
        let span = item.span();
        let line = span.clone().map_or(line, |span| report.position(span.start).line);
        let content = match item {
            Item::Value(value) => return Self::of_value(value, line, report),
            Item::ArrayOfTables(tables) => {
                let tables = tables.iter().cloned().map(|table| {
                    let item = Item::Table(table);
                    Self::read(&item, line, report)
                });
                Content::List(tables.collect::<Option<_>>()?)
            }
            Item::Table(table) => {
                let fields = table.iter().map(|(name, item)| {
                    // A table's own span is that of its head, or none where it has no head.
                    let line = table.key(name).and_then(|key| Some(report.position(key.span()?.start).line));
                    Some((name.to_owned(), Self::read(item, line.unwrap_or_default(), report)?))
                });
                Content::Object(fields.collect::<Option<_>>()?)
            }
            Item::None => return None,
        };
        Some(Self { line, content })
    }

    fn of_value(value: &toml_edit::Value, line: usize, report: &mut Report<'_>) -> Option<Self> {
        let span = value.span().unwrap_or(0..0);
        let line = if span.is_empty() { line } else { report.position(span.start).line };
        let number = |written: &str, report: &mut Report<'_>| match number::read(&written.replace('_', "")) {
            Ok(value) => Some(Content::Number { value, written: written.to_owned() }),
            Err(_) => {
                let message = format!("`{written}` is no decimal number: write it as text, in quotes");
                report.mistake(span.clone(), message, None);
                None
            }
        };
        let content = match value {
            toml_edit::Value::String(text) => Content::Text(text.value().clone()),
            toml_edit::Value::Boolean(flag) => Content::Flag(*flag.value()),
            toml_edit::Value::Integer(integer) => number(&integer.value().to_string(), report)?,
            // As it is written: a float that was parsed has lost digits.
            toml_edit::Value::Float(_) => number(report.text_at(&span), report)?,
            toml_edit::Value::Array(values) => {
                let values = values.iter().map(|value| Self::of_value(value, line, report));
                Content::List(values.collect::<Option<_>>()?)
            }
            toml_edit::Value::InlineTable(table) => {
                let fields = table
                    .iter()
                    .map(|(name, value)| Some((name.to_owned(), Self::of_value(value, line, report)?)));
                Content::Object(fields.collect::<Option<_>>()?)
            }
            toml_edit::Value::Datetime(_) => {
                report.mistake(span, "a date is sent as text: write it in quotes", None);
                return None;
            }
        };
        Some(Self { line, content })
    }

    /// By the names under which the target is sent its fields, of which these are known.
    pub(super) fn by_names_of(mut self, target: &Document, known: &'static [Field]) -> Self {
        self.content = match self.content {
            Content::Object(fields) => {
                let fields = fields.into_iter().map(|(name, expected)| {
                    let name = sent_as(target, known, &name).to_owned();
                    let expected = expected.by_names_of(target, place::within(known, &name));
                    (name, expected)
                });
                Content::Object(fields.collect())
            }
            Content::List(items) => {
                Content::List(items.into_iter().map(|item| item.by_names_of(target, known)).collect())
            }
            content => content,
        };
        self
    }

    /// The line that expects it.
    pub(crate) fn line(&self) -> usize {
        self.line
    }

    /// Where what was found differs. `place`: the field, as it is told.
    pub(crate) fn compare(&self, found: Option<&Value>, place: &str, differences: &mut Vec<Difference>) {
        match (&self.content, found) {
            (Content::Object(fields), Some(Value::Object(found))) => {
                for (name, expected) in fields {
                    let place = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
                    expected.compare(found.get(name), &place, differences);
                }
            }
            (Content::List(expected), Some(Value::Array(found))) => {
                if expected.len() != found.len() {
                    differences.push(self.differs(place, lines(expected.len()), lines(found.len())));
                }
                for (index, (expected, found)) in expected.iter().zip(found).enumerate() {
                    expected.compare(Some(found), &format!("{place}[{index}]"), differences);
                }
            }
            (_, Some(found)) if self.is(found) => {}
            (_, found) => {
                let found = found.map_or_else(|| "nothing".to_owned(), shown);
                differences.push(self.differs(place, self.shown(), found));
            }
        }
    }

    fn is(&self, found: &Value) -> bool {
        match (&self.content, found) {
            (Content::Text(expected), Value::String(found)) => expected == found,
            (Content::Flag(expected), Value::Bool(found)) => expected == found,
            (Content::Number { value, .. }, Value::String(text)) => {
                number::read(text).is_ok_and(|n| n == *value)
            }
            (Content::Number { value, .. }, Value::Number(found)) => {
                number::read(&found.to_string()).is_ok_and(|n| n == *value)
            }
            _ => false,
        }
    }

    fn shown(&self) -> String {
        match &self.content {
            Content::Text(text) => shown(&Value::from(text.as_str())),
            Content::Number { written, .. } => format!("the number {written}"),
            Content::Flag(flag) => flag.to_string(),
            Content::List(items) => format!("a list of {}", lines(items.len())),
            Content::Object(_) => "an object".to_owned(),
        }
    }

    fn differs(&self, field: &str, expected: String, found: String) -> Difference {
        Difference { field: field.to_owned(), line: self.line, expected, found }
    }
}

fn lines(count: usize) -> String {
    if count == 1 { "1 line".to_owned() } else { format!("{count} lines") }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
