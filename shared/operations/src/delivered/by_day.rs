//! What deliveries come to, by the day of China and the flow.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use relay_connector::china;
use relay_reconcile::sum::Sum;
use serde::Serialize;

use super::{Deliveries, Delivery};
use crate::OperationError;
use crate::export::sheet;
use crate::language::Language;

/// What the deliveries of a flow on a day come to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DaySum {
    /// The day, in China.
    pub day: NaiveDate,
    /// The flow.
    pub flow: String,
    /// How many documents, and what they come to where their amounts were wanted and are known of each.
    #[serde(flatten)]
    pub sum: Sum,
    /// How long they took, where it is known of one.
    #[serde(flatten)]
    pub took: Option<Took>,
}

/// How many seconds after documents had come they were delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Took {
    /// Half of them within so many.
    pub half_within_s: u64,
    /// The slowest.
    pub longest_s: u64,
}

impl Took {
    /// Of these deliveries.
    #[must_use]
    pub fn of<'d>(deliveries: impl IntoIterator<Item = &'d Delivery>) -> Option<Self> {
        let mut took: Vec<_> = deliveries.into_iter().filter_map(Delivery::took_s).collect();
        took.sort_unstable();
        let longest_s = *took.last()?;
        Some(Self { half_within_s: *took.get(took.len().saturating_sub(1) / 2)?, longest_s })
    }
}

impl Deliveries {
    /// What they come to by day and flow, the latest day first.
    #[must_use]
    pub fn by_day(&self) -> Vec<DaySum> {
        let mut days = BTreeMap::<(NaiveDate, &str), Vec<&Delivery>>::new();
        for delivery in &self.delivered {
            let day = delivery.at.with_timezone(&china::zone()).date_naive();
            days.entry((day, &delivery.flow)).or_default().push(delivery);
        }
        let sums = days.into_iter().map(|((day, flow), of)| DaySum {
            day,
            flow: flow.to_owned(),
            sum: sum(of.iter().copied()),
            took: Took::of(of.iter().copied()),
        });
        let mut sums: Vec<_> = sums.collect();
        sums.sort_by_key(|sum| std::cmp::Reverse(sum.day));
        sums
    }

    /// What all of them come to.
    #[must_use]
    pub fn sum(&self) -> Sum {
        sum(&self.delivered)
    }

    /// The sums as a file for Excel.
    ///
    /// # Errors
    /// A table that cannot be written.
    pub fn csv_by_day(&self, language: Language) -> Result<String, OperationError> {
        let day = |of: DaySum| (of.day.to_string(), of.flow, of.sum, of.took);
        sums(
            language.says("日期", "day"),
            language.says("流程", "flow"),
            self.by_day().into_iter().map(day),
            language,
        )
    }
}

/// Sums as a file for Excel, told apart by two columns.
pub(super) fn sums(
    first: &str,
    second: &str,
    rows: impl Iterator<Item = (String, String, Sum, Option<Took>)>,
    language: Language,
) -> Result<String, OperationError> {
    let columns = [
        first,
        second,
        language.says("单数", "documents"),
        language.says("行数", "lines"),
        language.says("数量", "quantity"),
        language.says("金额", "amount"),
        language.says("一半在几秒内", "half within seconds"),
        language.says("最长几秒", "longest seconds"),
    ];
    let row = |(first, second, sum, took): (String, String, Sum, Option<Took>)| {
        let took = took.map(|took| [took.half_within_s, took.longest_s].map(|took| took.to_string()));
        let head = [first, second, sum.documents.to_string()];
        head.into_iter()
            .chain(sum.columns().map(Option::unwrap_or_default))
            .chain(took.unwrap_or_default())
            .collect()
    };
    sheet(&columns, rows.map(row))
}

fn sum<'d>(deliveries: impl IntoIterator<Item = &'d Delivery>) -> Sum {
    deliveries.into_iter().fold(Sum::nothing(), |mut sum, delivery| {
        sum += &Sum { documents: 1, content: delivery.content.clone(), total: None };
        sum
    })
}
