//! `[split]`: which lines become a part. What becomes of a part that has none any more belongs to the [life](super::life) of its
//! bill.

use super::reach::{self, Level};
use super::report::{Report, Written};
use super::share;
use super::table::{Entry, Table};
use crate::conversion::Conversion;
use crate::expression::{self, Path, Root, Step, Term};
use crate::rule::{Content, Take, Through};
use crate::split::Split;

/// `number`: where the numbers of parts come from. `rule`: that of the target's number.
pub(super) fn split(
    table: &Table<'_>,
    (number, rule): (Option<&str>, Option<&Content>),
    level: &Level<'_>,
    report: &mut Report<'_>,
) -> Option<Split> {
    let known: Vec<_> = ["by", "each", "number", "withdrawn"].into_iter().chain(share::KEYS).collect();
    table.expect(&known, report);
    let split = match (table.get("by"), table.get("each")) {
        (Some(by), None) => self::by(&by, level, report),
        (None, Some(each)) => self::each(&each, level, report),
        (Some(_), Some(each)) => {
            report.mistake(
                each.key_span,
                "a document is split `by` a value or at `each` line, not both",
                Some("remove one of the two".to_owned()),
            );
            None
        }
        (None, None) => {
            let help = "by = \"details_list.warehouse_no\", or each = \"details_list\"".to_owned();
            let message = "nothing says into which parts a document is split";
            report.mistake(table.span.clone(), message, Some(help));
            None
        }
    };
    split.map(|split| {
        let has_own_numbers = own_numbers(table, &split, (number, rule), report);
        Split { share: share::share(table, &split.list, level, report), has_own_numbers, ..split }
    })
}

/// `number = "own"`: what tells the parts apart is the number by which the target knows each.
fn own_numbers(
    table: &Table<'_>,
    split: &Split,
    (number, rule): (Option<&str>, Option<&Content>),
    report: &mut Report<'_>,
) -> bool {
    let Some(written) = table.text("number", report) else { return false };
    if written.text != "own" {
        let message = format!("the numbers of parts are not `{}`", written.text);
        report.unknown(written.span, message, written.text, &["own"]);
        return false;
    }
    if is_what_tells_parts(split, rule) {
        return true;
    }
    let message = "each part has a number of its own where its number is what it is split `by`";
    let first = split.text.rsplit_once('.').map(|(list, field)| format!("{list}[0].{field}"));
    let help = first.zip(number).map(|(path, number)| format!("{number} = \"{path}\" in [fields]"));
    report.mistake(written.span, message, help.or_else(|| Some("remove it".to_owned())));
    false
}

/// Whether a rule reads, of the part's first line, the one field that its lines have in common, as it is.
fn is_what_tells_parts(split: &Split, rule: Option<&Content>) -> bool {
    let Some(Content::Value(rules)) = rule else { return false };
    let (Some([Term::Path(by)]), [only]) = (split.by.as_deref(), rules.as_slice()) else { return false };
    let Take::From(terms) = &only.take else { return false };
    let [Term::Path(path)] = terms.as_slice() else { return false };
    let is_plain = matches!(only.through, Through::Nothing) && matches!(only.conversion, Conversion::Text);
    let Some((list, [Step::Index(0), line @ ..])) = path.steps.split_at_checked(split.list.steps.len())
    else {
        return false;
    };
    let is_list = list.iter().zip(&split.list.steps).all(|(one, other)| step(one) == step(other));
    let is_by = by.root == Root::Up(0) && line.iter().map(step).eq(by.steps.iter().map(step));
    is_plain && path.root == Root::Up(0) && is_list && is_by
}

fn step(step: &Step) -> Option<&str> {
    match step {
        Step::Field(name, _) => Some(name.as_str()),
        Step::Index(_) | Step::Where { .. } => None,
    }
}

fn each(entry: &Entry<'_>, level: &Level<'_>, report: &mut Report<'_>) -> Option<Split> {
    let written = entry.text(report)?;
    let list = report.parsed(&written, expression::path(written.text))?;
    let text = written.text.to_owned();
    is_list(&list, &written, level, report).then_some(Split {
        list,
        by: None,
        text,
        share: None,
        has_own_numbers: false,
    })
}

/// The list is what the first path leads through; each of the others leads through it too, or is of the whole document.
fn by(entry: &Entry<'_>, level: &Level<'_>, report: &mut Report<'_>) -> Option<Split> {
    let written = entry.text(report)?;
    let terms = report.parsed(&written, expression::alternatives(written.text))?;
    let parted = terms.first().and_then(Term::path).and_then(|path| reach::through_list(path, level));
    let Some((list, _)) = parted else {
        let message = format!("`{}` leads through no list whose lines could be divided", written.text);
        let help = "name a field of a list's lines, such as `details_list.warehouse_no`".to_owned();
        report.mistake(written.span, message, Some(help));
        return None;
    };
    if !is_list(&list, &written, level, report) {
        return None;
    }
    let lines = reach::lines(&list, &written, level, report)?;
    let by: Vec<_> = terms.into_iter().map(|term| within(term, &list)).collect();
    let text = written.text.to_owned();
    reach::identifying(&by, &written, &lines, report).then_some(Split {
        list,
        by: Some(by),
        text,
        share: None,
        has_own_numbers: false,
    })
}

/// A fall-back as it is read in a line.
fn within(term: Term, list: &Path) -> Term {
    let Term::Path(path) = term else { return term };
    match path.parted(list.steps.len()) {
        Some((above, below)) if names(&above).eq(names(list)) => Term::Path(below),
        _ if path.root == Root::Up(0) => Term::Path(Path { root: Root::Up(1), ..path }),
        _ => Term::Path(path),
    }
}

fn names(path: &Path) -> impl Iterator<Item = Option<&str>> {
    path.steps.iter().map(step)
}

/// Reports what is no list of the whole document.
fn is_list(list: &Path, written: &Written<'_>, level: &Level<'_>, report: &mut Report<'_>) -> bool {
    let is_plain =
        matches!(list.root, Root::Up(0) | Root::Document) && names(list).all(|name| name.is_some());
    if !is_plain {
        let message = "name the list by its fields, from the top of the document";
        report.mistake(written.span.clone(), message, None);
        return false;
    }
    reach::lines(list, written, level, report).is_some()
}
