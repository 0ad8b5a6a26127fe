//! The little language of flow files: paths with fall-backs, conditions, exact arithmetic.

mod evaluate;
mod parse;
mod parse_path;
mod read_values;
mod token;

use std::ops::Range;

use rust_decimal::Decimal;

pub(crate) use evaluate::{
    Datum, Failing, Scope, amount, find, first, holds, is_absent, items, lines, written,
};
pub(crate) use parse::{alternatives, amount as parse_amount, condition, path};
pub(crate) use read_values::{reads_of, reads_of_terms};

/// Where a path begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Root {
    /// The document or line at hand, or so many levels above it.
    Up(usize),
    /// The whole source document.
    Document,
    /// What has been mapped into the same target object.
    Target,
}

/// One step of a path, with its place in the expression.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Field(String, Range<usize>),
    Index(usize),
    Where { field: String, value: String, span: Range<usize> },
}

#[derive(Debug, Clone)]
pub(crate) struct Path {
    pub(crate) root: Root,
    pub(crate) steps: Vec<Step>,
    /// As written.
    pub(crate) text: String,
    pub(crate) span: Range<usize>,
}

/// One of a list of fall-backs.
#[derive(Debug, Clone)]
pub(crate) enum Term {
    Path(Path),
    Text(String),
    Number(Decimal),
    /// `#`: the number of the line, from 1.
    LineNumber,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
}

#[derive(Debug, Clone)]
pub(crate) enum Expression {
    First(Vec<Term>),
    Calculate(Operation, Box<Expression>, Box<Expression>),
    Sum { list: Path, filter: Option<Box<Expression>>, each: Box<Expression> },
    Count { list: Path, filter: Option<Box<Expression>> },
    Compare(Comparison, Box<Expression>, Box<Expression>),
    In(Box<Expression>, Vec<Term>),
    Has(Vec<Term>),
    Not(Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
}

impl Expression {
    fn is_condition(&self) -> bool {
        !matches!(self, Self::First(_) | Self::Calculate(..) | Self::Sum { .. } | Self::Count { .. })
    }

