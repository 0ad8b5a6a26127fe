//! How much of a quota a backlog uses, by how long the vendor takes to answer: minutes of the real functions in seconds.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures::FutureExt as _;
use relay_connector::{Request, Response, Transport, TransportError};
use relay_core::System;
use relay_core::clock::{Clock as _, SeededRng};
use relay_erp_pusher::{ErpPusher, Worker};
use relay_host::{Settings, Wiring};
use relay_job::work;
use relay_simulators::Vendors;
use relay_simulators::qince::PushStyle;
use relay_simulators::wangdian::TradeMix;
use relay_stock_syncer::StockSyncer;
use relay_store_sqlite::{Retention, Sqlite};
use relay_webhook_receiver::{PushRequest, Receiver};
use rust_decimal::Decimal;
use tempfile::TempDir;

use crate::scheduler::{Owner, Pause, Scheduler};
use crate::timeline::{Machine, Timeline};
use crate::trace::Trace;

/// What is not counted: a new process has codes to look up, and does not know how much its target takes.
const BEFORE: Duration = Duration::from_secs(3 * 60);

/// The flow out of a pool.
const STOCK: &str = "stock-to-sharecrm";

/// As `relay serve` has it.
const SYNC_EVERY: Duration = Duration::from_secs(180);

/// How often an empty queue is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// More steps are no work.
const MOST_STEPS: u64 = 200_000_000;

/// A backlog for one target.
#[derive(Debug, Clone, Copy)]
pub struct Backlog {
    /// The target.
    pub target: &'static str,
    /// The flow.
    pub flow: &'static str,
    /// The setting that holds its quota, where there is one, and what it is.
    pub quota: (Option<&'static str>, u32),
    /// In so much time.
    pub period: Duration,
    /// As many documents as a call takes.
    pub together: u32,
    /// How long calls are counted.
    pub counted: Duration,
}

/// The backlogs that are measured.
pub const BACKLOGS: [Backlog; 6] = [
    Backlog {
        target: "wangdian",
        flow: "direct-order-to-wangdian",
        quota: (Some("WDT_CALLS_PER_MINUTE"), 50),
        period: Duration::from_secs(60),
        together: 50,
        counted: Duration::from_secs(180),
    },
    Backlog {
        target: "sharecrm",
        flow: "direct-order-to-sharecrm",
        quota: (None, 80),
        period: Duration::from_secs(20),
        together: 1,
        counted: Duration::from_secs(600),
    },
    Backlog {
        target: "sharecrm",
        flow: "stock-to-sharecrm",
        quota: (None, 80),
        period: Duration::from_secs(20),
        together: 1,
        counted: Duration::from_secs(600),
    },
    Backlog {
        target: "kingdee",
        flow: "trade-to-kingdee",
        quota: (Some("KINGDEE_CALLS_PER_MINUTE"), 60),
        period: Duration::from_secs(60),
        together: 1,
        counted: Duration::from_secs(600),
    },
    Backlog {
        target: "kingdee",
        flow: "trade-to-kingdee",
        quota: (Some("KINGDEE_CALLS_PER_MINUTE"), 600),
        period: Duration::from_secs(60),
        together: 1,
        counted: Duration::from_secs(600),
    },
    // More than a process has under way at once: how many times one after the other that is.
    Backlog {
        target: "kingdee",
        flow: "trade-to-kingdee",
        quota: (Some("KINGDEE_CALLS_PER_MINUTE"), 10_000),
        period: Duration::from_secs(60),
        together: 1,
        counted: Duration::from_secs(60),
    },
];

/// What was used of a quota.
#[derive(Debug, Clone, Copy)]
pub struct Used {
    /// Calls that arrived while they were counted, of a thousand that the setting allows.
    pub per_mille: u64,
    /// Documents that were delivered in that time.
    pub documents: usize,
    /// Calls above the setting in any period, by the vendor's count.
    pub above: u64,
}

/// The way to a vendor that takes so long to answer.
struct Slow {
    vendors: Arc<dyn Transport>,
    timeline: Arc<Timeline>,
    latency: Duration,
    /// Calls to this one are counted.
    target: &'static str,
    counted: Arc<Count>,
}

#[derive(Default)]
struct Count {
    calls: AtomicU64,
}

#[async_trait]
impl Transport for Slow {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.timeline.wait(self.latency / 2).await;
        if self.timeline.now() >= BEFORE
            && request.url.host_str().is_some_and(|host| host.starts_with(self.target))
        {
            self.counted.calls.fetch_add(1, Ordering::Relaxed);
        }
        let answer = self.vendors.send(request).await;
        self.timeline.wait(self.latency / 2).await;
        answer
    }
}

