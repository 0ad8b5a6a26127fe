//! The documents of a test: a file beside it, JSON text, or a table; and changes of single fields.

use std::io;

use serde_json::{Map, Value};
use toml_edit::Item;

use crate::expression::{self, Path, Root, Step};
use crate::load::report::{Report, Written};
use crate::load::table::{Entry, Table};

/// Reads a file that stands beside the test file.
pub(super) type Beside<'a> = &'a dyn Fn(&str) -> io::Result<String>;

/// The document that an entry gives.
pub(super) fn document(entry: &Entry<'_>, beside: Beside<'_>, report: &mut Report<'_>) -> Option<Value> {
    if let Some(table) = entry.item.as_table_like() {
        return object(table, report).map(Value::Object);
    }
    let written = entry.text(report)?;
    let (text, what) = match written.text.trim_start().starts_with('{') {
        true => (written.text.to_owned(), "this text".to_owned()),
        false => (file(&written, beside, report)?, format!("the file `{}`", written.text)),
    };
    match serde_json::from_str::<Value>(&text) {
        Ok(document) if document.is_object() => Some(document),
        Ok(_) => {
            report.mistake(written.span, format!("{what} holds no JSON object"), None);
            None
        }
        Err(error) => {
            report.mistake(written.span, format!("{what} is not JSON: {error}"), None);
            None
        }
    }
}

fn file(written: &Written<'_>, beside: Beside<'_>, report: &mut Report<'_>) -> Option<String> {
    // A folder of flows travels whole, and nothing of what stands around it.
    let is_beside = !written.text.starts_with('/') && written.text.split('/').all(|part| part != "..");
    if !is_beside {
        let message = "a test's files stand in the folder of the test, or below it";
        report.mistake(written.span.clone(), message, None);
        return None;
    }
    beside(written.text)
        .map_err(|error| {
            let message = format!("the file `{}` cannot be read: {error}", written.text);
            report.mistake(written.span.clone(), message, None);
        })
        .ok()
}

/// A value of the test file as JSON.
pub(super) fn json(item: &Item, report: &mut Report<'_>) -> Option<Value> {
    match item {
        Item::Value(value) => of_value(value, report),
        Item::Table(table) => object(table, report).map(Value::Object),
        Item::ArrayOfTables(tables) => {
            tables.iter().map(|table| object(table, report).map(Value::Object)).collect()
        }
        Item::None => None,
    }
}

fn object(table: &dyn toml_edit::TableLike, report: &mut Report<'_>) -> Option<Map<String, Value>> {
    table.iter().map(|(name, item)| Some((name.to_owned(), json(item, report)?))).collect()
}

fn of_value(value: &toml_edit::Value, report: &mut Report<'_>) -> Option<Value> {
    let span = value.span().unwrap_or(0..0);
    match value {
        toml_edit::Value::String(text) => Some(Value::from(text.value().as_str())),
        toml_edit::Value::Boolean(flag) => Some(Value::from(*flag.value())),
        toml_edit::Value::Integer(number) => Some(Value::from(*number.value())),
        // As it is written: a float that was parsed has lost digits.
        toml_edit::Value::Float(_) => match report.text_at(&span).replace('_', "").parse() {
            Ok(number) => Some(Value::Number(number)),
            Err(_) => {
                report.mistake(span, "this is no number of JSON", None);
                None
            }
        },
        toml_edit::Value::Array(values) => values.iter().map(|value| of_value(value, report)).collect(),
        toml_edit::Value::InlineTable(table) => object(table, report).map(Value::Object),
        toml_edit::Value::Datetime(_) => {
            report.mistake(span, "a date is text in JSON: write it in quotes", None);
            None
        }
    }
}

/// Applies what `set` and `remove` say.
pub(super) fn change(document: &mut Value, table: &Table<'_>, report: &mut Report<'_>) {
    if let Some(set) = table.get("set").and_then(|entry| entry.table(report)) {
        for entry in set.entries() {
            let written = Written { text: entry.key, span: entry.key_span.clone() };
            let Some(value) = json(entry.item, report) else { continue };
            let place = path(&written, report).and_then(|path| {
                let place = entry_at(document, &path);
                if place.is_none() {
                    not_there(&written, report);
                }
                place
            });
            if let Some(place) = place {
                place.set(value);
            }
        }
    }
    for written in table.get("remove").and_then(|entry| entry.texts(report)).unwrap_or_default() {
        let Some(path) = path(&written, report) else { continue };
        if !entry_at(document, &path).is_some_and(Place::remove) {
            not_there(&written, report);
        }
    }
}

fn not_there(written: &Written<'_>, report: &mut Report<'_>) {
    let message = format!("the document has no place `{}`", written.text);
    report.mistake(written.span.clone(), message, None);
}

fn path(written: &Written<'_>, report: &mut Report<'_>) -> Option<Path> {
    let path = report.parsed(written, expression::path(written.text))?;
    if path.root == Root::Up(0) {
        return Some(path);
    }
    report.mistake(written.span.clone(), "write the path from the top of the document", None);
    None
}

/// A place in a document that can be set or taken away.
enum Place<'d> {
    Field(&'d mut Map<String, Value>, String),
    Line(&'d mut Vec<Value>, usize),
}

impl Place<'_> {
    fn set(self, value: Value) {
        match self {
            Self::Field(object, name) => _ = object.insert(name, value),
            Self::Line(list, index) => list[index] = value,
        }
    }

    /// Whether there was something.
    fn remove(self) -> bool {
        match self {
            // In its order: what is compared with a file is read by people.
            Self::Field(object, name) => object.shift_remove(&name).is_some(),
            Self::Line(list, index) => {
                list.remove(index);
                true
            }
        }
    }
}

fn entry_at<'d>(document: &'d mut Value, path: &Path) -> Option<Place<'d>> {
    let (last, above) = path.steps.split_last()?;
    let parent = above.iter().try_fold(document, |value, step| match step {
        Step::Field(name, _) => value.get_mut(name),
        Step::Index(_) | Step::Where { .. } => {
            let index = index(value, step)?;
            value.get_mut(index)
        }
    })?;
    match last {
        Step::Field(name, _) => Some(Place::Field(parent.as_object_mut()?, name.clone())),
        Step::Index(_) | Step::Where { .. } => {
            let index = index(parent, last)?;
            Some(Place::Line(parent.as_array_mut()?, index))
        }
    }
}

/// Which line of the list a step leads to.
fn index(list: &Value, step: &Step) -> Option<usize> {
    let line = step.of(list)?;
    list.as_array()?.iter().position(|other| std::ptr::eq(other, line))
}
