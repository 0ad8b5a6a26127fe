//! What a flow has been given of a list: by it the next reading tells which rows are new.
//!
//! A snapshot has short hashes: of each row's key, and of the content that the flow was given last. **What is stored never
//! says that a row was given in a content that may not be the last**: a row is forgotten before its other content is queued,
//! and remembered after the queue has it. A run that is killed in between repeats rows, which the ledger drops; without the
//! forgetting, a row that goes back to what it was in that moment would be taken for known.
//!
//! A reading that takes more than one run says which rows it has shown, and which page comes next.
//!
//! It is stored in parts of so many rows, because DynamoDB takes no item over 400 KB. Parts that are half written are a
//! mixture of two such snapshots, and so such a snapshot too.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use relay_core::item::content_hash;
use relay_core::{Checkpoints, Lease, WorkItem};
use relay_job::snapshot::{Head, Unfinished, head_name, part_name};
use serde_json::Value;

/// Digits of a hash: 64 bits, which tell the rows of a list apart, and the contents of one row.
const HASH: usize = 16;

/// Rows of one part, with commas between: 272 KB at most.
const ROWS_OF_A_PART: usize = 8_000;

/// Marks a row that the unfinished reading has shown.
const SHOWN: char = '+';

/// What the flow was given of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row {
    content: u64,
    /// Whether the reading has shown it.
    is_shown: bool,
}

/// Rows by their keys.
type Rows = BTreeMap<u64, Row>;

/// What a flow has been given of a list.
pub(crate) struct Snapshot<'a> {
    checkpoints: &'a dyn Checkpoints,
    flow: String,
    /// What the flow has been given once all that is new is queued.
    rows: Rows,
    /// What the store has now.
    stored: Rows,
    /// The rows that the flow is given anew, and of which the store says something else.
    changed: BTreeSet<u64>,
    head: Head,
    head_revision: Option<u64>,
    /// The text of each part that was ever written, and its revision.
    parts: Vec<(String, Option<u64>)>,
}

impl<'a> Snapshot<'a> {
    /// Reads a flow's snapshot; the empty one where it has none.
    pub(crate) async fn load(checkpoints: &'a dyn Checkpoints, flow: &str) -> anyhow::Result<Self> {
        let mut snapshot = Self {
            checkpoints,
            flow: flow.to_owned(),
            rows: Rows::new(),
            stored: Rows::new(),
            changed: BTreeSet::new(),
            head: Head::default(),
            head_revision: None,
            parts: Vec::new(),
        };
        let name = head_name(flow);
        let Some(checkpoint) = checkpoints.get(&name).await? else { return Ok(snapshot) };
        snapshot.head = serde_json::from_str(&checkpoint.value)
            .with_context(|| format!("the checkpoint {name} is no snapshot: `{}`", checkpoint.value))?;
        snapshot.head_revision = Some(checkpoint.revision);
        for part in 0..snapshot.head.parts {
            snapshot.part(part).await?;
        }
        // What is not read so was written by an earlier program: the row is given once more, and the ledger drops it.
        let rows = snapshot.parts.iter().flat_map(|(text, _)| text.split(',')).filter_map(read);
        snapshot.rows = rows.collect();
        snapshot.stored.clone_from(&snapshot.rows);
        Ok(snapshot)
    }

    /// When the list was read last.
    pub(crate) fn read_at(&self) -> Option<DateTime<Utc>> {
        self.head.read_at
    }

    /// The reading that a run has not come to the end of.
    pub(crate) fn unfinished(&self) -> Option<Unfinished> {
        self.head.unfinished
    }

    /// A reading begins anew: it has shown nothing.
    pub(crate) fn begin(&mut self) {
        self.rows.values_mut().for_each(|row| row.is_shown = false);
    }

    /// Notes that the reading shows a row, and says whether that is news to the flow.
    pub(crate) fn is_news(&mut self, item: &WorkItem) -> bool {
        let key = hash(&content_hash(&Value::from(item.key.as_str())));
        let row = Row { content: hash(&item.content_id()), is_shown: true };
        let is_news = self.rows.insert(key, row).is_none_or(|before| before.content != row.content);
        if is_news && self.stored.contains_key(&key) {
            self.changed.insert(key);
        }
        is_news
    }

