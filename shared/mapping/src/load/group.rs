//! `[group]`: what members have in common, what is summed, when a group is closed, what becomes of differences.

use std::time::Duration;

use relay_connector::{Catalog, Document, Kind, Role, field};
use relay_core::System;
use relay_core::groups::{Close, Difference, Rules};

use super::fields::Loader;
use super::fitting;
use super::reach::{self, Level};
use super::report::{Report, Written};
use super::table::{Entry, Table};
use crate::conversion::Conversion;
use crate::diagnostic::{Diagnostic, Severity};
use crate::expression::{self, Expression, Root};
use crate::group::{Group, Part};
use crate::number;
use crate::rule::{Content, Field, Fields, Lines, Rule, Take};

const KEYS: [&str; 8] =
    ["by", "lines", "sum", "close", "max_lines", "difference", "withdrawn_when", "prefix"];

/// Bills have at most so many lines where the flow does not say.
const MAX_LINES: usize = 500;

pub(super) fn group(
    table: &Table<'_>,
    loader: &Loader<'_>,
    fields: &Fields,
    level: &Level<'_>,
    report: &mut Report<'_>,
) -> Option<Group> {
    table.expect(&KEYS, report);
    let (document, catalog) = (loader.target, loader.catalog);
    if document.number().is_none() {
        let message =
            format!("`{}` has no number by which one bill could be told from another", document.name);
        let singly = "leave [group] out: then each document is a bill of its own";
        let help = match catalog.elsewhere_where(document.name, |other| other.number().is_some()) {
            Some(setting) => format!("it has one with {setting}; or {singly}"),
            None => singly.to_owned(),
        };
        report.mistake(table.span.clone(), message, Some(help));
    }
    let by = by(table, level, report);
    let list = list(table, fields, report);
    let sums = list.and_then(|(list, blocks)| {
        let known = match field(document.fields(), list).map(|list| list.kind) {
            Some(Kind::List(lines)) => Some(lines),
            _ => None,
        };
        sums(table, blocks, &|written| loader.sent_as(known, written), report)
    });
    let close = close(table, by.as_ref().map(|(parts, _)| parts.as_slice()), report);
    let withdrawn_when = table.text("withdrawn_when", report).and_then(|written| {
        let condition = report.parsed(&written, expression::condition(written.text))?;
        reach::expression(&condition, &written, level, report);
        Some(condition)
    });
    check_derived(table, fields, report);
    let max_lines = max_lines(table, report);
    let (difference, returns) = difference(table, catalog, document, fields, report);
    let prefix = table.text("prefix", report).map(|written| written.text.to_owned()).unwrap_or_default();
    let alike = alike(table, document, report);
    let rules = Rules { sums: sums?, max_lines, difference };
    let (list, _) = list?;
    let (by, written) = by?;
    let list = list.to_owned();
    Some(Group { by, list, rules, close: close?, withdrawn_when, returns, prefix, written, alike })
}

/// What another flow file may make a mistake of: that the bills of both have the same numbers.
fn alike(table: &Table<'_>, document: &Document, report: &Report<'_>) -> Diagnostic {
    let span = table.get("prefix").map_or_else(|| table.span.clone(), |entry| entry.span);
    let message = format!(
        "another flow numbers bills of `{}` alike: by the same `by`, with the same `prefix`, so that one would be taken for the other",
        document.name
    );
    report.diagnostic(Severity::Error, span, message, None)
}

/// The parts, and as they are written.
fn by(table: &Table<'_>, level: &Level<'_>, report: &mut Report<'_>) -> Option<(Vec<Part>, Vec<String>)> {
    let Some(entry) = table.get("by") else {
        let help = "by = [\"shop_no\", \"warehouse_no\", \"day(consign_time)\"]".to_owned();
        report.mistake(
            table.span.clone(),
            "`by` is missing: what the members of a group have in common",
            Some(help),
        );
        return None;
    };
    let texts = entry.texts(report)?;
    let parts: Option<Vec<_>> = texts.iter().map(|written| part(written, level, report)).collect();
    let parts = parts?;
    if parts.is_empty() {
        let help = "by = [\"shop_no\", \"day(consign_time)\"]".to_owned();
        report.mistake(entry.span, "`by` names no path", Some(help));
        return None;
    }
    Some((parts, texts.iter().map(|written| written.text.to_owned()).collect()))
}

