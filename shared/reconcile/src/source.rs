//! What the source shows of a day: a recount, by reading the day's windows once more.

use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use relay_connector::{PageOf, Role, Span, Windows};
use relay_core::StoreError;
use relay_core::pause::{self, Scope};
use relay_job::Routed;
use serde_json::Value;

use crate::{Reconciler, days};

/// Where the vendor names no longest window.
const USUAL_SPAN: TimeDelta = TimeDelta::hours(1);

/// Rows of the last minutes may not be visible yet.
const SETTLED: TimeDelta = TimeDelta::minutes(2);

/// The windows of a day, up to what the source shows by now.
#[must_use]
pub(crate) fn windows(routed: &Routed, day: NaiveDate, now: DateTime<Utc>) -> Vec<Span> {
    let longest = routed.flow.source().document.max_span.and_then(|span| TimeDelta::from_std(span).ok());
    days::spans(days::begins(day), days::ends(day).min(now - SETTLED), longest.unwrap_or(USUAL_SPAN))
}

impl Reconciler<'_> {
    /// The rows of a day, as the flow asks for them; or why they cannot be read.
    pub(crate) async fn rows(
        &self,
        routed: &Routed,
        day: NaiveDate,
    ) -> Result<Result<Vec<Value>, String>, StoreError> {
        let document = routed.flow.source().document;
        if document.role != Role::Windowed {
            let how = if document.role == Role::Pool { "a pool" } else { "pushed" };
            return Ok(Err(format!("{} is {how}: its source cannot be asked for a day", document.name)));
        }
        let scope = Scope::Source(routed.source_system());
        if let Some(pause) = pause::current(self.stores.checkpoints.as_ref(), scope, self.clock.now()).await?
        {
            return Ok(Err(format!("{} is paused as a source: {}", routed.source_system(), pause.reason)));
        }
        Ok(self.read_windows(routed, day).await)
    }

    async fn read_windows(&self, routed: &Routed, day: NaiveDate) -> Result<Vec<Value>, String> {
        let query = routed.query(self.settings).map_err(|error| format!("{error:#}"))?;
        let connection = (self.connect)(routed.source_system())?;
        let source = connection.windows().ok_or_else(|| "it is read by no windows".to_owned())?;
        let now = source.time(&query).now().unwrap_or_else(|| self.clock.now());
        let (mut rows, mut keys) = (Vec::new(), HashSet::new());
        let asked = query.one_by_one();
        let spans = windows(routed, day, now);
        for (query, span) in spans.iter().flat_map(|span| asked.iter().map(move |query| (query, *span))) {
            for row in self.window(source, query, span).await? {
                // A vendor whose windows end by the day shows a row in several; one that has changed, in several states.
                let is_known = routed.flow.key(&row).is_ok_and(|key| !keys.insert(key));
                if !is_known && is_of(routed, &row, day) {
                    rows.push(row);
                }
            }
        }
        Ok(rows)
    }

    /// All rows of a window, or why they do not add up.
    async fn window(
        &self,
        source: &dyn Windows,
        query: &relay_connector::Query,
        span: Span,
    ) -> Result<Vec<Value>, String> {
        let (mut rows, mut total): (Vec<Value>, Option<u64>) = (Vec::new(), None);
        let cap = query.document.pages.map(|pages| pages.cap as usize);
        for number in 0.. {
            let page = PageOf { number, size: u32::MAX };
            let page = source.window(query, span, page, self.deadline).await;
            let page = page.map_err(|failure| format!("the source cannot be read: {}", failure.in_full()))?;
            let count = page.rows.len();
            total = total.or(page.total);
            rows.extend(page.rows);
            let is_whole = match (total, cap) {
                (Some(total), _) => rows.len() as u64 >= total,
                (None, Some(cap)) => count < cap,
                (None, None) => true,
            };
            if is_whole || count == 0 {
                break;
            }
        }
        match total {
            Some(total) if (rows.len() as u64) < total => {
                let read = rows.len();
                Err(format!(
                    "the source counts {total} rows in a window, and shows {read}: they changed meanwhile"
                ))
            }
            _ => Ok(rows),
        }
    }
}

/// Whether a row changed on that day, where it says so itself: windows of some vendors end by the day.
fn is_of(routed: &Routed, row: &Value, day: NaiveDate) -> bool {
    let document = routed.flow.source().document;
    let is_over_the_version = document.window_times.is_empty();
    let version = routed.flow.version(row);
    let time = days::time_of(version.as_deref(), Some(routed.flow.version_kind(row)));
    !is_over_the_version || time.is_none_or(|time| days::of(time) == day)
}