/// Works a backlog with so many processes, before a vendor that takes so long to answer.
///
/// # Errors
/// Where its files cannot be made; a task that panics, or goes round and round.
pub fn used(backlog: &Backlog, latency: Duration, processes: u32) -> anyhow::Result<Used> {
    let mut scheduler = Scheduler::new(1, Arc::new(Trace::new(false)));
    let office = Office::open(backlog, latency, scheduler.timeline.clone())?;
    office.fill(backlog)?;
    for slot in 0..processes {
        let worker = office.worker(backlog.target, u64::from(slot))?;
        let timeline = scheduler.timeline.clone();
        let owner = Owner::Process { slot: slot as usize, life: 1 };
        if backlog.flow == STOCK {
            let (syncer, timeline) = (office.syncer(u64::from(slot))?, timeline.clone());
            scheduler.spawn(owner, async move {
                loop {
                    let began = timeline.now();
                    syncer.sync_along().await;
                    timeline.wait(SYNC_EVERY.saturating_sub(timeline.now() - began)).await;
                }
            });
        }
        scheduler.spawn(owner, async move {
            while worker.work_through(&|| true, &|_| {}).await.is_ok() {
                timeline.wait(LOOK).await;
            }
        });
    }
    office.run(&mut scheduler, BEFORE)?;
    let delivered = office.delivered(backlog.target);
    office.run(&mut scheduler, BEFORE + backlog.counted)?;
    let documents = office.delivered(backlog.target) - delivered;
    let calls = office.counted.calls.load(Ordering::Relaxed);
    let allowed = u64::from(backlog.quota.1) * backlog.counted.as_secs() / backlog.period.as_secs();
    let above = office.vendors.refused_for_quota().iter().map(|(_, calls)| calls).sum();
    Ok(Used { per_mille: calls * 1_000 / allowed, documents, above })
}

/// A merchant with a backlog.
struct Office {
    folder: TempDir,
    clock: Arc<Machine>,
    vendors: Arc<Vendors>,
    settings: Vec<(String, String)>,
    timeline: Arc<Timeline>,
    latency: Duration,
    target: &'static str,
    counted: Arc<Count>,
}

impl Office {
    fn open(backlog: &Backlog, latency: Duration, timeline: Arc<Timeline>) -> anyhow::Result<Self> {
        let start: DateTime<Utc> = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let clock = Arc::new(Machine::new(timeline.clone(), start));
        let vendors = Vendors::new(clock.clone(), 1);
        vendors.load_master_data();
        let calls = usize::try_from(backlog.quota.1)?;
        vendors.wangdian.set_calls_a_minute(Some(50));
        vendors.kingdee.set_calls_a_minute(Some(calls));
        vendors.sharecrm.set_calls_in_20_seconds(Some(80));
        let (name, calls) = backlog.quota;
        let own = [("RELAY_START", (start - TimeDelta::hours(1)).to_rfc3339())].into_iter();
        let own = own.chain(name.map(|name| (name, calls.to_string())));
        let given = relay_simulators::settings_in_process().into_iter();
        let given = given.map(|(name, value)| (name, value.to_owned())).chain(own);
        let settings = given.map(|(name, value)| (name.to_owned(), value)).collect();
        // In memory where the machine has such a folder.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())?;
        let (target, counted) = (backlog.target, Arc::default());
        Ok(Self { folder, clock, vendors, settings, timeline, latency, target, counted })
    }

