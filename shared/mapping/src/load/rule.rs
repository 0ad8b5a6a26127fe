//! The rule of one field.

use relay_connector::{Catalog, Field, Kind};
use serde_json::Value;
use toml_edit::Item;

use super::constant::constant;
use super::conversion::{conversion, usual};
use super::fitting;
use super::reach::{self, Level};
use super::remainder;
use super::report::{Report, Written, closest};
use super::table::{Entry, Table};
use super::through::{check_source_codes, sent, through};
use crate::conversion::Conversion;
use crate::expression::{self, Path, Root};
use crate::rule::{Absent, Rule, Take, Through};
use crate::template::{self, Piece};

/// What a rule takes its value from: exactly one of these.
pub(super) const TAKES: [&str; 5] = ["from", "value", "setting", "text", "compute"];
const KEYS: [&str; 26] = [
    "from",
    "value",
    "setting",
    "text",
    "compute",
    "when",
    "as",
    "lookup",
    "wait",
    "line",
    "result",
    "by",
    "codes",
    "otherwise",
    "absent",
    "default",
    "unique",
    "remainder",
    "total",
    "send",
    "scale",
    "rounding",
    "strip",
    "formats",
    "zone",
    "write",
];

/// What the target wants of a field; no kind where the field is the tenant's own.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    pub(super) kind: Option<Kind>,
    pub(super) required: bool,
    /// The field itself, where it is a known one.
    pub(super) field: Option<&'static Field>,
}

impl Wanted {
    /// Of a field that is the tenant's own.
    pub(super) const UNKNOWN: Self = Self { kind: None, required: false, field: None };

    /// Of a known field.
    pub(super) fn by(field: &'static Field) -> Self {
        Self { kind: Some(field.kind), required: field.is_required(), field: Some(field) }
    }

    /// The name under which it is sent, where a flow has written that one: a vendor's interfaces name a field differently.
    pub(super) fn name<'a>(&self, written: &'a str) -> &'a str
    where
        'static: 'a,
    {
        self.field.filter(|field| !field.is_named(written)).map_or(written, |field| field.name)
    }
}

/// A field's rule, or its rules by condition.
pub(super) fn rules(
    entry: &Entry<'_>,
    wanted: Wanted,
    catalog: &Catalog,
    level: &Level<'_>,
    report: &mut Report<'_>,
) -> Option<Vec<Rule>> {
    if let Some(text) = entry.item.as_str() {
        let written = Written { text, span: entry.span.clone() };
        let take = from(&written, &usual(wanted.kind), level, report)?;
        return Some(vec![plain(take, &written, wanted, report)]);
    }
    let tables: Vec<Table<'_>> = match entry.item {
        Item::Value(toml_edit::Value::Array(array))
            if array.iter().all(toml_edit::Value::is_inline_table) =>
        {
            array
                .iter()
                .filter_map(|value| Some(Table::new(value.as_inline_table()?, value.span()?)))
                .collect()
        }
        item => match item.as_table_like() {
            Some(table) => vec![Table::new(table, entry.span.clone())],
            None => {
                let message = format!("`{}` has no rule", entry.key);
                let help = "write a path in quotes, { value = … } for a constant, or another rule in braces";
                report.mistake(entry.span.clone(), message, Some(help.to_owned()));
                return None;
            }
        },
    };
    let unconditional = tables.iter().position(|table| table.get("when").is_none());
    if let Some(unreached) = unconditional.and_then(|position| tables.get(position + 1)) {
        let message = "this rule is never reached: the one before it has no `when`";
        let help = "give the one before it a `when`, or remove this one".to_owned();
        report.mistake(unreached.span.clone(), message, Some(help));
    }
    tables.iter().map(|table| rule(table, wanted, catalog, level, report)).collect()
}

