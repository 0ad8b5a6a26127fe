//! `relay serve --dry-run`: reads, maps and shows; sends nothing, acknowledges nothing, moves no watermark.
//!
//! Everything is read as ever, beside a store that goes with the process: it begins with the watermarks of the store that is
//! there, so that it reads what is due, and what it moves is gone when the process ends. What is queued there is explained
//! instead of pushed. A push is shown and answered as one that could not be stored, so that its source delivers it again.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use relay_connector::Role;
use relay_core::ledger::Counts;
use relay_core::queue::{DeadLetter, Depth};
use relay_core::{Entry, EntryId, Ledger, Outgoing, Queue, Received, StoreError, Stores, System, WorkItem};
use relay_host::wiring::both;
use relay_host::{Settings, Wiring};
use relay_operations::explain::{Asked, Target};
use relay_stock_syncer::StockSyncer;
use relay_trade_poller::TradePoller;
use relay_webhook_receiver::Receiver;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::{JoinSet, LocalSet};

use super::flows::test;
use super::serve::{GRACE, LOOK_EVERY, Signals, bind, poll, receive, sync, told_addresses};
use super::{existing_or_none, explain, operations};
use crate::Done;
use crate::output::say;
use crate::server::Current;
use crate::supervise::Supervisor;

/// As many documents as are taken out of a queue at once.
const BATCH: usize = 10;

/// How long a document may take to be explained.
const VISIBILITY: Duration = Duration::from_secs(600);

/// Why nothing of a push is stored.
const DRY: &str = "this is a dry run: nothing is stored, and the push is to be delivered again";

/// `relay serve --dry-run`
pub(crate) async fn run(listen: std::net::SocketAddr, json: bool) -> anyhow::Result<Done> {
    let mut signals = Signals::heard()?;
    test::must_pass(&Settings::from_environment())?;
    let (wiring, place, _none_yet) = existing_or_none().await?;
    let folder = tempfile::tempdir().context("making a folder for what is read")?;
    let scratch = scratch(&wiring, folder.path()).await?;
    let (stop, stopped) = watch::channel(false);
    let checkpoints = scratch.checkpoints.clone();
    let supervisor = Supervisor { clock: wiring.clock.clone(), checkpoints, stopped };

    let reading = beside(&wiring, reading(&wiring.stores, &scratch))?;
    let receiving = beside(&wiring, receiving(&wiring.stores, &scratch))?;
    let reads = |role: Role| wiring.flows.with_source(role).next().is_some();
    let polls = wiring.flows.iter().any(|routed| routed.flow.source().document.role.is_polled());
    let poller = polls.then(|| reading.build::<TradePoller>()).transpose();
    let syncer = reads(Role::Pool).then(|| reading.build::<StockSyncer>()).transpose();
    let receiver = reads(Role::Pushed).then(|| receiving.build::<Receiver>()).transpose();
    let ((poller, syncer), receiver) = both(both(poller, syncer), receiver)?;

    let (here, mut tasks) = (LocalSet::new(), JoinSet::new());
    if let Some(receiver) = receiver {
        let listener = bind(listen).await?;
        let address = listener.local_addr()?;
        if !json {
            told_addresses(address);
        }
        tasks.spawn(receive(supervisor.clone(), address, listener, Current::of(receiver), None));
    }
    if let Some(poller) = poller {
        tasks.spawn_local_on(poll(supervisor.clone(), poller), &here);
    }
    if let Some(syncer) = syncer {
        tasks.spawn_local_on(sync(supervisor.clone(), syncer), &here);
    }
    let shown = Shown { wiring, reading, queue: scratch.queue, json };
    let clock = shown.wiring.clock.clone();
    tasks.spawn_local_on(show(supervisor, shown), &here);
    if !json {
        say!("{}", place.line());
        say!(
            "A dry run: documents are read, mapped and shown. Nothing is sent, acknowledged or remembered; pushes"
        );
        say!("are answered as not stored, so that they are delivered again.\n");
    }
    here.run_until(signals.next()).await;
    stop.send_replace(true);
    let ended = here.run_until(async { while tasks.join_next().await.is_some() {} });
    tokio::select! {
        () = ended => {}
        () = clock.sleep(GRACE) => {}
        () = signals.next() => {}
    }
    Ok(Done::Well)
}

/// A store that goes with the process, with the watermarks and tokens of the one that is there.
async fn scratch(wiring: &Wiring, folder: &std::path::Path) -> anyhow::Result<Stores> {
    let store = format!("sqlite:{}", folder.join("dry-run.db").display());
    let settings: Settings = [("RELAY_STORE".to_owned(), store)].into_iter().collect();
    let scratch = relay_host::stores::open(&settings, wiring.clock.clone()).await?;
    for (name, checkpoint) in wiring.stores.checkpoints.list("").await? {
        scratch.checkpoints.put(&name, &checkpoint.value, None, None).await?;
    }
    Ok(scratch)
}

