//! The field of the target that holds our number of a document.
//!
//! It is what a vendor is asked for after a lost answer, and what keeps it from making a document twice. Its rule must
//! give each document a number of its own, and the same one to each of its versions.

use relay_connector::Document;

use super::report::Report;
use super::table::Table;
use crate::diagnostic::Severity;
use crate::expression::{Expression, Path, Term};
use crate::rule::{Absent, Content, Fields, Rule, Take, Through};
use crate::template::Piece;

/// Reports a rule that may give different documents the same number, and warns of one that gives each version another.
/// `key`: the source's key, as an example of one that does neither.
pub(super) fn check(
    table: &Table<'_>,
    fields: &Fields,
    target: &Document,
    key: &str,
    version: &[Term],
    report: &mut Report<'_>,
) {
    let Some(number) = target.number() else { return };
    let Some(field) = fields.0.iter().find(|field| field.name == number) else { return };
    let Content::Value(rules) = &field.content else { return };
    if !field.is_sent {
        let span = table.get(number).map_or_else(|| table.span.clone(), |entry| entry.span);
        let message =
            format!("`{number}` is the number by which the target knows a document, and it is not sent");
        report.mistake(span, message, Some("remove send = false".to_owned()));
        return;
    }
    let (severity, why) = if let Some(why) = rules.iter().find_map(shared_because) {
        (Severity::Error, format!("{why}: different documents would have the same one"))
    } else if let Some(version) = rules.iter().find_map(|rule| changing(rule, version)) {
        (
            Severity::Warning,
            format!("`{version}` changes with each version: each would make another document"),
        )
    } else {
        return;
    };
    let span = table.get(number).or_else(|| table.get("copy")).map(|entry| entry.span);
    let message = format!("`{number}` is the number by which the target knows a document, and {why}");
    let help = format!("take it from what tells the source's documents apart, such as {number} = \"{key}\"");
    report.say(severity, span.unwrap_or_else(|| table.span.clone()), message, Some(help));
}

/// Why a rule may give different documents the same number.
fn shared_because(rule: &Rule) -> Option<&'static str> {
    if matches!(rule.absent, Absent::Default(_)) {
        return Some("this rule has a `default`");
    }
    if matches!(rule.through, Through::Codes { .. }) {
        return Some("this rule has a table of codes");
    }
    match &rule.take {
        Take::Constant(_) => Some("this is a constant"),
        Take::Setting(_) => Some("this is a setting"),
        Take::Copy(_) => None,
        Take::From(terms) => (!are_fields(terms)).then_some("this rule falls back on a constant"),
        Take::Parts(parts) => {
            let is_shared = parts.iter().any(|terms| !are_fields(terms));
            is_shared.then_some("this rule falls back on a constant")
        }
        Take::Text(pieces) => {
            let differs = |piece: &Piece| !piece.terms().is_empty() && are_fields(piece.terms());
            (!pieces.iter().any(differs)).then_some("this text reads no field")
        }
        Take::Compute(expression) => (!reads(expression)).then_some("this calculation reads no field"),
    }
}

/// What the rule reads that is the version too.
fn changing<'r>(rule: &'r Rule, version: &[Term]) -> Option<&'r str> {
    let terms: Vec<&Term> = match &rule.take {
        Take::From(terms) => terms.iter().collect(),
        Take::Parts(parts) => parts.iter().flatten().collect(),
        Take::Text(pieces) => pieces.iter().flat_map(Piece::terms).collect(),
        _ => Vec::new(),
    };
    let top = |term: &'r Term| term.path().and_then(Path::top_field);
    let versions: Vec<_> = version.iter().filter_map(|term| term.path().and_then(Path::top_field)).collect();
    terms.into_iter().filter_map(top).find(|field| versions.contains(field))
}

fn are_fields(terms: &[Term]) -> bool {
    terms.iter().all(|term| matches!(term, Term::Path(_)))
}

fn reads(expression: &Expression) -> bool {
    let mut reads = false;
    expression.visit(&mut Vec::new(), &mut |_, _| reads = true);
    reads
}