    /// Every path, with the list whose line it starts from where that is not the line at hand.
    pub(crate) fn visit<'a>(
        &'a self,
        lists: &mut Vec<&'a Path>,
        seen: &mut impl FnMut(&[&'a Path], &'a Path),
    ) {
        match self {
            Self::First(terms) | Self::Has(terms) => visit_terms(terms, lists, seen),
            Self::In(left, terms) => {
                left.visit(lists, seen);
                visit_terms(terms, lists, seen);
            }
            Self::Not(inner) => inner.visit(lists, seen),
            Self::Calculate(_, left, right)
            | Self::Compare(_, left, right)
            | Self::And(left, right)
            | Self::Or(left, right) => {
                left.visit(lists, seen);
                right.visit(lists, seen);
            }
            Self::Sum { list, filter, each } => {
                seen(lists, list);
                lists.push(list);
                filter.iter().for_each(|filter| filter.visit(lists, seen));
                each.visit(lists, seen);
                lists.pop();
            }
            Self::Count { list, filter } => {
                seen(lists, list);
                lists.push(list);
                filter.iter().for_each(|filter| filter.visit(lists, seen));
                lists.pop();
            }
        }
    }
}

impl Expression {
    /// Every path that is compared with a constant, with that constant as text and the lists as in [`visit`](Self::visit).
    pub(crate) fn comparisons<'a>(
        &'a self,
        lists: &mut Vec<&'a Path>,
        seen: &mut impl FnMut(&[&'a Path], &'a Path, &str),
    ) {
        match self {
            Self::Compare(comparison, left, right) => {
                let is_of_codes = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
                for (one, other) in [(left, right), (right, left)] {
                    match (&**one, &**other) {
                        (Self::First(paths), Self::First(values)) if is_of_codes => {
                            compared(paths, values, lists, seen);
                        }
                        _ => one.comparisons(lists, seen),
                    }
                }
            }
            Self::In(left, values) => {
                if let Self::First(paths) = &**left {
                    compared(paths, values, lists, seen);
                }
            }
            Self::Not(inner) => inner.comparisons(lists, seen),
            Self::Calculate(_, left, right) | Self::And(left, right) | Self::Or(left, right) => {
                left.comparisons(lists, seen);
                right.comparisons(lists, seen);
            }
            Self::Sum { list, filter, .. } | Self::Count { list, filter } => {
                lists.push(list);
                filter.iter().for_each(|filter| filter.comparisons(lists, seen));
                lists.pop();
            }
            Self::First(_) | Self::Has(_) => {}
        }
    }
}

impl Expression {
    /// Every path that is counted with, with the lists as in [`visit`](Self::visit).
    pub(crate) fn amounts<'a>(
        &'a self,
        lists: &mut Vec<&'a Path>,
        seen: &mut impl FnMut(&[&'a Path], &'a Path),
    ) {
        match self {
            Self::First(terms) => visit_terms(terms, lists, seen),
            Self::Calculate(_, left, right) => {
                left.amounts(lists, seen);
                right.amounts(lists, seen);
            }
            Self::Sum { list, filter, each } => {
                lists.push(list);
                filter.iter().for_each(|filter| filter.amounts(lists, seen));
                each.amounts(lists, seen);
                lists.pop();
            }
            Self::Count { list, filter } => {
                lists.push(list);
                filter.iter().for_each(|filter| filter.amounts(lists, seen));
                lists.pop();
            }
            Self::Compare(_, left, right) => {
                // A number that is written makes a number of the other side.
                let is_number = |side: &Self| matches!(side, Self::First(terms) if matches!(terms.as_slice(), [Term::Number(_)]));
                for (side, other) in [(left, right), (right, left)] {
                    if !matches!(**side, Self::First(_)) || is_number(other) {
                        side.amounts(lists, seen);
                    }
                }
            }
            Self::Not(inner) => inner.amounts(lists, seen),
            Self::And(left, right) | Self::Or(left, right) => {
                left.amounts(lists, seen);
                right.amounts(lists, seen);
            }
            Self::In(..) | Self::Has(_) => {}
        }
    }
}

fn compared<'a>(
    paths: &'a [Term],
    values: &[Term],
    lists: &[&'a Path],
    seen: &mut impl FnMut(&[&'a Path], &'a Path, &str),
) {
    let [Term::Path(path)] = paths else { return };
    for value in values {
        match value {
            Term::Text(text) => seen(lists, path, text),
            Term::Number(number) => seen(lists, path, &number.to_string()),
            Term::Path(_) | Term::LineNumber => {}
        }
    }
}

fn visit_terms<'a>(terms: &'a [Term], lists: &[&'a Path], seen: &mut impl FnMut(&[&'a Path], &'a Path)) {
    for term in terms {
        if let Term::Path(path) = term {
            seen(lists, path);
        }
    }
}

impl Term {
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Path(path) => Some(path),
            Self::Text(_) | Self::Number(_) | Self::LineNumber => None,
        }
    }
}

impl Path {
    /// The name of the field at the top of the document that the path is, if it is no more than that.
    pub(crate) fn top_field(&self) -> Option<&str> {
        match (self.root, self.steps.as_slice()) {
            (Root::Up(0) | Root::Document, [Step::Field(name, _)]) => Some(name),
            _ => None,
        }
    }
}

impl Path {
    /// A path to a field of something, as the path to that something and the one to the field from there: `lines.amount`
    /// as `lines` and `amount`.
    fn last_field(&self) -> Option<(Self, Self)> {
        self.parted(self.steps.len().checked_sub(1)?)
    }

    /// A path as the one of its first so many steps and the one that goes on from there, at a field: `lines.item.code` as
    /// `lines` and `item.code`.
    pub(crate) fn parted(&self, at: usize) -> Option<(Self, Self)> {
        let (above, below) = self.steps.split_at_checked(at)?;
        let Some(Step::Field(_, span)) = below.first().filter(|_| !above.is_empty()) else { return None };
        let end = span.start.saturating_sub(1);
        let text = self.text.get(..end.checked_sub(self.span.start)?)?.trim_end_matches('.');
        let rest = self.text.get(span.start.checked_sub(self.span.start)?..)?;
        let span = span.start..self.span.end;
        Some((
            Self {
                root: self.root,
                steps: above.to_vec(),
                text: text.to_owned(),
                span: self.span.start..end,
            },
            Self { root: Root::Up(0), steps: below.to_vec(), text: rest.to_owned(), span },
        ))
    }
}

/// Whether a field was written in quotes: its author knows it, whatever our list of fields says.
pub(crate) fn is_quoted(name: &str, span: &Range<usize>) -> bool {
    span.len() != name.len()
}

/// What is wrong in an expression, and where.
#[derive(Debug)]
pub(crate) struct SyntaxError {
    pub(crate) span: Range<usize>,
    pub(crate) message: String,
}

impl SyntaxError {
    pub(crate) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span, message: message.into() }
    }
}
