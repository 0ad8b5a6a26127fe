use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use chrono::TimeDelta;
use relay_connector::Request;
use relay_core::clock::{Clock as _, SeededRng, SimulatedClock, SystemClock};
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
use crate::tally::Tally;

/// The same vendors, the same documents and the same accidents every time.
const SEED: u64 = 20_261_122;

/// The demo's trades lie within the last hours.
const READ_FROM: TimeDelta = TimeDelta::hours(8);

/// The simulated vendors, and the whole program before them.
pub(super) struct Stage {
    pub(super) vendors: Arc<Vendors>,
    pub(super) wiring: Wiring,
    poller: TradePoller,
    syncer: StockSyncer,
    pusher: ErpPusher,
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
        let start = (clock.now() - READ_FROM).to_rfc3339();
        let addresses = [
            ("WDT_BASE_URL", served.wdt_base_url.as_str()),
            ("QIMEN_BASE_URL", &served.qimen_base_url),
            ("KINGDEE_BASE_URL", &served.kingdee_base_url),
            ("SHARECRM_BASE_URL", &served.sharecrm_base_url),
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
        for report in self.poller.poll_all(relay_core::clock::Deadline::NONE, &|_| {}).await {
            anyhow::ensure!(report.error.is_none(), "polling {}: {:?}", report.flow, report.error);
            rows += report.rows;
        }
        for report in self.syncer.sync_all(relay_core::clock::Deadline::NONE).await {
            anyhow::ensure!(report.error.is_none(), "pulling {}: {:?}", report.pool, report.error);
            rows += report.rows;
        }
        Ok(rows)
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