fn beside(wiring: &Wiring, stores: Stores) -> anyhow::Result<Wiring> {
    let beside = Wiring::new(wiring.settings.clone(), stores, wiring.clock.clone(), wiring.rng.clone())?;
    Ok(beside.over(wiring.transport()))
}

/// What is read goes into the scratch store. The vendors' quotas are those of all processes.
fn reading(real: &Stores, scratch: &Stores) -> Stores {
    Stores { lookups: real.lookups.clone(), quotas: real.quotas.clone(), ..scratch.clone() }
}

/// What is pushed is shown, and stored nowhere.
fn receiving(real: &Stores, scratch: &Stores) -> Stores {
    Stores {
        queue: Arc::new(Unstored(scratch.queue.clone())),
        ledger: Arc::new(Unstored(scratch.ledger.clone())),
        ..reading(real, scratch)
    }
}

/// What was queued, with what it is explained by.
struct Shown {
    /// The store that is there: its ledger, archive and look-ups tell what is known.
    wiring: Wiring,
    /// The vendors, beside the scratch store: a token that is fetched goes there.
    reading: Wiring,
    queue: Arc<dyn Queue>,
    json: bool,
}

/// Explains what was queued, instead of pushing it.
async fn show(supervisor: Supervisor, shown: Shown) {
    let (shown, queue) = (&shown, &shown.queue);
    let turn = || async move {
        let mut has_shown = false;
        for system in relay_connectors::targets() {
            for message in queue.receive(system, BATCH, VISIBILITY).await? {
                shown.tell(&message).await?;
                queue.delete(system, &[message.receipt]).await?;
                has_shown = true;
            }
        }
        Ok(if has_shown { Duration::ZERO } else { LOOK_EVERY })
    };
    supervisor.keep("show", turn).await;
}

impl Shown {
    async fn tell(&self, message: &Received) -> anyhow::Result<()> {
        let item = WorkItem::decode(&message.body).map_err(anyhow::Error::msg)?;
        let connect = |system| self.reading.connection(system).map_err(|error| format!("{error:#}"));
        let asked = Asked::HandedOver(item.document);
        let operations = operations(&self.wiring);
        match operations.explain(&item.flow, asked, &connect, Target::IsLeftAlone).await {
            Ok(explained) if self.json => say!("{}", json!(explained)),
            Ok(explained) => explain::summarize(&explained),
            Err(error) => say!("{} {}: cannot be explained: {error}", item.flow, item.key),
        }
        Ok(())
    }
}

/// A port that says of all that is to be stored that it is not.
struct Unstored<P>(P);

fn dry() -> StoreError {
    StoreError::new("storing a push", DRY)
}

#[async_trait]
impl Queue for Unstored<Arc<dyn Queue>> {
    /// What is to be shown is kept; whoever sends it learns that it is not stored.
    async fn send(&self, system: System, messages: &[Outgoing]) -> Result<(), StoreError> {
        self.0.send(system, messages).await?;
        Err(dry())
    }

    async fn send_all(&self, messages: &[(System, Vec<Outgoing>)]) -> Result<(), StoreError> {
        self.0.send_all(messages).await?;
        Err(dry())
    }

    async fn receive(
        &self,
        system: System,
        max: usize,
        visibility: Duration,
    ) -> Result<Vec<Received>, StoreError> {
        self.0.receive(system, max, visibility).await
    }

    async fn delete(&self, system: System, receipts: &[String]) -> Result<(), StoreError> {
        self.0.delete(system, receipts).await
    }

    async fn delay(&self, system: System, receipt: &str, delay: Duration) -> Result<bool, StoreError> {
        self.0.delay(system, receipt, delay).await
    }

    async fn depth(&self, system: System) -> Result<Depth, StoreError> {
        self.0.depth(system).await
    }

    async fn dead(&self, system: System) -> Result<u64, StoreError> {
        self.0.dead(system).await
    }

    async fn dead_letters(
        &self,
        system: System,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        self.0.dead_letters(system, limit, after).await
    }

    async fn redrive(&self, system: System, ids: Option<&[String]>) -> Result<u64, StoreError> {
        self.0.redrive(system, ids).await
    }
}

#[async_trait]
impl Ledger for Unstored<Arc<dyn Ledger>> {
    async fn read(&self, ids: &[EntryId]) -> Result<std::collections::HashMap<EntryId, Entry>, StoreError> {
        self.0.read(ids).await
    }

    async fn write(&self, _entry: &Entry) -> Result<bool, StoreError> {
        Err(dry())
    }

    async fn failed(
        &self,
        flow: Option<&str>,
        limit: usize,
        after: Option<&EntryId>,
    ) -> Result<Vec<Entry>, StoreError> {
        self.0.failed(flow, limit, after).await
    }

    async fn find(&self, number: &str) -> Result<Vec<EntryId>, StoreError> {
        self.0.find(number).await
    }

    async fn list(
        &self,
        flow: &str,
        from: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Entry>, Option<String>), StoreError> {
        self.0.list(flow, from, limit).await
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        self.0.counts().await
    }
}
