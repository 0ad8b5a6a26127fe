//! One process of the relay: the four functions, wired as `relay` wires them.

use std::sync::Arc;
use std::time::Duration;

use relay_core::clock::{Deadline, SimulatedClock};
use relay_core::{Entry, EntryId, Outcome};
use relay_erp_pusher::{ErpPusher, Idle, Turn, Worked, Worker};
use relay_host::{Wiring, settings};
use relay_operations::Operations;
use relay_simulators::http::SignedJson;
use relay_simulators::qince::{SignedPush, read_reply};
use relay_stock_syncer::StockSyncer;
use relay_trade_poller::TradePoller;
use relay_webhook_receiver::{Answer, PushRequest, Receiver};

pub(crate) const TRADES: &str = "trade-to-kingdee";
pub(crate) const ORDERS_TO_CRM: &str = "direct-order-to-sharecrm";
pub(crate) const ORDERS_TO_WDT: &str = "direct-order-to-wangdian";
pub(crate) const STOCK: &str = "stock-to-sharecrm";
pub(crate) const SHIPPING: &str = "shipping-to-sharecrm";

pub(crate) struct Process {
    pub(crate) wiring: Wiring,
    pub(crate) receiver: Receiver,
    pub(crate) poller: TradePoller,
    pub(crate) syncer: StockSyncer,
    pub(crate) workers: Vec<Worker>,
    clock: Arc<SimulatedClock>,
}

impl Process {
    pub(crate) fn new(wiring: Wiring, clock: Arc<SimulatedClock>) -> Self {
        Self {
            receiver: wiring.build::<Receiver>().unwrap(),
            poller: wiring.build::<TradePoller>().unwrap(),
            syncer: wiring.build::<StockSyncer>().unwrap(),
            workers: wiring.build::<ErpPusher>().unwrap().workers(),
            wiring,
            clock,
        }
    }

    /// A process whose functions are wired each by itself, as on AWS: by their names in the template.
    pub(crate) fn deployed(wiring: Wiring, of: impl Fn(&str) -> Wiring, clock: Arc<SimulatedClock>) -> Self {
        Self {
            receiver: of("WebhookReceiver").build::<Receiver>().unwrap(),
            poller: of("TradePoller").build::<TradePoller>().unwrap(),
            syncer: of("StockSyncer").build::<StockSyncer>().unwrap(),
            workers: of("ErpPusher").build::<ErpPusher>().unwrap().workers(),
            wiring,
            clock,
        }
    }

    /// Answers any request.
    pub(crate) async fn request(&self, content_type: &str, body: &[u8]) -> Answer {
        let headers = [("content-type".to_owned(), content_type.to_owned())];
        let (method, path) = ("POST", "/qince/direct-orders");
        let request = PushRequest { method, path, headers: &headers, body };
        self.receiver.receive(&request).await
    }

    /// Answers a push, and says whether Qince counts it as done.
    pub(crate) async fn post(&self, push: &SignedPush) -> bool {
        let answer = self.request(&push.content_type, &push.body).await;
        read_reply(push, answer.status, answer.reply.to_json().as_bytes()).unwrap()
    }

    /// Answers a push of signed JSON to `/http/{name}`.
    pub(crate) async fn post_json(&self, name: &str, push: &SignedJson) -> Answer {
        let path = format!("/http/{name}");
        let SignedJson { headers, body } = push;
        self.receiver.receive(&PushRequest { method: "POST", path: &path, headers, body }).await
    }

    /// Reads the trades until there is nothing more for now, or something fails.
    pub(crate) async fn poll(&self) -> relay_trade_poller::Report {
        self.poller.poll_all(Deadline::NONE, &|_| {}).await.remove(0)
    }

    /// Reads both pools.
    pub(crate) async fn sync(&self) -> Vec<relay_stock_syncer::Report> {
        self.syncer.sync_all(Deadline::NONE).await
    }

    /// Works every queue until it is empty or its target is paused, waiting out back-offs.
    pub(crate) async fn drain(&self) -> Vec<Turn> {
        let mut all = Vec::new();
        loop {
            let (turns, wait) = self.work_once().await;
            let idle = turns.is_empty();
            all.extend(turns);
            match wait {
                Some(wait) if idle => self.clock.advance(wait.max(Duration::from_millis(10))),
                None if idle => return all,
                _ => {}
            }
        }
    }

    /// One batch of every queue, and how long to wait where there was none.
    pub(crate) async fn work_once(&self) -> (Vec<Turn>, Option<Duration>) {
        let (mut turns, mut waits) = (Vec::new(), Vec::new());
        for worker in &self.workers {
            match worker.work(&|| true).await.unwrap() {
                Worked::Batch(batch) => turns.extend(batch),
                Worked::Idle(Idle::Nothing { wait }) => waits.extend(wait),
                Worked::Idle(Idle::Paused(_) | Idle::NotLooked) => {}
            }
        }
        (turns, waits.into_iter().min())
    }

    /// Works what there is, waiting out pauses too, until all queues are empty.
    pub(crate) async fn drain_through_pauses(&self) -> Vec<Turn> {
        let mut all = Vec::new();
        loop {
            all.extend(self.drain().await);
            if self.waiting().await == 0 {
                return all;
            }
            self.clock.advance(Duration::from_secs(15 * 60));
        }
    }

    /// How many messages are in the queues.
    pub(crate) async fn waiting(&self) -> u64 {
        let mut messages = 0;
        for system in relay_connectors::targets() {
            let queue = &self.wiring.stores.queue;
            let depth = queue.depth(system).await.unwrap();
            messages += depth.waiting + depth.in_flight + queue.dead(system).await.unwrap();
        }
        messages
    }

    /// What the ledger knows of a document.
    pub(crate) async fn entry(&self, flow: &str, key: &str) -> Option<Entry> {
        let id = EntryId::new(flow, key);
        self.wiring.stores.ledger.read(std::slice::from_ref(&id)).await.unwrap().remove(&id)
    }

    /// Every document with a failed version.
    pub(crate) async fn failures(&self) -> Vec<Entry> {
        self.operations().failures(None).await.unwrap()
    }

    /// Sends a failed document through its flow again.
    pub(crate) async fn replay(&self, entry: Entry) {
        let replayed = self.operations().replay_entries(vec![entry]).await.unwrap();
        assert!(replayed.sent > 0 && replayed.is_whole(), "{replayed:?}");
    }

    /// What an operator can ask and do.
    pub(crate) fn operations(&self) -> Operations<'_> {
        let wiring = &self.wiring;
        Operations {
            stores: &wiring.stores,
            flows: &wiring.flows,
            active: &wiring.active,
            catalog: &wiring.catalog,
            connectors: relay_connectors::CONNECTORS,
            settings: &wiring.settings,
            room: None,
            by: "operator".to_owned(),
            flow_settings: settings::open_to_flows(&wiring.settings),
            clock: wiring.clock.clone(),
            rng: wiring.rng.clone(),
        }
    }
}

/// How many turns ended so.
pub(crate) fn count(turns: &[Turn], outcome: &str) -> usize {
    turns.iter().filter(|turn| turn.outcome.name() == outcome).count()
}

/// What became of each turn, in order.
pub(crate) fn outcomes(turns: &[Turn]) -> Vec<&'static str> {
    turns.iter().map(|turn| turn.outcome.name()).collect()
}

/// Class and reason of the only turn, which failed.
pub(crate) fn failure(turns: &[Turn]) -> (&str, &str) {
    match turns {
        [Turn { outcome: Outcome::Failed { class, message, .. }, .. }] => (class.code(), message),
        other => panic!("not one failure: {other:?}"),
    }
}
