//! One query: window after window, the watermarks of its flows behind them.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use relay_connector::{Query, VendorTime, Windows};
use relay_core::clock::{Clock, Deadline, Rng};
use relay_core::health::Monitor;
use relay_core::pause::{self, Scope};
use relay_core::{Checkpoints, Intake, System};
use relay_job::{Connections, CredentialCheck, Parts, Routed, watermark};
use tracing::Instrument as _;

use crate::horizon::Horizon;
use crate::lease;
use crate::read::{ReadError, Reading};
use crate::reader::{Reader, Readers};
use crate::report::Report;
use crate::turn;
use crate::window;

/// Told after every window, for each flow that it was read for.
pub type Progress<'a> = &'a (dyn Fn(&Report) + Send + Sync);

/// Polls queries.
pub struct Poller {
    pub(crate) connections: Connections,
    pub(crate) start: DateTime<Utc>,
    /// Where a backfill ends; `None`: what is new is read, up to where the vendor lets it be.
    pub(crate) until: Option<DateTime<Utc>>,
    pub(crate) intake: Intake,
    pub(crate) checkpoints: Arc<dyn Checkpoints>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) credential_check: Arc<CredentialCheck>,
    pub(crate) health: Arc<Monitor>,
}

/// What a run has come to know while it reads.
struct Run<'a> {
    horizon: Horizon<'a>,
    /// The longest window that is asked for.
    span: Duration,
    /// Windows that were read to their end.
    windows: u64,
    /// What the slowest of them took.
    longest: Duration,
}

impl Poller {
    pub(crate) fn of(parts: &Parts) -> Self {
        Self {
            connections: parts.connections.clone(),
            start: parts.start,
            until: None,
            intake: parts.intake(),
            checkpoints: parts.stores.checkpoints.clone(),
            clock: parts.clock.clone(),
            rng: parts.rng.clone(),
            credential_check: parts.credential_check.clone(),
            health: parts.health.clone(),
        }
    }

    /// What reads a query, and the longest window that it may ask for.
    pub(crate) fn source(&self, query: &Query) -> anyhow::Result<(&dyn Windows, Duration)> {
        let name = query.document.name;
        let source = self.connections.windows(System::of_document(name));
        let source =
            source.with_context(|| format!("`{name}`: no vendor is connected that reads it by windows"))?;
        let span = query.document.max_span.with_context(|| format!("`{name}` has no windows"))?;
        Ok((source, span))
    }

    /// Whether a person has paused the source of a query: it is left alone, and read from where it stands once it is resumed.
    /// Where that cannot be told it is read, which loses nothing.
    pub(crate) async fn is_paused(&self, query: &Query) -> bool {
        let source = System::of_document(query.document.name);
        let pause = pause::current(self.checkpoints.as_ref(), Scope::Source(source), self.clock.now()).await;
        match pause {
            Ok(pause) => pause.is_some(),
            Err(error) => {
                tracing::warn!(%error, %source, "whether the source is paused cannot be told");
                false
            }
        }
    }

    /// Reads one query's windows for these flows until all have caught up, the deadline is near, or something fails. A
    /// flow that fails alone stops no other.
    pub async fn poll(
        &self,
        query: &Query,
        flows: &[Arc<Routed>],
        deadline: Deadline,
        progress: Progress<'_>,
    ) -> Vec<Report> {
        let names: Vec<_> = flows.iter().map(|routed| routed.flow.name()).collect();
        let span = tracing::info_span!("poll", flow = names.join(", "));
        let mut readers = self.read(query, flows, deadline, progress).instrument(span).await;
        let time = self.source(query).ok().map(|(source, _)| source.time(query));
        let mut reports = Vec::with_capacity(readers.0.len());
        for reader in &mut readers.0 {
            reader.turn.report.clock_skew_s = time.and_then(VendorTime::skew).map(|skew| skew.num_seconds());
            let vendor = time.map_or("the vendor", VendorTime::vendor);
            self.health.remark(reader.turn.part(), reader.turn.report.remarks(vendor)).await;
            let now = time.and_then(VendorTime::now).unwrap_or(self.clock.now());
            self.log(&reader.turn.report, now).await;
            reports.push(std::mem::take(&mut reader.turn.report));
        }
        reports
    }

    /// Logs what became of a flow's turn, and how far behind that time it is.
    pub(crate) async fn log(&self, report: &Report, due: DateTime<Utc>) {
        // Of a backfill, and where the vendor sets the pace, a distance says nothing.
        let is_measured = self.until.is_none() && report.waits_s.is_none();
        let lag = if is_measured { self.lag(report, due).await } else { None };
        let lag_s = lag.map(|lag| lag.as_secs());
        let Report { flow, windows, rows, queued, filtered, failed, caught_up, waits_s, .. } = report;
        tracing::info_span!("poll", flow).in_scope(|| match &report.error {
            None => {
                tracing::info!(windows, rows, queued, filtered, failed, caught_up, waits_s, lag_s, "polled")
            }
            Some(error) => tracing::error!(windows, rows, queued, lag_s, error, "polling stopped early"),
        });
    }

