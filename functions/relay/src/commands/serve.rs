use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use catalog::Role;
use erp_pusher::{ErpPusher, Worker, worker::Worked};
use pipeline::{System, pause};
use stock_syncer::StockSyncer;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::{JoinSet, LocalSet};
use trade_poller::TradePoller;
use webhook_receiver::Receiver;
use wiring::settings::both;
use wiring::{Function as _, Wiring};

use crate::output::say;
use crate::supervise::Supervisor;
use crate::{Done, server};

/// The vendors' advice: trades every 5 to 10 minutes, pools every 3 to 5.
const POLL_EVERY: Duration = Duration::from_secs(5 * 60);
const SYNC_EVERY: Duration = Duration::from_secs(3 * 60);

/// How often an empty queue is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long the work in hand may take after a signal: longer than one call to a vendor.
const GRACE: Duration = Duration::from_secs(35);

/// The task that takes pushes.
const WEBHOOK: &str = "webhook";

/// `relay serve`
pub(crate) async fn run(listen: SocketAddr) -> anyhow::Result<Done> {
    let wiring = Wiring::from_environment().await?;
    let (stop, stopped) = watch::channel(false);
    let clock = wiring.clock.clone();
    let checkpoints = wiring.stores.checkpoints.clone();
    let reads = |role: Role| wiring.flows.with_source(role).next().is_some();
    let poller = reads(Role::Windowed).then(|| TradePoller::wire(&wiring)).transpose();
    let syncer = reads(Role::Pool).then(|| StockSyncer::wire(&wiring)).transpose();
    let receiver = reads(Role::Pushed).then(|| Receiver::wire(&wiring)).transpose();
    let (pusher, ((poller, syncer), receiver)) =
        both(ErpPusher::wire(&wiring), both(both(poller, syncer), receiver))?;

    pause::end_guesses(checkpoints.as_ref(), clock.now()).await?;
    let supervisor = Supervisor { clock: clock.clone(), checkpoints, stopped };
    // One thread does for those that wait for vendors and disk nearly all the time. Pushes are taken on the others.
    let (here, mut tasks) = (LocalSet::new(), JoinSet::new());
    for worker in pusher.workers() {
        tasks.spawn_local_on(push(supervisor.clone(), worker), &here);
    }
    if let Some(poller) = poller {
        tasks.spawn_local_on(poll(supervisor.clone(), poller), &here);
    }
    if let Some(syncer) = syncer {
        tasks.spawn_local_on(sync(supervisor.clone(), syncer), &here);
    }
    if let Some(receiver) = receiver {
        let listener = bind(listen).await?;
        say!("Taking pushes at http://{}/qince/direct-orders", listener.local_addr()?);
        tasks.spawn(receive(supervisor.clone(), listener, receiver));
    }

    here.run_until(wait_for_signal()).await?;
    say!("Stopping after the work in hand; a second signal stops at once.");
    stop.send_replace(true);
    let work = here.run_until(async { while tasks.join_next().await.is_some() {} });
    tokio::select! {
        () = work => {}
        // What is broken off is asked after later.
        () = clock.sleep(GRACE) => {}
        signal = wait_for_signal() => signal?,
    }
    Ok(Done::Well)
}

/// Works one queue.
async fn push(supervisor: Supervisor, worker: Worker) {
    let turn = || async {
        Ok(match worker.work(&|| supervisor.goes_on()).await.context("the queue cannot be worked")? {
            Worked::Batch(_) => Duration::ZERO,
            Worked::Nothing { .. } | Worked::Paused(_) => LOOK_EVERY,
        })
    };
    supervisor.keep(pushes_to(worker.system()), turn).await;
}

fn pushes_to(system: System) -> &'static str {
    match system {
        System::Kingdee => "push to kingdee",
        System::Sharecrm => "push to sharecrm",
        System::Wangdian => "push to wangdian",
    }
}

/// Polls the windows.
async fn poll(supervisor: Supervisor, poller: TradePoller) {
    let turn = || async {
        tokio::select! {
            // A turn that is broken off loses nothing: its watermark has not moved.
            _ = poller.poll_all(None, &|_| {}) => {}
            () = supervisor.until_stopped() => {}
        }
        Ok(POLL_EVERY)
    };
    supervisor.keep("poll", turn).await;
}

/// Reads the pools.
async fn sync(supervisor: Supervisor, syncer: StockSyncer) {
    let turn = || async {
        tokio::select! {
            // A turn that is broken off loses nothing: its rows are in the pool.
            _ = syncer.sync_all(None) => {}
            () = supervisor.until_stopped() => {}
        }
        Ok(SYNC_EVERY)
    };
    supervisor.keep("sync", turn).await;
}

/// Takes pushes; on a new listener at the same address where the one before has failed.
async fn receive(supervisor: Supervisor, listener: TcpListener, receiver: Receiver) {
    let Ok(address) = listener.local_addr() else { return };
    let (listener, receiver) = (Mutex::new(Some(listener)), Arc::new(receiver));
    let turn = || async {
        let bound = listener.lock().unwrap_or_else(PoisonError::into_inner).take();
        let listener = match bound {
            Some(listener) => listener,
            None => bind(address).await?,
        };
        supervisor.is_well(WEBHOOK).await;
        let served = server::serve(listener, receiver.clone(), supervisor.until_stopped()).await;
        served.context("the webhook server failed")?;
        Ok(Duration::ZERO)
    };
    supervisor.keep(WEBHOOK, turn).await;
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("listening on {address}"))
}

async fn wait_for_signal() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupt = tokio::signal::ctrl_c() => interrupt?,
        _ = terminate.recv() => {}
    }
    Ok(())
}
