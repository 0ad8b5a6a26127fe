//! What happened between two times, turn by turn: what came, was delivered, skipped, failed, and which calls were made.
//!
//! SQLite finds histories by their time. A stack finds them through its ledger, which is read through. What a flow's filter leaves out
//! as its source is read is kept nowhere: a reconciliation tells it.

mod causes;
mod sums;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use relay_core::archive::{Event, Exchange, Record};
use relay_core::{Entry, EntryId};
use serde::Serialize;

use crate::delivered::{has_content, holds};
use crate::export::sheet;
use crate::language::Language;
use crate::times::shown;
use crate::{OperationError, Operations};

pub use causes::{Cause, Causes};
pub use sums::{CallSum, OutcomeSum};

/// So many histories are read at once.
const PAGE: usize = 200;

/// Which turns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Of this flow alone.
    pub flow: Option<String>,
    /// From then on.
    pub since: DateTime<Utc>,
    /// Until then.
    pub until: DateTime<Utc>,
    /// That ended so: `delivered`, `skipped`, `failed`…
    pub outcome: Option<String>,
    /// With a call to this vendor within the span.
    pub vendor: Option<String>,
    /// With this text in their key, their reason, or in what came and was sent.
    pub grep: Option<String>,
    /// So many at most, the latest of them; `None`: all.
    pub limit: Option<usize>,
}

/// A turn of one version of a document.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Turn {
    /// When it ended.
    pub at: DateTime<Utc>,
    /// When its source had handed it over, where this was its first turn.
    pub came: Option<DateTime<Utc>>,
    /// The flow.
    pub flow: String,
    /// The document's key.
    pub key: String,
    /// Its version.
    pub version: Option<String>,
    /// How it ended; `None` where that was not recorded.
    pub outcome: Option<String>,
    /// Why, where that says something.
    pub message: Option<String>,
    /// Which attempt it was.
    pub attempt: Option<u32>,
    /// The calls that were made for it.
    pub calls: Vec<Called>,
    /// The document as it came, where this was its first turn.
    #[serde(skip)]
    pub(crate) document: Option<String>,
}

/// A call to a vendor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Called {
    /// When it began.
    pub at: DateTime<Utc>,
    /// The vendor.
    pub vendor: String,
    /// The operation, in the vendor's spelling.
    pub operation: String,
    /// How long it took.
    pub duration_ms: u64,
    /// Whether an answer came.
    pub is_answered: bool,
}

/// Turns, the latest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Turns {
    /// They.
    pub turns: Vec<Turn>,
    /// Whether there are more than were wanted.
    pub has_more: bool,
}

impl Called {
    fn of(at: DateTime<Utc>, Exchange { vendor, operation, duration, answer, .. }: &Exchange) -> Self {
        Self {
            at,
            vendor: vendor.clone(),
            operation: operation.clone(),
            duration_ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            is_answered: answer.is_ok(),
        }
    }
}

impl Turn {
    fn of(records: &[Record]) -> Option<Self> {
        let last = records.last()?;
        let mut turn = Self {
            at: last.at,
            came: None,
            flow: last.id.flow.clone(),
            key: last.id.key.clone(),
            version: last.version.clone(),
            outcome: None,
            message: None,
            attempt: None,
            calls: Vec::new(),
            document: None,
        };
        for record in records {
            match &record.event {
                Event::Received { document } => {
                    (turn.came, turn.document) = (Some(record.at), Some(document.clone()));
                }
                Event::Called(call) => turn.calls.push(Called::of(record.at, call)),
                Event::Ended { outcome, message, attempt } => {
                    turn.outcome = Some(outcome.clone());
                    (turn.message, turn.attempt) = (message.clone(), Some(*attempt));
                }
            }
        }
        Some(turn)
    }
}

impl Asked {
    /// The turns of a history that are wanted, the latest first.
    fn turns(&self, history: &[Record]) -> Vec<Turn> {
        // Each turn ends with how it ended.
        let turns = history.split_inclusive(|record| matches!(record.event, Event::Ended { .. }));
        turns
            .rev()
            .filter(|records| self.takes_text(records))
            .filter_map(Turn::of)
            .filter(|it| self.takes(it))
            .collect()
    }

    fn takes(&self, turn: &Turn) -> bool {
        let is_of_flow = self.flow.as_ref().is_none_or(|flow| turn.flow == *flow);
        let ended_so = self.outcome.as_ref().is_none_or(|wanted| turn.outcome.as_ref() == Some(wanted));
        let is_within = |at: DateTime<Utc>| self.since <= at && at <= self.until;
        // A call is told with the turn that it was made in, which may have ended later.
        let is_in_time = match &self.vendor {
            Some(vendor) => turn.calls.iter().any(|call| call.vendor == *vendor && is_within(call.at)),
            None => is_within(turn.at),
        };
        is_of_flow && ended_so && is_in_time
    }

