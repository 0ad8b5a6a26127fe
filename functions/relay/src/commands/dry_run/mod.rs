//! `relay serve --dry-run`: reads, maps and shows; sends nothing, acknowledges nothing, moves no watermark.
//!
//! Everything is read as ever, beside a store that goes with the process: it begins with the watermarks of the store that is
//! there, so that it reads what is due, and what it moves is gone when the process ends. What is queued there is explained
//! instead of pushed. A push is shown and answered as one that could not be stored, so that its source delivers it again.
//!
//! | module | what |
//! |---|---|
//! | `unstored` | queue and ledger that say of a push that it is not stored |
//! | `unacknowledged` | vendors whose pools are told nothing |

mod unacknowledged;
mod unstored;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use relay_connector::Role;
use relay_core::{Queue, Received, Stores, WorkItem};
use relay_host::wiring::both;
use relay_host::{Settings, Wiring, settings};
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
use unacknowledged::Unacknowledged;
use unstored::Unstored;

/// As many documents as are taken out of a queue at once.
const BATCH: usize = 10;

/// How long a document may take to be explained.
const VISIBILITY: Duration = Duration::from_secs(600);

/// `relay serve --dry-run`
pub(crate) async fn run(listen: std::net::SocketAddr, json: bool) -> anyhow::Result<Done> {
    let mut signals = Signals::heard()?;
    test::must_pass(&settings::of_process())?;
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
            "试运行:读取、映射、显示单据。什么都不发送、不回写、不记住;推送按「没存下」回答,所以会再推一次。\n",
            "A dry run: documents are read, mapped and shown. Nothing is sent, acknowledged or remembered; pushes\nare answered as not \
             stored, so that they are delivered again.\n"
        );
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
    Ok(beside.over(wiring.transport()).around(|connection| Arc::new(Unacknowledged(connection))))
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
            Err(error) => {
                say!("{} {}:说不清:{error}", "{} {}: cannot be explained: {error}", item.flow, item.key);
            }
        }
        Ok(())
    }
}
