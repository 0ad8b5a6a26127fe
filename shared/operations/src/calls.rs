//! How many calls each vendor got: today, this week, this month and the last, by operation and by what they were for.
//!
//! Each process counts its calls in memory, and adds them once a minute to a checkpoint of the day: no call costs a write. The functions
//! of a stack count in their logs instead.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _, Days, NaiveDate, Utc};
use relay_connector::calls::{self, Calls, OfOperation};
use relay_connector::{Use, china};
use relay_core::{Checkpoints, StoreError};
use serde::Serialize;

use crate::export::sheet;
use crate::language::{Language, Said};
use crate::{OperationError, Operations};

/// What the names of the checkpoints begin with; the day follows.
const NAME: &str = "calls/";

/// For so many days they are kept: as long as the audit trail.
const KEPT: u64 = 400;

/// So often it is tried to add what others add too.
const TRIES: u32 = 8;

/// What a stack's logs are asked for.
pub const QUERY: &str = "filter ispresent(vendor_calls) or ispresent(vendor_errors) \
     | stats sum(vendor_calls), sum(vendor_errors) by bin(1d), vendor, class";

/// So many spans are told apart.
const SPANS: usize = 4;

/// Spans of days, as a person reckons in China.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    /// Since midnight.
    Today,
    /// Since Monday.
    ThisWeek,
    /// Since the first.
    ThisMonth,
    /// The month before.
    LastMonth,
}

impl Span {
    /// All of them.
    pub const ALL: [Self; SPANS] = [Self::Today, Self::ThisWeek, Self::ThisMonth, Self::LastMonth];

    /// Its first day and its last, on that day.
    #[must_use]
    pub fn days(self, today: NaiveDate) -> (NaiveDate, NaiveDate) {
        let first = |day: NaiveDate| day - Days::new(day.day0().into());
        match self {
            Self::Today => (today, today),
            Self::ThisWeek => (today - Days::new(today.weekday().num_days_from_monday().into()), today),
            Self::ThisMonth => (first(today), today),
            Self::LastMonth => {
                let last = first(today) - Days::new(1);
                (first(last), last)
            }
        }
    }

    fn holds(self, day: NaiveDate, today: NaiveDate) -> bool {
        let (first, last) = self.days(today);
        first <= day && day <= last
    }

    /// For people.
    #[must_use]
    pub fn said(self) -> Said {
        match self {
            Self::Today => Said::new("今天", "today"),
            Self::ThisWeek => Said::new("本周", "this week"),
            Self::ThisMonth => Said::new("本月", "this month"),
            Self::LastMonth => Said::new("上月", "last month"),
        }
    }
}

/// The calls of one operation, in each span ([`Span::ALL`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OfCall {
    /// The vendor.
    pub vendor: String,
    /// The operation, in the vendor's spelling; `None`: all of the vendor's.
    pub operation: Option<String>,
    /// Today, this week, this month, last month.
    pub spans: [OfOperation; SPANS],
}

/// What the permits of a vendor's quota were taken for, in each span.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OfPurpose {
    /// The vendor.
    pub vendor: String,
    /// What for.
    pub purpose: Use,
    /// Today, this week, this month, last month.
    pub spans: [u64; SPANS],
}

/// The calls to all vendors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// The first day that was counted; `None`: none was.
    pub since: Option<NaiveDate>,
    /// By operation, and of each vendor all.
    pub calls: Vec<OfCall>,
    /// By purpose.
    pub purposes: Vec<OfPurpose>,
}

/// What calls were for, for people.
#[must_use]
pub fn purpose_said(purpose: Use) -> Said {
    match purpose {
        Use::Read => Said::new("读取、询问、确认", "reading, asking, acknowledging"),
        Use::Push => Said::new("写入", "writing"),
        Use::Replay => Said::new("重放", "replays"),
        Use::Backfill => Said::new("补读", "backfills"),
        Use::Reconcile => Said::new("对账、复查", "reconciling, rechecking"),
    }
}

/// What calls came to nothing for, for people: `rate 3, unknown 1`.
#[must_use]
pub fn failed_said(of: &OfOperation) -> String {
    of.failed.iter().map(|(class, count)| format!("{class} {count}")).collect::<Vec<_>>().join(", ")
}

