//! `check` and `tolerance` of `[target]`: what must hold before a document is sent.

use rust_decimal::Decimal;

use super::reach::{self, Level};
use super::report::{Report, Written};
use super::table::Table;
use crate::check::Check;
use crate::expression::{self, Expression, Path, Root, Step};
use crate::number;
use crate::rule::{Content, Fields};

pub(super) fn checks(
    table: &Table<'_>,
    fields: &Fields,
    level: &Level<'_>,
    report: &mut Report<'_>,
) -> Vec<Check> {
    let tolerance = tolerance(table, report);
    let Some(entry) = table.get("check") else {
        if let Some(tolerance) = table.get("tolerance") {
            let help = "check = \"sum(target.lines.amount) = target.amount\"".to_owned();
            report.mistake(tolerance.key_span, "`tolerance` belongs to `check`", Some(help));
        }
        return Vec::new();
    };
    let level = level.for_target(None, true);
    let written = entry.texts(report).unwrap_or_default();
    written.iter().filter_map(|written| check(written, tolerance, fields, &level, report)).collect()
}

fn tolerance(table: &Table<'_>, report: &mut Report<'_>) -> Decimal {
    let Some(entry) = table.get("tolerance") else { return Decimal::ZERO };
    let written = entry
        .item
        .as_str()
        .and_then(|text| number::read(text).ok())
        .filter(|number| !number.is_sign_negative());
    if written.is_none() {
        entry.wrong_type("an amount in quotes, such as \"0.01\" (so that it stays exact)", report);
    }
    written.unwrap_or_default()
}

fn check(
    written: &Written<'_>,
    tolerance: Decimal,
    fields: &Fields,
    level: &Level<'_>,
    report: &mut Report<'_>,
) -> Option<Check> {
    let condition = report.parsed(written, expression::condition(written.text))?;
    let mut unmapped = None;
    condition.visit(&mut Vec::new(), &mut |lists, path| {
        let first = path.steps.first();
        let (Some(Step::Field(name, span)), None) = (first, &unmapped) else { return };
        if !has_rule(lists, path, name, fields) {
            unmapped = Some((span.clone(), name.clone()));
        }
    });
    if let Some((span, name)) = unmapped {
        let help = format!("give `{name}` a rule there; with send = false it is read here, and not sent");
        report.within(written, span, format!("the target's `{name}` has no rule in [fields]"), Some(help));
        return None;
    }
    reach::expression(&condition, written, level, report);
    match condition {
        Expression::Compare(comparison, left, right) => {
            let source = written.text.to_owned();
            Some(Check { comparison, left: *left, right: *right, source, tolerance })
        }
        _ => {
            let help = "check = \"sum(target.lines.amount) = target.amount\"".to_owned();
            report.mistake(written.span.clone(), "a check compares two amounts", Some(help));
            None
        }
    }
}

/// Whether what a path reads of the target is mapped: a field of the document, or of the lines of one of its lists.
fn has_rule(lists: &[&Path], path: &Path, name: &str, fields: &Fields) -> bool {
    match (lists.last(), path.root) {
        (_, Root::Target) => fields.get(name).is_some(),
        (Some(list), Root::Up(0)) if list.root == Root::Target => match list.steps.as_slice() {
            [Step::Field(list, _)] => match fields.get(list).map(|field| &field.content) {
                Some(Content::List(blocks)) => blocks.iter().any(|block| block.fields.get(name).is_some()),
                _ => true,
            },
            _ => true,
        },
        _ => true,
    }
}
