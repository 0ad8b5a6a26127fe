//! Those who push: Qince as its page says, and a sender of JSON that tries until it is told "taken".

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use relay_core::clock::timeout;
use relay_simulators::qince::{SignedPush, read_reply};
use relay_webhook_receiver::{Answer, PushRequest, Receiver};
use serde_json::Value;
use tokio::sync::oneshot;

use super::books::{Books, Pile};
use super::{PROCESSES, World};
use crate::scheduler::{Owner, Spawner};
use crate::timeline::{Machine, Timeline};
use crate::trace::Trace;

/// How long Qince waits for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the sender of JSON waits until it tries again.
const AGAIN: Duration = Duration::from_secs(30);

/// Who takes pushes now.
type Doors = Arc<Mutex<[Option<(Owner, Arc<Receiver>)>; PROCESSES]>>;

/// Carries pushes to whichever process takes them.
#[derive(Clone)]
pub(super) struct Postman {
    doors: Doors,
    timeline: Arc<Timeline>,
    clock: Arc<Machine>,
    spawner: Spawner,
    trace: Arc<Trace>,
    books: Arc<Books>,
    vendors: Arc<relay_simulators::Vendors>,
}

struct Letter {
    path: &'static str,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Postman {
    pub(super) fn of(world: &World) -> Self {
        Self {
            doors: Arc::default(),
            timeline: world.timeline.clone(),
            clock: world.clock.clone(),
            spawner: world.spawner.clone(),
            trace: world.trace.clone(),
            books: world.books.clone(),
            vendors: world.vendors.clone(),
        }
    }

    /// A process takes pushes, or does no more.
    pub(super) fn door(&self, slot: usize, receiver: Option<(Owner, Arc<Receiver>)>) {
        self.doors.lock().unwrap_or_else(PoisonError::into_inner)[slot] = receiver;
    }

    /// Delivers what Qince has to deliver, for ever.
    pub(super) async fn deliver(self) {
        let under_way = Arc::new(Mutex::new(BTreeSet::new()));
        loop {
            for push in self.vendors.qince.due() {
                let is_new =
                    under_way.lock().unwrap_or_else(PoisonError::into_inner).insert(push.msg_id.clone());
                if is_new {
                    let (this, under_way) = (self.clone(), under_way.clone());
                    self.spawner.spawn(Owner::World, async move {
                        let done = this.post_order(&push).await;
                        this.vendors.qince.settle(&push, done);
                        under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(&push.msg_id);
                    });
                }
            }
            self.timeline.wait(Duration::from_secs(1)).await;
        }
    }

    async fn post_order(&self, push: &SignedPush) -> bool {
        let headers = vec![("content-type".to_owned(), push.content_type.clone())];
        let letter = Letter { path: "/qince/direct-orders", headers, body: push.body.clone() };
        let Some(answer) = self.post(letter).await else { return false };
        let done = read_reply(push, answer.status, answer.reply.to_json().as_bytes());
        let done = done.unwrap_or(false);
        if done {
            let mut books = self.books.state();
            for order in &mut books.orders {
                if let Some(place) = order.versions.iter().position(|version| *version == push.order) {
                    order.accepted.insert(place);
                }
            }
        }
        done
    }

    /// Pushes a version of a JSON document until it is taken.
    pub(super) async fn post_json(self, pile: Pile, document: usize, version: usize) {
        loop {
            let content = self.books.state().pile(pile)[document].versions[version].clone();
            if self.try_json(pile.path(), &content).await {
                self.books.state().pile_mut(pile)[document].accepted.insert(version);
                return;
            }
            self.timeline.wait(AGAIN).await;
        }
    }

    async fn try_json(&self, path: &'static str, content: &Value) -> bool {
        let push = self.vendors.http.push(content);
        let letter = Letter { path, headers: push.headers, body: push.body };
        self.post(letter).await.is_some_and(|answer| answer.status == 200 && answer.refused.is_none())
    }

    /// What a process answers; nothing where there is none, or it dies, or is too slow.
    async fn post(&self, letter: Letter) -> Option<Answer> {
        let (owner, receiver) = {
            let doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
            let open: Vec<_> = doors.iter().flatten().cloned().collect();
            let place = letter.body.len() % open.len().max(1);
            open.into_iter().nth(place)?
        };
        let (answered, answer) = oneshot::channel();
        self.trace.say(self.timeline.now(), || format!("push → {owner:?} {}", letter.path));
        self.spawner.spawn(owner, async move {
            let Letter { path, headers, body } = &letter;
            let request = PushRequest { method: "POST", path, headers, body };
            _ = answered.send(receiver.receive(&request).await);
        });
        timeout(self.clock.as_ref(), PATIENCE, answer).await.ok()?.ok()
    }
}
