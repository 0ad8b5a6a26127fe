use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use relay_core::clock::{Clock, Deadline, Rng};
use relay_core::health::{Monitor, Part};
use relay_core::{Checkpoints, Intake, Lease, StoreError};
use relay_host::CredentialCheck;
use relay_host::flows::Routed;
use relay_wangdian::{Route, UnknownRoute};
use serde::{Deserialize, Serialize};
use tracing::Instrument as _;

use crate::horizon::Horizon;
use crate::lease::HeldLease;
use crate::read::{ReadError, Reading};
use crate::window::{self, Position, Window};

/// Told after every window.
pub type Progress<'a> = &'a (dyn Fn(&Report) + Send + Sync);

/// Polls flows.
pub struct Poller {
    pub(crate) client: Arc<relay_wangdian::Client>,
    pub(crate) settings: BTreeMap<String, String>,
    pub(crate) start: DateTime<Utc>,
    pub(crate) intake: Intake,
    pub(crate) checkpoints: Arc<dyn Checkpoints>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) credential_check: Arc<CredentialCheck>,
    pub(crate) health: Arc<Monitor>,
}

/// What became of one flow's turn.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// The flow.
    pub flow: String,
    /// Windows that were read to their end.
    pub windows: u64,
    /// Rows that the vendor gave, repetitions included.
    pub rows: u64,
    /// Documents that the queue has taken.
    pub queued: u64,
    /// Rows that the flow's filter does not take.
    pub filtered: u64,
    /// Documents that were recorded as failed, because the queue cannot carry them.
    pub failed: u64,
    /// How far has been read; unset while nothing has.
    pub watermark: Option<DateTime<Utc>>,
    /// Whether there is nothing left to read for now.
    pub caught_up: bool,
    /// By how many seconds the machine's clock is ahead of the vendor's (behind it: negative), where it is off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_skew_s: Option<i64>,
    /// What a person should know, although the reading went on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Why it stopped early, if it did. The next turn goes on from the watermark.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The same with the vendor's words, for whoever asks: logs, and what Lambda logs of an answer, do without them.
    #[serde(skip)]
    pub error_in_full: Option<String>,
}

/// How far is gone back where the watermark is not believed.
const A_DAY: TimeDelta = TimeDelta::days(1);

/// The stored watermark.
#[derive(Serialize, Deserialize)]
struct Watermark {
    read_until: DateTime<Utc>,
}

fn route(routed: &Routed) -> Result<Route, UnknownRoute> {
    routed.flow.source().route.as_deref().map_or(Ok(Route::Direct), str::parse)
}

fn checkpoint_name(flow: &str) -> String {
    format!("watermark/{flow}")
}

/// How far a flow has been read, for whoever wants to know.
///
/// # Errors
/// When the checkpoints cannot be read.
pub async fn watermark(
    checkpoints: &dyn Checkpoints,
    flow: &str,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let checkpoint = checkpoints.get(&checkpoint_name(flow)).await?;
    let watermark =
        checkpoint.and_then(|checkpoint| serde_json::from_str::<Watermark>(&checkpoint.value).ok());
    Ok(watermark.map(|watermark| watermark.read_until))
}

/// What `relay status` is to tell of a poll besides whether it succeeded.
fn remarks(report: &Report) -> Vec<String> {
    let clock = report.clock_skew_s.map(|seconds| {
        let direction = if seconds > 0 { "ahead of" } else { "behind" };
        let seconds = seconds.unsigned_abs();
        format!("this machine's clock is {seconds} s {direction} 旺店通's: set it right (NTP)")
    });
    clock.into_iter().chain(report.notes.clone()).collect()
}

impl Poller {
    /// Reads one flow's windows until it has caught up, the deadline is near, or something fails.
    pub async fn poll(&self, routed: &Routed, deadline: Deadline, progress: Progress<'_>) -> Report {
        let mut report = Report { flow: routed.flow.name().to_owned(), ..Report::default() };
        let span = tracing::info_span!("poll", flow = report.flow);
        if let Err(error) =
            self.under_lease(routed, deadline, progress, &mut report).instrument(span.clone()).await
        {
            report.error = Some(format!("{error:#}"));
            report.error_in_full = match error.downcast_ref() {
                Some(ReadError::Vendor(failure)) => Some(failure.in_full()),
                _ => report.error.clone(),
            };
        }
        let route = route(routed).ok();
        report.clock_skew_s =
            route.and_then(|route| self.client.time(route).skew()).map(|skew| skew.num_seconds());
        self.health.remark(Part::Poll(report.flow.clone()), remarks(&report)).await;
        let now = route.and_then(|route| self.client.time(route).now()).unwrap_or(self.clock.now());
        let lag_s = self.lag(&report, now).await.map(|lag| lag.as_secs());
        let Report { windows, rows, queued, filtered, failed, caught_up, .. } = report;
        span.in_scope(|| match &report.error {
            None => tracing::info!(windows, rows, queued, filtered, failed, caught_up, lag_s, "polled"),
            Some(error) => tracing::error!(windows, rows, queued, lag_s, error, "polling stopped early"),
        });
        report
    }

    /// How far behind the flow is, also where it could not be polled; counted, and given back for the log.
    async fn lag(&self, report: &Report, now: DateTime<Utc>) -> Option<Duration> {
        let read_until = match report.watermark {
            Some(watermark) => Ok(Some(watermark)),
            None => watermark(self.checkpoints.as_ref(), &report.flow).await,
        };
        // Where the store does not answer nothing is known.
        let behind = now - read_until.ok()?.unwrap_or(self.start);
        let lag = behind.to_std().unwrap_or_default();
        metrics::histogram!("watermark_lag", "flow" => report.flow.clone()).record(lag);
        Some(lag)
    }

