//! A range that is read again, before it is done: how many rows it has, and what they cost.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use relay_connector::{PageOf, Role, Span};
use relay_core::System;
use serde::{Deserialize, Serialize};

use crate::explain::Connect;
use crate::language::Said;
use crate::times::shown;
use crate::{OperationError, Operations, both};

/// Where the vendor names no longest window.
const USUAL_SPAN: TimeDelta = TimeDelta::hours(1);

/// So many windows are asked for how many rows they have: a call each.
const ASKED: i64 = 24;

/// So many rows are on a page.
const PAGE: u64 = 100;

/// What the names of the checkpoints begin with in which the poller notes ranges, and how far it has read each.
const RANGES: &str = "backfill/range/";
const READ: &str = "backfill/watermark/";

/// A range, as the poller notes it.
#[derive(Deserialize)]
struct Range {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

/// How far it has come.
#[derive(Deserialize)]
struct Read {
    read_until: DateTime<Utc>,
}

/// A range of last-modified times, before it is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackfillPlan {
    /// The flow.
    pub flow: String,
    /// From then.
    pub from: DateTime<Utc>,
    /// Until then.
    pub to: DateTime<Utc>,
    /// How many rows its source has; `None` where it does not say, or where too many windows would have to be asked.
    pub rows: Option<u64>,
    /// So many calls read it at least.
    pub calls: u64,
    /// So many calls a minute the source allows.
    pub calls_a_minute: Option<u32>,
    /// Whether the target is asked for each document before it is sent: a call more for each.
    pub is_asked: bool,
}

impl Operations<'_> {
    /// The ranges that are being read again, or were stopped, by flow.
    pub(crate) async fn ranges(&self) -> Result<HashMap<String, Said>, OperationError> {
        let checkpoints = self.stores.checkpoints.as_ref();
        let mut told = HashMap::new();
        for (name, noted) in checkpoints.list(RANGES).await? {
            let Some(flow) = name.strip_prefix(RANGES) else { continue };
            let Ok(Range { from, to }) = serde_json::from_str(&noted.value) else { continue };
            let read = checkpoints.get(&format!("{READ}{flow}")).await?;
            let read = read.and_then(|read| serde_json::from_str::<Read>(&read.value).ok());
            let until = shown(read.map_or(from, |read| read.read_until));
            let (from, to) = (shown(from), shown(to));
            let said = both!(
                "补读 {from} 到 {to},读到 {until};停了的话,同一条 `relay backfill` 接着读",
                "its range {from} to {to} is read again, until {until} so far; where it was stopped, the same `relay backfill` goes on"
            );
            told.insert(flow.to_owned(), said);
        }
        Ok(told)
    }

    /// What reading a range of a flow's source again comes to.
    ///
    /// # Errors
    /// A flow that nobody knows, or that is not read by windows; a range that is none.
    pub async fn plan_backfill(
        &self,
        flow: &str,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
        connect: Connect<'_>,
    ) -> Result<BackfillPlan, OperationError> {
        self.check_flow(flow).await?;
        let routed = self.flows.named(flow).ok_or_else(|| OperationError::NoFile(flow.to_owned()))?;
        let (source, target) = (routed.flow.source().document, routed.flow.target().document);
        if source.role != Role::Windowed {
            let told = format!("`{flow}` reads {}, which has no times to read from", source.name);
            return Err(OperationError::WrongTime(told));
        }
        if from >= to {
            return Err(OperationError::WrongTime("the range ends before it begins".to_owned()));
        }
        let span = source.max_span.and_then(|span| TimeDelta::from_std(span).ok()).unwrap_or(USUAL_SPAN);
        let windows = 1 + ((to - from).num_seconds() - 1).max(0) / span.num_seconds().max(1);
        let rows = match windows <= ASKED {
            true => self.rows_of(routed, (from, to), span, connect).await,
            false => None,
        };
        let pages = rows.map_or(0, |rows| rows.div_ceil(PAGE));
        let asked = routed.query(&self.flow_settings).map_or(1, |query| query.one_by_one().len() as u64);
        Ok(BackfillPlan {
            flow: flow.to_owned(),
            from,
            to,
            rows,
            calls: pages + windows.unsigned_abs() * asked,
            calls_a_minute: self.calls_a_minute(System::of_document(source.name)),
            is_asked: target.push.is_some_and(|push| push.asked.is_some()),
        })
    }

    /// How many rows the windows of a range have, where their source says so.
    async fn rows_of(
        &self,
        routed: &relay_job::Routed,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
        span: TimeDelta,
        connect: Connect<'_>,
    ) -> Option<u64> {
        let query = routed.query(&self.flow_settings).ok()?;
        let connection = connect(routed.source_system()).ok()?;
        let windows = connection.windows()?;
        let (mut start, mut rows) = (from, 0);
        while start < to {
            let end = (start + span).min(to);
            let page = PageOf { number: 0, size: 1 };
            for query in &query.one_by_one() {
                let read = windows.window(query, Span { start, end }, page, self.patience()).await.ok()?;
                rows += read.total?;
            }
            start = end;
        }
        Some(rows)
    }
}
