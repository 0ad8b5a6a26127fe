use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use relay_connector::{Class, Failure, Pools, Query, Verdict, retry};
use relay_core::clock::{Clock, Deadline, Rng};
use relay_core::health::{Monitor, Part};
use relay_core::item::content_hash;
use relay_core::pause::{self, Scope};
use relay_core::tally::Counted;
use relay_core::{Checkpoints, Entry, EntryId, FailureClass, Intake, Ledger, Queue, StoreError, System};
use relay_job::{Connections, CredentialCheck, Parts, health, work};
use serde::Serialize;
use serde_json::Value;
use tracing::{Instrument as _, Span};

use crate::along::Along;
use crate::pool::Pool;
use crate::recent::Recent;

/// A pull that would begin this close before the deadline is left to the next turn.
const PULL: Duration = Duration::from_secs(10);

/// A turn ends after so long, so that the flows and pauses of the next are those of its time.
const TURN: Duration = Duration::from_secs(180);

/// Targets that have worked nothing for so long are not waited for by a function. SQS may take some seconds to count.
const IN_VAIN: Duration = Duration::from_secs(30);

/// How often it is looked whether the targets have worked what a pull has brought.
const LOOK: Duration = Duration::from_secs(1);

/// Ten pulls' worth of messages.
const CROWDED: u64 = 1_000;

/// Pulls from pools.
pub struct Syncer {
    connections: Connections,
    intake: Intake,
    checkpoints: Arc<dyn Checkpoints>,
    queue: Arc<dyn Queue>,
    ledger: Arc<dyn Ledger>,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    credential_check: Arc<CredentialCheck>,
    health: Arc<Monitor>,
    recent: Recent,
    /// Names this process.
    owner: String,
}

/// What a turn does about rows that stand behind those that it has queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// Leaves them to the next turn.
    None,
    /// Waits as long as the targets work what it has queued, and pulls again: a function is paid for while it waits, and
    /// the turn of a function comes only every few minutes.
    WhileWorked,
    /// Waits until the targets have worked most of what it has queued, and pulls again.
    UntilWorked,
}

/// One pool's turn.
struct Turn<'a> {
    patience: Patience,
    /// It pulls no more after that, and waits no longer.
    until: Deadline,
    /// No call is made after it.
    deadline: Deadline,
    along: Along<'a>,
}

/// What came of waiting for the targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waited {
    /// There was nothing to wait for.
    NotAtAll,
    /// They have worked, or the turn is over.
    Some,
    /// They do not work, or another process goes along by now.
    InVain,
}

/// What became of one pool's turn.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// The pool's document.
    pub pool: String,
    /// Rows that the pool gave for the first time in this turn.
    pub rows: u64,
    /// Documents that the queue has taken, one per row and flow.
    pub queued: u64,
    /// Whether nothing was pulled because a target's queue is full: the rows wait in the pool meanwhile.
    pub held_back: bool,
    /// Whether nothing was pulled because a person has paused the source: the rows wait in the pool meanwhile.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,
    /// Why it stopped early, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The same with the vendor's words, for whoever asks: logs, and what Lambda logs of an answer, do without them.
    #[serde(skip)]
    pub error_in_full: Option<String>,
}

impl Syncer {
    pub(crate) fn of(parts: &Parts) -> Self {
        Self {
            connections: parts.connections.clone(),
            intake: parts.intake(),
            checkpoints: parts.stores.checkpoints.clone(),
            queue: parts.stores.queue.clone(),
            ledger: parts.stores.ledger.clone(),
            clock: parts.clock.clone(),
            rng: parts.rng.clone(),
            credential_check: parts.credential_check.clone(),
            health: parts.health.clone(),
            recent: Recent::default(),
            owner: parts.rng.uuid().to_string(),
        }
    }

