//! Evaluates expressions over a document.

use std::borrow::Cow;
use std::cmp::Ordering;

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::{Comparison, Expression, Operation, Path, Root, Step, Term};
use crate::fault::Cause;
use crate::{number, time};

/// Where paths start from: a document, or one line of it.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    value: &'a Value,
    /// The number of the line, from 1.
    pub(super) number: usize,
    pub(super) parent: Option<&'a Scope<'a>>,
    /// The list whose line it is.
    pub(super) list: Option<&'a Path>,
    target: Option<&'a Map<String, Value>>,
}

impl<'a> Scope<'a> {
    pub(crate) fn document(value: &'a Value) -> Self {
        Self { value, number: 0, parent: None, list: None, target: None }
    }

    /// One line of a list within `parent`, counted from 0.
    pub(crate) fn line(parent: &'a Scope<'a>, list: &'a Path, value: &'a Value, index: usize) -> Self {
        Self { value, number: index + 1, parent: Some(parent), list: Some(list), target: None }
    }

    pub(crate) fn with_target(self, target: &'a Map<String, Value>) -> Self {
        Self { target: Some(target), ..self }
    }

    pub(super) fn up(&self, levels: usize) -> Option<&Scope<'a>> {
        let mut scope = self;
        for _ in 0..levels {
            scope = scope.parent?;
        }
        Some(scope)
    }

    fn root(&self) -> &Scope<'a> {
        let mut scope = self;
        while let Some(parent) = scope.parent {
            scope = parent;
        }
        scope
    }
}

/// What a path, a literal or a calculation gives.
#[derive(Clone, Copy)]
pub(crate) enum Datum<'a> {
    Json(&'a Value),
    Text(&'a str),
    Number(Decimal),
}

impl<'a> Datum<'a> {
    /// A scalar's text, without blanks around it; of a list or an object there is none.
    pub(crate) fn text(&self) -> Option<Cow<'a, str>> {
        match *self {
            Self::Text(text) => Some(Cow::Borrowed(text.trim())),
            Self::Json(Value::String(text)) => Some(Cow::Borrowed(text.trim())),
            Self::Json(Value::Number(number)) => Some(Cow::Owned(number.to_string())),
            Self::Json(Value::Bool(flag)) => Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
            Self::Json(_) => None,
            Self::Number(number) => Some(Cow::Owned(number::write(number))),
        }
    }

    /// What a person is shown of it.
    pub(crate) fn shown(&self) -> Cow<'a, str> {
        match self {
            Self::Json(value @ (Value::Array(_) | Value::Object(_))) => Cow::Owned(value.to_string()),
            _ => self.text().unwrap_or_default(),
        }
    }

    pub(crate) fn decimal(&self) -> Result<Decimal, Cause> {
        match self {
            Self::Number(number) => Ok(*number),
            _ => number::read(&self.text().ok_or(Cause::Unreadable { expected: "a decimal number" })?),
        }
    }
}

/// Whether there is nothing to read: see the crate's documentation.
pub(crate) fn is_absent(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty() || time::is_zero_date(text.trim()),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The part of an expression that could not be evaluated.
pub(crate) struct Failing {
    pub(crate) source: String,
    pub(crate) value: Option<String>,
    pub(crate) cause: Cause,
}

impl Failing {
    fn at(source: &str, datum: Option<&Datum<'_>>, cause: Cause) -> Self {
        Self { source: source.to_owned(), value: datum.map(|datum| datum.shown().into_owned()), cause }
    }

    pub(crate) fn at_line(self, list: &Path, index: usize) -> Self {
        Self { source: format!("{}[{index}].{}", list.text, self.source), ..self }
    }
}

/// The first of the fall-backs that is present.
pub(crate) fn first<'a>(terms: &'a [Term], scope: &Scope<'a>) -> Option<Datum<'a>> {
    terms.iter().find_map(|term| match term {
        Term::Path(path) => find(path, scope).filter(|value| !is_absent(value)).map(Datum::Json),
        Term::Text(text) => Some(Datum::Text(text)),
        Term::Number(number) => Some(Datum::Number(*number)),
        Term::LineNumber => Some(Datum::Number(Decimal::from(scope.number))),
    })
}

/// The value at a path, absent or not.
pub(crate) fn find<'a>(path: &Path, scope: &Scope<'a>) -> Option<&'a Value> {
    let (start, steps) = match path.root {
        Root::Up(levels) => (scope.up(levels)?.value, path.steps.as_slice()),
        Root::Document => (scope.root().value, path.steps.as_slice()),
        Root::Target => match path.steps.split_first()? {
            (Step::Field(name, _), rest) => (scope.target?.get(name)?, rest),
            _ => return None,
        },
    };
    steps.iter().try_fold(start, |value, step| step.of(value))
}

