use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use relay_bill_closer::BillCloser;
use relay_connector::Role;
use relay_core::clock::Deadline;
use relay_core::{System, pause};
use relay_erp_pusher::{ErpPusher, Idle, Worker};
use relay_host::wiring::both;
use relay_host::{Settings, Wiring};
use relay_stock_syncer::StockSyncer;
use relay_trade_poller::TradePoller;
use relay_webhook_receiver::Receiver;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::{JoinSet, LocalSet};

use super::flows::test;
use super::place::Place;
use crate::output::say;
use crate::server::Watched;
use crate::supervise::{Stop, Supervisor};
use crate::{Done, server};

/// The vendors' advice: trades every 5 to 10 minutes, pools every 3 to 5.
const POLL_EVERY: Duration = Duration::from_secs(5 * 60);
const SYNC_EVERY: Duration = Duration::from_secs(3 * 60);

/// How often it is looked whether groups are due.
const CLOSE_EVERY: Duration = Duration::from_secs(60);

/// How often an empty queue is looked at: what this process queues is looked for at once.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long the work in hand may take after a signal: longer than one call to a vendor.
pub(super) const GRACE: Duration = Duration::from_secs(35);

/// The task that takes pushes.
const WEBHOOK: &str = "webhook";

/// `relay serve`
pub(crate) async fn run(listen: SocketAddr) -> anyhow::Result<Done> {
    let mut signals = Signals::heard()?;
    test::must_pass(&Settings::from_environment())?;
    let wiring = Wiring::from_environment().await?;
    let clock = wiring.clock.clone();
    let (stop, stopped) = watch::channel(false);
    let mut tasks = Tasks::start(&wiring, listen, stopped).await?;
    tasks.webhook.into_iter().for_each(told_addresses);
    say!("{}", Place::of(&wiring)?.line());
    tasks.here.run_until(signals.next()).await;
    say!("Stopping after the work in hand; a second signal stops at once.");
    stop.send_replace(true);
    tokio::select! {
        () = tasks.end() => {}
        // What is broken off is asked after later.
        () = clock.sleep(GRACE) => {}
        () = signals.next() => {}
    }
    Ok(Done::Well)
}

/// Tells where pushes are taken.
pub(super) fn told_addresses(address: SocketAddr) {
    let prefixes = relay_connectors::CONNECTORS.iter().filter_map(|connector| connector.webhook_prefix());
    let addresses: Vec<_> = prefixes.map(|prefix| format!("http://{address}{prefix}…")).collect();
    say!("Taking pushes at {}", addresses.join(" and "));
}

/// What `relay serve` does at the same time.
struct Tasks {
    /// One thread does for those that wait for vendors and disk nearly all the time. Pushes are taken on others.
    here: LocalSet,
    tasks: JoinSet<()>,
    /// Where pushes are taken, if any flow reads them.
    webhook: Option<SocketAddr>,
}

