//! What deliveries come to by the values of a field, such as a shop's code or a rate of tax, and by flow.

use std::collections::BTreeMap;

use relay_reconcile::sum::Sum;
use serde::Serialize;

use super::by_day::{Took, sums};
use super::{Deliveries, Delivery};
use crate::OperationError;
use crate::language::Language;

/// What the deliveries of a flow come to that have one value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ValueSum {
    /// The flow.
    pub flow: String,
    /// The value; empty of documents that have none, or whose history is not kept.
    pub value: String,
    /// How many documents, and what they come to where that is known of each. A document whose lines have several values is
    /// counted under each.
    #[serde(flatten)]
    pub sum: Sum,
    /// How long they took, where it is known of one.
    #[serde(flatten)]
    pub took: Option<Took>,
}

impl Deliveries {
    /// What they come to by flow and value.
    #[must_use]
    pub fn by_value(&self) -> Vec<ValueSum> {
        let rows = self.delivered.iter().flat_map(|delivery| match delivery.by.as_slice() {
            [] => vec![(delivery, "", None)],
            by => by.iter().map(|(value, content)| (delivery, value.as_str(), content.clone())).collect(),
        });
        let mut values = BTreeMap::<(&str, &str), (Sum, Vec<&Delivery>)>::new();
        for (delivery, value, content) in rows {
            let (sum, of) =
                values.entry((&delivery.flow, value)).or_insert_with(|| (Sum::nothing(), Vec::new()));
            *sum += &Sum { documents: 1, content, total: None };
            of.push(delivery);
        }
        let sum = |((flow, value), (sum, of)): ((&str, &str), (Sum, Vec<&Delivery>))| ValueSum {
            flow: flow.to_owned(),
            value: value.to_owned(),
            sum,
            took: Took::of(of),
        };
        values.into_iter().map(sum).collect()
    }

    /// The sums as a file for Excel.
    ///
    /// # Errors
    /// A table that cannot be written.
    pub fn csv_by_value(&self, field: &str, language: Language) -> Result<String, OperationError> {
        let value = |of: ValueSum| (of.flow, of.value, of.sum, of.took);
        sums(language.says("流程", "flow"), field, self.by_value().into_iter().map(value), language)
    }
}
