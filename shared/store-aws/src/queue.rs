use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::error::{BuildError, ProvideErrorMetadata as _};
use aws_sdk_sqs::types::QueueAttributeName::{
    ApproximateNumberOfMessages as Waiting, ApproximateNumberOfMessagesDelayed as Delayed,
    ApproximateNumberOfMessagesNotVisible as InFlight,
};
use aws_sdk_sqs::types::{
    BatchResultErrorEntry, ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message,
    MessageSystemAttributeName, QueueAttributeName, SendMessageBatchRequestEntry,
};
use chrono::DateTime;
use futures::future::try_join_all;

use super::Aws;
use super::failure::Call;
use relay_core::queue::{Depth, MAX_BODY_BYTES, MAX_VISIBILITY, Outgoing, Place, Queue, Received};
use relay_core::{AwsQueue, DeadLetter, StoreError, System};

/// As many entries as SQS takes and gives in one request.
pub(super) const BATCH: usize = 10;

#[async_trait]
impl Queue for Aws {
    async fn send(&self, system: System, messages: &[Outgoing]) -> Result<(), StoreError> {
        let call = self.queue_call(system, "sending to the queue", "sqs:SendMessage")?;
        if let Some(large) = messages.iter().find(|message| message.body.len() > MAX_BODY_BYTES) {
            let bytes = large.body.len();
            return Err(
                call.because(format!("a body has {bytes} bytes, and the queue carries {MAX_BODY_BYTES}"))
            );
        }
        // One after the other: the next may go on with a group of the last.
        for batch in batches(messages) {
            self.send_batch(call, batch).await?;
        }
        Ok(())
    }

    /// All at once: a webhook's caller waits for the slowest, not for their sum.
    async fn send_all(&self, messages: &[(System, Vec<Outgoing>)]) -> Result<(), StoreError> {
        try_join_all(messages.iter().map(|(system, messages)| self.send(*system, messages))).await.map(drop)
    }

    async fn receive(
        &self,
        system: System,
        max: usize,
        visibility: Duration,
    ) -> Result<Vec<Received>, StoreError> {
        // Who works every queue, as `relay drain` does, finds nothing in one that no stack has.
        if !self.has_queue(system) {
            return Ok(Vec::new());
        }
        let call = self.queue_call(system, "receiving from the queue", "sqs:ReceiveMessage")?;
        self.receive_from(call, max, visibility).await
    }

    async fn delete(&self, system: System, receipts: &[String]) -> Result<(), StoreError> {
        let call = self.queue_call(system, "deleting from the queue", "sqs:DeleteMessage")?;
        for batch in receipts.chunks(BATCH) {
            self.delete_batch(call, batch).await?;
        }
        Ok(())
    }

    async fn delay(&self, system: System, receipt: &str, delay: Duration) -> Result<bool, StoreError> {
        let call = self.queue_call(system, "delaying a message", "sqs:ChangeMessageVisibility")?;
        let change = self.sqs().change_message_visibility().queue_url(call.name).receipt_handle(receipt);
        match change.visibility_timeout(seconds(delay.min(MAX_VISIBILITY))).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.code().is_some_and(is_lapsed) => Ok(false),
            Err(error) => Err(call.failed(&error)),
        }
    }

    async fn delay_all(&self, system: System, delays: &[(String, Duration)]) -> Result<(), StoreError> {
        let call = self.queue_call(system, "delaying messages", "sqs:ChangeMessageVisibility")?;
        for batch in delays.chunks(BATCH) {
            self.delay_batch(call, batch).await?;
        }
        Ok(())
    }

    async fn depth(&self, system: System) -> Result<Depth, StoreError> {
        if !self.has_queue(system) {
            return Ok(Depth::default());
        }
        let call = self.queue_call(system, "counting the queue", "sqs:GetQueueAttributes")?;
        let names = vec![Waiting, Delayed, InFlight];
        let counts = self.attributes(call, call.name, names).await?;
        Ok(Depth {
            waiting: count(&counts, &Waiting) + count(&counts, &Delayed),
            in_flight: count(&counts, &InFlight),
            next_visible_at: None,
            // No attribute of a queue tells it: SQS has a metric, ApproximateAgeOfOldestMessage.
            oldest_sent_at: None,
        })
    }

    async fn dead(&self, system: System) -> Result<u64, StoreError> {
        let Some(url) = self.dead_letter_queue(system).await? else { return Ok(0) };
        let call = self.queue_call(system, "counting the dead-letter queue", "sqs:GetQueueAttributes")?;
        let call = Call { name: &url, ..call };
        Ok(count(&self.attributes(call, &url, vec![Waiting]).await?, &Waiting))
    }

    async fn dead_letters(
        &self,
        system: System,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        self.list_dead(system, limit, after).await
    }

    async fn redrive(&self, system: System, ids: Option<&[String]>) -> Result<u64, StoreError> {
        self.redrive_dead(system, ids).await
    }
}

