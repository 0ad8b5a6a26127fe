//! What keeps a document that is pushed twice from being made twice, and how much a vendor takes of it.

use std::num::NonZeroU32;
use std::time::Duration;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use relay_core::Step;

use crate::china;

/// How a vendor tells one pushed document from another.
#[derive(Debug, Clone, Copy)]
pub struct Push {
    /// The field of the document, at its top, that holds our number. `None` where it stands in the lines alone.
    pub number: Option<&'static str>,
    /// What the vendor does with a number that it has already.
    pub repeat: Repeat,
    /// How the vendor is asked for a number; `None` where it cannot be.
    pub asked: Option<Question>,
    /// The most documents that one call may hold.
    pub batch: usize,
    /// A field at the document's top, and the most documents of one call that may hold the same in it.
    pub alike: Option<(&'static str, usize)>,
    /// The list in the document of which one call takes no more lines than that.
    pub lines: Option<(&'static str, usize)>,
    /// The field of the answer to a call for one document that holds the vendor's own number of it.
    pub gives: Option<&'static str>,
    /// The hours of the day, in China, between which the vendor takes it.
    pub hours: Option<Hours>,
    /// How many calls the vendor takes a day, where that is less than the account's allowance.
    pub calls_a_day: Option<NonZeroU32>,
    /// The steps in the life of what was pushed, first to last.
    pub steps: &'static [Step],
    /// Whether a document that is sent with the id of one that is there changes that one.
    pub is_changed_by_id: bool,
    /// The field of its date, and the field that takes a remark: the books of a period may be closed.
    pub dated: Option<Dated>,
    /// Words in the names of its quantities and amounts: one with all of them negative takes it back (红字). Empty where
    /// nothing is known to take it back.
    pub signed: &'static [&'static str],
    /// The document that is the pushed one as a whole, such as `kingdee.sal_order_detail`; `None` where the vendor hands out no such
    /// one, or the one by which it is asked is that.
    pub whole: Option<&'static str>,
    /// Where the vendor tells its lines, each with the id that it has there; `None` where it tells none.
    pub entries: Option<Entries>,
}

/// Where a vendor tells the lines of a document that was pushed: in the [`whole`](Push::whole) of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entries {
    /// Its list of lines.
    pub list: &'static str,
    /// The field of a line that holds its id.
    pub id: &'static str,
}

/// Where a document has its date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dated {
    /// The field of the date, at the document's top.
    pub date: &'static str,
    /// The field that takes what is remarked of it.
    pub remark: &'static str,
}

/// Hours of the day, in China: from the first on, until the second begins; over midnight where that is less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    /// The hour from which on.
    pub from: u32,
    /// The hour until which.
    pub until: u32,
}

impl Hours {
    /// How long it is from that time until they begin; nothing while they last.
    #[must_use]
    pub fn wait(self, now: DateTime<Utc>) -> Duration {
        let hour = |hour: u32| NaiveTime::MIN + TimeDelta::hours(i64::from(hour));
        let local = now.with_timezone(&china::zone()).time();
        let (from, until) = (hour(self.from), hour(self.until));
        let is_within = match from <= until {
            true => from <= local && local < until,
            false => from <= local || local < until,
        };
        let left = from - local;
        let left = if left < TimeDelta::zero() { left + TimeDelta::days(1) } else { left };
        if is_within { Duration::ZERO } else { left.to_std().unwrap_or_default() }
    }
}

impl Push {
    /// A document that is pushed alone, and is done with when it is there.
    #[must_use]
    pub const fn new(number: Option<&'static str>, repeat: Repeat, asked: Option<Question>) -> Self {
        Self {
            number,
            repeat,
            asked,
            batch: 1,
            alike: None,
            lines: None,
            gives: None,
            hours: None,
            calls_a_day: None,
            steps: &[Step::Save],
            is_changed_by_id: false,
            dated: None,
            signed: &[],
            whole: None,
            entries: None,
        }
    }

    /// The same, of which one call may hold so many.
    #[must_use]
    pub const fn batched(self, batch: usize) -> Self {
        Self { batch, ..self }
    }

