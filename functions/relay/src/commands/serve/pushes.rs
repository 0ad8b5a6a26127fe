//! Where pushes are taken.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use relay_host::Wiring;
use relay_webhook_receiver::Receiver;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::supervisor;
use crate::language;
use crate::output::say;
use crate::server::{self, Current, Watched};
use crate::supervise::Supervisor;

/// The task that takes pushes.
const WEBHOOK: &str = "webhook";

/// Tells where pushes are taken.
pub(crate) fn told_addresses(address: SocketAddr) {
    let prefixes = relay_connectors::CONNECTORS.iter().filter_map(|connector| connector.webhook_prefix());
    let addresses: Vec<_> = prefixes.map(|prefix| format!("http://{address}{prefix}…")).collect();
    say!("在这里接收推送:{}", "Taking pushes at {}", addresses.join(language::current().says("、", " and ")));
}

/// Where pushes are taken: once begun, it goes on while flow files are taken anew.
pub(super) struct PushServer {
    pub(super) address: SocketAddr,
    /// Whether any flow reads them.
    pub(super) takes_pushes: bool,
    pub(super) receiver: Arc<Current>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl PushServer {
    pub(super) async fn start(
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

    pub(super) async fn stop(self) {
        self.stop.send_replace(true);
        _ = self.task.await;
    }
}

/// Takes pushes; on a new listener at the same address where the one before has failed.
pub(crate) async fn receive(
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

pub(crate) async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("listening on {address}"))
}
