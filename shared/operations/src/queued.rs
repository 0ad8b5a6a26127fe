//! Documents that wait in a queue: nothing else may know of them yet.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use relay_core::not_yet::{self, NotYet};
use relay_core::queue::{Seen, Sought};
use relay_core::{EntryId, System, WorkItem};
use serde::Serialize;

use crate::dead_letters::Says;
use crate::language::{Language, Said};
use crate::status::waits_until;
use crate::times::shown;
use crate::{OperationError, Operations, both};

/// A version of a document that waits in a queue, or lies in its dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Queued {
    /// The queue.
    pub system: System,
    /// The version.
    pub version: Option<String>,
    /// When it was sent there.
    pub since: DateTime<Utc>,
    /// How often it has been received; 0 where its first turn has not come.
    pub receive_count: u32,
    /// Until when it is worked, or put away; `None` while it waits to be received.
    pub in_flight_until: Option<DateTime<Utc>>,
    /// What it waits for, where its target takes the documents of its flow at another time.
    pub not_yet: Option<NotYet>,
    /// How many messages of the queue were sent before it and are not done.
    pub before: Option<u64>,
    /// Whether it was received too often, and waits for a person (`relay dead`).
    pub is_dead: bool,
}

/// A queue that nobody can look into, which may hold what is looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unseen {
    /// The queue.
    pub system: System,
    /// Messages that wait to be received.
    pub waiting: u64,
    /// Messages that are being worked, or are put away.
    pub in_flight: u64,
}

impl Unseen {
    /// That it may be there, for people.
    #[must_use]
    pub fn said(&self) -> Said {
        let Self { system, waiting, in_flight } = self;
        both!(
            "{system} 的队列里有 {waiting} 条在等、{in_flight} 条在途,它可能是其中之一:SQS 不让人看里面是什么",
            "it may be one of the {waiting} that wait and the {in_flight} in flight in the queue of {system}: SQS shows nobody what it holds"
        )
    }
}

/// What queues hold of a number.
#[derive(Debug, Default)]
pub(crate) struct InQueues {
    /// Documents, with what waits of each.
    pub(crate) documents: BTreeMap<EntryId, Vec<Queued>>,
    /// Queues that hold something and cannot be looked into.
    pub(crate) unseen: Vec<Unseen>,
}

impl Queued {
    pub(crate) fn of(system: System, version: Option<String>, seen: &Seen) -> Self {
        Self {
            system,
            version,
            since: seen.sent_at,
            receive_count: seen.receive_count,
            in_flight_until: seen.in_flight_until,
            not_yet: None,
            before: Some(seen.before),
            is_dead: false,
        }
    }

    /// Where it is and since when, for people.
    #[must_use]
    pub fn said(&self) -> Said {
        let Self { system, since, receive_count, before, .. } = self;
        let since = shown(*since);
        let version = self.version.as_deref().map_or_else(
            || Said::new("", "a version"),
            |version| both!("版本 {version} ", "version {version}"),
        );
        let stands = match (self.is_dead, self.in_flight_until, receive_count) {
            (true, ..) => both!(
                "是 {system} 的死信,{since} 入队,取出过 {receive_count} 次:`relay dead`",
                "is a dead letter of {system}, sent {since}, received {receive_count} times: `relay dead`"
            ),
            (_, _, count) if let Some(not_yet) = &self.not_yet => {
                let waits = waits_until(not_yet);
                Said::new(
                    format!(
                        "从 {since} 起在 {system} 的队列里,取出过 {count} 次:{}",
                        waits.told(Language::Chinese)
                    ),
                    format!("is in the queue of {system} since {since}, received {count} times: {waits}"),
                )
            }
            (_, Some(until), count) => {
                let until = shown(until);
                both!(
                    "从 {since} 起在 {system} 的队列里,取出过 {count} 次:正在处理,或最晚等到 {until}",
                    "is in the queue of {system} since {since}, received {count} times: it is worked, or waits until {until} at the latest"
                )
            }
            (_, None, count) => {
                let before = before.unwrap_or_default();
                let turn = if *count == 0 { "first" } else { "next" };
                let turns = if *count == 0 { "第一次" } else { "下一次" };
                both!(
                    "从 {since} 起在 {system} 的队列里等{turns}处理,前面还有 {before} 条",
                    "waits in the queue of {system} since {since} for its {turn} turn, behind {before} others"
                )
            }
        };
        Said::new(
            format!("{}{}", version.told(Language::Chinese), stands.told(Language::Chinese)),
            format!("{} {}", version.told(Language::English), stands.told(Language::English)),
        )
    }
}