    /// How far behind the flow is, also where it could not be polled; counted, and given back for the log.
    async fn lag(&self, report: &Report, now: DateTime<Utc>) -> Option<Duration> {
        let read_until = match report.watermark {
            Some(read_until) => Ok(Some(read_until)),
            None => watermark::read(self.checkpoints.as_ref(), &report.flow).await,
        };
        // Where the store does not answer nothing is known.
        let behind = now - read_until.ok()?.unwrap_or(self.start);
        let lag = behind.to_std().unwrap_or_default();
        metrics::histogram!("watermark_lag", "flow" => relay_core::metric_name(&report.flow)).record(lag);
        Some(lag)
    }

    /// Reads under the flows' leases.
    async fn read<'a>(
        &'a self,
        query: &Query,
        flows: &'a [Arc<Routed>],
        deadline: Deadline,
        progress: Progress<'_>,
    ) -> Readers<'a> {
        let owner = self.rng.uuid().to_string();
        // One wait for all of them, and always in the same order: two runs never wait for each other.
        let patience = lease::patience(self.clock.as_ref(), deadline);
        let mut readers = Readers(Vec::with_capacity(flows.len()));
        for routed in flows {
            readers.0.push(Reader::open(self, routed, &owner, patience).await);
        }
        if let Err(error) = self.windows(query, &mut readers, deadline, progress).await {
            readers.serve_all();
            readers.stop_served(&error).await;
        }
        for reader in &mut readers.0 {
            reader.turn.close().await;
        }
        readers
    }

    async fn windows(
        &self,
        query: &Query,
        readers: &mut Readers<'_>,
        deadline: Deadline,
        progress: Progress<'_>,
    ) -> anyhow::Result<()> {
        let (source, span) = self.source(query)?;
        let reading = Reading { poller: self, source, query, deadline };
        // As of now: each window takes time, and a run that chased the clock would never end.
        let mut horizon = Horizon::of(source.time(query), self.clock.as_ref());
        self.until.into_iter().for_each(|until| horizon.cut(until));
        let mut run = Run { horizon, span, windows: 0, longest: Duration::ZERO };
        while self.turn(&reading, readers, &mut run, progress).await?.is_continue() {}
        let end = run.horizon.end;
        readers.note_caught_up(|position| window::next(position, end, span).is_none());
        Ok(())
    }

    /// Reads the next window; says whether there may be another.
    async fn turn(
        &self,
        reading: &Reading<'_>,
        readers: &mut Readers<'_>,
        run: &mut Run<'_>,
        progress: Progress<'_>,
    ) -> anyhow::Result<ControlFlow<()>> {
        let positions = readers.positions(run.horizon.vendor_now());
        let Some(furthest) = positions.iter().map(|position| position.reached()).max() else {
            return Ok(ControlFlow::Break(()));
        };
        let Some(turn) = turn::next(&positions, run.horizon.end, run.span) else {
            return match run.horizon.is_news(reading, readers, furthest, run.windows > 0).await {
                Ok(false) => Ok(ControlFlow::Break(())),
                Ok(true) | Err(ReadError::Nobody) => Ok(ControlFlow::Continue(())),
                Err(error) => Err(error.into()),
            };
        };
        readers.serve(&turn.flows);
        // Flows that are read for after others have less time in every run, and come further all the same: their first
        // window is tried, and halved if need be.
        let is_first = readers.served().all(|reader| reader.turn.report.windows == 0);
        if !is_first && !reading.deadline.allows(self.clock.as_ref(), run.longest * 2) {
            return Ok(ControlFlow::Break(()));
        }
        let began = self.clock.monotonic();
        match reading.window(turn.window, readers).await {
            Ok(()) => {}
            // The next run has more time for it.
            Err(ReadError::TooLong { .. }) if !is_first => return Ok(ControlFlow::Break(())),
            Err(error) if error.is_out_of_time() => return Ok(ControlFlow::Break(())),
            Err(ReadError::Beyond { horizon: told }) => {
                run.horizon.cut(told);
                return Ok(ControlFlow::Continue(()));
            }
            Err(ReadError::TooLong { pages }) if run.span > window::SHORTEST => {
                tracing::info!(pages, "halving the window, for which there is no time");
                run.span = (run.span / 2).max(window::SHORTEST);
                return Ok(ControlFlow::Continue(()));
            }
            // The others may stand elsewhere, where all is well.
            Err(error) => {
                readers.stop_served(&error.into()).await;
                return Ok(ControlFlow::Continue(()));
            }
        }
        readers.move_watermarks(turn.window, progress).await;
        run.windows += 1;
        run.longest = run.longest.max(self.clock.monotonic().saturating_sub(began));
        Ok(ControlFlow::Continue(()))
    }
}