    /// What pulls from a pool.
    pub(crate) fn source(&self, query: &Query) -> anyhow::Result<&dyn Pools> {
        let name = query.document.name;
        let source = self.connections.pools(System::of_document(name));
        source.with_context(|| format!("`{name}`: no vendor is connected that has such a pool"))
    }

    /// Pulls until the pool gives nothing new: what it gives again is on its way to be acknowledged.
    pub async fn sync(&self, pool: &Pool, patience: Patience, deadline: Deadline) -> Report {
        let mut report = Report { pool: pool.name().to_owned(), ..Report::default() };
        let span = tracing::info_span!("sync", pool = report.pool);
        let mut turn = Turn {
            patience,
            until: self.end_of_turn(deadline),
            deadline,
            along: Along {
                checkpoints: self.checkpoints.as_ref(),
                clock: self.clock.as_ref(),
                owner: &self.owner,
                pool: pool.name(),
                held: None,
            },
        };
        let pulled = self.pulls(pool, &mut turn, &mut report).instrument(span.clone()).await;
        // Whoever knows what is queued already goes on in his next turn.
        if patience != Patience::UntilWorked || !turn.until.is_over(self.clock.as_ref()) {
            turn.along.end().await;
        }
        self.told(pool, report, pulled, &span).await
    }

    /// The report of a turn in which nothing was pulled.
    pub(crate) async fn not_pulled(&self, pool: &Pool, error: anyhow::Error) -> Report {
        let report = Report { pool: pool.name().to_owned(), ..Report::default() };
        let span = tracing::info_span!("sync", pool = report.pool);
        self.told(pool, report, Err(error), &span).await
    }

    async fn told(&self, pool: &Pool, mut report: Report, pulled: anyhow::Result<()>, span: &Span) -> Report {
        self.tell_health(pool, &pulled).await;
        if let Err(error) = pulled {
            report.error = Some(format!("{error:#}"));
            let failure = error.downcast_ref().map(Failure::in_full);
            report.error_in_full = failure.or_else(|| report.error.clone());
        }
        let Report { rows, queued, held_back, .. } = report;
        span.in_scope(|| match &report.error {
            None => tracing::info!(rows, queued, held_back, "pulled"),
            Some(error) => tracing::error!(rows, queued, error, "pulling stopped early"),
        });
        report
    }

    async fn tell_health(&self, pool: &Pool, pulled: &anyhow::Result<()>) {
        let part = Part::Pool(pool.name().to_owned());
        let Err(error) = pulled else { return self.health.well(part).await };
        // Each call has told itself.
        if !error.is::<Failure>() {
            self.health.failed(part, "store", None, format!("{error:#}")).await;
        }
    }

    async fn pulls(&self, pool: &Pool, turn: &mut Turn<'_>, report: &mut Report) -> anyhow::Result<()> {
        let (checkpoints, now) = (self.checkpoints.as_ref(), self.clock.now());
        let scope = Scope::Source(System::of_document(pool.name()));
        if pause::current(checkpoints, scope, now).await?.is_some() {
            report.paused = true;
            return Ok(());
        }
        if turn.patience == Patience::UntilWorked && !turn.along.stand_by(turn.until).await? {
            return Ok(());
        }
        let Turn { patience, until, deadline, .. } = *turn;
        if self.is_crowded(pool).await? {
            report.held_back = true;
            return Ok(());
        }
        let source = self.source(&pool.query)?;
        let mut seen = HashSet::new();
        let mut is_worked = false;
        loop {
            let mut rows = match self.pull(source, &pool.query, deadline).await {
                // The pool keeps its rows for the next turn.
                Err(failure) if failure.class == Class::OutOfTime => return Ok(()),
                pulled => pulled?,
            };
            let page = rows.clone();
            rows.retain(|row| seen.insert(content_hash(row)));
            let is_news = !rows.is_empty();
            if is_news {
                self.enqueue(source, pool, rows, deadline, report).await?;
            }
            // A full page hides what stands behind it until its rows are acknowledged.
            let most = source.most(&pool.query).filter(|most| page.len() >= *most);
            let goes_on = match (most, patience) {
                (Some(most), Patience::WhileWorked | Patience::UntilWorked)
                    if turn.along.is_the_one().await? =>
                {
                    // A page that is known already shows something else once all of it is worked, at the latest.
                    let left = if is_news { most as u64 / 2 } else { 0 };
                    let waited = self.wait_for(left, pool, turn).await?;
                    // Only a pull that is made when all is worked shows that there is no more.
                    let all_worked = !is_news && waited == Waited::NotAtAll;
                    let was_worked = std::mem::replace(&mut is_worked, all_worked);
                    waited != Waited::InVain && !(all_worked && was_worked)
                }
                _ => is_news,
            };
            if !goes_on {
                return self.look_behind(source, pool, &page, &mut seen, deadline, report).await;
            }
            if !deadline.allows(self.clock.as_ref(), PULL) || until.is_over(self.clock.as_ref()) {
                return Ok(());
            }
        }
    }

