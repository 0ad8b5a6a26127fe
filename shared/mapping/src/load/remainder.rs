//! `remainder` and `total`: amounts of lines that are rounded together.

use super::reach::{self, Level};
use super::report::{Report, Written};
use super::table::Table;
use crate::conversion::Conversion;
use crate::expression::{self, Root};
use crate::remainder::{Bearer, Remainder, Total};

/// The rule's remainder, and its conversion: exact where the lines are rounded together later.
pub(super) fn of(
    table: &Table<'_>,
    conversion: Option<Conversion>,
    reads_target: bool,
    level: &Level<'_>,
    report: &mut Report<'_>,
) -> (Option<Conversion>, Option<Remainder>) {
    let Some(written) = table.text("remainder", report) else {
        if let Some(total) = table.get("total") {
            let help =
                "say which line takes what rounding leaves: remainder = \"last\" or \"largest\"".to_owned();
            report.mistake(total.key_span, "`total` belongs to `remainder`", Some(help));
        }
        return (conversion, None);
    };
    let Some(bearer) = bearer(&written, report) else { return (conversion, None) };
    if reads_target {
        let help = "write out what the target's fields read".to_owned();
        report.mistake(written.span, "what is rounded with its lines cannot read `target`", Some(help));
        return (conversion, None);
    }
    let Some(Conversion::Decimal { scale: Some(scale), rounding }) = conversion else {
        let help = "say how many decimals it has: as = \"decimal\", scale = 2".to_owned();
        report.mistake(written.span, "`remainder` belongs to an amount that is rounded", Some(help));
        return (conversion, None);
    };
    let total = total(table, level, report);
    (Some(Conversion::Decimal { scale: None, rounding }), Some(Remainder { bearer, scale, rounding, total }))
}

/// Which line, or part, takes what rounding leaves.
pub(super) fn bearer(written: &Written<'_>, report: &mut Report<'_>) -> Option<Bearer> {
    match written.text {
        "last" => Some(Bearer::Last),
        "largest" => Some(Bearer::Largest),
        other => {
            let message = format!("no line is called `{other}`");
            report.unknown(written.span.clone(), message, other, &["last", "largest"]);
            None
        }
    }
}

fn total(table: &Table<'_>, level: &Level<'_>, report: &mut Report<'_>) -> Option<Total> {
    let written = table.text("total", report)?;
    let amount = report.parsed(&written, expression::parse_amount(written.text))?;
    reach::expression(&amount, &written, level, report);
    let mut of_the_line = None;
    amount.visit(&mut Vec::new(), &mut |lists, path| {
        if lists.is_empty() && matches!(path.root, Root::Up(0) | Root::Target) {
            of_the_line = Some((path.span.clone(), path.text.clone()));
        }
    });
    if let Some((span, text)) = of_the_line {
        let help = format!("write `^.{text}` for the enclosing document's");
        report.within(
            &written,
            span,
            "a total is the same for all lines, and this is a field of each",
            Some(help),
        );
    }
    Some(Total { amount, source: written.text.to_owned() })
}
