//! Values that a code table does not know.

use std::ops::Range;

use relay_connector::{Certainty, Field};

use super::report::Report;
use crate::diagnostic::Severity;

/// How a value is given that is right all the same, where the vendor is sent it.
pub(super) const OF_A_SETTING: &str =
    "One that is taken all the same comes from a setting: { setting = \"NAME\" }";

/// How a field is named whose values its author knows better, where the vendor hands it over.
pub(super) const OF_THE_AUTHOR: &str = "Where it holds others all the same, write the field in quotes: .'…'";

/// Reports a value that the field's code table does not know: a mistake where the vendor says what the table holds, a
/// warning where others do.
pub(super) fn check(field: &Field, value: &str, span: Range<usize>, way_out: &str, report: &mut Report<'_>) {
    if field.takes(value) {
        return;
    }
    let severity = match field.certainty {
        Certainty::Vendor => Severity::Error,
        Certainty::Seen | Certainty::Inferred => Severity::Warning,
    };
    let Field { name, title, .. } = field;
    let known: Vec<_> = field.codes().map(|(code, meaning)| format!("{code} {meaning}")).collect();
    let message = format!("`{name}` ({title}) is not known to have the value \"{value}\"");
    report.say(severity, span, message, Some(format!("it has {}. {way_out}", known.join(", "))));
}