    async fn under_lease(
        &self,
        routed: &Routed,
        deadline: Deadline,
        progress: Progress<'_>,
        report: &mut Report,
    ) -> anyhow::Result<()> {
        let name = format!("poll/{}", report.flow);
        let owner = self.rng.uuid().to_string();
        let lease =
            HeldLease::acquire(self.checkpoints.as_ref(), self.clock.as_ref(), &name, &owner, deadline)
                .await?;
        let lease =
            lease.context("another run is polling this flow now; it reads what this one would have")?;
        let done = self.windows(routed, deadline, progress, &lease, report).await;
        self.tell_health(&report.flow, &done).await;
        let released = lease.release().await;
        // What stopped the work comes first.
        done.and(released.map_err(Into::into))
    }

    async fn tell_health(&self, flow: &str, done: &anyhow::Result<()>) {
        let part = Part::Poll(flow.to_owned());
        let Err(error) = done else { return self.health.well(part).await };
        let class = match error.downcast_ref() {
            // Each call has told itself.
            Some(ReadError::Vendor(_)) => return,
            Some(ReadError::Store(_)) => "store",
            _ => "reading",
        };
        self.health.failed(part, class, None, format!("{error:#}")).await;
    }

    async fn windows(
        &self,
        routed: &Routed,
        deadline: Deadline,
        progress: Progress<'_>,
        lease: &HeldLease<'_>,
        report: &mut Report,
    ) -> anyhow::Result<()> {
        let source = routed.flow.source();
        let endpoint = relay_wangdian::catalog::endpoint(source.document.name)
            .with_context(|| format!("`{}` is not a document of 旺店通", source.document.name))?;
        let max_span =
            endpoint.max_span.with_context(|| format!("`{}` has no windows", source.document.name))?;
        let params = relay_mapping::resolve(&source.params, &self.settings)?;
        let route = route(routed)?;
        let reading = Reading { poller: self, routed, endpoint, route, params: &params, deadline, lease };

        let name = checkpoint_name(&report.flow);
        let (mut position, mut revision) = self.position(&name, report).await?;
        let mut longest = Duration::ZERO;
        // As of now: each window takes time, and a run that chased the clock would never end.
        let mut horizon = Horizon::of(self, route);
        let mut span = max_span;
        loop {
            position = self.believed(position, &horizon, report);
            let Some(window) = window::next(position, horizon.end, span) else {
                if horizon.is_news(&reading, position, report.windows > 0).await? { continue } else { break }
            };
            let began = self.clock.monotonic();
            if !deadline.allows(self.clock.as_ref(), longest * 2) {
                return Ok(());
            }
            match reading.window(window, report).await {
                // The next run has more time for it.
                Err(ReadError::TooLong { .. }) if report.windows > 0 => return Ok(()),
                Err(error) if error.is_out_of_time() => return Ok(()),
                Err(ReadError::Beyond { horizon: told }) => {
                    horizon.cut(told);
                    continue;
                }
                Err(ReadError::TooLong { pages }) if span > window::SHORTEST => {
                    tracing::info!(pages, "halving the window, for which there is no time");
                    span = (span / 2).max(window::SHORTEST);
                    continue;
                }
                done => done?,
            }
            revision = self.move_watermark(&name, window, revision, &lease.current()).await?;
            position = Position::ReadUntil(window.end);
            report.windows += 1;
            report.watermark = Some(window.end);
            progress(report);
            longest = longest.max(self.clock.monotonic().saturating_sub(began));
        }
        report.caught_up = true;
        Ok(())
    }

    /// A watermark in the vendor's future was written by a clock that was ahead, nobody knows for how long: what it has
    /// passed over is read again, and the ledger drops the repetitions.
    fn believed(&self, position: Position, horizon: &Horizon<'_>, report: &mut Report) -> Position {
        let (Position::ReadUntil(until), Some(now)) = (position, horizon.vendor_now()) else {
            return position;
        };
        if until <= now {
            return position;
        }
        let back = now - A_DAY;
        let back = if self.start < now { back.max(self.start) } else { back };
        tracing::warn!(watermark = %until, %now, again_from = %back, "the watermark lies in the vendor's future");
        report.notes.push(format!(
            "the watermark {until} lay in the vendor's future, so a clock was ahead: read again from {back}"
        ));
        report.watermark = Some(back);
        Position::ReadUntil(back)
    }

    async fn position(&self, name: &str, report: &mut Report) -> anyhow::Result<(Position, Option<u64>)> {
        let Some(checkpoint) = self.checkpoints.get(name).await? else {
            return Ok((Position::Start(self.start), None));
        };
        let watermark: Watermark = serde_json::from_str(&checkpoint.value)
            .with_context(|| format!("the checkpoint {name} is not a watermark: `{}`", checkpoint.value))?;
        report.watermark = Some(watermark.read_until);
        Ok((Position::ReadUntil(watermark.read_until), Some(checkpoint.revision)))
    }

    async fn move_watermark(
        &self,
        name: &str,
        window: Window,
        revision: Option<u64>,
        lease: &Lease,
    ) -> anyhow::Result<Option<u64>> {
        let value = serde_json::to_string(&Watermark { read_until: window.end })?;
        let moved = self.checkpoints.put(name, &value, revision, Some(lease)).await?;
        anyhow::ensure!(moved, "another run has moved the watermark of this flow: this one stops");
        Ok(Some(revision.unwrap_or(0) + 1))
    }
}