    /// The same, of which one call may hold so many that have one value in that field.
    #[must_use]
    pub const fn with_alike(self, field: &'static str, most: usize) -> Self {
        Self { alike: Some((field, most)), ..self }
    }

    /// The same, of which one call takes so many lines in that list.
    #[must_use]
    pub const fn with_lines(self, list: &'static str, most: usize) -> Self {
        Self { lines: Some((list, most)), ..self }
    }

    /// The same, to which the vendor answers with its own number in that field.
    #[must_use]
    pub const fn giving(self, field: &'static str) -> Self {
        Self { gives: Some(field), ..self }
    }

    /// The same, which is taken between those hours and so often a day.
    #[must_use]
    pub const fn within(self, from: u32, until: u32, calls_a_day: NonZeroU32) -> Self {
        Self { hours: Some(Hours { from, until }), calls_a_day: Some(calls_a_day), ..self }
    }

    /// The same, which an id changes.
    #[must_use]
    pub const fn changed_by_id(self) -> Self {
        Self { is_changed_by_id: true, ..self }
    }

    /// The same, with its date in that field, and remarks in the other.
    #[must_use]
    pub const fn dated(self, date: &'static str, remark: &'static str) -> Self {
        Self { dated: Some(Dated { date, remark }), ..self }
    }

    /// The same, whose quantities and amounts have these words in their names.
    #[must_use]
    pub const fn signed(self, signed: &'static [&'static str]) -> Self {
        Self { signed, ..self }
    }

    /// The same, which that document is as a whole.
    #[must_use]
    pub const fn shown_whole_in(self, whole: &'static str) -> Self {
        Self { whole: Some(whole), ..self }
    }

    /// The same, whose lines are told there.
    #[must_use]
    pub const fn with_entries(self, entries: Entries) -> Self {
        Self { entries: Some(entries), ..self }
    }

    /// The same, with these steps in its life.
    #[must_use]
    pub const fn with_steps(self, steps: &'static [Step]) -> Self {
        Self { steps, ..self }
    }
}

/// What a vendor does with a document whose number it has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// The document takes the place of the one that is there.
    Replaces,
    /// The vendor keeps the one that is there, and takes no second.
    Refuses,
    /// Nothing is known to keep the vendor from making a second one.
    Doubles,
}

/// How a vendor is asked whether it has a document of that number.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    /// The document that is queried, such as `wangdian.stock_transfer_query`.
    pub document: &'static str,
    /// The request parameter that takes the number.
    pub param: &'static str,
    /// What else each request holds: one request for each of these until one shows the document. Vendors that show
    /// only finished documents unless they are asked for a status need several.
    pub requests: &'static [&'static [(&'static str, &'static str)]],
    /// Whether the number does not stand in for the time window, so that one is sent with it. Only what was changed
    /// within the longest window is then found.
    pub timed: bool,
    /// The fields of a row that may hold the number.
    pub holds: &'static [&'static str],
    /// The fields of a row that may hold the vendor's own number of the document, the best first.
    pub ids: &'static [&'static str],
}

/// One request, which holds nothing but the number.
pub const ONCE: &[&[(&str, &str)]] = &[&[]];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hours_of_a_night_begin_in_the_evening_and_last_until_the_morning() {
        let night = Hours { from: 20, until: 6 };
        let wait = |time: &str| {
            let time = china::parse(&format!("2026-11-22 {time}")).unwrap();
            night.wait(time.to_utc()).as_secs()
        };
        assert_eq!(["20:00:00", "23:59:59", "00:00:00", "05:59:59"].map(wait), [0; 4]);
        assert_eq!(["06:00:00", "12:00:00", "19:59:59"].map(wait), [14 * 3_600, 8 * 3_600, 1]);
    }

    #[test]
    fn the_hours_of_a_day_are_waited_for_over_midnight() {
        let day = Hours { from: 9, until: 17 };
        let wait =
            |time: &str| day.wait(china::parse(&format!("2026-11-22 {time}")).unwrap().to_utc()).as_secs();
        assert_eq!(["09:00:00", "16:59:59"].map(wait), [0; 2]);
        assert_eq!(["08:00:00", "18:00:00"].map(wait), [3_600, 15 * 3_600]);
    }
}