/// A rule that carries a field under its own name.
pub(super) fn copy(path: Path, name: &Written<'_>, wanted: Wanted, report: &mut Report<'_>) -> Option<Rule> {
    match wanted.kind {
        None | Some(Kind::Any) => {
            let wanted = Wanted { required: false, ..wanted };
            Some(plain(Take::Copy(path), name, wanted, report))
        }
        Some(Kind::Object(_) | Kind::List(_) | Kind::Map | Kind::MapOfLists) => {
            let message =
                format!("`{}` is a list or an object of the target: give it a table of its own", name.text);
            report.mistake(name.span.clone(), message, None);
            None
        }
        Some(_) => Some(plain(Take::From(vec![expression::Term::Path(path)]), name, wanted, report)),
    }
}

fn plain(take: Take, written: &Written<'_>, wanted: Wanted, report: &Report<'_>) -> Rule {
    Rule {
        at: report.position(written.span.start),
        when: None,
        take,
        source: written.text.to_owned(),
        strip_emoji: false,
        conversion: usual(wanted.kind),
        through: Through::Nothing,
        absent: if wanted.required { Absent::Error } else { Absent::Omit },
        reads_target: false,
        remainder: None,
    }
}

fn rule(
    table: &Table<'_>,
    wanted: Wanted,
    catalog: &Catalog,
    level: &Level<'_>,
    report: &mut Report<'_>,
) -> Option<Rule> {
    table.expect(&KEYS, report);
    if let Some(send) = table.get("send").filter(|send| send.item.as_bool().is_none()) {
        send.wrong_type("true or false", report);
    }
    let when = table.text("when", report).and_then(|written| {
        let when = report.condition(&written)?;
        reach::expression(&when.expression, &written, level, report);
        fitting::expression(&when.expression, &written, level, report);
        Some(when)
    });
    let through = through(table, wanted, catalog, report);
    let goes_through = !matches!(through, Some(Through::Nothing));
    let mistakes = report.mistakes();
    let conversion = conversion(table, wanted, goes_through, report);
    let is_fitting = report.mistakes() == mistakes;
    let absent = absent(table, wanted, report);
    let usual = usual(wanted.kind);
    let taken = take(
        table,
        conversion.as_ref().filter(|_| is_fitting).unwrap_or(&usual),
        goes_through,
        wanted,
        level,
        report,
    );
    let (take, source) = taken?;
    check_source_codes(table, &take, level, report);
    let computed = match &take {
        Take::Compute(expression) => Some(expression),
        _ => None,
    };
    let mut reads_target = false;
    for expression in when.iter().map(|when| &when.expression).chain(computed) {
        expression.visit(&mut Vec::new(), &mut |_, path| reads_target |= path.root == Root::Target);
    }
    let strip_emoji = table.get("strip").is_some();
    let (conversion, remainder) = remainder::of(table, conversion, reads_target, level, report);
    Some(Rule {
        at: report.position(table.span.start),
        when,
        take,
        source,
        strip_emoji,
        conversion: conversion?,
        through: through?,
        absent: absent?,
        reads_target,
        remainder,
    })
}

