//! What a flow has been given of a list: by it the next reading tells which rows are new.
//!
//! A snapshot is a set of short ids, each of a row's key and content. **It never holds a row that the target may not be
//! given again**: what has changed or gone is forgotten before anything is queued, what is new is remembered after the queue
//! has it. A run that is killed in between repeats rows, which the ledger drops; without the forgetting, a row that goes
//! back to what it was in that moment would be taken for known.
//!
//! It is stored in parts of so many ids, because DynamoDB takes no item over 400 KB. Parts that are half written are a
//! mixture of two such sets, and so such a set too.

use std::collections::BTreeSet;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use relay_core::{Checkpoints, Lease};
use relay_job::snapshot::{Head, head_name, part_name};

/// Of a hash in hexadecimal digits: 96 bits, which no two rows of a list share by chance.
const ID: usize = 24;

/// Ids of one part, with commas between: 250 KB.
const IDS_OF_A_PART: usize = 10_000;

/// What a flow has been given of a list.
pub(crate) struct Snapshot<'a> {
    checkpoints: &'a dyn Checkpoints,
    flow: String,
    /// What it was when the run began.
    known: BTreeSet<String>,
    /// What the store has now.
    stored: BTreeSet<String>,
    head: Option<Head>,
    head_revision: Option<u64>,
    /// The text of each part that was ever written, and its revision.
    parts: Vec<(String, Option<u64>)>,
}

/// The id of a row, by its content.
pub(crate) fn id(content_id: &str) -> &str {
    content_id.get(..ID).unwrap_or(content_id)
}

impl<'a> Snapshot<'a> {
    /// Reads a flow's snapshot; the empty one where it has none.
    pub(crate) async fn load(checkpoints: &'a dyn Checkpoints, flow: &str) -> anyhow::Result<Self> {
        let mut snapshot = Self {
            checkpoints,
            flow: flow.to_owned(),
            known: BTreeSet::new(),
            stored: BTreeSet::new(),
            head: None,
            head_revision: None,
            parts: Vec::new(),
        };
        let name = head_name(flow);
        let Some(checkpoint) = checkpoints.get(&name).await? else { return Ok(snapshot) };
        let head: Head = serde_json::from_str(&checkpoint.value)
            .with_context(|| format!("the checkpoint {name} is no snapshot: `{}`", checkpoint.value))?;
        for part in 0..head.parts {
            snapshot.part(part).await?;
        }
        (snapshot.head, snapshot.head_revision) = (Some(head), Some(checkpoint.revision));
        let texts = snapshot.parts.iter().map(|(text, _)| text);
        snapshot.known = texts.flat_map(|text| text.split(',')).map(str::to_owned).collect();
        snapshot.known.remove("");
        snapshot.stored.clone_from(&snapshot.known);
        Ok(snapshot)
    }

    /// When the list was read last.
    pub(crate) fn read_at(&self) -> Option<DateTime<Utc>> {
        self.head.as_ref().map(|head| head.read_at)
    }

    /// Whether the flow was given that row before this run.
    pub(crate) fn knows(&self, id: &str) -> bool {
        self.known.contains(id)
    }

    /// Forgets what is not to be kept, in the store.
    pub(crate) async fn forget_but(
        &mut self,
        is_kept: impl Fn(&str) -> bool,
        lease: Option<&Lease>,
    ) -> anyhow::Result<()> {
        let kept: BTreeSet<_> = self.stored.iter().filter(|id| is_kept(id)).cloned().collect();
        if kept.len() < self.stored.len() {
            self.write(kept, lease).await?;
        }
        Ok(())
    }

    /// Notes that the queue has all of these rows, of a reading that began then.
    pub(crate) async fn remember(
        &mut self,
        ids: BTreeSet<String>,
        read_at: DateTime<Utc>,
        lease: Option<&Lease>,
    ) -> anyhow::Result<()> {
        let parts = ids.len().div_ceil(IDS_OF_A_PART);
        self.write(ids, lease).await?;
        let head = Head { read_at, parts };
        let (name, value) = (head_name(&self.flow), serde_json::to_string(&head)?);
        self.head_revision = Some(self.put(&name, &value, self.head_revision, lease).await?);
        self.head = Some(head);
        Ok(())
    }

    /// Writes the parts whose text is another.
    async fn write(&mut self, ids: BTreeSet<String>, lease: Option<&Lease>) -> anyhow::Result<()> {
        let all: Vec<_> = ids.iter().map(String::as_str).collect();
        let texts: Vec<_> = all.chunks(IDS_OF_A_PART).map(|part| part.join(",")).collect();
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
        self.stored = ids;
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
