//! What was delivered between two times.
//!
//! A document stands where it was delivered last. SQLite finds deliveries by their time; a stack reads its ledger through.

mod by_day;
mod by_value;

use chrono::{DateTime, Utc};
use relay_connector::{china, lenient};
use relay_core::Entry;
use relay_core::archive::{Event, Record};
use relay_reconcile::ledger::{came, sum_of_sent, sums_of_sent};
use relay_reconcile::sum::Content;
use serde::Serialize;

use crate::export::sheet;
use crate::language::Language;
use crate::times::shown;
use crate::{OperationError, Operations};

pub use by_day::{DaySum, Took};
pub use by_value::ValueSum;

/// So many entries are read of the ledger at once.
const PAGE: usize = 500;

/// Which deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Of this flow alone.
    pub flow: Option<String>,
    /// From then on.
    pub since: DateTime<Utc>,
    /// Until then.
    pub until: DateTime<Utc>,
    /// So many at most, the latest of them; `None`: all.
    pub limit: Option<usize>,
    /// Whether their amounts are wanted too: a read of the archive for each document.
    pub amounts: bool,
    /// Whether they are told apart by the values of this field: of the lines as they were sent, or of the document as it came (`shop_no`);
    /// with their amounts.
    pub by: Option<String>,
    /// How long they took is reckoned from this time of the document as it came (`pay_time`), and not from when it came.
    pub after: Option<String>,
    /// With this text in their key, their numbers or their content, such as a shop's or a product's code: of what is not found by
    /// its numbers the archive is read.
    pub grep: Option<String>,
}

/// A document that its target has.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Delivery {
    /// When it was delivered last.
    pub at: DateTime<Utc>,
    /// The flow.
    pub flow: String,
    /// Its key.
    pub key: String,
    /// Our number of it in the target.
    pub number: Option<String>,
    /// The target's id of it.
    pub target_id: Option<String>,
    /// The version that was delivered.
    pub version: Option<String>,
    /// When its source had handed it over, where that is known.
    pub came: Option<DateTime<Utc>>,
    /// What it came to as it was sent, where that was wanted and the archive has it.
    #[serde(flatten)]
    pub content: Option<Content>,
    /// What it came to by the values of the field by which documents are told apart.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<(String, Option<Content>)>,
    /// The time of the document from which it is reckoned how long it took, where one was named; `None` where it says none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<DateTime<Utc>>,
    /// Whether a time was named.
    #[serde(skip)]
    is_after: bool,
    #[serde(skip)]
    archive: Vec<String>,
}

/// Deliveries, the latest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Deliveries {
    /// They.
    pub delivered: Vec<Delivery>,
    /// Whether there are more than were wanted.
    pub has_more: bool,
}

impl Delivery {
    /// Of an entry whose document the target has: not of what was split, whose parts stand for themselves, nor of a part that was
    /// withdrawn before it came there.
    fn of(entry: Entry) -> Option<Self> {
        let there = entry.there().filter(|_| entry.divided.is_none())?.clone();
        let (flow, key, archive) = (entry.id.flow, entry.id.key, entry.archive);
        let relay_core::Delivered { at, number, target_id, version, received_at: came, .. } = there;
        let (content, by, after, is_after) = (None, Vec::new(), None, false);
        Some(Self { at, flow, key, number, target_id, version, came, content, by, after, is_after, archive })
    }

    /// How many seconds after it had come, or after the time that was named, it was delivered.
    #[must_use]
    pub fn took_s(&self) -> Option<u64> {
        let since = if self.is_after { self.after } else { self.came };
        since.map(|since| (self.at - since).to_std().unwrap_or_default().as_secs())
    }

    /// Whether the text stands in what the ledger tells of it.
    fn is_named(&self, text: &str) -> bool {
        let names = [Some(&self.key), self.number.as_ref(), self.target_id.as_ref()];
        names.into_iter().flatten().any(|name| holds(name, text))
    }
}

/// Whether the text stands in what came of a document, or in what was sent for it.
pub(crate) fn has_content(history: &[Record], text: &str) -> bool {
    history.iter().any(|record| match &record.event {
        Event::Received { document } => holds(document, text),
        Event::Called(call) => {
            holds(&call.body, text) || call.parameters.iter().any(|(_, value)| holds(value, text))
        }
        Event::Ended { .. } => false,
    })
}

/// Whether a text holds another, whichever their letters' case.
pub(crate) fn holds(text: &str, wanted: &str) -> bool {
    text.to_lowercase().contains(&wanted.to_lowercase())
}