fn take(
    table: &Table<'_>,
    conversion: &Conversion,
    goes_through: bool,
    wanted: Wanted,
    level: &Level<'_>,
    report: &mut Report<'_>,
) -> Option<(Take, String)> {
    let mut given = TAKES.into_iter().filter_map(|key| table.get(key));
    let Some(entry) = given.next() else {
        // One that is misspelt has been told.
        if table.entries().all(|entry| KEYS.contains(&entry.key) || closest(entry.key, &TAKES).is_none()) {
            let message = "this rule takes its value from nowhere";
            let help = format!("give it one of `{}`", TAKES.join("`, `"));
            report.mistake(table.span.clone(), message, Some(help));
        }
        return None;
    };
    for other in given {
        let message = format!("a rule takes its value from one place: it has `{}` already", entry.key);
        let help = match other.key {
            "value" => "remove one of the two; what stands in for an absent field is `default`".to_owned(),
            _ => "remove one of the two".to_owned(),
        };
        report.mistake(other.key_span, message, Some(help));
    }
    if entry.key == "value" {
        let value = match goes_through {
            true => constant(&entry, None, report)?,
            false => sent(&entry, wanted, report)?,
        };
        return Some(match value {
            Value::String(text) if goes_through => (Take::Text(vec![Piece::Literal(text.clone())]), text),
            value => (Take::Constant(value), "value".to_owned()),
        });
    }
    let line = table.get("line");
    if entry.key == "from" && (entry.item.is_array() || line.is_some()) {
        return parts(table, &entry, line.as_ref(), level, report);
    }
    if let Some(line) = line {
        let help = "from = \"order_no\", line = \"spec_no\"".to_owned();
        report.mistake(line.key_span, "`line` goes with a `from` that tells the bill", Some(help));
    }
    let written = entry.text(report)?;
    let source = written.text.to_owned();
    let take = match entry.key {
        "from" => from(&written, conversion, level, report)?,
        "setting" => Take::Setting(source.clone()),
        "text" => {
            let mut pieces = report.parsed(&written, template::parse(written.text))?;
            for piece in &mut pieces {
                if let Piece::Read(terms, offset) = piece {
                    level.outcomes_target(terms, &written, *offset, report);
                    reach::check(terms, &written, *offset, level, true, report);
                }
            }
            Take::Text(pieces)
        }
        _ => {
            let amount = report.parsed(&written, expression::parse_amount(written.text))?;
            reach::expression(&amount, &written, level, report);
            fitting::expression(&amount, &written, level, report);
            Take::Compute(amount)
        }
    };
    Some((take, source))
}

/// Several paths that make one code of a look-up together; what tells a `line` of a bill stands behind what tells the bill.
fn parts(
    table: &Table<'_>,
    entry: &Entry<'_>,
    line: Option<&Entry<'_>>,
    level: &Level<'_>,
    report: &mut Report<'_>,
) -> Option<(Take, String)> {
    let mut written = entry.texts(report)?;
    if let Some(line) = line {
        written.extend(line.texts(report)?);
    }
    if table.get("lookup").is_none() || written.len() < 2 {
        let message = "a list of paths is the code of a `lookup` that several fields make together";
        let help = "for the first that is present write \"one | other\"".to_owned();
        report.mistake(entry.span.clone(), message, Some(help));
        return None;
    }
    let part = |written: &Written<'_>| {
        let mut terms = report.parsed(written, expression::alternatives(written.text))?;
        level.outcomes_target(&mut terms, written, 0, report);
        reach::check(&terms, written, 0, level, true, report);
        Some(terms)
    };
    let parts: Option<Vec<_>> = written.iter().map(part).collect();
    let source: Vec<_> = written.iter().map(|written| written.text).collect();
    Some((Take::Parts(parts?), source.join(", ")))
}

fn from(
    written: &Written<'_>,
    conversion: &Conversion,
    level: &Level<'_>,
    report: &mut Report<'_>,
) -> Option<Take> {
    let mut terms = report.parsed(written, expression::alternatives(written.text))?;
    level.outcomes_target(&mut terms, written, 0, report);
    let must_be_scalar = !matches!(conversion, Conversion::Json | Conversion::Value);
    reach::check(&terms, written, 0, level, must_be_scalar, report);
    fitting::check(&terms, written, conversion, level, report);
    Some(Take::From(terms))
}

fn absent(table: &Table<'_>, wanted: Wanted, report: &mut Report<'_>) -> Option<Absent> {
    if let Some(default) = table.get("default") {
        if let Some(absent) = table.get("absent") {
            report.mistake(
                absent.key_span,
                "a rule has a `default` or says what to do when `absent`, not both",
                None,
            );
        }
        return sent(&default, wanted, report).map(Absent::Default);
    }
    let usual = if wanted.required { Absent::Error } else { Absent::Omit };
    let Some(written) = table.text("absent", report) else { return Some(usual) };
    match written.text {
        "error" => Some(Absent::Error),
        "omit" if wanted.required => {
            let help = "give it a `default`, or leave `absent` away".to_owned();
            report.mistake(written.span, "the target requires this field: it cannot be left out", Some(help));
            None
        }
        "omit" => Some(Absent::Omit),
        other => {
            report.unknown(written.span, format!("`absent` cannot be `{other}`"), other, &["error", "omit"]);
            None
        }
    }
}
