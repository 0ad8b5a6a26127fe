//! `share`, `share_by`, `remainder` and `scale` of `[split]`: amounts of the whole document, shared out over its parts.

use rust_decimal::RoundingStrategy;

use super::conversion::scale;
use super::reach::{self, Level};
use super::remainder::bearer;
use super::report::{Report, Written};
use super::table::Table;
use crate::expression::{self, Path, Root, Step, Term};
use crate::remainder::Remainder;
use crate::share::Share;

pub(super) const KEYS: [&str; 4] = ["share", "share_by", "remainder", "scale"];

/// Amounts of money have so many decimals, where the flow does not say.
const CENTS: u32 = 2;

/// What is shared out, if anything is. `list`: whose lines are divided.
pub(super) fn share(
    table: &Table<'_>,
    list: &Path,
    level: &Level<'_>,
    report: &mut Report<'_>,
) -> Option<Share> {
    let Some(entry) = table.get("share") else {
        for entry in KEYS[1..].iter().filter_map(|key| table.get(key)) {
            let help = "share = [\"post_amount\"]".to_owned();
            let message = format!("`{}` belongs to `share`: the amounts that are shared out", entry.key);
            report.mistake(entry.key_span, message, Some(help));
        }
        return None;
    };
    let amounts = entry.texts(report).unwrap_or_default();
    let amounts: Vec<_> = amounts.iter().filter_map(|written| amount(written, list, level, report)).collect();
    let bearer = match table.text("remainder", report) {
        Some(written) => bearer(&written, report)?,
        None => {
            let help = "remainder = \"last\" or \"largest\"".to_owned();
            report.missing(entry.span, "nothing says which part takes what rounding leaves", Some(help));
            return None;
        }
    };
    let Some(by) = table.text("share_by", report) else {
        let help = "an amount of each line: share_by = \"num * price\"".to_owned();
        report.missing(entry.span, "nothing says in which proportion amounts are shared out", Some(help));
        return None;
    };
    let parsed = report.parsed(&by, expression::parse_amount(by.text))?;
    let lines = reach::lines(list, &by, level, report)?;
    reach::expression(&parsed, &by, &lines, report);
    let scale = match table.get("scale") {
        Some(entry) => scale(&entry, report)?,
        None => CENTS,
    };
    let remainder =
        Remainder { bearer, scale, rounding: RoundingStrategy::MidpointAwayFromZero, total: None };
    Some(Share { amounts, by: parsed, by_text: by.text.to_owned(), remainder })
}

/// An amount of the document as a whole.
fn amount(written: &Written<'_>, list: &Path, level: &Level<'_>, report: &mut Report<'_>) -> Option<Path> {
    let path = report.parsed(written, expression::path(written.text))?;
    let is_field = |step: &Step| matches!(step, Step::Field(..));
    let is_of_whole = matches!(path.root, Root::Up(0) | Root::Document) && path.steps.iter().all(is_field);
    if !is_of_whole || names(&path).starts_with(&names(list)) {
        let message = format!("`{}` is no amount of the document as a whole", written.text);
        let help = "name a field from the top of the document, such as `post_amount`".to_owned();
        report.mistake(written.span.clone(), message, Some(help));
        return None;
    }
    reach::check(&[Term::Path(path.clone())], written, 0, level, true, report);
    Some(path)
}

fn names(path: &Path) -> Vec<&str> {
    let fields = path.steps.iter().filter_map(|step| match step {
        Step::Field(name, _) => Some(name.as_str()),
        Step::Index(_) | Step::Where { .. } => None,
    });
    fields.collect()
}
