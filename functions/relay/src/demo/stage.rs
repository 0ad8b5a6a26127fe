use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use chrono::TimeDelta;
use relay_bill_closer::BillCloser;
use relay_connector::{Request, china};
use relay_core::clock::{Clock as _, Deadline, SeededRng, SimulatedClock, SystemClock};
use relay_erp_pusher::ErpPusher;
use relay_host::{Settings, Wiring};
use relay_simulators::qince::{SignedPush, read_reply};
use relay_simulators::{Served, Vendors};
use relay_stock_syncer::StockSyncer;
use relay_trade_poller::TradePoller;
use relay_webhook_receiver::Receiver;
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::commands::operations;
use crate::drain::drain;
use crate::server::{self, Current};
use crate::shipped::{self, Set};
use crate::tally::Tally;

/// The same vendors, the same documents and the same accidents every time.
const SEED: u64 = 20_261_122;

/// Beside the default flows: sales by the day.
const AUDITED_BY_DAY: &str = "kingdee-v2/stockout-by-day-to-kingdee.toml";

/// When groups of a day that is over are closed, in China: two hours after it, and a minute for the schedule.
const NIGHT: (u32, u32) = (2, 1);

/// The demo's trades lie within the last hours.
const READ_FROM: TimeDelta = TimeDelta::hours(8);

/// The simulated vendors, and the whole program before them.
pub(super) struct Stage {
    pub(super) vendors: Arc<Vendors>,
    pub(super) wiring: Wiring,
    poller: TradePoller,
    syncer: StockSyncer,
    pusher: ErpPusher,
    closer: BillCloser,
    clock: Arc<SimulatedClock>,
    webhook: SocketAddr,
    _served: Served,
    _folder: TempDir,
}

impl Stage {
    pub(super) async fn build() -> anyhow::Result<Self> {
        let clock = Arc::new(SimulatedClock::starting_at(SystemClock.now()));
        let vendors = Vendors::new(clock.clone(), SEED);
        let served =
            vendors.serve_on_loopback().await.context("starting the simulated vendors on 127.0.0.1")?;
        let folder = tempfile::tempdir().context("making a folder for the demo's store")?;
        let store = format!("sqlite:{}", folder.path().join("relay.db").display());
        let flows = folder.path().join("flows");
        shipped::write(Set::Default, &flows)?;
        shipped::write_one(Set::ECommerceDaily, AUDITED_BY_DAY, &flows)?;
        let flows = flows.display().to_string();
        let start = (clock.now() - READ_FROM).to_rfc3339();
        let addresses = [
            ("WDT_BASE_URL", served.wdt_base_url.as_str()),
            ("QIMEN_BASE_URL", &served.qimen_base_url),
            ("KINGDEE_BASE_URL", &served.kingdee_base_url),
            ("SHARECRM_BASE_URL", &served.sharecrm_base_url),
            // Its second interface audits bills.
            ("KINGDEE_AUTH", "v2"),
            ("RELAY_FLOWS_DIR", &flows),
            ("RELAY_STORE", &store),
            ("RELAY_START", &start),
        ];
        let settings = relay_simulators::settings().into_iter().chain(addresses);
        let settings: Settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let stores = relay_host::stores::open(&settings, clock.clone()).await?;
        let wiring = Wiring::new(settings, stores, clock.clone(), Arc::new(SeededRng::new(SEED)))?;
        let listener =
            TcpListener::bind("127.0.0.1:0").await.context("starting the webhook server on 127.0.0.1")?;
        let webhook = listener.local_addr()?;
        let receiver = Current::of(wiring.build::<Receiver>()?);
        // Its clients are real, and their time is the machine's.
        let sockets = Arc::new(SystemClock);
        tokio::spawn(server::serve(listener, receiver, None, sockets, std::future::pending()));
        Ok(Self {
            poller: wiring.build::<TradePoller>()?,
            syncer: wiring.build::<StockSyncer>()?,
            pusher: wiring.build::<ErpPusher>()?,
            closer: wiring.build::<BillCloser>()?,
            clock,
            vendors,
            wiring,
            webhook,
            _served: served,
            _folder: folder,
        })
    }

    /// Sends a push of Qince to the webhook over HTTP, and answers whether it was stored.
    pub(super) async fn push(&self, push: &SignedPush) -> anyhow::Result<bool> {
        let url = format!("http://{}/qince/direct-orders", self.webhook).parse()?;
        let request = Request::post(url, &push.content_type, push.body.clone());
        let response = self.wiring.transport().send(request).await?;
        read_reply(push, response.status, &response.body).map_err(anyhow::Error::msg)
    }

    /// Reads what the vendors have for us, and answers how many rows came.
    pub(super) async fn read(&self) -> anyhow::Result<u64> {
        let mut rows = 0;
        for report in self.poller.poll_all(Deadline::NONE, &|_| {}).await {
            anyhow::ensure!(report.error.is_none(), "polling {}: {:?}", report.flow, report.error);
            rows += report.rows;
        }
        for report in self.syncer.sync_all(Deadline::NONE).await {
            anyhow::ensure!(report.error.is_none(), "pulling {}: {:?}", report.pool, report.error);
            rows += report.rows;
        }
        Ok(rows)
    }

    /// Lets time go by.
    pub(super) fn wait(&self, time: TimeDelta) {
        self.clock.advance_to(self.clock.now() + time);
    }

    /// Waits for the coming night, and closes the groups that are due then.
    pub(super) async fn close_at_night(&self) -> anyhow::Result<()> {
        let tomorrow = self.clock.now().with_timezone(&china::zone()).date_naive() + TimeDelta::days(1);
        let night = tomorrow.and_hms_opt(NIGHT.0, NIGHT.1, 0).context("a time of the night")?;
        let night = night.and_local_timezone(china::zone()).single().context("a time in China")?;
        self.clock.advance_to(night.to_utc());
        for report in self.closer.close_all(Deadline::NONE).await {
            anyhow::ensure!(
                report.errors.is_empty(),
                "closing groups of {}: {:?}",
                report.flow,
                report.errors
            );
        }
        Ok(())
    }

    /// Pushes until the queues are empty.
    pub(super) async fn drain(&self) -> anyhow::Result<Tally> {
        let drained = drain(&self.pusher, &self.wiring).await?;
        anyhow::ensure!(drained.is_all_done(), "targets are paused: {:?}", drained.paused);
        Ok(drained.tally)
    }

    /// Replays a failed trade, as `relay replay` does.
    pub(super) async fn replay(&self, trade_no: &str) -> anyhow::Result<()> {
        operations(&self.wiring).replay("trade-to-kingdee", trade_no).await?;
        Ok(())
    }
}
