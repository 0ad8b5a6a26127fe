//! The way from a process to the vendors. A vendor works on for whoever has left.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use relay_connector::{Request, Response, Transport, TransportError};
use relay_core::clock::timeout;
use tokio::sync::oneshot;

use super::World;
use super::books::Books;
use crate::scheduler::{Owner, Spawner};
use crate::timeline::{Machine, Timeline};
use crate::trace::Trace;

/// As the relay's own transport: after that nobody waits for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) struct Wire {
    process: String,
    vendors: Arc<dyn Transport>,
    timeline: Arc<Timeline>,
    clock: Arc<Machine>,
    spawner: Spawner,
    trace: Arc<Trace>,
    books: Arc<Books>,
    dice: Mutex<StdRng>,
}

impl Wire {
    pub(super) fn new(world: &World, process: String, clock: Arc<Machine>, dice: u64) -> Self {
        Self {
            process,
            vendors: world.vendors.transport(),
            timeline: world.timeline.clone(),
            clock,
            spawner: world.spawner.clone(),
            trace: world.trace.clone(),
            books: world.books.clone(),
            dice: Mutex::new(StdRng::seed_from_u64(!dice)),
        }
    }

    async fn travel(&self) {
        let millis = self.dice.lock().unwrap_or_else(PoisonError::into_inner).random_range(1..150);
        self.timeline.wait(Duration::from_millis(millis)).await;
    }
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.travel().await;
        let (host, path) = (request.url.host_str().unwrap_or_default(), request.url.path());
        let called = format!("{} → {host}{path}", self.process);
        self.trace.say(self.timeline.now(), || called.clone());
        let (answered, answer) = oneshot::channel();
        let (vendors, books) = (self.vendors.clone(), self.books.clone());
        self.spawner.spawn(Owner::World, async move {
            let called = format!("{} {}", request.method, request.url.path());
            let answer = vendors.send(request).await;
            books.look(&called);
            _ = answered.send(answer);
        });
        let lost = || TransportError::Lost("timed out".to_owned());
        let answer = timeout(self.clock.as_ref(), PATIENCE, answer).await;
        let answer = answer.ok().and_then(Result::ok).unwrap_or_else(|| Err(lost()));
        self.trace.say(self.timeline.now(), || match &answer {
            Ok(response) => format!("{called}: {}", response.status),
            Err(error) => format!("{called}: {error}"),
        });
        self.travel().await;
        answer
    }
}