impl Aws {
    /// Nothing waits for a system that no stack has a queue for, such as that of mails.
    pub(super) fn has_queue(&self, system: System) -> bool {
        self.names.queues.contains_key(&system)
    }

    pub(super) fn queue_call(
        &self,
        system: System,
        doing: &'static str,
        action: &'static str,
    ) -> Result<Call<'_>, StoreError> {
        let missing = || StoreError::new(doing, format!("this stack has no queue for {system}"));
        let AwsQueue { setting, url } = self.names.queues.get(&system).ok_or_else(missing)?;
        Ok(Call { doing, action, setting, name: url })
    }

    /// Receives from the queue that the call names.
    pub(super) async fn receive_from(
        &self,
        call: Call<'_>,
        max: usize,
        visibility: Duration,
    ) -> Result<Vec<Received>, StoreError> {
        let answer = self
            .sqs()
            .receive_message()
            .queue_url(call.name)
            .max_number_of_messages(i32::try_from(max.clamp(1, BATCH)).unwrap_or(1))
            .visibility_timeout(seconds(visibility.min(MAX_VISIBILITY)))
            // Without any wait SQS asks a part of its servers only, and may find nothing where there is something.
            .wait_time_seconds(1)
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
            .message_system_attribute_names(MessageSystemAttributeName::MessageGroupId)
            .message_system_attribute_names(MessageSystemAttributeName::SequenceNumber)
            .send()
            .await
            .map_err(|error| call.failed(&error))?;
        Ok(answer
            .messages
            .unwrap_or_default()
            .into_iter()
            .map(|message| received(call.name, message))
            .collect())
    }

    async fn send_batch(&self, call: Call<'_>, batch: &[Outgoing]) -> Result<(), StoreError> {
        let send = |places: Vec<usize>| async move {
            let entries =
                places.into_iter().map(|place| send_entry(place, &batch[place])).collect::<Result<_, _>>();
            let entries = entries.map_err(|error| call.because(error.to_string()))?;
            let send = self.sqs().send_message_batch().queue_url(call.name).set_entries(Some(entries));
            send.send().await.map(|answer| answer.failed).map_err(|error| call.failed(&error))
        };
        self.until_done(call, batch.len(), |_| false, send).await
    }

    pub(super) async fn delete_batch(&self, call: Call<'_>, receipts: &[String]) -> Result<(), StoreError> {
        let delete = |places: Vec<usize>| async move {
            let entries = places
                .into_iter()
                .map(|place| delete_entry(place, &receipts[place]))
                .collect::<Result<_, _>>();
            let entries = entries.map_err(|error| call.because(error.to_string()))?;
            let delete = self.sqs().delete_message_batch().queue_url(call.name).set_entries(Some(entries));
            delete.send().await.map(|answer| answer.failed).map_err(|error| call.failed(&error))
        };
        self.until_done(call, receipts.len(), is_lapsed, delete).await
    }

    async fn delay_batch(&self, call: Call<'_>, delays: &[(String, Duration)]) -> Result<(), StoreError> {
        let change = |places: Vec<usize>| async move {
            let entries =
                places.into_iter().map(|place| delay_entry(place, &delays[place])).collect::<Result<_, _>>();
            let entries = entries.map_err(|error| call.because(error.to_string()))?;
            let change = self.sqs().change_message_visibility_batch().queue_url(call.name);
            let answer = change.set_entries(Some(entries)).send().await;
            answer.map(|answer| answer.failed).map_err(|error| call.failed(&error))
        };
        self.until_done(call, delays.len(), is_lapsed, change).await
    }

    /// Asks for all entries of a batch, and again for those that SQS failed to do: it answers 200 all the same. Those
    /// that failed with a code that `is_done` are done too.
    pub(super) async fn until_done<F>(
        &self,
        call: Call<'_>,
        entries: usize,
        is_done: fn(&str) -> bool,
        ask: impl Fn(Vec<usize>) -> F + Send + Sync,
    ) -> Result<(), StoreError>
    where
        F: Future<Output = Result<Vec<BatchResultErrorEntry>, StoreError>> + Send,
    {
        let mut retry = self.retry();
        let mut places: Vec<usize> = (0..entries).collect();
        loop {
            let mut failed = ask(places).await?;
            failed.retain(|entry| !is_done(&entry.code));
            let Some(first) = failed.first() else { return Ok(()) };
            let by_us = failed.iter().find(|entry| entry.sender_fault);
            if by_us.is_some() || !retry.wait().await {
                let entry = by_us.unwrap_or(first);
                return Err(call.refused(Some(&entry.code), &told(entry)));
            }
            tracing::warn!(
                queue = call.name,
                failed = failed.len(),
                code = first.code,
                "SQS did a part of a batch"
            );
            let place =
                |entry: &BatchResultErrorEntry| entry.id.parse().ok().filter(|place| *place < entries);
            let again: Option<Vec<usize>> = failed.iter().map(place).collect();
            places = again.ok_or_else(|| call.because("SQS failed an entry that it was not asked for"))?;
        }
    }

    pub(super) async fn attributes(
        &self,
        call: Call<'_>,
        url: &str,
        names: Vec<QueueAttributeName>,
    ) -> Result<HashMap<QueueAttributeName, String>, StoreError> {
        let get = self.sqs().get_queue_attributes().queue_url(url).set_attribute_names(Some(names));
        let answer = get.send().await.map_err(|error| call.failed(&error))?;
        Ok(answer.attributes.unwrap_or_default())
    }
}

