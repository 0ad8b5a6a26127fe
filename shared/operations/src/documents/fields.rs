//! The fields of a document.

use relay_connector::{Connector, Document, Field, Kind, Settings};
use serde::Serialize;

use super::facts::{self, Fact};
use super::{DocumentRow, example, holds, named, row};
use crate::OperationError;

/// A document with everything that is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Described {
    /// The document.
    #[serde(flatten)]
    pub document: DocumentRow,
    /// Its rules, in words.
    pub facts: Vec<Fact>,
    /// The request parameters that a flow may fix.
    pub params: Vec<FieldRow>,
    /// Its fields, those of lines below their list: `goods_list[].num`.
    #[serde(rename = "field_list")]
    pub fields: Vec<FieldRow>,
    /// The part of a flow file that names it.
    pub example: String,
}

/// A field, or a request parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldRow {
    /// Its path from the document's top: `goods_list[].num`. A `*` stands for what a tenant chooses.
    pub path: String,
    /// The vendor's description, in Chinese.
    pub title: &'static str,
    /// What its value is: `text`, `integer`, `decimal`, `date`, `time`, `flag`, `object`, `list`, `map`, `lists`, `any`.
    pub kind: &'static str,
    /// Whether a target insists on it: `yes`; `likely` where all examples send it; nothing where it may be left out.
    pub required: &'static str,
    /// The values that it may have; empty where that is not known.
    pub codes: Vec<Code>,
    /// Who says that there is such a field: the `vendor`, others who have `seen` it, or nobody (`inferred`).
    pub certainty: &'static str,
    /// What else is known of it.
    pub note: &'static str,
}

/// A value of a code table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Code {
    /// The value.
    pub code: &'static str,
    /// What it means, in Chinese.
    pub meaning: &'static str,
}

/// All that is known of a document; of its fields and parameters those whose path, title or codes hold that text.
///
/// # Errors
/// [`OperationError::NoDocument`], with those that were perhaps meant.
pub fn fields(
    connectors: &[&dyn Connector],
    settings: &Settings,
    name: &str,
    text: Option<&str>,
) -> Result<Described, OperationError> {
    let (connector, document) = named(connectors, settings, name)?;
    Ok(describe(connector, document, text))
}

/// All that is known of every document, in the order of vendors and of their lists.
#[must_use]
pub fn of_all(connectors: &[&dyn Connector], settings: &Settings) -> Vec<Described> {
    super::every(connectors, settings)
        .map(|(connector, document)| describe(connector, document, None))
        .collect()
}

fn describe(connector: &dyn Connector, document: &'static Document, text: Option<&str>) -> Described {
    let mut params: Vec<_> = document.param_fields().map(|field| of_field(field, "")).collect();
    let plain = |name: &&str| !params.iter().any(|param: &FieldRow| param.path == *name);
    let plain: Vec<_> = document.param_names().filter(plain).map(of_name).collect();
    params.extend(plain);
    let mut fields = Vec::new();
    gather(document.fields(), "", &mut fields);
    let is_wanted = |row: &FieldRow| {
        let meanings = row.codes.iter().map(|code| code.meaning);
        holds(&[row.path.as_str(), row.title].into_iter().chain(meanings).collect::<Vec<_>>(), text)
    };
    params.retain(is_wanted);
    fields.retain(is_wanted);
    Described {
        document: row(connector, document),
        facts: facts::of(document),
        params,
        fields,
        example: example::of(document),
    }
}

/// The path among the known ones that was perhaps meant.
#[must_use]
pub fn closest<'a>(text: &str, fields: &'a [FieldRow]) -> Option<&'a str> {
    let name = |row: &'a FieldRow| row.path.rsplit('.').next().unwrap_or_default().trim_end_matches("[]");
    let nearest = relay_job::suggest::closest(text, fields.iter().map(name))?;
    fields.iter().find(|row| name(row) == nearest).map(|row| row.path.as_str())
}

/// How many fields these are, with those within them.
pub(super) fn count(fields: &[Field]) -> usize {
    let within = |field: &Field| match field.kind {
        Kind::Object(inner) | Kind::List(inner) => count(inner),
        _ => 0,
    };
    fields.iter().map(|field| 1 + within(field)).sum()
}

fn gather(fields: &'static [Field], prefix: &str, rows: &mut Vec<FieldRow>) {
    for field in fields {
        let row = of_field(field, prefix);
        let within = format!("{}.", row.path);
        rows.push(row);
        if let Kind::Object(inner) | Kind::List(inner) = field.kind {
            gather(inner, &within, rows);
        }
    }
}

fn of_field(field: &'static Field, prefix: &str) -> FieldRow {
    let lines = if matches!(field.kind, Kind::List(_)) { "[]" } else { "" };
    FieldRow {
        path: format!("{prefix}{}{lines}", field.name),
        title: field.title,
        kind: field.kind.name(),
        required: field.need.name(),
        codes: field.codes().map(|(code, meaning)| Code { code, meaning }).collect(),
        certainty: field.certainty.name(),
        note: field.note,
    }
}

/// A parameter of which only the name is known.
fn of_name(name: &str) -> FieldRow {
    FieldRow {
        path: name.to_owned(),
        title: "",
        kind: Kind::Text.name(),
        required: "",
        codes: Vec::new(),
        certainty: relay_connector::Certainty::Vendor.name(),
        note: "",
    }
}