impl Step {
    /// Where the step leads from that value, absent or not.
    pub(crate) fn of<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        match self {
            Self::Field(name, _) => value.get(name),
            Self::Index(index) => items(value)?.get(*index).copied(),
            Self::Where { field, value: wanted, .. } => items(value)?.into_iter().find(|line| {
                line.get(field)
                    .and_then(|found| Datum::Json(found).text())
                    .is_some_and(|found| found == wanted.as_str())
            }),
        }
    }
}

/// The lines of a list. PHP writes a sparse list as an object, and some converters a single line without its list.
pub(crate) fn items(value: &Value) -> Option<Vec<&Value>> {
    match value {
        Value::Array(items) => Some(items.iter().collect()),
        Value::Object(fields) if !fields.is_empty() && fields.values().all(Value::is_object) => {
            Some(fields.values().collect())
        }
        Value::Object(fields) if !fields.is_empty() => Some(vec![value]),
        _ => None,
    }
}

/// The lines at a path; none where it is absent.
pub(crate) fn lines<'a>(path: &Path, scope: &Scope<'a>) -> Result<Vec<&'a Value>, Failing> {
    match find(path, scope).filter(|value| !is_absent(value)) {
        None => Ok(Vec::new()),
        Some(value) => items(value).ok_or_else(|| {
            Failing::at(&path.text, Some(&Datum::Json(value)), Cause::Unreadable { expected: "a list" })
        }),
    }
}

fn filtered<'a>(
    list: &Path,
    filter: Option<&Expression>,
    scope: &Scope<'a>,
) -> Result<Vec<(usize, &'a Value)>, Failing> {
    let mut kept = Vec::new();
    for (index, line) in lines(list, scope)?.into_iter().enumerate() {
        let keep = match filter {
            Some(filter) => holds(filter, &Scope::line(scope, list, line, index))
                .map_err(|failing| failing.at_line(list, index))?,
            None => true,
        };
        if keep {
            kept.push((index, line));
        }
    }
    Ok(kept)
}

/// The exact result of an expression.
pub(crate) fn amount(expression: &Expression, scope: &Scope<'_>) -> Result<Decimal, Failing> {
    match expression {
        Expression::First(terms) => {
            let datum =
                first(terms, scope).ok_or_else(|| Failing::at(&written(terms), None, Cause::Absent))?;
            datum.decimal().map_err(|cause| Failing::at(&written(terms), Some(&datum), cause))
        }
        Expression::Calculate(operation, left, right) => {
            let (left, right) = (amount(left, scope)?, amount(right, scope)?);
            let result = match operation {
                Operation::Add => number::add(left, right),
                Operation::Subtract => number::add(left, -right),
                Operation::Multiply => number::multiply(left, right),
                Operation::Divide => number::divide(left, right),
            };
            result.map_err(|cause| {
                let sign = match operation {
                    Operation::Add => '+',
                    Operation::Subtract => '-',
                    Operation::Multiply => '*',
                    Operation::Divide => '/',
                };
                let source = format!("{} {sign} {}", number::write(left), number::write(right));
                Failing { source, value: None, cause }
            })
        }
        Expression::Sum { list, filter, each } => filtered(list, filter.as_deref(), scope)?
            .into_iter()
            .try_fold(Decimal::ZERO, |sum, (index, line)| {
                let addend = amount(each, &Scope::line(scope, list, line, index))
                    .map_err(|failing| failing.at_line(list, index))?;
                number::add(sum, addend).map_err(|cause| Failing::at(&list.text, None, cause))
            }),
        Expression::Count { list, filter } => {
            filtered(list, filter.as_deref(), scope).map(|lines| Decimal::from(lines.len()))
        }
        Expression::Compare(..)
        | Expression::In(..)
        | Expression::Has(_)
        | Expression::Not(_)
        | Expression::And(..)
        | Expression::Or(..) => holds(expression, scope).map(|holds| Decimal::from(u8::from(holds))),
    }
}

