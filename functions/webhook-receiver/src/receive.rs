//! One push: whose it is, whether it is believed, which flows take it.

use std::sync::Arc;
use std::time::Duration;

use relay_connector::{PushRefused, PushRequest, RefusalKind, Reply, Verified, Webhook};
use relay_core::clock::{Clock, Rng, timeout};
use relay_core::health::{Monitor, Part};
use relay_core::tally::Counted;
use relay_core::{Intake, StoreError, System};
use relay_job::pushed::Readers;
use relay_job::{ActiveFlows, Connections, CredentialCheck, FlowSettings};

/// How long storing a push may take as a whole. Qince waits 5 seconds for its answer, of which reading a rotated secret
/// may take 1.5; a store that hangs takes longer, for its requests' own limits add up.
const STORING: Duration = Duration::from_secs(3);

/// How long writing a health record, or a tally, may hold up an answer.
const TELLING: Duration = Duration::from_millis(500);

/// The HTTP status and the JSON that the vendor reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// For people and alarms; Qince looks at the reply alone.
    pub status: u16,
    /// 0: stored durably. 1: not.
    pub reply: Reply,
    /// Why a push was not taken, to be counted; `None` too where the request was for something else.
    pub refused: Option<RefusalKind>,
}

impl Answer {
    /// The answer to what is no push at all.
    #[must_use]
    pub fn no_push(status: u16, reason: &str) -> Self {
        Self { status, reply: Reply::failed("", reason), refused: None }
    }
}

impl From<&PushRefused> for Answer {
    fn from(refused: &PushRefused) -> Self {
        let reply = Reply::failed(refused.msg_id.as_str(), refused.message.as_str());
        Self { status: refused.kind.status(), reply, refused: Some(refused.kind) }
    }
}

/// Receives pushes.
pub struct Receiver {
    pub(crate) connections: Connections,
    pub(crate) active: Arc<ActiveFlows>,
    pub(crate) settings: FlowSettings,
    pub(crate) health: Arc<Monitor>,
    pub(crate) intake: Intake,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) credential_check: Arc<CredentialCheck>,
}

impl Receiver {
    /// The largest body that any vendor's push may have, in bytes.
    #[must_use]
    pub fn max_body_bytes(&self) -> usize {
        self.webhooks().map(|(_, webhook)| webhook.max_body_bytes()).max().unwrap_or_default()
    }

    /// The answer to a push whose body is larger than that, and was not read.
    #[must_use]
    pub fn too_large(&self) -> Answer {
        refused(&PushRefused::too_large(self.max_body_bytes()))
    }

    fn served(&self) -> String {
        let prefixes: Vec<_> = self.webhooks().map(|(_, webhook)| format!("{}…", webhook.prefix())).collect();
        format!("nothing is served here: pushes go to {}", prefixes.join(" or "))
    }

    fn webhooks(&self) -> impl Iterator<Item = (System, &dyn Webhook)> {
        self.connections.iter().filter_map(|(system, connection)| Some((system, connection.webhook()?)))
    }

    /// Receives one push.
    pub async fn receive(&self, request: &PushRequest<'_>) -> Answer {
        let path = request.path.trim_end_matches('/');
        let Some((system, webhook)) = self.webhooks().find(|(_, webhook)| path.starts_with(webhook.prefix()))
        else {
            return Answer::no_push(404, &self.served());
        };
        if request.method != "POST" {
            return Answer::no_push(405, "a push is a POST");
        }
        let answer = match verified(webhook, request) {
            Ok(push) => self.store(system, webhook, push).await,
            Err(error) => self.refuse(system, &error).await,
        };
        // The push is stored, or is not: a health record that hangs does not hold up its answer.
        _ = timeout(self.clock.as_ref(), TELLING, self.tell_health(&answer)).await;
        answer
    }

    async fn refuse(&self, system: System, error: &PushRefused) -> Answer {
        if error.kind == RefusalKind::Digest {
            // The push secret may have been rotated.
            self.credential_check.note();
        }
        let is_kept = self.keep_unreadable(system, error).await;
        let answer = refused(error);
        if is_kept { answer } else { Answer { refused: Some(RefusalKind::Store), ..answer } }
    }

    async fn tell_health(&self, answer: &Answer) {
        match answer.refused {
            None => self.health.well(Part::Pushes).await,
            Some(refusal @ (RefusalKind::Digest | RefusalKind::Age | RefusalKind::Store)) => {
                let message = answer.reply.return_msg.clone();
                self.health.failed(Part::Pushes, refusal.name(), None, message).await;
            }
            // The push stands in the ledger, or is a stranger's.
            Some(RefusalKind::Malformed | RefusalKind::TooLarge) => {}
        }
    }

    async fn store(&self, system: System, webhook: &dyn Webhook, push: Verified) -> Answer {
        let (msg_id, key, data_type) = (push.msg_id.clone(), push.id.clone(), push.kind.clone());
        match self.in_time(self.take(system, webhook, push)).await {
            Ok(flows) => {
                tracing::info!(key, data_type, msg_id, flows = flows.len(), "push stored");
                _ = timeout(self.clock.as_ref(), TELLING, self.count(&flows)).await;
                Answer { status: 200, reply: Reply::accepted(msg_id), refused: None }
            }
            Err(error) => {
                tracing::error!(key, data_type, msg_id, %error, "push not stored: it will be delivered again");
                let reply = Reply::failed(msg_id, "the push could not be stored");
                Answer { status: RefusalKind::Store.status(), reply, refused: Some(RefusalKind::Store) }
            }
        }
    }

    /// A store call that was given up may still have succeeded: the vendor's repetition is skipped then.
    pub(crate) async fn in_time<T>(
        &self,
        stored: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let late =
            || StoreError::new("storing the push", format!("no answer within {} s", STORING.as_secs()));
        timeout(self.clock.as_ref(), STORING, stored).await.unwrap_or_else(|_| Err(late()))
    }

    /// Counts a document of each of these flows.
    async fn count(&self, flows: &[String]) {
        for flow in flows {
            self.health.count(flow, Counted { read: 1, ..Counted::default() }).await;
        }
    }

    /// Stores a push for every flow that takes it, and answers which those are.
    async fn take(
        &self,
        system: System,
        webhook: &dyn Webhook,
        push: Verified,
    ) -> Result<Vec<String>, StoreError> {
        let flows = self.active.flows().await?;
        let readers = Readers { flows: &flows, settings: &self.settings };
        let document = push.document.filter(|document| readers.of(document, &push.params).next().is_some());
        let Some(document) = document else {
            self.keep_unrouted(system, webhook.unrouted(&push), push).await?;
            return Ok(Vec::new());
        };
        let (clock, rng) = (self.clock.as_ref(), self.rng.as_ref());
        let items = readers.work_items(document, &push.params, push.data, clock, rng);
        let items: Vec<_> = items.iter().map(|(system, items)| (*system, items.as_slice())).collect();
        self.intake.take_all(&items).await?;
        Ok(items.iter().flat_map(|(_, items)| items.iter().map(|item| item.flow.clone())).collect())
    }
}

fn verified(webhook: &dyn Webhook, request: &PushRequest<'_>) -> Result<Verified, PushRefused> {
    let limit = webhook.max_body_bytes();
    if request.body.len() > limit { Err(PushRefused::too_large(limit)) } else { webhook.verify(request) }
}

fn refused(error: &PushRefused) -> Answer {
    // The reason goes to the log in full; the sender, who may be anyone, learns the kind of it.
    tracing::warn!(status = error.kind.status(), %error, "push refused");
    Answer::from(error)
}