    fn takes_text(&self, records: &[Record]) -> bool {
        let Some(text) = &self.grep else { return true };
        let is_named = |record: &Record| match &record.event {
            Event::Ended { message: Some(message), .. } => holds(message, text),
            _ => holds(&record.id.key, text),
        };
        records.iter().any(is_named) || has_content(records, text)
    }
}

impl Operations<'_> {
    /// What happened within a span, the latest first.
    ///
    /// # Errors
    /// A flow that nobody knows, a span that is none; a store that does not answer.
    pub async fn happened(&self, asked: &Asked) -> Result<Turns, OperationError> {
        if let Some(flow) = &asked.flow {
            self.check_flow(flow).await?;
        }
        if let Some(vendor) = &asked.vendor {
            self.check_vendor(vendor)?;
        }
        if asked.since > asked.until {
            return Err(OperationError::WrongTime("the span ends before it begins".to_owned()));
        }
        // One more, which tells that there are more.
        let most = asked.limit.map_or(usize::MAX, |limit| limit.saturating_add(1));
        let (mut turns, mut from) = (Vec::new(), None);
        loop {
            // A history that ended after the span may hold a turn within it.
            let span = (asked.since, asked.until.max(self.clock.now()));
            let page =
                self.stores.archive.between(asked.flow.as_deref(), span, from.as_deref(), PAGE).await?;
            let Some((histories, next)) = page else {
                turns = self.through_ledger(asked).await?;
                break;
            };
            turns.extend(histories.iter().flat_map(|history| asked.turns(history)));
            from = next;
            if from.is_none() || turns.len() >= most {
                break;
            }
        }
        turns.sort_by(|one, other| (other.at, &other.flow, &other.key).cmp(&(one.at, &one.flow, &one.key)));
        let has_more = asked.limit.is_some_and(|limit| turns.len() > limit);
        turns.truncate(asked.limit.unwrap_or(usize::MAX));
        Ok(Turns { turns, has_more })
    }

    /// The turns of the documents that the ledger knows, those too that a person has settled: they have neither failed nor arrived.
    async fn through_ledger(&self, asked: &Asked) -> Result<Vec<Turn>, OperationError> {
        let (mut turns, mut from) = (Vec::new(), None);
        loop {
            let (entries, next) =
                self.stores.ledger.list(asked.flow.as_deref(), from.as_deref(), PAGE).await?;
            for entry in &entries {
                turns.extend(self.turns_of(asked, entry).await?);
            }
            from = next;
            if from.is_none() {
                return Ok(turns);
            }
        }
    }

    async fn turns_of(&self, asked: &Asked, entry: &Entry) -> Result<Vec<Turn>, OperationError> {
        let archive = self.stores.archive.as_ref();
        // A batch that begins before midnight may end after it.
        let first: NaiveDate = (asked.since - TimeDelta::hours(1)).date_naive();
        let days = first..=asked.until.date_naive();
        let may_hold = |location: &&String| archive.day_of(location).is_none_or(|day| days.contains(&day));
        let locations: Vec<_> = entry.archive.iter().filter(may_hold).cloned().collect();
        if locations.is_empty() {
            return Ok(Vec::new());
        }
        let id: &EntryId = &entry.id;
        Ok(asked.turns(&archive.read(id, &locations).await?))
    }
}

impl Turns {
    /// As a file for Excel.
    ///
    /// # Errors
    /// A table that cannot be written.
    pub fn csv(&self, language: Language) -> Result<String, OperationError> {
        let columns = [
            language.says("时间", "time"),
            language.says("流程", "flow"),
            language.says("单据", "document"),
            language.says("版本", "version"),
            language.says("收到", "came"),
            language.says("结果", "ended"),
            language.says("原因", "why"),
            language.says("第几次", "attempt"),
            language.says("调用", "calls"),
        ];
        let row = |turn: &Turn| {
            let or = |text: &Option<String>| text.clone().unwrap_or_default();
            let message = turn.message.as_deref().map(|message| language.words(message).into_owned());
            let calls = turn.calls.iter().map(Called::told).collect::<Vec<_>>().join("; ");
            vec![
                shown(turn.at),
                turn.flow.clone(),
                turn.key.clone(),
                or(&turn.version),
                turn.came.map(shown).unwrap_or_default(),
                or(&turn.outcome),
                message.unwrap_or_default(),
                turn.attempt.map(|attempt| attempt.to_string()).unwrap_or_default(),
                calls,
            ]
        };
        sheet(&columns, self.turns.iter().map(row))
    }
}

impl Called {
    /// `kingdee /sal_order_save 310 ms`, and whether no answer came.
    #[must_use]
    pub fn told(&self) -> String {
        let Self { vendor, operation, duration_ms, is_answered, .. } = self;
        let lost = if *is_answered { "" } else { " ✗" };
        format!("{vendor} {operation} {duration_ms} ms{lost}")
    }
}