impl Tasks {
    async fn start(wiring: &Wiring, listen: SocketAddr, stopped: Stop) -> anyhow::Result<Self> {
        let checkpoints = wiring.stores.checkpoints.clone();
        let reads = |role: Role| wiring.flows.with_source(role).next().is_some();
        // A push is taken too for a flow whose file is away.
        let takes_pushes = wiring.active.flows().await?.with_source(Role::Pushed).next().is_some();
        let polls = wiring.flows.iter().any(|routed| routed.flow.source().document.role.is_polled());
        let poller = polls.then(|| wiring.build::<TradePoller>()).transpose();
        let syncer = reads(Role::Pool).then(|| wiring.build::<StockSyncer>()).transpose();
        let closes = wiring.flows.iter().any(|routed| BillCloser::serves(routed));
        let closer = closes.then(|| wiring.build::<BillCloser>()).transpose();
        // Also where no flow reads pushes: whoever watches asks there.
        let receiver = wiring.build::<Receiver>();
        let (pusher, (((poller, syncer), receiver), closer)) =
            both(wiring.build::<ErpPusher>(), both(both(both(poller, syncer), receiver), closer))?;

        pause::end_guesses(checkpoints.as_ref(), relay_connectors::targets(), wiring.clock.now()).await?;
        let supervisor = Supervisor { clock: wiring.clock.clone(), checkpoints, stopped };
        let (here, mut tasks) = (LocalSet::new(), JoinSet::new());
        let mut webhook = None;
        match bind(listen).await {
            Ok(listener) => {
                let (address, watched) = (listener.local_addr()?, Arc::new(Watched::new(wiring)));
                webhook = takes_pushes.then_some(address);
                tasks.spawn(receive(supervisor.clone(), address, listener, receiver, Some(watched)));
            }
            Err(error) if takes_pushes => return Err(error),
            Err(error) => tracing::warn!(error = format!("{error:#}"), "nobody can watch this process"),
        }
        for worker in pusher.workers() {
            tasks.spawn_local_on(push(supervisor.clone(), worker), &here);
        }
        if let Some(poller) = poller {
            tasks.spawn_local_on(poll(supervisor.clone(), poller), &here);
        }
        if let Some(syncer) = syncer {
            tasks.spawn_local_on(sync(supervisor.clone(), syncer), &here);
        }
        if let Some(closer) = closer {
            tasks.spawn_local_on(close(supervisor, closer), &here);
        }
        Ok(Self { here, tasks, webhook })
    }

    /// Waits for their end, once they have been told to stop.
    async fn end(&mut self) {
        self.here.run_until(async { while self.tasks.join_next().await.is_some() {} }).await;
    }
}

/// Works one queue.
async fn push(supervisor: Supervisor, worker: Worker) {
    let turn = || async {
        let worked = worker.work_through(&|| supervisor.goes_on(), &|_| {}).await;
        match worked.context("the queue cannot be worked")? {
            Idle::NotLooked => Ok(Duration::ZERO),
            Idle::Paused(_) => Ok(LOOK_EVERY),
            Idle::Nothing { .. } => {
                tokio::select! {
                    () = worker.wait(LOOK_EVERY) => {}
                    () = supervisor.until_stopped() => {}
                }
                Ok(Duration::ZERO)
            }
        }
    };
    supervisor.keep(&pushes_to(worker.system()), turn).await;
}

fn pushes_to(system: System) -> String {
    format!("push to {system}")
}

/// Polls the windows and the lists.
pub(super) async fn poll(supervisor: Supervisor, poller: TradePoller) {
    let turn = || async {
        tokio::select! {
            // A turn that is broken off loses nothing: its watermark has not moved.
            _ = poller.poll_all(Deadline::NONE, &|_| {}) => {}
            () = supervisor.until_stopped() => {}
        }
        Ok(POLL_EVERY)
    };
    supervisor.keep("poll", turn).await;
}

/// Reads the pools.
pub(super) async fn sync(supervisor: Supervisor, syncer: StockSyncer) {
    let turn = || async {
        let began = supervisor.clock.monotonic();
        tokio::select! {
            // A turn that is broken off loses nothing: its rows are in the pool.
            _ = syncer.sync_along() => {}
            () = supervisor.until_stopped() => {}
        }
        // From beginning to beginning: a turn that went along with its targets is followed by the next at once.
        Ok(SYNC_EVERY.saturating_sub(supervisor.clock.monotonic().saturating_sub(began)))
    };
    supervisor.keep("sync", turn).await;
}

/// Closes the groups that are due, and ends the waits that are over.
async fn close(supervisor: Supervisor, closer: BillCloser) {
    let turn = || async {
        tokio::select! {
            // A turn that is broken off is met by the next: each of its steps repeats without harm.
            (ended, reports) = async { (closer.end_waits(Deadline::NONE).await, closer.close_all(Deadline::NONE).await) } => {
                ended?;
                let errors: Vec<_> = reports.into_iter().flat_map(|report| report.errors).collect();
                anyhow::ensure!(errors.is_empty(), "groups stay open: {}", errors.join("; "));
            }
            () = supervisor.until_stopped() => {}
        }
        Ok(CLOSE_EVERY)
    };
    supervisor.keep("close", turn).await;
}

