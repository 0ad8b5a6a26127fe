mod pushes;
mod reloads;

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::Context as _;
use relay_bill_closer::BillCloser;
use relay_connector::Role;
use relay_core::clock::{Clock, Deadline, timeout};
use relay_core::{System, pause};
use relay_day_reconciler::DayReconciler;
use relay_erp_pusher::{ErpPusher, Idle, Worker};
use relay_host::wiring::both;
use relay_host::{Wiring, settings};
use relay_job::backups;
use relay_operations::backups::restored_in_words;
use relay_operations::status::Program;
use relay_stock_syncer::StockSyncer;
use relay_trade_poller::TradePoller;
use relay_webhook_receiver::Receiver;
use tokio::sync::watch;
use tokio::task::{JoinSet, LocalSet};

use self::pushes::PushServer;
pub(super) use self::pushes::{bind, receive, told_addresses};
use self::reloads::Reloads;
pub(super) use self::reloads::Signals;
use super::console;
use super::flows::test;
use super::nightly;
use super::operations;
use super::place::Place;
use crate::disk::{self, Disk};
use crate::output::{say, tell};
use crate::supervise::{Stop, Supervisor};
use crate::{Done, alive, language};

/// The vendors' advice: trades every 5 to 10 minutes, pools every 3 to 5.
const POLL_EVERY: Duration = Duration::from_secs(5 * 60);
const SYNC_EVERY: Duration = Duration::from_secs(3 * 60);

/// How often it is looked whether groups are due.
const CLOSE_EVERY: Duration = Duration::from_secs(60);

/// How often an empty queue is looked at: what this process queues is looked for at once.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long the work in hand may take after a signal: longer than one call to a vendor.
pub(super) const GRACE: Duration = Duration::from_secs(35);

/// `relay serve`
pub(crate) async fn run(
    listen: SocketAddr,
    console: Option<SocketAddr>,
    reconciles: bool,
) -> anyhow::Result<Done> {
    let mut signals = Signals::heard()?;
    test::must_pass(&settings::of_process())?;
    let mut wiring = Wiring::from_environment().await?.speaking(language::speech());
    let clock = wiring.clock.clone();
    let mut pushes = None;
    note_restored(&wiring).await?;
    let mut tasks = Tasks::start(&wiring, listen, &mut pushes, reconciles).await?;
    pushes.iter().filter(|server| server.takes_pushes).for_each(|server| told_addresses(server.address));
    say!("{}", Place::of(&wiring)?.line());
    if let Some(console) = console {
        console::beside(console).await?;
    }
    note_texts(&wiring).await;
    let program = alive::this(clock.now());
    tasks.says_that_it_runs(&wiring, program.clone());
    let mut reloads = Reloads::of(&wiring).await;
    loop {
        let asked = tasks.here.run_until(async {
            tokio::select! {
                stops = signals.stops() => (!stops).then_some(None),
                id = reloads.next() => Some(Some(id)),
            }
        });
        let Some(id) = asked.await else { break };
        // The tasks go on meanwhile: one that waits for the store would keep everybody behind it waiting as well.
        let anew = tasks.here.run_until(async {
            let anew = anew(&wiring, reconciles).await;
            reloads.answer(id, anew.as_ref().err()).await;
            anew
        });
        let anew = anew.await;
        match anew {
            Ok((anew, jobs)) => {
                tasks.stop(clock.as_ref()).await;
                wiring.health.flush().await;
                tasks = Tasks::run(&anew, jobs, listen, &mut pushes).await?;
                tasks.says_that_it_runs(&anew, program.clone());
                wiring = anew;
                note_texts(&wiring).await;
                say!("流程文件已重新读取。", "The flow files were taken anew.");
            }
            Err(error) => {
                tell!(
                    "警告:新的流程文件不能用,原来的继续运行:{error:#}",
                    "warning: what runs goes on, because the flow files cannot be begun with: {error:#}"
                );
            }
        }
    }
    say!(
        "做完手上的就停;再来一个信号立刻停。",
        "Stopping after the work in hand; a second signal stops at once."
    );
    let ending = async {
        tasks.stop(clock.as_ref()).await;
        if let Some(pushes) = pushes {
            pushes.stop().await;
        }
        wiring.health.flush().await;
        // Where that cannot be told, a person is told that it is silent.
        _ = program.is_over(wiring.stores.checkpoints.as_ref()).await;
    };
    tokio::select! {
        () = ending => {}
        // What is broken off is asked after later.
        () = clock.sleep(GRACE) => {}
        () = signals.next() => {}
    }
    Ok(Done::Well)
}

