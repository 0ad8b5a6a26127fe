use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use catalog::Role;
use clock::{Clock, Deadline};
use erp_pusher::{ErpPusher, Worker, worker::Worked};
use futures::FutureExt as _;
use futures::future::{LocalBoxFuture, join_all};
use pipeline::pause;
use stock_syncer::StockSyncer;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use trade_poller::TradePoller;
use webhook_receiver::Receiver;
use wiring::settings::both;
use wiring::{Function as _, Wiring};

use super::place::Place;
use crate::{Done, server};

/// The vendors' advice: trades every 5 to 10 minutes, pools every 3 to 5.
const POLL_EVERY: Duration = Duration::from_secs(5 * 60);
const SYNC_EVERY: Duration = Duration::from_secs(3 * 60);

/// How often an empty queue is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long a store that does not answer is left alone.
const STORE_WAIT: Duration = Duration::from_secs(10);

/// How long the work in hand may take after a signal: longer than one call to a vendor.
const GRACE: Duration = Duration::from_secs(35);

/// How long half-open connections are waited for after a signal.
const HALF_OPEN: Duration = Duration::from_secs(5);

/// Tells the tasks when to stop.
type Stop = watch::Receiver<bool>;

/// `relay serve`
pub(crate) async fn run(listen: SocketAddr) -> anyhow::Result<Done> {
    let wiring = Wiring::from_environment().await?;
    let (stop, stopped) = watch::channel(false);
    // They wait for vendors and disk nearly all the time: one thread does for them, the server's own tasks aside.
    let mut tasks: Vec<LocalBoxFuture<'static, ()>> = Vec::new();
    let clock = wiring.clock.clone();
    let reads = |role: Role| wiring.flows.with_source(role).next().is_some();
    // A push is taken too for a flow whose file is away.
    let takes_pushes = wiring.standing.flows().await?.with_source(Role::Pushed).next().is_some();
    let poller = reads(Role::Windowed).then(|| TradePoller::wire(&wiring)).transpose();
    let syncer = reads(Role::Pool).then(|| StockSyncer::wire(&wiring)).transpose();
    let receiver = takes_pushes.then(|| Receiver::wire(&wiring)).transpose();
    let (pusher, ((poller, syncer), receiver)) =
        both(ErpPusher::wire(&wiring), both(both(poller, syncer), receiver))?;

    pause::end_guesses(wiring.stores.checkpoints.as_ref(), clock.now()).await?;
    for worker in pusher.workers() {
        tasks.push(work(worker, clock.clone(), stopped.clone()).boxed_local());
    }
    if let Some(poller) = poller {
        let turn = async move || drop(poller.poll_all(Deadline::NONE, &|_| {}).await);
        tasks.push(every(POLL_EVERY, clock.clone(), stopped.clone(), turn).boxed_local());
    }
    if let Some(syncer) = syncer {
        let turn = async move || drop(syncer.sync_all(Deadline::NONE).await);
        tasks.push(every(SYNC_EVERY, clock.clone(), stopped.clone(), turn).boxed_local());
    }
    if let Some(receiver) = receiver {
        let listener = TcpListener::bind(listen).await.with_context(|| format!("listening on {listen}"))?;
        let address = listener.local_addr()?;
        println!("Taking pushes at http://{address}/qince/direct-orders");
        let (until_stopping, stop) = (until_stopped(stopped.clone()), stopped.clone());
        let clock = clock.clone();
        let serving = async move {
            tokio::select! {
                served = server::serve(listener, Arc::new(receiver), until_stopping) => {
                    if let Err(error) = served {
                        tracing::error!(%error, "the webhook server failed");
                    }
                }
                // Who has sent half a request by now will send it again.
                () = async { until_stopped(stop).await; clock.sleep(HALF_OPEN).await } => {}
            }
        };
        tasks.push(serving.boxed_local());
    }
    println!("{}", Place::of(&wiring)?.line());

    let mut work = pin!(join_all(tasks));
    tokio::select! {
        _ = &mut work => {}
        signal = wait_for_signal() => signal?,
    }
    println!("Stopping after the work in hand; a second signal stops at once.");
    stop.send_replace(true);
    tokio::select! {
        _ = &mut work => {}
        // Whoever keeps a connection half open does not keep the program; what is broken off is asked after later.
        () = clock.sleep(GRACE) => {}
        signal = wait_for_signal() => signal?,
    }
    Ok(Done::Well)
}

/// Works one queue until stopped.
async fn work(worker: Worker, clock: Arc<dyn Clock>, stopped: Stop) {
    while !*stopped.borrow() {
        let pause = match worker.work(&|| !*stopped.borrow()).await {
            Ok(Worked::Batch(_)) => continue,
            Ok(Worked::Nothing { .. } | Worked::Paused(_)) => LOOK_EVERY,
            Err(error) => {
                tracing::error!(system = %worker.system(), %error, "the queue cannot be worked");
                STORE_WAIT
            }
        };
        sleep(pause, clock.as_ref(), &stopped).await;
    }
}

/// Runs a turn at once and then at every interval, until stopped.
async fn every(interval: Duration, clock: Arc<dyn Clock>, stopped: Stop, turn: impl AsyncFn()) {
    while !*stopped.borrow() {
        tokio::select! {
            // A turn that is broken off loses nothing: its watermark has not moved, its rows are in the pool.
            () = turn() => {}
            () = until_stopped(stopped.clone()) => {}
        }
        sleep(interval, clock.as_ref(), &stopped).await;
    }
}

async fn sleep(duration: Duration, clock: &dyn Clock, stopped: &Stop) {
    tokio::select! {
        () = clock.sleep(duration) => {}
        () = until_stopped(stopped.clone()) => {}
    }
}

async fn until_stopped(mut stopped: Stop) {
    // An error means that whoever would say so is gone: that is a stop too.
    _ = stopped.wait_for(|stopped| *stopped).await;
}

async fn wait_for_signal() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupt = tokio::signal::ctrl_c() => interrupt?,
        _ = terminate.recv() => {}
    }
    Ok(())
}
