//! Values that can never become what is wanted of them: a quantity where a day must stand.

use relay_connector::{Field, Kind};

use super::reach::{self, Level};
use super::report::{Report, Written};
use crate::conversion::{Conversion, convert};
use crate::expression::{Datum, Expression, Path, Term};
use crate::number;

/// Reports fields and constants that the conversion can never read.
pub(super) fn check(
    terms: &[Term],
    written: &Written<'_>,
    conversion: &Conversion,
    level: &Level<'_>,
    report: &mut Report<'_>,
) {
    for term in terms {
        match term {
            Term::Path(path) => {
                let field = reach::scalar(&[], path, level);
                if let Some(field) = field.filter(|field| !is_readable(field.kind, conversion)) {
                    never(field, path, wants(conversion), written, report);
                }
            }
            Term::Text(text) if !matches!(conversion, Conversion::Division(_)) => {
                if convert(conversion, &Datum::Text(text)).is_err() {
                    let message = format!("'{text}' is not {}, which is wanted here", wants(conversion));
                    let at = written.text.find(text.as_str()).unwrap_or_default();
                    report.within(written, at..at + text.len(), message, None);
                }
            }
            Term::Text(_) | Term::Number(_) | Term::LineNumber => {}
        }
    }
}

/// Reports fields of which no day can be read.
pub(super) fn day(terms: &[Term], written: &Written<'_>, level: &Level<'_>, report: &mut Report<'_>) {
    for path in terms.iter().filter_map(Term::path) {
        let Some(field) = reach::scalar(&[], path, level) else { continue };
        if !matches!(field.kind, Kind::Date | Kind::Time | Kind::Text | Kind::Integer) {
            never(field, path, "a day", written, report);
        }
    }
}

/// Reports fields whose values do not say which of two is the newer: an amount, or yes and no.
pub(super) fn version(terms: &[Term], written: &Written<'_>, level: &Level<'_>, report: &mut Report<'_>) {
    for path in terms.iter().filter_map(Term::path) {
        let Some(field) = reach::scalar(&[], path, level) else { continue };
        if matches!(field.kind, Kind::Decimal | Kind::Flag) {
            never(field, path, "a time or a counter that grows with each change", written, report);
        }
    }
}

/// Reports days and times that are counted with, and numbers that are compared with a text.
pub(super) fn expression(
    expression: &Expression,
    written: &Written<'_>,
    level: &Level<'_>,
    report: &mut Report<'_>,
) {
    expression.amounts(&mut Vec::new(), &mut |lists, path| {
        let field = reach::scalar(lists, path, level);
        if let Some(field) = field.filter(|field| matches!(field.kind, Kind::Date | Kind::Time)) {
            never(field, path, "a number", written, report);
        }
    });
    expression.comparisons(&mut Vec::new(), &mut |lists, path, value| {
        let is_number = |field: &&Field| matches!(field.kind, Kind::Integer | Kind::Decimal);
        let Some(field) = reach::scalar(lists, path, level).filter(is_number) else { return };
        if field.codes.is_empty() && number::read(value).is_err() {
            let Field { name, title, kind, .. } = field;
            let message = format!("`{name}` ({title}) holds {}, and '{value}' is none", holds(*kind));
            let help = format!(
                "compare it with a number, or with has({name}) where none is meant; where it holds such a text all the same, \
                 write it in quotes: .'{name}'"
            );
            report.within(written, path.span.clone(), message, Some(help));
        }
    });
}

fn never(field: &Field, path: &Path, wanted: &str, written: &Written<'_>, report: &mut Report<'_>) {
    let Field { name, title, kind, .. } = field;
    let message = format!("`{name}` ({title}) holds {}, and {wanted} is wanted here", holds(*kind));
    let help = format!(
        "name a field that holds one; where this one does all the same, write it in quotes: .'{name}'"
    );
    report.within(written, path.span.clone(), message, Some(help));
}

fn is_readable(kind: Kind, conversion: &Conversion) -> bool {
    match conversion {
        Conversion::Time { reading, .. } | Conversion::Epoch { reading, .. } => match kind {
            Kind::Decimal | Kind::Flag => false,
            // 20161201, by a format.
            Kind::Integer => !reading.formats.is_empty(),
            _ => true,
        },
        Conversion::Integer | Conversion::Decimal { .. } => !matches!(kind, Kind::Date | Kind::Time),
        Conversion::Flag => !matches!(kind, Kind::Date | Kind::Time | Kind::Decimal),
        Conversion::Division(_) => {
            !matches!(kind, Kind::Date | Kind::Time | Kind::Decimal | Kind::Integer | Kind::Flag)
        }
        Conversion::Text | Conversion::Json | Conversion::Value => true,
    }
}

fn holds(kind: Kind) -> &'static str {
    match kind {
        Kind::Integer => "a whole number",
        Kind::Decimal => "a number",
        Kind::Date => "a day",
        Kind::Time => "a time",
        Kind::Flag => "yes or no",
        _ => "something else",
    }
}

fn wants(conversion: &Conversion) -> &'static str {
    match conversion {
        Conversion::Integer => "a whole number",
        Conversion::Decimal { .. } => "a number",
        Conversion::Time { .. } | Conversion::Epoch { .. } => "a time such as 2016-12-01 00:00:00",
        Conversion::Flag => "yes or no (1, 0, Y, N, 是, 否)",
        Conversion::Division(_) => "an address",
        Conversion::Text | Conversion::Json | Conversion::Value => "a value",
    }
}
