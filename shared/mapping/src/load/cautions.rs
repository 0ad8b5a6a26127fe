//! What the author of a flow must know of the parameters that it sends, or does not.

use relay_connector::{Caution, Document};

use super::report::Report;
use super::table::Table;
use super::window::held;
use crate::diagnostic::Severity;
use crate::params::Param;

/// Reports requests that the vendor refuses, and warns of those that it answers with less than one may think.
pub(super) fn check(
    table: &Table<'_>,
    document: &Document,
    route: Option<&str>,
    params: &[(String, Param)],
    report: &mut Report<'_>,
) {
    let entry = table.get("params").or_else(|| table.get("document"));
    let span = entry.map_or_else(|| table.span.clone(), |entry| entry.span);
    let over = route.or(document.routes.first().copied());
    let is_of = |caution: &&Caution| {
        (caution.route.is_none() || caution.route == over)
            && caution.said_by.is_none_or(|key| table.get(key).is_none())
            && caution.when.iter().all(|condition| condition.test.holds(held(params, condition.param)))
    };
    for Caution { is_refused, says, help, .. } in document.cautions.iter().filter(is_of) {
        let severity = if *is_refused { Severity::Error } else { Severity::Warning };
        report.say(severity, span.clone(), format!("`{}`: {says}", document.name), Some((*help).to_owned()));
    }
}