impl Deliveries {
    /// As a file for Excel.
    ///
    /// # Errors
    /// A table that cannot be written.
    pub fn csv(&self, language: Language) -> Result<String, OperationError> {
        let columns = [
            language.says("时间", "time"),
            language.says("流程", "flow"),
            language.says("单据", "document"),
            language.says("单号", "number"),
            language.says("目标里的 id", "id in the target"),
            language.says("版本", "version"),
            language.says("收到", "came"),
            language.says("行数", "lines"),
            language.says("数量", "quantity"),
            language.says("金额", "amount"),
        ];
        let row = |delivery: &Delivery| {
            let or = |text: &Option<String>| text.clone().unwrap_or_default();
            let Delivery { at, flow, key, number, target_id, version, came, content, .. } = delivery;
            let sums = match content {
                Some(of) => {
                    [of.lines.to_string(), of.quantity.normalize().to_string(), of.amount.to_string()]
                }
                None => Default::default(),
            };
            let came = came.map(shown).unwrap_or_default();
            let cells = [shown(*at), flow.clone(), key.clone(), or(number), or(target_id), or(version), came];
            cells.into_iter().chain(sums).collect()
        };
        sheet(&columns, self.delivered.iter().map(row))
    }
}

impl Operations<'_> {
    /// Whether [`Operations::delivered`] reads the whole ledger through.
    ///
    /// # Errors
    /// A store that does not answer.
    pub async fn reads_ledger_through(&self) -> Result<bool, OperationError> {
        Ok(!self.stores.ledger.finds_by_time().await?)
    }

    /// What was delivered within a span, the latest first.
    ///
    /// # Errors
    /// A flow that nobody knows, a span that is none; a store that does not answer.
    pub async fn delivered(&self, wanted: &Wanted) -> Result<Deliveries, OperationError> {
        let Wanted { flow, since, until, limit, amounts, by, after, grep } = wanted;
        if let Some(flow) = flow {
            self.check_flow(flow).await?;
        }
        if since > until {
            return Err(OperationError::WrongTime("the span ends before it begins".to_owned()));
        }
        let ledger = &self.stores.ledger;
        let is_in_order = ledger.finds_by_time().await?;
        // One more, which tells that there are more.
        let most = limit.map_or(usize::MAX, |limit| limit.saturating_add(1));
        let (mut found, mut from) = (Vec::new(), None);
        loop {
            let page = if grep.is_some() { PAGE } else { PAGE.min(most) };
            let (entries, next) =
                ledger.delivered(flow.as_deref(), (*since, *until), from.as_deref(), page).await?;
            let deliveries = entries.into_iter().filter_map(Delivery::of);
            match grep {
                Some(text) => self.with_text(text, deliveries, &mut found).await?,
                None => found.extend(deliveries),
            }
            if !is_in_order {
                latest(&mut found, most);
            }
            from = next;
            if from.is_none() || (is_in_order && found.len() >= most) {
                break;
            }
        }
        latest(&mut found, most);
        let has_more = limit.is_some_and(|limit| found.len() > limit);
        found.truncate(limit.unwrap_or(usize::MAX));
        if *amounts || by.is_some() || after.is_some() {
            self.note_content(wanted, &mut found).await?;
        }
        Ok(Deliveries { delivered: found, has_more })
    }

    /// Finds those that have a text.
    async fn with_text(
        &self,
        text: &str,
        deliveries: impl Iterator<Item = Delivery>,
        found: &mut Vec<Delivery>,
    ) -> Result<(), OperationError> {
        for delivery in deliveries {
            if delivery.is_named(text) || has_content(&self.history_of(&delivery).await?, text) {
                found.push(delivery);
            }
        }
        Ok(())
    }

    async fn history_of(&self, delivery: &Delivery) -> Result<Vec<Record>, OperationError> {
        let id = relay_core::EntryId::new(&delivery.flow, &delivery.key);
        Ok(self.stores.archive.read(&id, &delivery.archive).await?)
    }

    /// Notes what each came to, and what else its history tells, of those whose calls are kept.
    async fn note_content(&self, wanted: &Wanted, found: &mut [Delivery]) -> Result<(), OperationError> {
        for delivery in found {
            delivery.is_after = wanted.after.is_some();
            let Some(routed) = self.flows.named(&delivery.flow) else { continue };
            let history = self.history_of(delivery).await?;
            let (number, document) =
                (delivery.number.as_deref().unwrap_or(&delivery.key), routed.flow.target().document);
            delivery.content = sum_of_sent(&history, document, number);
            if let Some(by) = &wanted.by {
                delivery.by = sums_of_sent(&history, document, number, by);
            }
            if let Some(after) = &wanted.after {
                let named = came(&history).and_then(|came| lenient::field(&came, after));
                delivery.after = named.and_then(|time| china::parse(&time)).map(|time| time.to_utc());
            }
        }
        Ok(())
    }
}

/// Leaves the latest of them, in their order.
fn latest(found: &mut Vec<Delivery>, most: usize) {
    found.sort_by(|one, other| (other.at, &other.flow, &other.key).cmp(&(one.at, &one.flow, &one.key)));
    found.truncate(most);
}