/// Whether a condition holds. What is absent equals nothing and is less than nothing; what cannot be computed, or
/// not be compared by size, is no answer.
pub(crate) fn holds(expression: &Expression, scope: &Scope<'_>) -> Result<bool, Failing> {
    match expression {
        Expression::And(left, right) => Ok(holds(left, scope)? && holds(right, scope)?),
        Expression::Or(left, right) => Ok(holds(left, scope)? || holds(right, scope)?),
        Expression::Not(inner) => Ok(!holds(inner, scope)?),
        Expression::Has(terms) => Ok(first(terms, scope).is_some()),
        Expression::In(left, choices) => Ok(operand(left, scope)?.is_some_and(|left| {
            choices.iter().any(|choice| {
                first(std::slice::from_ref(choice), scope).is_some_and(|choice| equal(&left, &choice))
            })
        })),
        Expression::Compare(comparison, left, right) => {
            match (operand(left, scope)?, operand(right, scope)?) {
                (Some(left_datum), Some(right_datum)) => {
                    let equal = || equal(&left_datum, &right_datum);
                    let order = || order((left, &left_datum), (right, &right_datum));
                    Ok(match comparison {
                        Comparison::Equal => equal(),
                        Comparison::NotEqual => !equal(),
                        Comparison::Less => order()?.is_lt(),
                        Comparison::LessOrEqual => order()?.is_le(),
                        Comparison::Greater => order()?.is_gt(),
                        Comparison::GreaterOrEqual => order()?.is_ge(),
                    })
                }
                _ => Ok(*comparison == Comparison::NotEqual),
            }
        }
        Expression::First(_)
        | Expression::Calculate(..)
        | Expression::Sum { .. }
        | Expression::Count { .. } => match amount(expression, scope) {
            Ok(amount) => Ok(!amount.is_zero()),
            Err(Failing { cause: Cause::Absent, .. }) => Ok(false),
            Err(failing) => Err(failing),
        },
    }
}

/// One side of a comparison; `None` where there is nothing to read.
fn operand<'a>(expression: &'a Expression, scope: &Scope<'a>) -> Result<Option<Datum<'a>>, Failing> {
    match expression {
        Expression::First(terms) => Ok(first(terms, scope)),
        _ => match amount(expression, scope) {
            Ok(number) => Ok(Some(Datum::Number(number))),
            Err(Failing { cause: Cause::Absent, .. }) => Ok(None),
            Err(failing) => Err(failing),
        },
    }
}

/// Codes compare as text, so that `"007"` is not `"7"`; with a number in the flow file or a calculation on one
/// side, by value.
fn equal(left: &Datum<'_>, right: &Datum<'_>) -> bool {
    if matches!(left, Datum::Number(_)) || matches!(right, Datum::Number(_)) {
        return matches!((left.decimal(), right.decimal()), (Ok(left), Ok(right)) if left == right);
    }
    left.text().is_some() && left.text() == right.text()
}

/// Sizes compare by value where both sides are numbers, and as text (times, as vendors write them) where neither has
/// to be one.
fn order(left: (&Expression, &Datum<'_>), right: (&Expression, &Datum<'_>)) -> Result<Ordering, Failing> {
    let failing = |(expression, datum): (&Expression, &Datum<'_>), cause| {
        let source = match expression {
            Expression::First(terms) => written(terms),
            _ => String::new(),
        };
        Failing::at(&source, Some(datum), cause)
    };
    let has_number = [left.1, right.1].iter().any(|datum| matches!(datum, Datum::Number(_)));
    match (left.1.decimal(), right.1.decimal()) {
        (Ok(left), Ok(right)) => return Ok(left.cmp(&right)),
        (Err(cause), _) if has_number => return Err(failing(left, cause)),
        (_, Err(cause)) if has_number => return Err(failing(right, cause)),
        _ => {}
    }
    let text = |side: (&Expression, &Datum<'_>)| {
        let cause = Cause::Unreadable { expected: "one value (it is a list or an object)" };
        side.1.text().map(Cow::into_owned).ok_or_else(|| failing(side, cause))
    };
    Ok(text(left)?.cmp(&text(right)?))
}

/// Fall-backs as a person wrote them.
pub(crate) fn written(terms: &[Term]) -> String {
    let written: Vec<Cow<'_, str>> = terms
        .iter()
        .map(|term| match term {
            Term::Path(path) => Cow::Borrowed(path.text.as_str()),
            // There are no escapes, so that a text holds one kind of quotes at most.
            Term::Text(text) if text.contains('\'') => Cow::Owned(format!("\"{text}\"")),
            Term::Text(text) => Cow::Owned(format!("'{text}'")),
            Term::Number(number) => Cow::Owned(number.to_string()),
            Term::LineNumber => Cow::Borrowed("#"),
        })
        .collect();
    written.join(" | ")
}
