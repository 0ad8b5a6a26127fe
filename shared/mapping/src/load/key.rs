//! `key`: one path, or several whose values make the key together.

use relay_connector::{Document, Role, own};

use super::reach::{self, Level};
use super::report::{Report, Written};
use super::table::{Entry, Table};
use crate::diagnostic::Severity;
use crate::expression::{self, Path, Step, Term};
use crate::key::Key;
use crate::of::Of;

pub(super) fn key(
    table: &Table<'_>,
    document: Option<&Document>,
    of: Option<&Of>,
    report: &mut Report<'_>,
) -> Option<Key> {
    let Some(entry) = table.get("key") else {
        if let Some(key) = document.filter(|document| document.role == Role::Own).and_then(usual) {
            return Some(key);
        }
        if table.misspelt("key").is_none() {
            let of = document.and_then(|document| document.keys.first());
            let help = of.map(|fields| format!("write key = {}", as_toml(fields)));
            report.missing(table.span.clone(), "`key` is missing", help);
        }
        return None;
    };
    let written = entry.texts(report)?;
    if written.is_empty() {
        let of = document.and_then(|document| document.keys.first());
        let help = of.map(|fields| format!("write key = {}", as_toml(fields)));
        report.mistake(entry.span, "`key` names no path", help);
        return None;
    }
    let level = document.map(Level::document);
    let parts: Option<Vec<_>> = written.iter().map(|written| part(written, level.as_ref(), report)).collect();
    let parts = parts?;
    if let Some(document) = document {
        let is_one = of.is_some_and(Of::is_one);
        check_cover(&parts, &entry, document, is_one, report);
    }
    Some(Key { parts, is_divided: false })
}

/// The key of alerts: their cause.
pub(super) fn of_damped(table: &Table<'_>, report: &mut Report<'_>) -> Option<Key> {
    if let Some(key) = table.get("key") {
        let message = "with `damp` the key is the cause: all that fails for one is one alert";
        report.mistake(key.key_span, message, Some("remove `key`".to_owned()));
    }
    Some(Key { parts: vec![expression::alternatives(own::CAUSE).ok()?], is_divided: false })
}

/// The key of a document of the relay's own where its flow names none.
fn usual(document: &Document) -> Option<Key> {
    let parts = document.keys.first()?.iter().map(|field| expression::alternatives(field).ok());
    Some(Key { parts: parts.collect::<Option<_>>()?, is_divided: false })
}

fn part(written: &Written<'_>, level: Option<&Level<'_>>, report: &mut Report<'_>) -> Option<Vec<Term>> {
    let terms = report.parsed(written, expression::alternatives(written.text))?;
    if level.is_some_and(|level| !reach::identifying(&terms, written, level, report)) {
        return None;
    }
    if terms.iter().any(|term| !matches!(term, Term::Path(_))) {
        let message = "all documents that lack what is read before it would have this as their key";
        report.mistake(written.span.clone(), message, Some("name fields only".to_owned()));
        return None;
    }
    Some(terms)
}

/// Reports a key that is the same for different documents, and warns of one that may differ between versions of one.
/// `is_one`: the outcomes are of one flow alone, which goes without saying then.
fn check_cover(
    parts: &[Vec<Term>],
    entry: &Entry<'_>,
    document: &Document,
    is_one: bool,
    report: &mut Report<'_>,
) {
    // What is read unless it is absent.
    let paths: Vec<&Path> = parts.iter().filter_map(|terms| terms.first()?.path()).collect();
    if document.keys.is_empty() || paths.iter().any(|path| is_the_authors_own(path, document)) {
        return;
    }
    let named: Vec<&str> = paths.iter().filter_map(|path| path.top_field()).collect();
    let is_named = |field: &&str| named.contains(field) || (is_one && *field == own::FLOW);
    let is_covered = |set: &&&[&str]| set.iter().all(is_named);
    // The largest: what another set needs is not spare.
    let Some(covered) = document.keys.iter().filter(is_covered).rev().max_by_key(|set| set.len()) else {
        let known = |set: &&&[&str]| set.iter().filter(|field| named.contains(field)).count();
        // Of several that serve as well, the first.
        let nearest = document.keys.iter().rev().max_by_key(known).copied().unwrap_or_default();
        let message = format!(
            "different documents of `{}` may have the same `key`, and all but the newest of them would be skipped as \
             older versions of it: what tells one from another is {}",
            document.name,
            in_words(nearest)
        );
        report.mistake(entry.span.clone(), message, Some(format!("write key = {}", as_toml(nearest))));
        return;
    };
    let spare: Vec<_> = named.iter().copied().filter(|field| !covered.contains(field)).collect();
    if !spare.is_empty() {
        let message = format!(
            "{} alone tells the documents of `{}` apart: a change of {} would make another document of it, which is \
             delivered beside the first",
            in_words(covered),
            document.name,
            in_words(&spare)
        );
        let help = format!("write key = {}", as_toml(covered));
        report.say(Severity::Warning, entry.span.clone(), message, Some(help));
    }
}

/// Whether the field is unknown to the catalog and written in quotes.
fn is_the_authors_own(path: &Path, document: &Document) -> bool {
    path.steps.iter().any(|step| match step {
        Step::Field(name, span) => {
            expression::is_quoted(name, span) && relay_connector::field(document.fields(), name).is_none()
        }
        _ => false,
    })
}

fn in_words(fields: &[&str]) -> String {
    fields.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(" and ")
}

fn as_toml(fields: &[&str]) -> String {
    match fields {
        [only] => format!("\"{only}\""),
        _ => format!("[\"{}\"]", fields.join("\", \"")),
    }
}