    fn wiring(&self, dice: u64) -> anyhow::Result<Wiring> {
        let file = self.folder.path().join("relay.db");
        let stores = Sqlite::open_inline(&file, self.clock.clone(), Retention::default())?.stores();
        let settings = Settings::from_iter(self.settings.clone());
        let slow = Slow {
            vendors: self.vendors.transport(),
            timeline: self.timeline.clone(),
            latency: self.latency,
            target: self.target,
            counted: self.counted.clone(),
        };
        let rng = Arc::new(SeededRng::new(dice));
        Ok(Wiring::new(settings, stores, self.clock.clone(), rng)?.over(Arc::new(slow)))
    }

    fn worker(&self, target: &str, slot: u64) -> anyhow::Result<Worker> {
        let workers = self.wiring(slot + 1)?.build::<ErpPusher>()?.workers();
        let worker = workers.into_iter().find(|worker| worker.system().name() == target);
        worker.with_context(|| format!("nothing is delivered to {target}"))
    }

    fn syncer(&self, slot: u64) -> anyhow::Result<StockSyncer> {
        self.wiring(slot + 101)?.build()
    }

    /// More documents than can be delivered.
    fn fill(&self, backlog: &Backlog) -> anyhow::Result<()> {
        let periods = (BEFORE + backlog.counted).as_secs() / backlog.period.as_secs();
        let calls = u64::from(backlog.quota.1) * periods * 11 / 10;
        let documents = u32::try_from(calls * u64::from(backlog.together))?;
        if backlog.flow == STOCK {
            for place in 0..documents {
                let left = Decimal::from(place);
                self.vendors.wangdian.change_stock("S001", "G1", &format!("G1-{place}"), left);
            }
            return Ok(());
        }
        let wiring = self.wiring(0)?;
        if backlog.flow == "trade-to-kingdee" {
            return self.queue_trades(&wiring, documents);
        }
        let receiver = wiring.build::<Receiver>()?;
        for _ in 0..documents {
            let push =
                self.vendors.qince.push(&self.vendors.qince.order(self.clock.now()), &PushStyle::default());
            let headers = [("content-type".to_owned(), push.content_type.clone())];
            let request = PushRequest {
                method: "POST",
                path: "/qince/direct-orders",
                headers: &headers,
                body: &push.body,
            };
            let answer = receiver.receive(&request).now_or_never().context("a push has to wait")?;
            ensure!(answer.status == 200, "a push was refused: {answer:?}");
        }
        Ok(())
    }

    fn queue_trades(&self, wiring: &Wiring, count: u32) -> anyhow::Result<()> {
        let now = self.clock.now();
        let mix = TradeMix::default();
        self.vendors.wangdian.generate_trades(
            count,
            now - TimeDelta::minutes(50),
            now - TimeDelta::minutes(2),
            mix,
        );
        let flow = &wiring.flows.named("trade-to-kingdee").context("the flow of trades")?.flow;
        let rows = self.vendors.wangdian.trades().into_iter();
        let rows = rows.filter_map(|trade| self.vendors.wangdian.trade(&trade.trade_no));
        let items: Vec<_> = rows.map(|row| work::item(flow, row, false, now, wiring.rng.as_ref())).collect();
        for page in items.chunks(100) {
            let taken = wiring.intake().take(System::new("kingdee"), page).now_or_never();
            taken.context("the queue has to wait")??;
        }
        Ok(())
    }

    fn delivered(&self, target: &str) -> usize {
        match target {
            "kingdee" => self.vendors.kingdee.creates().len(),
            "sharecrm" => self.vendors.sharecrm.records().len(),
            _ => self.vendors.wangdian.pushed_orders().len(),
        }
    }

    fn run(&self, scheduler: &mut Scheduler, until: Duration) -> anyhow::Result<()> {
        match scheduler.run_until(until, MOST_STEPS) {
            Pause::Reached => Ok(()),
            other => anyhow::bail!("at {:?}: {other:?}", self.timeline.now()),
        }
    }
}
