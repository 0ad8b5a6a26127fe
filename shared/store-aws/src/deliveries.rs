//! What was delivered within a span. No index has it, because an index by time would be one more write unit for each document: the
//! ledger is read through, which costs nothing before somebody asks, and some 90,000 read units for a million entries.

use std::iter;

use aws_sdk_dynamodb::operation::scan::builders::ScanFluentBuilder;
use chrono::{DateTime, Days, NaiveDate, Utc};
use futures::future::try_join_all;
use relay_core::StoreError;
use relay_core::ledger::Entry;

use super::Aws;
use super::item::{ID, text};
use super::ledger::{ENTRY, REVISION};
use super::numbers::SEGMENTS;

/// The ledger is gone through in so many rounds, so that of a long span an eighth is in memory at once.
const ROUNDS: i32 = 8;

/// Of so many days DynamoDB itself leaves out what is of others; of more, all entries come here.
const DAYS: usize = 40;

impl Aws {
    /// The deliveries of one round, and the round that follows.
    pub(super) async fn delivered_of_round(
        &self,
        flow: Option<&str>,
        span: (DateTime<Utc>, DateTime<Utc>),
        from: Option<&str>,
    ) -> Result<(Vec<Entry>, Option<String>), StoreError> {
        let round: i32 = from.and_then(|from| from.parse().ok()).unwrap_or_default();
        let segments = (0..SEGMENTS).map(|place| self.delivered_in(flow, span, round * SEGMENTS + place));
        let entries = try_join_all(segments).await?.into_iter().flatten().collect();
        let next = round + 1;
        Ok((entries, (next < ROUNDS).then(|| next.to_string())))
    }

    async fn delivered_in(
        &self,
        flow: Option<&str>,
        (since, until): (DateTime<Utc>, DateTime<Utc>),
        segment: i32,
    ) -> Result<Vec<Entry>, StoreError> {
        let call = self.ledger_call("listing what was delivered", "dynamodb:Scan");
        let scan = self.dynamodb().scan().table_name(call.name);
        let scan = scan.segment(segment).total_segments(SEGMENTS * ROUNDS);
        let mut pages = filtered(scan, flow, (since, until)).into_paginator().items().send();
        let mut entries = Vec::new();
        while let Some(item) = pages.try_next().await.map_err(|error| call.failed(&error))? {
            let entry = self.entry(call, &item).await??;
            let at = entry.delivered.as_ref().map(|delivered| delivered.at);
            entries.extend(at.is_some_and(|at| since <= at && at <= until).then_some(entry));
        }
        Ok(entries)
    }
}

/// What cannot be of the flow or of the span stays there: it is paid for all the same, and need not be carried.
fn filtered(
    scan: ScanFluentBuilder,
    flow: Option<&str>,
    (since, until): (DateTime<Utc>, DateTime<Utc>),
) -> ScanFluentBuilder {
    // Parts of entries stand beside them.
    let mut filter = "attribute_exists(#revision)".to_owned();
    let mut scan = scan.expression_attribute_names("#revision", REVISION);
    if let Some(flow) = flow {
        filter.push_str(" AND begins_with(#id, :flow)");
        scan = scan.expression_attribute_names("#id", ID);
        scan = scan.expression_attribute_values(":flow", text(super::item::id(flow, "")));
    }
    let days = days(since.date_naive(), until.date_naive());
    if days.len() <= DAYS {
        // One that stands in parts says nothing here.
        filter.push_str(" AND (attribute_not_exists(#entry)");
        scan = scan.expression_attribute_names("#entry", ENTRY);
        for (place, day) in days.iter().enumerate() {
            filter.push_str(&format!(" OR contains(#entry, :day{place})"));
            scan = scan.expression_attribute_values(format!(":day{place}"), text(format!("\"at\":\"{day}T")));
        }
        filter.push(')');
    }
    scan.filter_expression(filter)
}

/// The days of a span, one more than are named where there are more.
fn days(first: NaiveDate, last: NaiveDate) -> Vec<NaiveDate> {
    let next = |day: &NaiveDate| day.checked_add_days(Days::new(1));
    iter::successors(Some(first), next).take_while(|day| *day <= last).take(DAYS + 1).collect()
}