impl Operations<'_> {
    /// What waits of a document, sent first at the beginning; nothing where its queue cannot be looked into.
    pub(crate) async fn queued(&self, flow: &str, key: &str) -> Result<Vec<Queued>, OperationError> {
        let Some(routed) = self.flows.named(flow) else { return Ok(Vec::new()) };
        let group = WorkItem::group_of(flow, key);
        let seen = self.stores.queue.seek(routed.system, Sought::Group(&group)).await?.unwrap_or_default();
        let version = |seen: &Seen| WorkItem::decode(&seen.body).ok().and_then(|item| item.version);
        let not_yet = self.not_yet(flow).await?;
        let queued = |seen: &Seen| Queued {
            not_yet: not_yet.clone(),
            ..Queued::of(routed.system, version(seen), seen)
        };
        Ok(seen.iter().map(queued).collect())
    }

    pub(crate) async fn not_yet(&self, flow: &str) -> Result<Option<NotYet>, OperationError> {
        Ok(not_yet::read(self.stores.checkpoints.as_ref(), flow, self.clock.now()).await?)
    }

    /// What queues and dead-letter queues hold of a number: as a key, or in a document.
    pub(crate) async fn in_queues(
        &self,
        number: &str,
        flows: &BTreeSet<String>,
    ) -> Result<InQueues, OperationError> {
        let mut found = InQueues::default();
        let has_it = |item: &WorkItem| flows.contains(&item.flow) && self.has_number(item, number);
        // As it stands in JSON.
        let text = serde_json::json!(number).to_string();
        let text = text.trim_matches('"');
        for system in self.targets() {
            match self.stores.queue.seek(system, Sought::Text(text)).await? {
                Some(seen) => {
                    for seen in seen {
                        let Ok(item) = WorkItem::decode(&seen.body) else { continue };
                        if has_it(&item) {
                            let not_yet = self.not_yet(&item.flow).await?;
                            let queued = Queued { not_yet, ..Queued::of(system, item.version, &seen) };
                            found
                                .documents
                                .entry(EntryId::new(item.flow, item.key))
                                .or_default()
                                .push(queued);
                        }
                    }
                }
                None => {
                    let depth = self.stores.queue.depth(system).await?;
                    let (waiting, in_flight) = (depth.waiting, depth.in_flight);
                    if waiting + in_flight > 0 {
                        found.unseen.push(Unseen { system, waiting, in_flight });
                    }
                }
            }
        }
        self.dead_ones(flows, number, &mut found).await?;
        Ok(found)
    }

    async fn dead_ones(
        &self,
        flows: &BTreeSet<String>,
        number: &str,
        found: &mut InQueues,
    ) -> Result<(), OperationError> {
        for system in self.targets() {
            if self.stores.queue.dead(system).await? == 0 {
                continue;
            }
            for letter in self.dead_letters_of(system).await? {
                let Says::Item { flow, key, version, .. } = letter.says else { continue };
                if flows.contains(&flow) && key == number {
                    let queued = Queued {
                        system,
                        version,
                        since: letter.sent_at,
                        receive_count: letter.receive_count,
                        in_flight_until: None,
                        not_yet: None,
                        before: None,
                        is_dead: true,
                    };
                    found.documents.entry(EntryId::new(flow, key)).or_default().push(queued);
                }
            }
        }
        Ok(())
    }

    /// Whether a number is the document's key, or one that it is found by.
    fn has_number(&self, item: &WorkItem, number: &str) -> bool {
        let of_document = || {
            let routed = self.flows.named(&item.flow)?;
            Some(routed.flow.source().document.numbers_in(&item.document))
        };
        item.key == number || of_document().is_some_and(|numbers| numbers.iter().any(|known| known == number))
    }
}