/// Adds what this process has counted to what is kept. What cannot be kept now is kept the next time.
///
/// # Errors
/// A store that does not answer.
pub async fn keep(checkpoints: &dyn Checkpoints, now: DateTime<Utc>) -> Result<(), StoreError> {
    let mut counted = calls::take();
    while let Some((day, of_day)) = counted.pop_first() {
        if let Err(error) = keep_day(checkpoints, day, &of_day).await {
            counted.insert(day, of_day);
            calls::give_back(&counted);
            return Err(error);
        }
        forget(checkpoints, now).await?;
    }
    Ok(())
}

async fn keep_day(checkpoints: &dyn Checkpoints, day: NaiveDate, counted: &Calls) -> Result<(), StoreError> {
    let name = format!("{NAME}{day}");
    for _ in 0..TRIES {
        let noted = checkpoints.get(&name).await?;
        let mut all = noted.as_ref().map(|noted| read(&noted.value)).unwrap_or_default();
        all.add(counted);
        let value = serde_json::json!(all).to_string();
        if checkpoints.put(&name, &value, noted.map(|noted| noted.revision), None).await? {
            return Ok(());
        }
    }
    Err(StoreError::new(
        "keeping how many calls were made",
        "others kept theirs at the same time, again and again",
    ))
}

/// What another version has written in another form is none of ours.
fn read(value: &str) -> Calls {
    serde_json::from_str(value).unwrap_or_default()
}

/// Forgets the day that is kept no longer: one more is over each day.
async fn forget(checkpoints: &dyn Checkpoints, now: DateTime<Utc>) -> Result<(), StoreError> {
    let over = now.with_timezone(&china::zone()).date_naive() - Days::new(KEPT);
    checkpoints.remove(&format!("{NAME}{over}")).await
}

impl Operations<'_> {
    /// How many calls were made; `None` of a stack, whose functions count in their logs.
    ///
    /// # Errors
    /// A store that does not answer.
    pub async fn calls(&self) -> Result<Option<Counted>, OperationError> {
        if self.room.is_none() {
            return Ok(None);
        }
        let listed = self.stores.checkpoints.list(NAME).await?;
        let days = listed.iter().filter_map(|(name, noted)| {
            let day: NaiveDate = name.strip_prefix(NAME)?.parse().ok()?;
            Some((day, read(&noted.value)))
        });
        let today = self.clock.now().with_timezone(&china::zone()).date_naive();
        Ok(Some(counted(&days.collect(), today)))
    }
}

fn counted(days: &BTreeMap<NaiveDate, Calls>, today: NaiveDate) -> Counted {
    let mut calls = BTreeMap::<(&str, Option<&str>), [OfOperation; SPANS]>::new();
    let mut purposes = BTreeMap::<(&str, Use), [u64; SPANS]>::new();
    for (day, of_day) in days {
        let within: Vec<_> = (0..SPANS).filter(|place| Span::ALL[*place].holds(*day, today)).collect();
        for (vendor, of) in &of_day.0 {
            for place in &within {
                for (operation, of) in &of.operations {
                    // Behind its operations: the sum of all of them.
                    for of_whom in [Some(operation.as_str()), None] {
                        calls.entry((vendor, of_whom)).or_default()[*place].add(of);
                    }
                }
                for (purpose, count) in &of.purposes {
                    purposes.entry((vendor, *purpose)).or_default()[*place] += count;
                }
            }
        }
    }
    let of_call = |((vendor, operation), spans): ((&str, Option<&str>), _)| OfCall {
        vendor: vendor.to_owned(),
        operation: operation.map(str::to_owned),
        spans,
    };
    let mut calls: Vec<_> = calls.into_iter().map(of_call).collect();
    calls.sort_by(|one, other| {
        (&one.vendor, one.operation.is_none(), &one.operation).cmp(&(
            &other.vendor,
            other.operation.is_none(),
            &other.operation,
        ))
    });
    let of_purpose = |((vendor, purpose), spans): ((&str, Use), _)| OfPurpose {
        vendor: vendor.to_owned(),
        purpose,
        spans,
    };
    Counted {
        since: days.keys().next().copied(),
        calls,
        purposes: purposes.into_iter().map(of_purpose).collect(),
    }
}