fn part(written: &Written<'_>, level: &Level<'_>, report: &mut Report<'_>) -> Option<Part> {
    let day = written.text.trim().strip_prefix("day(").and_then(|rest| rest.strip_suffix(')'));
    let written = Written { text: day.unwrap_or(written.text), span: written.span.clone() };
    let terms = report.parsed(&written, expression::alternatives(written.text))?;
    let is_whole = reach::identifying(&terms, &written, level, report);
    if is_whole && day.is_some() {
        fitting::day(&terms, &written, level, report);
    }
    is_whole.then_some(Part { terms, is_day: day.is_some() })
}

/// The one list of the target, whose lines are summed.
fn list<'f>(
    table: &Table<'_>,
    fields: &'f Fields,
    report: &mut Report<'_>,
) -> Option<(&'f str, &'f [Lines])> {
    let lists: Vec<_> = fields
        .0
        .iter()
        .filter_map(|field| match &field.content {
            Content::List(blocks) => Some((field.name.as_str(), blocks.as_slice())),
            _ => None,
        })
        .collect();
    match lists.as_slice() {
        [only] => Some(*only),
        _ => {
            let message =
                format!("the bill of a group has one list of lines, and [fields] has {}", lists.len());
            let help =
                "`difference`, `lines` and `sum` are about that list: leave out the others, or [group]";
            report.mistake(table.span.clone(), message, Some(help.to_owned()));
            None
        }
    }
}

/// The summed fields, once each field of the lines is known to be in common, summed, or worked out of those.
fn sums(
    table: &Table<'_>,
    blocks: &[Lines],
    sent_as: &dyn for<'n> Fn(&'n str) -> &'n str,
    report: &mut Report<'_>,
) -> Option<Vec<String>> {
    let names = |key: &str, report: &mut Report<'_>| -> Option<Vec<(String, std::ops::Range<usize>)>> {
        let Some(entry) = table.get(key) else {
            let message = match key {
                "sum" => "`sum` is missing: the fields of a line that are summed, the quantity first",
                _ => "`lines` is missing: the fields that lines have in common which are summed",
            };
            let help = match key {
                "sum" => "sum = [\"qty\", \"amount\"]",
                _ => "lines = [\"materialid_id\", \"stockid_id\", \"unit_id\"]",
            };
            report.mistake(table.span.clone(), message, Some(help.to_owned()));
            return None;
        };
        let texts = entry.texts(report)?;
        Some(texts.into_iter().map(|written| (sent_as(written.text).to_owned(), written.span)).collect())
    };
    let (lines, sums) = (names("lines", report), names("sum", report));
    let (lines, sums) = (lines?, sums?);
    let mut is_sound = true;
    for (name, span) in lines.iter().chain(&sums) {
        if !blocks.iter().any(|block| block.fields.get(name).is_some()) {
            let known: Vec<_> =
                blocks.iter().flat_map(|block| &block.fields.0).map(|field| field.name.as_str()).collect();
            report.unknown(span.clone(), format!("the lines have no field `{name}`"), name, &known);
            is_sound = false;
        }
    }
    if sums.is_empty() {
        let help = "sum = [\"qty\", \"amount\"]".to_owned();
        report.mistake(table.span.clone(), "`sum` names no field", Some(help));
        is_sound = false;
    }
    for field in blocks.iter().flat_map(|block| &block.fields.0) {
        let is_in = |names: &[(String, std::ops::Range<usize>)]| {
            names.iter().find(|(name, _)| *name == field.name).cloned()
        };
        let said = match (is_in(&lines), is_in(&sums)) {
            (Some((_, span)), Some(_)) => {
                Some((span, "is in common or summed, not both", "take it out of `lines` or of `sum`"))
            }
            (Some((_, span)), None) | (None, Some((_, span))) if field.reads_target() => Some((
                span,
                "reads `target`: it is worked out of the sums, and neither in common nor summed",
                "take it out here",
            )),
            (None, Some((_, span))) if !is_amount(field) => {
                Some((span, "is no number", "give its rule as = \"decimal\""))
            }
            (None, None) if !field.reads_target() => Some((
                table.get("lines").map_or_else(|| table.span.clone(), |entry| entry.span),
                "is neither in common (`lines`) nor summed (`sum`), nor worked out of the target's fields",
                "name it in `lines`, or in `sum` where it is a quantity or an amount",
            )),
            _ => None,
        };
        if let Some((span, why, help)) = said {
            report.mistake(span, format!("`{}` {why}", field.name), Some(help.to_owned()));
            is_sound = false;
        }
    }
    is_sound.then(|| sums.into_iter().map(|(name, _)| name).collect())
}

