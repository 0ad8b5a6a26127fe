//! `of`: whose outcomes a flow reads; what needs a person is nobody's. `damp`: how often a cause is told.

use std::time::Duration;

use relay_connector::{Document, Role, own};

use super::group::duration;
use super::report::{Report, Written};
use super::table::Table;
use crate::diagnostic::Severity;
use crate::of::{Named, Of};

const KEY: &str = "of";

/// What is written for every flow.
const ALL: &str = "*";

pub(super) fn of(table: &Table<'_>, document: Option<&Document>, report: &mut Report<'_>) -> Option<Of> {
    let document = document?;
    let is_own = document.role == Role::Own && document.name != own::HEALTH;
    let Some(entry) = table.get(KEY) else {
        if is_own && table.misspelt(KEY).is_none() {
            let help = "of = \"trade-to-kingdee\", a list of flows, or \"*\" for all of them".to_owned();
            let message = "`of` is missing: whose outcomes does this flow read?";
            report.missing(table.span.clone(), message, Some(help));
        }
        return None;
    };
    if !is_own {
        let message = "`of` belongs to `relay.delivered`, `relay.failed` and `relay.outcome`";
        report.mistake(entry.key_span, message, Some("remove it".to_owned()));
        return None;
    }
    let written = entry.texts(report)?;
    if written.is_empty() {
        report.mistake(entry.span, "`of` names no flow", None);
        return None;
    }
    let message = "these flows tell each other of their outcomes, round and round";
    let goes_round = report.diagnostic(Severity::Error, entry.span.clone(), message.to_owned(), None);
    let is_all = written.iter().any(|written| written.text == ALL);
    let named = |written: &Written<'_>| {
        let message = format!("there is no flow `{}` whose outcomes could be read", written.text);
        let missing = report.diagnostic(Severity::Error, written.span.clone(), message, None);
        Named { flow: written.text.to_owned(), missing }
    };
    let flows = (!is_all).then(|| written.iter().map(named).collect());
    Some(Of { flows, goes_round })
}

/// `damp`, of a flow that reads failures, or what needs a person.
pub(super) fn damp(
    table: &Table<'_>,
    document: Option<&Document>,
    report: &mut Report<'_>,
) -> Option<Duration> {
    let entry = table.get("damp")?;
    if document.is_some_and(|document| ![own::FAILED, own::HEALTH].contains(&document.name)) {
        let message = "`damp` belongs to `relay.failed` and `relay.health`: of what has one cause, one is told in so much time";
        report.mistake(entry.key_span, message, Some("remove it".to_owned()));
        return None;
    }
    duration(&entry, report)
}
