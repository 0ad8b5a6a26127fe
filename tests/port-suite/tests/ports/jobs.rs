//! Jobs on the ports of an adapter, and what ends them in the middle of their work.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use relay_core::clock::{Clock as _, SeededRng};
use relay_core::health::Monitor;
use relay_core::{Stores, System};
use relay_decorator::decorate;
use relay_job::{ActiveFlows, Connections, CredentialCheck, FlowFile, FlowSettings, Flows, Parts};
use tokio::sync::Notify;

use super::Ports;

pub(crate) const KINGDEE: System = System::new("kingdee");

/// What a job is built of: these flows, these vendors, and dice that no other process has.
pub(crate) fn parts(
    ports: &Ports,
    stores: Stores,
    files: &[(&str, String)],
    connections: Connections,
) -> Parts {
    let catalog = Arc::new(relay_connectors::catalog());
    let files = files.iter().map(|(name, text)| {
        let (name, file) = ((*name).to_owned(), format!("{name}.toml"));
        FlowFile { name, file, text: text.clone() }
    });
    let flows = Arc::new(Flows::parse(files, &catalog).unwrap_or_else(|found| panic!("{found}")));
    let (clock, checkpoints) = (ports.clock.clone(), stores.checkpoints.clone());
    let seed = clock.now().timestamp_micros().unsigned_abs();
    let queues = ["kingdee", "sharecrm"].map(|name| (name.to_owned(), System::new(name)));
    Parts {
        rng: Arc::new(SeededRng::new(seed)),
        active: Arc::new(ActiveFlows::new(flows.clone(), catalog, checkpoints.clone(), clock.clone())),
        health: Arc::new(Monitor::new(checkpoints, clock.clone())),
        start: clock.now(),
        clock,
        stores,
        flows,
        settings: FlowSettings(BTreeMap::new()),
        credential_check: Arc::new(CredentialCheck::default()),
        connections,
        queues: BTreeMap::from(queues),
        speech: relay_job::Speech::default(),
    }
}

/// Ends a process after so many steps. Each call of a port has two; on AWS each request, of which one call may make several.
#[derive(Clone)]
pub(crate) struct Fuse {
    left: Arc<AtomicU64>,
    blown: Arc<Notify>,
}

impl Fuse {
    pub(crate) fn after(steps: u64) -> Self {
        Self { left: Arc::new(AtomicU64::new(steps)), blown: Arc::default() }
    }

    pub(crate) fn around(&self, stores: &Stores) -> Stores {
        let fuse = self.clone();
        decorate(stores, move |_, _| {
            let fuse = fuse.clone();
            async move {
                fuse.step().await;
                Ok(())
            }
        })
    }

    /// Takes a step, or never ends.
    pub(crate) async fn step(&self) {
        let before = self.left.load(Ordering::Relaxed);
        if before == 0 {
            self.blown.notify_one();
            std::future::pending::<()>().await;
        }
        self.left.store(before - 1, Ordering::Relaxed);
    }

    /// Whether it came to its end.
    pub(crate) async fn run(&self, work: impl Future<Output = ()>) -> bool {
        tokio::select! {
            biased;
            () = self.blown.notified() => false,
            () = work => true,
        }
    }
}
