use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::try_join_all;
use relay_connector::Role;
use relay_core::clock::{Clock, Rng, timeout};
use relay_core::health::{Monitor, Part};
use relay_core::item::content_hash;
use relay_core::{EntryId, Failed, Intake, StoreError, System, WorkItem};
use relay_host::flows::Routed;
use relay_host::{CredentialCheck, Flows, Standing, work};
use relay_qince::catalog::DIRECT_ORDER;
use relay_qince::{Push, PushError, Reply, VerifiedPush};
use serde_json::Value;

/// Under this name the ledger keeps verified pushes that no flow takes.
pub const UNROUTED: &str = "qince/unrouted";

/// How long storing a push may take as a whole. Qince waits 5 seconds for its answer, of which reading a rotated secret
/// may take 1.5; a store that hangs takes longer, for its requests' own limits add up.
const STORING: Duration = Duration::from_secs(3);

/// How long writing a health record may hold up an answer.
const TELLING: Duration = Duration::from_millis(500);

/// Under this name it keeps those whose data is no document.
pub const UNREADABLE: &str = "qince/unreadable";

/// One HTTP request, as API Gateway or the embedded server hands it over.
#[derive(Debug, Clone, Copy)]
pub struct PushRequest<'a> {
    /// The method.
    pub method: &'a str,
    /// The path, without the query.
    pub path: &'a str,
    /// The `content-type` header.
    pub content_type: Option<&'a str>,
    /// The body's bytes.
    pub body: &'a [u8],
}

/// The HTTP status and the JSON that Qince reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// For people and alarms; Qince looks at the reply alone.
    pub status: u16,
    /// 0: stored durably. 1: not.
    pub reply: Reply,
    /// Why a push was not taken, to be counted; `None` too where the request was for something else.
    pub refused: Option<Refusal>,
}

/// Why a push was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Its digest fits none of the secrets.
    Digest,
    /// It is not what Qince sends, or its data is no document.
    Malformed,
    /// It is over the cap.
    TooLarge,
    /// It could not be stored.
    Store,
}

impl Refusal {
    /// Its name in the metric `pushes_refused`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Digest => "digest",
            Self::Malformed => "malformed",
            Self::TooLarge => "too_large",
            Self::Store => "store",
        }
    }
}

impl Answer {
    /// The answer to what is no push at all.
    #[must_use]
    pub fn no_push(status: u16, reason: &str) -> Self {
        Self { status, reply: Reply::failed("", reason), refused: None }
    }
}

/// Receives pushes.
pub struct Receiver {
    pub(crate) settings: relay_qince::Settings,
    pub(crate) standing: Arc<Standing>,
    pub(crate) health: Arc<Monitor>,
    pub(crate) intake: Intake,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) credential_check: Arc<CredentialCheck>,
}

impl Receiver {
    /// The largest body that is read, in bytes.
    #[must_use]
    pub fn max_body_bytes(&self) -> usize {
        self.settings.max_body_bytes
    }

    /// The answer to a push whose body is larger than that, and was not read.
    #[must_use]
    pub fn too_large(&self) -> Answer {
        refused(&PushError::TooLarge { limit: self.max_body_bytes() })
    }

    /// Receives one push.
    pub async fn receive(&self, request: &PushRequest<'_>) -> Answer {
        if !request.path.trim_end_matches('/').starts_with("/qince/") {
            let reason = "nothing is served here: pushes go to /qince/direct-orders";
            return Answer::no_push(404, reason);
        }
        if request.method != "POST" {
            return Answer::no_push(405, "a push is a POST");
        }
        let answer = match self.verified(request) {
            Ok(push) => self.store(push).await,
            Err(error) => {
                if matches!(error, PushError::BadDigest { .. }) {
                    // The push secret may have been rotated.
                    self.credential_check.note();
                }
                let is_kept = self.keep_unreadable(&error).await;
                let answer = refused(&error);
                if is_kept { answer } else { Answer { refused: Some(Refusal::Store), ..answer } }
            }
        };
        // The push is stored, or is not: a health record that hangs does not hold up its answer.
        _ = timeout(self.clock.as_ref(), TELLING, self.tell_health(&answer)).await;
        answer
    }

    async fn tell_health(&self, answer: &Answer) {
        match answer.refused {
            None => self.health.well(Part::Pushes).await,
            Some(refusal @ (Refusal::Digest | Refusal::Store)) => {
                let message = answer.reply.return_msg.clone();
                self.health.failed(Part::Pushes, refusal.name(), None, message).await;
            }
            // The push stands in the ledger, or is a stranger's.
            Some(Refusal::Malformed | Refusal::TooLarge) => {}
        }
    }

    fn verified(&self, request: &PushRequest<'_>) -> Result<VerifiedPush, PushError> {
        Push::parse(request.content_type, request.body, &self.settings)?.verify(&self.settings)
    }

    async fn store(&self, push: VerifiedPush) -> Answer {
        let (msg_id, key, data_type) = (push.msg_id.clone(), push.document_id(), push.data_type.clone());
        match self.in_time(self.take(push)).await {
            Ok(flows) => {
                tracing::info!(key, data_type, msg_id, flows, "push stored");
                Answer { status: 200, reply: Reply::accepted(msg_id), refused: None }
            }
            Err(error) => {
                tracing::error!(key, data_type, msg_id, %error, "push not stored; Qince will deliver it again");
                let reply = Reply::failed(msg_id, "the push could not be stored");
                Answer { status: 200, reply, refused: Some(Refusal::Store) }
            }
        }
    }