impl Counted {
    /// As a file for Excel.
    ///
    /// # Errors
    /// A table that cannot be written.
    pub fn csv(&self, language: Language) -> Result<String, OperationError> {
        let failed = Said::new("没成", "came to nothing");
        let spans = Span::ALL.map(|span| span.said().told(language).to_owned());
        let of_failed =
            Span::ALL.map(|span| format!("{} {}", span.said().told(language), failed.told(language)));
        let head = [language.says("厂商", "vendor"), language.says("操作", "operation")].map(str::to_owned);
        let columns: Vec<_> = head.into_iter().chain(spans).chain(of_failed).collect();
        let columns: Vec<_> = columns.iter().map(String::as_str).collect();
        let row = |OfCall { vendor, operation, spans }: &OfCall| {
            let operation = operation.clone().unwrap_or_else(|| language.says("合计", "all").to_owned());
            let calls = spans.iter().map(|of| of.calls.to_string());
            let failed = spans.iter().map(|of| of.failures().to_string());
            [vendor.clone(), operation].into_iter().chain(calls).chain(failed).collect()
        };
        sheet(&columns, self.calls.iter().map(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn weeks_begin_on_monday_and_months_on_the_first_across_a_year_too() {
        let days = |today: &str| Span::ALL.map(|span| span.days(day(today)));
        let both = |first: &str, last: &str| (day(first), day(last));
        assert_eq!(
            days("2027-01-01"),
            [
                both("2027-01-01", "2027-01-01"),
                both("2026-12-28", "2027-01-01"),
                both("2027-01-01", "2027-01-01"),
                both("2026-12-01", "2026-12-31"),
            ]
        );
        assert_eq!(days("2028-03-31")[3], both("2028-02-01", "2028-02-29"));
        assert_eq!(days("2026-11-30")[1], both("2026-11-30", "2026-11-30"), "a Monday");
    }

    #[test]
    fn calls_are_summed_by_operation_vendor_and_span() {
        let of = |calls, failed: &[(&str, u64)]| OfOperation {
            calls,
            unanswered: 0,
            failed: failed.iter().map(|(class, count)| ((*class).to_owned(), *count)).collect(),
        };
        let calls = |operation: &str, of: OfOperation, purpose, permits| {
            let mut calls = Calls::default();
            let vendor = calls.0.entry("kingdee".to_owned()).or_default();
            vendor.operations.insert(operation.to_owned(), of);
            vendor.purposes.insert(purpose, permits);
            calls
        };
        let days = BTreeMap::from([
            (day("2026-10-31"), calls("save", of(100, &[("unknown", 1)]), Use::Push, 100)),
            (day("2026-11-29"), calls("save", of(10, &[]), Use::Push, 10)),
            (day("2026-11-30"), calls("list", of(3, &[("rate", 2)]), Use::Read, 3)),
        ]);
        let found = counted(&days, day("2026-11-30"));
        assert_eq!(found.since, Some(day("2026-10-31")));
        let rows: Vec<_> = found
            .calls
            .iter()
            .map(|row| {
                let of = |of: &OfOperation| (of.calls, of.failures());
                (row.operation.as_deref(), row.spans.each_ref().map(of))
            })
            .collect();
        assert_eq!(
            rows,
            [
                (Some("list"), [(3, 2), (3, 2), (3, 2), (0, 0)]),
                (Some("save"), [(0, 0), (0, 0), (10, 0), (100, 1)]),
                (None, [(3, 2), (3, 2), (13, 2), (100, 1)]),
            ]
        );
        let purposes: Vec<_> = found.purposes.iter().map(|of| (of.purpose, of.spans)).collect();
        assert_eq!(purposes, [(Use::Read, [3, 3, 3, 0]), (Use::Push, [0, 0, 10, 100])]);
        assert_eq!(counted(&BTreeMap::new(), day("2026-11-30")).since, None);
        let csv = found.csv(Language::English).unwrap();
        assert!(csv.contains("kingdee,all,3,3,13,100,2,2,2,1"), "{csv}");
    }
}