fn is_amount(field: &Field) -> bool {
    let is_number = |rule: &Rule| match &rule.take {
        Take::Constant(value) => value.as_str().is_some_and(|text| number::read(text).is_ok()),
        _ => matches!(rule.conversion, Conversion::Decimal { .. } | Conversion::Integer),
    };
    matches!(&field.content, Content::Value(rules) if rules.iter().all(is_number))
}

/// What reads the target is worked out of the sums, where no source document is at hand.
fn check_derived(table: &Table<'_>, fields: &Fields, report: &mut Report<'_>) {
    let of_lines = fields.0.iter().filter_map(|field| match &field.content {
        Content::List(blocks) => Some(blocks.iter().flat_map(|block| &block.fields.0)),
        _ => None,
    });
    let derived = fields.0.iter().chain(of_lines.flatten()).filter(|field| field.reads_target());
    for field in derived {
        if reads_source(field) {
            let message = format!(
                "`{}` reads both `target` and the source: it is worked out of the group's sums, where no document of the \
                 source is at hand",
                field.name
            );
            let help = "map what it needs into a field with send = false, and read that".to_owned();
            report.mistake(table.span.clone(), message, Some(help));
        }
    }
}

fn reads_source(field: &Field) -> bool {
    let Content::Value(rules) = &field.content else { return false };
    let of_expression = |expression: &Expression| {
        let mut reads = false;
        expression.visit(&mut Vec::new(), &mut |lists, path| {
            let is_of_target = path.root == Root::Target
                || path.root == Root::Up(0) && lists.last().is_some_and(|list| list.root == Root::Target);
            reads |= !is_of_target;
        });
        reads
    };
    rules.iter().any(|rule| {
        let takes = match &rule.take {
            Take::Compute(expression) => of_expression(expression),
            Take::Constant(_) | Take::Setting(_) => false,
            Take::From(_) | Take::Copy(_) | Take::Text(_) | Take::Parts(_) => true,
        };
        takes || rule.when.as_ref().is_some_and(|when| of_expression(&when.expression))
    })
}

/// `by`: none where it has mistakes of its own.
fn close(table: &Table<'_>, by: Option<&[Part]>, report: &mut Report<'_>) -> Option<Close> {
    let Some(entry) = table.get("close") else {
        let help =
            "close = { after = \"day\", wait = \"2h\" }, { every = \"30m\" } or { size = 500 }".to_owned();
        report.mistake(table.span.clone(), "`close` is missing: when a group becomes a bill", Some(help));
        return None;
    };
    let close = entry.table(report)?;
    let mistakes = report.mistakes();
    close.expect(&["after", "wait", "every", "size"], report);
    let wait = close.get("wait").and_then(|entry| duration(&entry, report));
    let after_day = match close.text("after", report) {
        Some(Written { text: "day", span }) => {
            if by.is_some_and(|by| !by.iter().any(|part| part.is_day)) {
                let message = "a group that is closed after its day has one: `by` names no `day(…)`";
                let help = "add the time that says which day, such as \"day(consign_time)\"".to_owned();
                report.mistake(span, message, Some(help));
            }
            Some(wait.unwrap_or_default())
        }
        Some(Written { text, span }) => {
            report.unknown(span, format!("a group is not closed after `{text}`"), text, &["day"]);
            None
        }
        None => None,
    };
    if let (None, None, Some(entry)) = (after_day, close.get("after"), close.get("wait")) {
        let help = "close = { after = \"day\", wait = \"2h\" }".to_owned();
        report.mistake(entry.key_span, "`wait` belongs to after = \"day\"", Some(help));
    }
    let every = close.get("every").and_then(|entry| duration(&entry, report));
    let size = close.get("size").and_then(|entry| count(&entry, report));
    if after_day.is_none() && every.is_none() && size.is_none() {
        // Of what is written there wrongly it has been told.
        if report.mistakes() == mistakes {
            let help = "after = \"day\", every = \"30m\" or size = 500".to_owned();
            report.mistake(entry.span, "`close` does not say when", Some(help));
        }
        return None;
    }
    Some(Close { after_day, every, size })
}