    /// Stores a push for every flow that takes it, and answers how many those are.
    async fn take(&self, push: VerifiedPush) -> Result<usize, StoreError> {
        let flows = self.standing.flows().await?;
        let is_taken = self.settings.takes(&push.data_type) && reads_direct_orders(&flows);
        if !is_taken {
            self.keep_unrouted(push).await?;
            return Ok(0);
        }
        let items = work_items(&flows, &push.document, self.clock.as_ref(), self.rng.as_ref());
        try_join_all(items.iter().map(|(system, items)| self.intake.take(*system, items))).await?;
        Ok(items.values().map(Vec::len).sum())
    }

    /// A verified push that nothing takes is kept where a person sees it: a flow for it may come later.
    async fn keep_unrouted(&self, push: VerifiedPush) -> Result<(), StoreError> {
        let message = format!(
            "no flow takes Qince's `{}`: if it is a direct order, add the type to QINCE_DATA_TYPES (and a flow that reads \
             {DIRECT_ORDER}, if there is none) and replay; otherwise stop the push in Qince",
            push.data_type
        );
        let key = unrouted_key(&push.data_type, &push.document_id());
        self.keep(EntryId::new(UNROUTED, key), "unrouted", message, push.document, push.msg_id).await
    }

    /// A push whose digest fits is Qince's, whatever is in it: its data is kept too, although the answer is that it
    /// failed. Qince delivers it again for ten days, perhaps mended, and then no more. `false` where the ledger did not
    /// take it.
    async fn keep_unreadable(&self, error: &PushError) -> bool {
        let PushError::BadDocument { msg_id, data_id, data, .. } = error else { return true };
        let document = Value::from(data.0.as_str());
        let hash = content_hash(&document);
        let key = [data_id, msg_id, &hash].into_iter().find(|key| !key.is_empty()).unwrap_or(&hash);
        let id = EntryId::new(UNREADABLE, key);
        let kept = self.keep(id, "unreadable", error.to_string(), document, msg_id.clone());
        let kept = self.in_time(kept).await;
        if let Err(error) = &kept {
            tracing::error!(msg_id, %error, "an unreadable push could not be kept; Qince will deliver it again");
        }
        kept.is_ok()
    }

    async fn keep(
        &self,
        id: EntryId,
        class: &str,
        message: String,
        document: Value,
        trace: String,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let failed = Failed {
            version: None,
            version_kind: None,
            hash: content_hash(&document),
            class: class.to_owned(),
            code: None,
            message,
            attempts: 0,
            document,
            received_at: now,
            at: now,
            trace,
        };
        self.intake.fail(&id, &failed).await.map(drop)
    }

    /// What is given up may have been stored all the same: Qince's repetition is skipped then.
    async fn in_time<T>(&self, stored: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let late =
            || StoreError::new("storing the push", format!("no answer within {} s", STORING.as_secs()));
        timeout(self.clock.as_ref(), STORING, stored).await.unwrap_or_else(|_| Err(late()))
    }
}

fn unrouted_key(data_type: &str, document_id: &str) -> String {
    format!("{data_type}/{document_id}")
}

/// The business type of a push that is kept as [`UNROUTED`] under this key.
#[must_use]
pub fn unrouted_type(key: &str) -> &str {
    key.split_once('/').map_or(key, |(data_type, _)| data_type)
}

/// Whether any flow reads direct orders.
#[must_use]
pub fn reads_direct_orders(flows: &Flows) -> bool {
    readers(flows).next().is_some()
}

/// A direct order as a work item of each flow that reads and admits it.
#[must_use]
pub fn work_items(
    flows: &Flows,
    order: &Value,
    clock: &dyn Clock,
    rng: &dyn Rng,
) -> BTreeMap<System, Vec<WorkItem>> {
    let mut items = BTreeMap::<_, Vec<_>>::new();
    // An order that a filter cannot judge is queued: the pusher records it as failed, so it is not lost.
    for routed in readers(flows).filter(|routed| routed.flow.admits(order).unwrap_or(true)) {
        let item = work::item(&routed.flow, order.clone(), false, clock.now(), rng);
        items.entry(routed.system).or_default().push(item);
    }
    items
}

fn readers(flows: &Flows) -> impl Iterator<Item = &Arc<Routed>> {
    flows.with_source(Role::Pushed).filter(|routed| routed.flow.source().document.name == DIRECT_ORDER)
}

fn refused(error: &PushError) -> Answer {
    // The reason goes to the log in full; the sender, who may be anyone, learns the kind of it.
    tracing::warn!(status = error.status(), %error, "push refused");
    let refusal = match error {
        PushError::BadDigest { .. } => Refusal::Digest,
        PushError::NotAPush { .. } | PushError::BadDocument { .. } => Refusal::Malformed,
        PushError::TooLarge { .. } => Refusal::TooLarge,
    };
    let reply = Reply::failed(error.msg_id(), error.to_string());
    Answer { status: error.status(), reply, refused: Some(refusal) }
}
