use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use relay_bill_closer::BillCloser;
use relay_connector::Role;
use relay_core::clock::{Clock, Deadline, timeout};
use relay_core::{Checkpoints, System, pause};
use relay_erp_pusher::{ErpPusher, Idle, Worker};
use relay_host::wiring::both;
use relay_host::{Settings, Wiring};
use relay_stock_syncer::StockSyncer;
use relay_trade_poller::TradePoller;
use relay_webhook_receiver::Receiver;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet, LocalSet};

use super::console;
use super::flows::{reload, test};
use super::nightly::{self, Nightly};
use super::place::Place;
use crate::output::{say, tell};
use crate::server::{Current, Watched};
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

/// How often it is looked whether somebody wants the flow files to be taken anew.
const ASKED_EVERY: Duration = Duration::from_secs(1);

/// `relay serve`
pub(crate) async fn run(
    listen: SocketAddr,
    console: Option<SocketAddr>,
    reconciles: bool,
) -> anyhow::Result<Done> {
    let mut signals = Signals::heard()?;
    test::must_pass(&Settings::from_environment())?;
    let mut wiring = Wiring::from_environment().await?;
    let clock = wiring.clock.clone();
    let mut pushes = None;
    let mut tasks = Tasks::start(&wiring, listen, &mut pushes, reconciles).await?;
    pushes.iter().filter(|server| server.takes_pushes).for_each(|server| told_addresses(server.address));
    say!("{}", Place::of(&wiring)?.line());
    if let Some(console) = console {
        console::beside(console).await?;
    }
    let mut reloads = Reloads::of(&wiring).await;
    loop {
        let asked = tasks.here.run_until(async {
            tokio::select! {
                stops = signals.stops() => (!stops).then_some(None),
                id = reloads.next() => Some(Some(id)),
            }
        });
        let Some(id) = asked.await else { break };
        let anew = anew(&wiring, reconciles).await;
        reloads.answer(id, anew.as_ref().err()).await;
        match anew {
            Ok((anew, jobs)) => {
                tasks.stop(clock.as_ref()).await;
                tasks = Tasks::run(&anew, jobs, listen, &mut pushes).await?;
                wiring = anew;
                say!("The flow files were taken anew.");
            }
            Err(error) => {
                tell!("warning: what runs goes on, because the flow files cannot be begun with: {error:#}");
            }
        }
    }
    say!("Stopping after the work in hand; a second signal stops at once.");
    let ending = async {
        tasks.stop(clock.as_ref()).await;
        if let Some(pushes) = pushes {
            pushes.stop().await;
        }
    };
    tokio::select! {
        () = ending => {}
        // What is broken off is asked after later.
        () = clock.sleep(GRACE) => {}
        () = signals.next() => {}
    }
    Ok(Done::Well)
}

/// The flow files anew, checked and tested, and the jobs that they make.
async fn anew(wiring: &Wiring, reconciles: bool) -> anyhow::Result<(Wiring, Jobs)> {
    test::must_pass(&wiring.settings)?;
    let anew = wiring.with_flows_anew().await?;
    let jobs = Jobs::build(&anew, reconciles).await?;
    Ok((anew, jobs))
}

/// Whoever wants the flow files to be taken anew, beside SIGHUP.
struct Reloads {
    checkpoints: Arc<dyn Checkpoints>,
    clock: Arc<dyn Clock>,
    /// The last that was seen.
    seen: Option<String>,
}

impl Reloads {
    async fn of(wiring: &Wiring) -> Self {
        let checkpoints = wiring.stores.checkpoints.clone();
        // What was asked of a program before this one is done with: it has read the files just now.
        let seen = reload::asked(checkpoints.as_ref()).await.ok().flatten().map(|asking| asking.id);
        Self { checkpoints, clock: wiring.clock.clone(), seen }
    }

    /// Waits for the next.
    async fn next(&mut self) -> String {
        loop {
            self.clock.sleep(ASKED_EVERY).await;
            // A store that does not answer is told by those who work on it.
            let Ok(Some(asking)) = reload::asked(self.checkpoints.as_ref()).await else { continue };
            if self.seen.as_ref() != Some(&asking.id) {
                self.seen = Some(asking.id.clone());
                return asking.id;
            }
        }
    }

    async fn answer(&self, id: Option<String>, error: Option<&anyhow::Error>) {
        let Some(id) = id else { return };
        let answer = reload::Answer { id, error: error.map(|error| format!("{error:#}")) };
        if let Err(error) = reload::answer(self.checkpoints.as_ref(), &answer).await {
            tracing::warn!(%error, "whoever wanted the flow files to be taken anew cannot be answered");
        }
    }
}

/// Tells where pushes are taken.
pub(super) fn told_addresses(address: SocketAddr) {
    let prefixes = relay_connectors::CONNECTORS.iter().filter_map(|connector| connector.webhook_prefix());
    let addresses: Vec<_> = prefixes.map(|prefix| format!("http://{address}{prefix}…")).collect();
    say!("Taking pushes at {}", addresses.join(" and "));
}

/// The jobs of `relay serve`.
struct Jobs {
    pusher: ErpPusher,
    poller: Option<TradePoller>,
    syncer: Option<StockSyncer>,
    closer: Option<BillCloser>,
    nightly: Option<Nightly>,
    /// It is there where no flow reads pushes too: whoever watches asks there.
    receiver: Receiver,
    takes_pushes: bool,
}