/// Tells of a store that is a backup, and notes since when it is worked.
async fn note_restored(wiring: &Wiring) -> anyhow::Result<()> {
    let restored = backups::begins(wiring.stores.checkpoints.as_ref(), wiring.clock.now()).await?;
    if let Some(restored) = restored {
        say!("{}", restored_in_words(restored).told(language::current()));
    }
    Ok(())
}

/// Notes what the flow files say, for whoever asks what has changed in them.
async fn note_texts(wiring: &Wiring) {
    if let Err(error) = operations(wiring).note_flow_texts().await {
        tracing::warn!(%error, "what the flow files say is not noted");
    }
}

/// The flow files anew, checked and tested, and the jobs that they make.
async fn anew(wiring: &Wiring, reconciles: bool) -> anyhow::Result<(Wiring, Jobs)> {
    test::must_pass(&wiring.settings)?;
    let anew = wiring.with_flows_anew().await?;
    let jobs = Jobs::build(&anew, reconciles).await?;
    Ok((anew, jobs))
}

/// The jobs of `relay serve`.
struct Jobs {
    pusher: ErpPusher,
    poller: Option<TradePoller>,
    syncer: Option<StockSyncer>,
    closer: Option<BillCloser>,
    reconciler: Rc<DayReconciler>,
    compares_days: bool,
    disk: Option<Disk>,
    /// It is there where no flow reads pushes too: whoever watches asks there.
    receiver: Receiver,
    takes_pushes: bool,
}

impl Jobs {
    async fn build(wiring: &Wiring, compares_days: bool) -> anyhow::Result<Self> {
        let reads = |role: Role| wiring.flows.with_source(role).next().is_some();
        // A push is taken too for a flow whose file is away.
        let takes_pushes = wiring.active.flows().await?.with_source(Role::Pushed).next().is_some();
        let polls = wiring.flows.iter().any(|routed| routed.flow.source().document.role.is_polled());
        let poller = polls.then(|| wiring.build::<TradePoller>()).transpose();
        let syncer = reads(Role::Pool).then(|| wiring.build::<StockSyncer>()).transpose();
        let closes = wiring.flows.iter().any(|routed| BillCloser::serves(routed));
        let closer = closes.then(|| wiring.build::<BillCloser>()).transpose();
        let (receiver, reconciler) = (wiring.build::<Receiver>(), wiring.build::<DayReconciler>());
        let closing = both(closer, reconciler);
        let (pusher, (((poller, syncer), receiver), (closer, reconciler))) =
            both(wiring.build::<ErpPusher>(), both(both(both(poller, syncer), receiver), closing))?;
        let (reconciler, disk) = (Rc::new(reconciler), Disk::of(wiring)?);
        Ok(Self { pusher, poller, syncer, closer, reconciler, compares_days, disk, receiver, takes_pushes })
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
        if jobs.compares_days {
            tasks.spawn_local_on(nightly::compare(supervisor.clone(), jobs.reconciler.clone()), &here);
        }
        tasks.spawn_local_on(nightly::recheck(supervisor.clone(), jobs.reconciler), &here);
        if let Some(disk) = jobs.disk {
            tasks.spawn_local_on(disk::watch(supervisor, disk), &here);
        }
        Ok(Self { here, tasks, stop })
    }

    /// Has it said each minute that this program runs.
    fn says_that_it_runs(&mut self, wiring: &Wiring, program: Program) {
        let supervisor = supervisor(wiring, self.stop.subscribe());
        self.tasks.spawn_local_on(alive::says_so(supervisor, program, wiring.health.clone()), &self.here);
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

/// Closes the groups that are due, ends the waits that are over, and tells what needs a person.
async fn close(supervisor: Supervisor, closer: BillCloser) {
    let work = async || {
        let ended = closer.end_waits(Deadline::NONE).await;
        let told = async { closer.tell_health(supervisor.conditions().await?).await };
        (ended, told.await, closer.close_all(Deadline::NONE).await)
    };
    let turn = || async {
        tokio::select! {
            // A turn that is broken off is met by the next: each of its steps repeats without harm.
            (ended, told, reports) = work() => {
                ended?;
                told.context("what needs a person is not told")?;
                let errors: Vec<_> = reports.into_iter().flat_map(|report| report.errors).collect();
                anyhow::ensure!(errors.is_empty(), "groups stay open: {}", errors.join("; "));
            }
            () = supervisor.until_stopped() => {}
        }
        Ok(CLOSE_EVERY)
    };
    supervisor.keep("close", turn).await;
}

#[cfg(test)]
mod tests;