    /// Forgets in the store what has changed: to be done before that is queued.
    pub(crate) async fn forget_changed(&mut self, lease: Option<&Lease>) -> anyhow::Result<()> {
        if self.changed.is_empty() {
            return Ok(());
        }
        let changed = std::mem::take(&mut self.changed);
        let mut kept = self.stored.clone();
        kept.retain(|key, _| !changed.contains(key));
        self.write(kept, lease).await
    }

    /// Notes that the queue has all rows of a reading that began then. A row that it has not shown is forgotten.
    pub(crate) async fn finish(
        &mut self,
        read_at: DateTime<Utc>,
        lease: Option<&Lease>,
    ) -> anyhow::Result<()> {
        self.rows.retain(|_, row| row.is_shown);
        self.begin();
        self.save(Head { read_at: Some(read_at), parts: 0, unfinished: None }, lease).await
    }

    /// Notes that the queue has what the reading has shown so far, and where it goes on.
    pub(crate) async fn interrupt(
        &mut self,
        unfinished: Unfinished,
        lease: Option<&Lease>,
    ) -> anyhow::Result<()> {
        self.save(Head { unfinished: Some(unfinished), ..self.head.clone() }, lease).await
    }

    /// The parts first: a head never counts parts that are not there.
    async fn save(&mut self, head: Head, lease: Option<&Lease>) -> anyhow::Result<()> {
        let rows = self.rows.clone();
        let head = Head { parts: rows.len().div_ceil(ROWS_OF_A_PART), ..head };
        self.write(rows, lease).await?;
        let (name, value) = (head_name(&self.flow), serde_json::to_string(&head)?);
        self.head_revision = Some(self.put(&name, &value, self.head_revision, lease).await?);
        self.head = head;
        Ok(())
    }

    /// Writes the parts whose text is another.
    async fn write(&mut self, rows: Rows, lease: Option<&Lease>) -> anyhow::Result<()> {
        let all: Vec<_> = rows.iter().map(written).collect();
        let texts: Vec<_> = all.chunks(ROWS_OF_A_PART).map(|part| part.join(",")).collect();
        for place in 0..texts.len().max(self.parts.len()) {
            let text = texts.get(place).map_or("", String::as_str);
            if self.parts.len() == place {
                self.part(place).await?;
            }
            let Some((before, revision)) = self.parts.get(place) else { break };
            if before == text {
                continue;
            }
            let revision = self.put(&part_name(&self.flow, place), text, *revision, lease).await?;
            if let Some(part) = self.parts.get_mut(place) {
                *part = (text.to_owned(), Some(revision));
            }
        }
        self.stored = rows;
        Ok(())
    }

    /// Reads the part behind those that were read: one that the head does not count may be left of a longer list.
    async fn part(&mut self, part: usize) -> anyhow::Result<()> {
        let checkpoint = self.checkpoints.get(&part_name(&self.flow, part)).await?;
        self.parts
            .push(checkpoint.map_or((String::new(), None), |found| (found.value, Some(found.revision))));
        Ok(())
    }

    async fn put(
        &self,
        name: &str,
        value: &str,
        revision: Option<u64>,
        lease: Option<&Lease>,
    ) -> anyhow::Result<u64> {
        let is_ours = self.checkpoints.put(name, value, revision, lease).await?;
        anyhow::ensure!(is_ours, "another run has read this list for this flow: this one stops");
        Ok(revision.unwrap_or(0) + 1)
    }
}

/// The beginning of a hash.
fn hash(digits: &str) -> u64 {
    digits.get(..HASH).and_then(|digits| u64::from_str_radix(digits, 16).ok()).unwrap_or_default()
}

fn written((key, row): (&u64, &Row)) -> String {
    let shown = if row.is_shown { SHOWN.to_string() } else { String::new() };
    format!("{key:016x}{:016x}{shown}", row.content)
}

fn read(text: &str) -> Option<(u64, Row)> {
    let (digits, is_shown) = text.strip_suffix(SHOWN).map_or((text, false), |digits| (digits, true));
    let (key, content) = digits.split_at_checked(HASH).filter(|(_, content)| content.len() == HASH)?;
    let content = u64::from_str_radix(content, 16).ok()?;
    Some((u64::from_str_radix(key, 16).ok()?, Row { content, is_shown }))
}