    /// When to pull no more in this turn, and to wait no longer.
    fn end_of_turn(&self, deadline: Deadline) -> Deadline {
        let clock = self.clock.as_ref();
        let last_pull = deadline.left(clock).map(|left| Deadline::within(clock, left.saturating_sub(PULL)));
        Deadline::within(clock, TURN).or_sooner(last_pull.unwrap_or(Deadline::NONE))
    }

    /// Waits until the targets have worked all but so much of what pulls have brought.
    async fn wait_for(&self, left: u64, pool: &Pool, turn: &mut Turn<'_>) -> Result<Waited, StoreError> {
        let (mut waited, mut shortest, mut since) = (Waited::NotAtAll, u64::MAX, self.clock.monotonic());
        loop {
            let (longest, now) = (self.longest_queue(pool).await?, self.clock.monotonic());
            if longest <= left || turn.until.is_over(self.clock.as_ref()) {
                return Ok(waited);
            }
            if longest < shortest {
                (shortest, since) = (longest, now);
            }
            let is_in_vain = turn.patience == Patience::WhileWorked && now.saturating_sub(since) >= IN_VAIN;
            if is_in_vain || !turn.along.is_the_one().await? {
                return Ok(Waited::InVain);
            }
            waited = Waited::Some;
            self.clock.sleep(LOOK).await;
        }
    }

    /// Whether a target lags so far behind that pulling would only repeat what its queue holds: a pool gives its rows
    /// again and again, and what was queued is remembered for five minutes only.
    async fn is_crowded(&self, pool: &Pool) -> Result<bool, StoreError> {
        Ok(self.longest_queue(pool).await? > CROWDED)
    }

    /// How many messages wait, or are under way, for the target that has most of them.
    async fn longest_queue(&self, pool: &Pool) -> Result<u64, StoreError> {
        let mut longest = 0;
        for routed in &pool.flows {
            let depth = self.queue.depth(routed.system).await?;
            longest = longest.max(depth.waiting + depth.in_flight);
        }
        Ok(longest)
    }

    /// Looks for what stands behind rows that nobody can take out of the pool: one that the vendor does not let us
    /// acknowledge comes with every pull, and a pull gives no more than its cap. Part by part there is more to see.
    async fn look_behind(
        &self,
        source: &dyn Pools,
        pool: &Pool,
        page: &[Value],
        seen: &mut HashSet<String>,
        deadline: Deadline,
        report: &mut Report,
    ) -> anyhow::Result<()> {
        let is_full = source.most(&pool.query).is_some_and(|most| page.len() >= most);
        if !is_full || !self.is_blocked(pool, page).await? {
            return Ok(());
        }
        let parts = match source.divided(&pool.query, deadline).await {
            Err(failure) if failure.class == Class::OutOfTime => return Ok(()),
            parts => parts?,
        };
        let count = parts.len();
        tracing::warn!(
            pool = pool.name(),
            parts = count,
            "refused acknowledgements fill the pool: pulling its parts"
        );
        for part in parts {
            let mut rows = match self.pull(source, &part, deadline).await {
                Err(failure) if failure.class == Class::OutOfTime => return Ok(()),
                pulled => pulled?,
            };
            rows.retain(|row| seen.insert(content_hash(row)));
            self.enqueue(source, pool, rows, deadline, report).await?;
        }
        Ok(())
    }

