//! Delivery as Qince does it: at once, then daily at 01:30 for ten days, then never.

use chrono::{DateTime, Days, NaiveTime, TimeZone as _, Utc};
use serde_json::Value;

use super::{PushStyle, Qince, SignedPush};
use crate::{lock, wangdian};

/// Redeliveries after the first failure.
const REDELIVERIES: u32 = 10;

#[derive(Default)]
pub(super) struct Outbox {
    waiting: Vec<Waiting>,
    given_up: Vec<Value>,
}

struct Waiting {
    msg_id: String,
    order: Value,
    due_at: DateTime<Utc>,
    failed: Option<DateTime<Utc>>,
    failures: u32,
}

impl Qince {
    /// An order was made or changed: its push is due now.
    pub fn submit(&self, order: Value) {
        let waiting = Waiting {
            msg_id: self.dice.digits(19),
            order,
            due_at: self.clock.now(),
            failed: None,
            failures: 0,
        };
        lock(&self.outbox).waiting.push(waiting);
    }

    /// The pushes that are due now, until each is settled.
    #[must_use]
    pub fn due(&self) -> Vec<SignedPush> {
        let now = self.clock.now();
        let outbox = lock(&self.outbox);
        let due = outbox.waiting.iter().filter(|waiting| waiting.due_at <= now);
        due.map(|waiting| {
            let style = PushStyle {
                redelivery: waiting.failed,
                msg_id: Some(waiting.msg_id.clone()),
                ..PushStyle::default()
            };
            self.push(&waiting.order, &style)
        })
        .collect()
    }

    /// When the next push is due.
    #[must_use]
    pub fn next_due(&self) -> Option<DateTime<Utc>> {
        lock(&self.outbox).waiting.iter().map(|waiting| waiting.due_at).min()
    }

    /// A push was answered with 0 (done), or with anything else, late or not at all.
    pub fn settle(&self, push: &SignedPush, done: bool) {
        let now = self.clock.now();
        let mut outbox = lock(&self.outbox);
        let Some(place) = outbox.waiting.iter().position(|waiting| waiting.msg_id == push.msg_id) else {
            return;
        };
        let mut waiting = outbox.waiting.remove(place);
        if done {
            return;
        }
        waiting.failures += 1;
        if waiting.failures > REDELIVERIES {
            outbox.given_up.push(waiting.order);
            return;
        }
        waiting.failed = Some(now);
        waiting.due_at = next_half_past_one(now);
        outbox.waiting.push(waiting);
    }

    /// The orders that Qince will never push again.
    #[must_use]
    pub fn given_up(&self) -> Vec<Value> {
        lock(&self.outbox).given_up.clone()
    }
}

fn next_half_past_one(now: DateTime<Utc>) -> DateTime<Utc> {
    let china = wangdian::time::china();
    let at = NaiveTime::from_hms_opt(1, 30, 0).unwrap_or_default();
    let today = now.with_timezone(&china).date_naive();
    let candidates =
        [today, today + Days::new(1)].map(|day| china.from_local_datetime(&day.and_time(at)).single());
    candidates.into_iter().flatten().map(|time| time.to_utc()).find(|time| *time > now).unwrap_or(now)
}