impl Jobs {
    async fn build(wiring: &Wiring, reconciles: bool) -> anyhow::Result<Self> {
        let reads = |role: Role| wiring.flows.with_source(role).next().is_some();
        // A push is taken too for a flow whose file is away.
        let takes_pushes = wiring.active.flows().await?.with_source(Role::Pushed).next().is_some();
        let polls = wiring.flows.iter().any(|routed| routed.flow.source().document.role.is_polled());
        let poller = polls.then(|| wiring.build::<TradePoller>()).transpose();
        let syncer = reads(Role::Pool).then(|| wiring.build::<StockSyncer>()).transpose();
        let closes = wiring.flows.iter().any(|routed| BillCloser::serves(routed));
        let closer = closes.then(|| wiring.build::<BillCloser>()).transpose();
        let receiver = wiring.build::<Receiver>();
        let (pusher, (((poller, syncer), receiver), closer)) =
            both(wiring.build::<ErpPusher>(), both(both(both(poller, syncer), receiver), closer))?;
        let nightly = reconciles.then(|| Nightly::of(wiring)).transpose()?;
        Ok(Self { pusher, poller, syncer, closer, nightly, receiver, takes_pushes })
    }
}

/// Where pushes are taken: once begun, it goes on while flow files are taken anew.
struct PushServer {
    address: SocketAddr,
    /// Whether any flow reads them.
    takes_pushes: bool,
    receiver: Arc<Current>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl PushServer {
    async fn start(
        wiring: &Wiring,
        listen: SocketAddr,
        receiver: Receiver,
        takes_pushes: bool,
    ) -> anyhow::Result<Self> {
        let listener = bind(listen).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let (receiver, watched) = (Current::of(receiver), Some(Arc::new(Watched::new(wiring))));
        let supervisor = supervisor(wiring, stopped);
        let task = tokio::spawn(receive(supervisor, address, listener, receiver.clone(), watched));
        Ok(Self { address, takes_pushes, receiver, stop, task })
    }

    async fn stop(self) {
        self.stop.send_replace(true);
        _ = self.task.await;
    }
}

fn supervisor(wiring: &Wiring, stopped: Stop) -> Supervisor {
    let checkpoints = wiring.stores.checkpoints.clone();
    Supervisor { clock: wiring.clock.clone(), checkpoints, stopped }
}

/// What `relay serve` does at the same time, beside taking pushes.
struct Tasks {
    /// One thread does for those that wait for vendors and disk nearly all the time. Pushes are taken on others.
    here: LocalSet,
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
}

impl Tasks {
    async fn start(
        wiring: &Wiring,
        listen: SocketAddr,
        pushes: &mut Option<PushServer>,
        reconciles: bool,
    ) -> anyhow::Result<Self> {
        let jobs = Jobs::build(wiring, reconciles).await?;
        let checkpoints = wiring.stores.checkpoints.as_ref();
        pause::end_guesses(checkpoints, relay_connectors::targets(), wiring.clock.now()).await?;
        Self::run(wiring, jobs, listen, pushes).await
    }

    /// Has the jobs work. Pushes are taken by the server that there is.
    async fn run(
        wiring: &Wiring,
        jobs: Jobs,
        listen: SocketAddr,
        pushes: &mut Option<PushServer>,
    ) -> anyhow::Result<Self> {
        match pushes {
            Some(pushes) => pushes.receiver.replace(jobs.receiver),
            None => match PushServer::start(wiring, listen, jobs.receiver, jobs.takes_pushes).await {
                Ok(server) => *pushes = Some(server),
                Err(error) if jobs.takes_pushes => return Err(error),
                Err(error) => tracing::warn!(error = format!("{error:#}"), "nobody can watch this process"),
            },
        }
        let (stop, stopped) = watch::channel(false);
        let supervisor = supervisor(wiring, stopped);
        let (here, mut tasks) = (LocalSet::new(), JoinSet::new());
        for worker in jobs.pusher.workers() {
            tasks.spawn_local_on(push(supervisor.clone(), worker), &here);
        }
        if let Some(poller) = jobs.poller {
            tasks.spawn_local_on(poll(supervisor.clone(), poller), &here);
        }
        if let Some(syncer) = jobs.syncer {
            tasks.spawn_local_on(sync(supervisor.clone(), syncer), &here);
        }
        if let Some(closer) = jobs.closer {
            tasks.spawn_local_on(close(supervisor.clone(), closer), &here);
        }
        if let Some(nightly) = jobs.nightly {
            tasks.spawn_local_on(nightly::compare(supervisor, nightly), &here);
        }
        Ok(Self { here, tasks, stop })
    }

    /// Has them end the work in hand, for as long as that may take.
    async fn stop(&mut self, clock: &dyn Clock) {
        self.stop.send_replace(true);
        let ended = self.here.run_until(async { while self.tasks.join_next().await.is_some() {} });
        _ = timeout(clock, GRACE, ended).await;
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
    receiver: Arc<Current>,
    watched: Option<Arc<Watched>>,
) {
    let listener = Mutex::new(Some(listener));
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

/// The signals that stop the program, or have it take its flow files anew, from the first moment on.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    pub(super) fn heard() -> anyhow::Result<Self> {
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(Self { terminate, interrupt, hangup: signal(SignalKind::hangup())? })
    }

    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// What the program is to do at the next of either kind.
    async fn stops(&mut self) -> bool {
        tokio::select! {
            _ = self.terminate.recv() => true,
            _ = self.interrupt.recv() => true,
            _ = self.hangup.recv() => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use async_trait::async_trait;
    use relay_connector::{HttpTransport, Request, Response, Transport, TransportError};
    use relay_core::clock::{SystemClock, SystemRng};
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
        let mut server = None;
        let mut tasks =
            Tasks::start(&wiring, "127.0.0.1:0".parse().unwrap(), &mut server, true).await.unwrap();
        let server = server.unwrap();
        let webhook = server.address;

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
        let stopped = async {
            tasks.stop(clock.as_ref()).await;
            server.stop().await;
        };
        timeout(clock.as_ref(), GRACE, stopped).await.expect("they stop all the same");
    }
}