    /// Whether most rows of a page are such whose acknowledgement was refused.
    async fn is_blocked(&self, pool: &Pool, page: &[Value]) -> Result<bool, StoreError> {
        let Some(routed) = pool.flows.first() else { return Ok(false) };
        let ids: Vec<_> = page
            .iter()
            .filter_map(|row| Some(EntryId::new(routed.flow.name(), routed.flow.key(row).ok()?)))
            .collect();
        let entries = self.ledger.read(&ids).await?;
        let is_refused =
            |entry: &&Entry| entry.failures().any(|failed| failed.class == FailureClass::Acknowledgement);
        Ok(entries.values().filter(is_refused).count() * 2 > page.len())
    }

    async fn enqueue(
        &self,
        source: &dyn Pools,
        pool: &Pool,
        rows: Vec<Value>,
        deadline: Deadline,
        report: &mut Report,
    ) -> anyhow::Result<()> {
        report.rows += rows.len() as u64;
        let (now, monotonic) = (self.clock.now(), self.clock.monotonic());
        // The first flow acknowledges for all, and its items are queued last: an acknowledgement takes a row from every
        // flow, so all of them must have it by then.
        for (place, routed) in pool.flows.iter().enumerate().rev() {
            let acknowledges = place == 0;
            // A row that the flow's filter does not take is queued too: only the pusher acknowledges, and what is never
            // acknowledged clogs the pool.
            let item =
                |row: &Value| work::item(&routed.flow, row.clone(), acknowledges, now, self.rng.as_ref());
            let items = rows.iter().map(item).filter(|item| !self.recent.repeats(item, monotonic));
            let items: Vec<_> = items.collect();
            let taken = self.intake.take(routed.system, &items).await?;
            report.queued += taken.queued;
            let counted = Counted { read: taken.queued, ..Counted::default() };
            self.health.count(routed.flow.name(), counted).await;
            self.recent.note(&items, monotonic);
            let uncarried = taken.uncarried.iter().filter_map(|place| items.get(*place));
            let released = uncarried.filter(|_| acknowledges).map(|item| &item.document);
            self.release(source, pool, released, deadline).await?;
        }
        Ok(())
    }

    /// Releases rows that stand in the ledger as failed, because no message can carry them: nobody else would, and they
    /// would come with every pull.
    async fn release(
        &self,
        source: &dyn Pools,
        pool: &Pool,
        rows: impl Iterator<Item = &Value>,
        deadline: Deadline,
    ) -> Result<(), Failure> {
        let verdict = || -> Verdict { Err("no message can carry it: see `relay failures`".to_owned()) };
        let rows: Vec<_> = rows.map(|row| (row, verdict())).collect();
        if rows.is_empty() {
            return Ok(());
        }
        // One that the vendor does not take comes again, and is then released again.
        source.acknowledge(&pool.query, &rows, deadline).await.map(drop)
    }

    async fn pull(
        &self,
        source: &dyn Pools,
        query: &Query,
        deadline: Deadline,
    ) -> Result<Vec<Value>, Failure> {
        let ask = || async {
            let rows = source.pull(query, deadline).await;
            health::told(&self.health, Part::Pool(query.document.name.to_owned()), rows).await
        };
        retry::read(&self.clock, deadline, ask)
            .await
            .inspect_err(|failure| self.credential_check.note_failure(failure))
    }
}
