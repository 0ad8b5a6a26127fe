//! Dead letters: the queue of its own that each queue's redrive policy names.
//!
//! SQS cannot list a queue: it is received, and what was received is made visible again. It shows a group's later messages
//! only while none before them is in flight, ten at a time: of a group with more than ten dead letters a list shows the
//! first ten. They are moved by sending and deleting and not by `StartMessageMoveTask`, which knows no choice of messages.

use std::collections::HashSet;
use std::time::Duration;

use aws_sdk_sqs::types::{ChangeMessageVisibilityBatchRequestEntry, QueueAttributeName};
use relay_core::{DeadLetter, Outgoing, Queue as _, Received, StoreError, System};
use serde::Deserialize;

use super::Aws;
use super::failure::Call;
use super::queue::{BATCH, is_lapsed};

/// How long messages stay out of others' sight while they are looked at. Where this program ends meanwhile they are back
/// after that.
const LOOK: Duration = Duration::from_secs(120);

/// How many messages a list looks at. So many dead letters are one mistake, and are redriven together.
const MOST: usize = 1_000;

/// What a queue says of its dead letters.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RedrivePolicy {
    dead_letter_target_arn: String,
}

impl Aws {
    /// The address of a queue's dead-letter queue, where it has one.
    pub(super) async fn dead_letter_queue(&self, system: System) -> Result<Option<String>, StoreError> {
        if !self.has_queue(system) {
            return Ok(None);
        }
        let call = self.queue_call(system, "finding the dead-letter queue of", "sqs:GetQueueAttributes")?;
        let mut attributes =
            self.attributes(call, call.name, vec![QueueAttributeName::RedrivePolicy]).await?;
        let policy = attributes.remove(&QueueAttributeName::RedrivePolicy);
        let Some(policy) = policy else { return Ok(None) };
        let policy: RedrivePolicy = serde_json::from_str(&policy)
            .map_err(|error| call.because(format!("its RedrivePolicy: {error}")))?;
        // SQS wants both queues in one account and region, so the name is enough.
        let name = policy.dead_letter_target_arn.rsplit(':').next().unwrap_or_default();
        let call = Call { doing: "finding the dead-letter queue", action: "sqs:GetQueueUrl", name, ..call };
        let url = self.sqs().get_queue_url().queue_name(name).send().await;
        Ok(url.map_err(|error| call.failed(&error))?.queue_url)
    }

    /// The first dead letters of a system after the one with that id.
    pub(super) async fn list_dead(
        &self,
        system: System,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        let Some(url) = self.dead_letter_queue(system).await? else { return Ok(Vec::new()) };
        let mut look = self.look(system, &url)?;
        while look.seen.len() < MOST && look.next().await? {}
        let mut found = Vec::new();
        for message in look.end().await {
            let is_before = |other: &Received| other.sent_at <= message.sent_at;
            found.insert(found.partition_point(is_before), message);
        }
        let begin = match after {
            None => 0,
            Some(id) => {
                found.iter().position(|message| message.id == id).map_or(found.len(), |place| place + 1)
            }
        };
        Ok(found.into_iter().skip(begin).take(limit).map(dead_letter).collect())
    }

    /// Sends dead letters anew, with these ids or all, and takes them out of the dead-letter queue. In this order: one that
    /// is in both queues is skipped by the ledger's guard, one in neither is lost.
    pub(super) async fn redrive_dead(
        &self,
        system: System,
        ids: Option<&[String]>,
    ) -> Result<u64, StoreError> {
        let Some(url) = self.dead_letter_queue(system).await? else { return Ok(0) };
        let deleting = Call {
            name: &url,
            ..self.queue_call(system, "deleting from the dead-letter queue", "sqs:DeleteMessage")?
        };
        let mut look = self.look(system, &url)?;
        let mut moved = 0;
        while ids.is_none_or(|ids| moved < ids.len()) && look.next().await? {
            let chosen = look.take(|message| ids.is_none_or(|ids| ids.contains(&message.id)));
            // A fresh id: SQS would drop what it has seen within five minutes, and the message would be in neither queue.
            let anew = chosen.iter().map(|message| Outgoing {
                group: message.group.clone(),
                deduplication: self.rng.uuid().simple().to_string(),
                body: message.body.clone(),
            });
            self.send(system, &anew.collect::<Vec<_>>()).await?;
            let receipts: Vec<_> = chosen.iter().map(|message| message.receipt.clone()).collect();
            for receipts in receipts.chunks(BATCH) {
                self.delete_batch(deleting, receipts).await?;
            }
            moved += chosen.len();
        }
        look.end().await;
        Ok(moved as u64)
    }

    fn look<'a>(&'a self, system: System, url: &'a str) -> Result<Look<'a>, StoreError> {
        let call = self.queue_call(system, "looking into the dead-letter queue", "sqs:ReceiveMessage")?;
        Ok(Look { aws: self, call: Call { name: url, ..call }, held: Vec::new(), seen: HashSet::new() })
    }
}

/// A look into a queue, which holds what it has received until its end.
struct Look<'a> {
    aws: &'a Aws,
    call: Call<'a>,
    held: Vec<Received>,
    /// The ids of all messages that were received.
    seen: HashSet<String>,
}

impl Look<'_> {
    /// Receives some more. `false`: there is nothing more to be had, or it begins anew.
    async fn next(&mut self) -> Result<bool, StoreError> {
        let received = self.aws.receive_from(self.call, BATCH, LOOK).await?;
        let mut is_new = false;
        for message in received {
            if self.seen.insert(message.id.clone()) {
                is_new = true;
                self.held.push(message);
            }
        }
        Ok(is_new)
    }

    /// Takes messages out of what is held: they are the caller's.
    fn take(&mut self, is_wanted: impl Fn(&Received) -> bool) -> Vec<Received> {
        let (taken, held) = self.held.drain(..).partition(is_wanted);
        self.held = held;
        taken
    }

    /// Makes what is held visible again, and answers it. Where that fails it is back in two minutes by itself.
    async fn end(self) -> Vec<Received> {
        for held in self.held.chunks(BATCH) {
            if let Err(error) = self.aws.show_again(self.call, held).await {
                tracing::warn!(%error, "dead letters stay out of sight for two minutes");
            }
        }
        self.held
    }
}

impl Aws {
    async fn show_again(&self, call: Call<'_>, held: &[Received]) -> Result<(), StoreError> {
        let call = Call { doing: "showing messages again", action: "sqs:ChangeMessageVisibility", ..call };
        let show = |places: Vec<usize>| async move {
            let entries: Result<_, _> = places
                .into_iter()
                .map(|place| {
                    let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(place.to_string());
                    entry.receipt_handle(&held[place].receipt).visibility_timeout(0).build()
                })
                .collect();
            let entries =
                entries.map_err(|error: aws_sdk_sqs::error::BuildError| call.because(error.to_string()))?;
            let change = self.sqs().change_message_visibility_batch().queue_url(call.name);
            let change = change.set_entries(Some(entries)).send().await;
            change.map(|answer| answer.failed).map_err(|error| call.failed(&error))
        };
        self.until_done(call, held.len(), is_lapsed, show).await
    }
}

fn dead_letter(message: Received) -> DeadLetter {
    DeadLetter {
        id: message.id,
        group: message.group,
        body: message.body,
        receive_count: message.receive_count,
        sent_at: message.sent_at,
    }
}