/// Cuts messages into batches that SQS takes, in order: of ten entries and 1 MiB together. A group comes once in a
/// batch: of two, SQS could fail the first and take the second, which would then overtake it. That costs next to
/// nothing, because a poll reads each document once.
fn batches(messages: &[Outgoing]) -> Vec<&[Outgoing]> {
    let mut batches = Vec::with_capacity(messages.len() / BATCH + 1);
    let (mut begin, mut bytes) = (0, 0);
    for (place, message) in messages.iter().enumerate() {
        let batch = &messages[begin..place];
        let is_full = batch.len() == BATCH || bytes + message.body.len() > MAX_BODY_BYTES;
        if is_full || batch.iter().any(|other| other.group == message.group) {
            batches.push(batch);
            (begin, bytes) = (place, 0);
        }
        bytes += message.body.len();
    }
    batches.push(&messages[begin..]);
    batches.retain(|batch| !batch.is_empty());
    batches
}

fn send_entry(place: usize, message: &Outgoing) -> Result<SendMessageBatchRequestEntry, BuildError> {
    SendMessageBatchRequestEntry::builder()
        .id(place.to_string())
        .message_group_id(&message.group)
        .message_deduplication_id(&message.deduplication)
        .message_body(&message.body)
        .build()
}

fn delete_entry(place: usize, receipt: &str) -> Result<DeleteMessageBatchRequestEntry, BuildError> {
    DeleteMessageBatchRequestEntry::builder().id(place.to_string()).receipt_handle(receipt).build()
}

fn delay_entry(
    place: usize,
    (receipt, delay): &(String, Duration),
) -> Result<ChangeMessageVisibilityBatchRequestEntry, BuildError> {
    let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(place.to_string());
    entry.receipt_handle(receipt).visibility_timeout(seconds((*delay).min(MAX_VISIBILITY))).build()
}

/// Whether SQS says that a receipt is not that of the message's last receive, or of no message at all.
pub(super) fn is_lapsed(code: &str) -> bool {
    // SQS has several names for one error: `MessageNotInflight` is also `AWS.SimpleQueueService.MessageNotInflight`.
    let code = code.rsplit('.').next().unwrap_or(code).trim_end_matches("Exception");
    // A lapsed receipt of a FIFO queue is an `InvalidParameterValue`; no other parameter is at anybody's choice.
    matches!(code, "ReceiptHandleIsInvalid" | "InvalidParameterValue" | "MessageNotInflight")
}

fn told(entry: &BatchResultErrorEntry) -> String {
    format!("{}: {}", entry.code, entry.message.as_deref().unwrap_or("no message"))
}

/// A message of the queue at an address, whose last part is its name.
fn received(url: &str, message: Message) -> Received {
    let mut attributes = message.attributes.unwrap_or_default();
    let mut attribute = |name| attributes.remove(&name).unwrap_or_default();
    let sent_at = attribute(MessageSystemAttributeName::SentTimestamp).parse().ok();
    let sent_at = sent_at.and_then(DateTime::from_timestamp_millis);
    let number = attribute(MessageSystemAttributeName::SequenceNumber).parse().ok();
    let queue = url.rsplit('/').next().unwrap_or_default();
    let queue = queue.strip_suffix(".fifo").unwrap_or(queue);
    Received {
        id: message.message_id.unwrap_or_default(),
        receipt: message.receipt_handle.unwrap_or_default(),
        group: attribute(MessageSystemAttributeName::MessageGroupId),
        body: message.body.unwrap_or_default(),
        receive_count: attribute(MessageSystemAttributeName::ApproximateReceiveCount).parse().unwrap_or(1),
        sent_at: sent_at.unwrap_or_default(),
        place: number.map(|number| Place::new(queue, number).sent_at(sent_at)),
    }
}

/// Whole seconds, rounded up: what was to stay in flight stays there as long at least.
fn seconds(duration: Duration) -> i32 {
    let seconds = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    i32::try_from(seconds).unwrap_or(i32::MAX)
}

fn count(attributes: &HashMap<QueueAttributeName, String>, name: &QueueAttributeName) -> u64 {
    attributes.get(name).and_then(|count| count.parse().ok()).unwrap_or_default()
}
