//! What must hold of a document before it is sent: sums of the target's lines against the head, or against the source.

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use crate::expression::{Comparison, Expression, Failing, Scope, amount};
use crate::fault::{Cause, Difference, Fault};
use crate::number;

/// A comparison of two amounts.
#[derive(Debug)]
pub(crate) struct Check {
    pub(crate) comparison: Comparison,
    pub(crate) left: Expression,
    pub(crate) right: Expression,
    /// As written.
    pub(crate) source: String,
    /// By how much the two may differ from what the comparison asks for.
    pub(crate) tolerance: Decimal,
}

impl Check {
    /// Why it does not hold of this document and what it was mapped to.
    pub(crate) fn fault(&self, document: &Value, mapped: &Map<String, Value>) -> Option<Fault> {
        let scope = Scope::document(document).with_target(mapped);
        let found = amount(&self.left, &scope).and_then(|left| Ok((left, amount(&self.right, &scope)?)));
        let fault =
            |source: &str, value: Option<&str>, cause| Fault::new("check".to_owned(), source, value, cause);
        let (left, right) = match found {
            Ok(sides) => sides,
            Err(Failing { source, value, cause }) => return Some(fault(&source, value.as_deref(), cause)),
        };
        let difference = match number::add(left, -right) {
            Ok(difference) => difference,
            Err(cause) => return Some(fault(&self.source, None, cause)),
        };
        let holds = match self.comparison {
            Comparison::Equal => difference.abs() <= self.tolerance,
            Comparison::NotEqual => !difference.is_zero(),
            Comparison::Less => difference < self.tolerance,
            Comparison::LessOrEqual => difference <= self.tolerance,
            Comparison::Greater => -difference < self.tolerance,
            Comparison::GreaterOrEqual => -difference <= self.tolerance,
        };
        (!holds).then(|| {
            let found = Difference {
                left: number::write(left),
                right: number::write(right),
                difference: number::write(difference),
                tolerance: number::write(self.tolerance),
            };
            fault(&self.source, None, Cause::Differs(Box::new(found)))
        })
    }
}