fn max_lines(table: &Table<'_>, report: &mut Report<'_>) -> usize {
    table.get("max_lines").and_then(|entry| count(&entry, report)).unwrap_or(MAX_LINES)
}

fn count(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<usize> {
    let count =
        entry.item.as_integer().and_then(|count| usize::try_from(count).ok()).filter(|count| *count > 0);
    if count.is_none() {
        entry.wrong_type("a whole number from 1 on", report);
    }
    count
}

pub(super) fn duration(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<Duration> {
    let read = |text: &str| {
        let units = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)];
        let (digits, seconds) =
            units.into_iter().find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, seconds)))?;
        digits.parse::<u32>().ok().map(|count| Duration::from_secs(u64::from(count) * seconds))
    };
    let duration = entry.item.as_str().and_then(read);
    if duration.is_none() {
        entry.wrong_type("a time such as \"30m\", \"2h\" or \"1d\"", report);
    }
    duration
}

fn difference(
    table: &Table<'_>,
    catalog: &Catalog,
    target: &'static Document,
    fields: &Fields,
    report: &mut Report<'_>,
) -> (Difference, Option<&'static Document>) {
    let Some(entry) = table.get("difference") else { return (Difference::Supplement, None) };
    if let Some(table) = entry.item.as_table_like() {
        let table = Table::new(table, entry.span.clone());
        table.expect(&["return"], report);
        let Some(written) = table.required_text("return", report) else { return (Difference::Return, None) };
        return (Difference::Return, returns(&written, catalog, target, fields, report));
    }
    match entry.text(report) {
        Some(Written { text: "red", .. }) => (Difference::Red, None),
        Some(Written { text: "supplement", .. }) | None => (Difference::Supplement, None),
        Some(Written { text, span }) => {
            let known = ["supplement", "red"];
            report.unknown(span, format!("a difference does not become `{text}`"), text, &known);
            (Difference::Supplement, None)
        }
    }
}

/// The document that lines become which take back what was billed: of the same system, with the same fields.
fn returns(
    written: &Written<'_>,
    catalog: &Catalog,
    target: &'static Document,
    fields: &Fields,
    report: &mut Report<'_>,
) -> Option<&'static Document> {
    let system = System::of_document(target.name);
    let fits =
        |document: &&Document| document.role == Role::Target && System::of_document(document.name) == system;
    let Some(document) = catalog.document(written.text).filter(|document| fits(document)) else {
        let known: Vec<_> = catalog.documents().filter(fits).map(|document| document.name).collect();
        let message = format!("`{}` is no document that {system} takes", written.text);
        report.unknown(written.span.clone(), message, written.text, &known);
        return None;
    };
    for name in fields.0.iter().filter(|field| field.is_sent).map(|field| field.name.as_str()) {
        if field(document.fields(), name).is_none() {
            let message = format!("`{}` has no known field `{name}`", document.name);
            let help = format!("leave `{name}` out of [fields], or write difference = \"red\"");
            report.mistake(written.span.clone(), message, Some(help));
        }
    }
    let is_missing = |field: &&relay_connector::Field| {
        field.is_required() && Some(field.name) != document.number() && fields.get(field.name).is_none()
    };
    for missing in document.fields().iter().filter(is_missing) {
        let message =
            format!("`{}` requires `{}`, and it has no rule in [fields]", document.name, missing.name);
        let help = format!("{} = \"…\" in [fields]", missing.name);
        report.mistake(written.span.clone(), message, Some(help));
    }
    Some(document)
}
