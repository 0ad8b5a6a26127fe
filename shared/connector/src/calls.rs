//! How many calls this process has made, by the day of China, vendor and operation: kept in memory until somebody keeps them elsewhere, so
//! that no call costs a write.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, NaiveDate, Utc};
use relay_core::quota::Use;
use serde::{Deserialize, Serialize};

use crate::china;

/// So many operations of a vendor are told apart: what is called by an address of a flow's own could be any number.
const OPERATIONS: usize = 200;

/// What stands for the operations beyond, and for calls of which nothing may be told: those that fetch a token.
const OTHERS: &str = "others";
const LOG_IN: &str = "log-in";

/// What has been counted and not taken yet.
static COUNTED: Mutex<Counted> = Mutex::new(Counted { last: None, days: BTreeMap::new() });

struct Counted {
    /// The day of the last call.
    last: Option<NaiveDate>,
    days: BTreeMap<NaiveDate, Calls>,
}

/// Calls by vendor.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calls(pub BTreeMap<String, OfVendor>);

/// The calls to a vendor.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfVendor {
    /// By operation, in the vendor's spelling.
    pub operations: BTreeMap<String, OfOperation>,
    /// What the permits of its quota were taken for.
    pub purposes: BTreeMap<Use, u64>,
}

/// The calls of one operation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfOperation {
    /// How many were made.
    pub calls: u64,
    /// To how many of them no answer came.
    pub unanswered: u64,
    /// How many came to nothing, by what that means ([`crate::Class::name`]): refused, and unanswered.
    pub failed: BTreeMap<String, u64>,
}

impl Calls {
    /// Adds others.
    pub fn add(&mut self, others: &Self) {
        for (vendor, others) in &others.0 {
            let here = self.0.entry(vendor.clone()).or_default();
            for (operation, others) in &others.operations {
                here.operation(operation).add(others);
            }
            for (purpose, count) in &others.purposes {
                *here.purposes.entry(*purpose).or_default() += count;
            }
        }
    }

    fn of(&mut self, vendor: &str) -> &mut OfVendor {
        self.0.entry(vendor.to_owned()).or_default()
    }
}

impl OfVendor {
    fn operation(&mut self, name: &str) -> &mut OfOperation {
        let is_known = self.operations.contains_key(name) || self.operations.len() < OPERATIONS;
        self.operations.entry(if is_known { name } else { OTHERS }.to_owned()).or_default()
    }
}

impl OfOperation {
    /// Adds others.
    pub fn add(&mut self, others: &Self) {
        self.calls += others.calls;
        self.unanswered += others.unanswered;
        for (class, count) in &others.failed {
            *self.failed.entry(class.clone()).or_default() += count;
        }
    }

    /// How many came to nothing.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.failed.values().sum()
    }
}

/// Whether nothing was counted since.
#[must_use]
pub fn is_nothing() -> bool {
    counted().days.is_empty()
}

/// Takes what was counted since the last time, by day.
#[must_use]
pub fn take() -> BTreeMap<NaiveDate, Calls> {
    std::mem::take(&mut counted().days)
}

/// Gives back what could not be kept.
pub fn give_back(days: &BTreeMap<NaiveDate, Calls>) {
    let mut counted = counted();
    for (day, calls) in days {
        counted.days.entry(*day).or_default().add(calls);
    }
}

/// Counts a call.
pub(crate) fn called(vendor: &str, operation: Option<&str>, is_answered: bool, at: DateTime<Utc>) {
    let mut counted = counted();
    let of = counted.day(at).of(vendor).operation(operation.unwrap_or(LOG_IN));
    of.calls += 1;
    of.unanswered += u64::from(!is_answered);
}

/// Counts what a call came to, that was made just before.
pub(crate) fn failed(vendor: &str, operation: &str, class: &str) {
    let mut counted = counted();
    let Some(day) = counted.last else { return };
    let of = counted.days.entry(day).or_default().of(vendor).operation(operation);
    *of.failed.entry(class.to_owned()).or_default() += 1;
}

/// Counts a permit that was taken.
pub(crate) fn permitted(vendor: &str, purpose: Use, at: DateTime<Utc>) {
    *counted().day(at).of(vendor).purposes.entry(purpose).or_default() += 1;
}

impl Counted {
    fn day(&mut self, at: DateTime<Utc>) -> &mut Calls {
        let day = at.with_timezone(&china::zone()).date_naive();
        self.last = Some(day);
        self.days.entry(day).or_default()
    }
}

fn counted() -> MutexGuard<'static, Counted> {
    COUNTED.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_the_day_of_china_and_taken_once() {
        let at = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().to_utc();
        let vendor = "a vendor of this test";
        called(vendor, Some("push"), true, at("2026-11-30T15:59:59Z"));
        called(vendor, Some("push"), false, at("2026-11-30T16:00:00Z"));
        failed(vendor, "push", "unknown");
        called(vendor, None, true, at("2026-11-30T16:00:01Z"));
        permitted(vendor, Use::Push, at("2026-11-30T16:00:01Z"));
        let days = take();
        let of = |day: &str| days[&day.parse().unwrap()].0[vendor].clone();
        assert_eq!(of("2026-11-30").operations["push"].calls, 1, "before midnight in China");
        let first = of("2026-12-01");
        assert_eq!((first.operations["push"].unanswered, first.operations["push"].failures()), (1, 1));
        assert_eq!(first.operations[LOG_IN].calls, 1);
        assert_eq!(first.purposes[&Use::Push], 1);
        assert!(take().values().all(|calls| !calls.0.contains_key(vendor)), "taken");
        give_back(&days);
        let mut twice = take();
        let again = twice.get_mut(&"2026-12-01".parse().unwrap()).unwrap();
        again.add(&days[&"2026-12-01".parse().unwrap()]);
        assert_eq!(again.0[vendor].operations["push"].calls, 2);
    }

    #[test]
    fn what_has_any_number_of_names_is_counted_under_one() {
        let mut vendor = OfVendor::default();
        (0..1_000).for_each(|name| vendor.operation(&name.to_string()).calls += 1);
        assert_eq!(vendor.operations.len(), OPERATIONS + 1);
        assert_eq!(vendor.operations[OTHERS].calls, 1_000 - OPERATIONS as u64);
    }
}