/// Takes pushes; on a new listener at the same address where the one before has failed.
pub(super) async fn receive(
    supervisor: Supervisor,
    address: SocketAddr,
    listener: TcpListener,
    receiver: Receiver,
    watched: Option<Arc<Watched>>,
) {
    let (listener, receiver) = (Mutex::new(Some(listener)), Arc::new(receiver));
    let turn = || async {
        let bound = listener.lock().unwrap_or_else(PoisonError::into_inner).take();
        let listener = match bound {
            Some(listener) => listener,
            None => bind(address).await?,
        };
        supervisor.is_well(WEBHOOK).await;
        let clock = supervisor.clock.clone();
        let (receiver, watched) = (receiver.clone(), watched.clone());
        let served = server::serve(listener, receiver, watched, clock, supervisor.until_stopped()).await;
        served.context("the webhook server failed")?;
        Ok(Duration::ZERO)
    };
    supervisor.keep(WEBHOOK, turn).await;
}

pub(super) async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("listening on {address}"))
}

/// The signals that stop the program, from the first moment on.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(super) fn heard() -> anyhow::Result<Self> {
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(Self { terminate, interrupt })
    }

    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use async_trait::async_trait;
    use relay_connector::{HttpTransport, Request, Response, Transport, TransportError};
    use relay_core::clock::{Clock as _, SystemClock, SystemRng, timeout};
    use relay_host::Settings;
    use relay_simulators::Vendors;
    use relay_simulators::qince::{PushStyle, read_reply};

    use super::*;

    /// A mistake of ours that every call to a vendor brings out.
    #[derive(Default)]
    struct Panics(AtomicU32);

    #[async_trait]
    impl Transport for Panics {
        async fn send(&self, _request: Request) -> Result<Response, TransportError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            panic!("13912345678")
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn poller_and_syncer_panic_again_and_again_and_pushes_are_taken() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(SystemClock);
        let store = format!("sqlite:{}", folder.path().join("relay.db").display());
        let settings = relay_simulators::settings().into_iter().chain([("RELAY_STORE", store.as_str())]);
        let settings: Settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let stores = relay_host::stores::open(&settings, clock.clone()).await.unwrap();
        let calls = Arc::new(Panics::default());
        let wiring = Wiring::new(settings, stores, clock.clone(), Arc::new(SystemRng)).unwrap();
        let wiring = wiring.over(calls.clone());
        let (stop, stopped) = watch::channel(false);
        let mut tasks = Tasks::start(&wiring, "127.0.0.1:0".parse().unwrap(), stopped).await.unwrap();
        let webhook = tasks.webhook.unwrap();

        let qince = &Vendors::new(clock.clone(), 1).qince;
        let pushes = async {
            let again = async {
                while calls.0.load(Ordering::Relaxed) < 4 {
                    clock.sleep(LOOK_EVERY / 20).await;
                }
            };
            timeout(clock.as_ref(), Duration::from_secs(20), again).await.expect("each is begun anew");
            let push = qince.push(&qince.order(clock.now()), &PushStyle::default());
            let url = format!("http://{webhook}/qince/direct-orders").parse().unwrap();
            let request = Request::post(url, &push.content_type, push.body.clone());
            let response = HttpTransport::new().send(request).await.unwrap();
            assert_eq!(read_reply(&push, response.status, &response.body), Ok(true));
        };
        tasks.here.run_until(pushes).await;
        let health = wiring.stores.checkpoints.list("health/task/").await.unwrap();
        let of: Vec<_> = health.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(of, ["health/task/poll", "health/task/sync"]);
        stop.send_replace(true);
        timeout(clock.as_ref(), GRACE, tasks.end()).await.expect("they stop all the same");
    }
}
