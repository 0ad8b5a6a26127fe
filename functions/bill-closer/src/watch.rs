//! Tells the flows that read `relay.health` what has begun to need a person, and what is over.
//!
//! What stands, and what of it is still to be told, is one checkpoint: whoever writes a change there tells it, so that of
//! several processes one does, and a restart tells nothing anew. A crash before it was queued leaves it in the checkpoint,
//! where the next look finds it; queued twice it has the same number and content, and is delivered once.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use relay_connector::own::{self, AT, CAUSE, COUNT, LANGUAGE, LINK, SINCE, TOLD, VERSION, VERSION_KIND};
use relay_connector::{Role, china};
use relay_core::clock::Rng;
use relay_core::{Checkpoints, Intake, StoreError, System, VersionKind, WorkItem, codec};
use relay_job::conditions::Condition;
use relay_job::{Flows, Routed, Speech, work};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The checkpoint.
const NAME: &str = "watched";

/// What is known to stand, and what is to be told.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Watched {
    /// The number of the last that was told.
    told: u64,
    /// What stands, by its name.
    standing: BTreeMap<String, Begun>,
    /// Documents that the queue has perhaps not taken.
    untold: Vec<Value>,
}

/// What has begun, as it was told.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Begun {
    kind: String,
    of: String,
    since: DateTime<Utc>,
    message: String,
    action: String,
    link: Option<String>,
}

/// Looks at what stands, for the flows that want to know.
pub(crate) struct Watch<'a> {
    pub(crate) flows: &'a Flows,
    pub(crate) checkpoints: &'a dyn Checkpoints,
    pub(crate) intake: &'a Intake,
    pub(crate) rng: &'a dyn Rng,
    pub(crate) console: Option<&'a str>,
    pub(crate) speech: Speech,
    pub(crate) now: DateTime<Utc>,
}

/// Whether a flow reads what needs a person.
pub(crate) fn reads(routed: &Routed) -> bool {
    routed.flow.source().document.name == own::HEALTH
}

impl Watch<'_> {
    /// Tells what has changed since the last look; answers how many documents that were.
    pub(crate) async fn tell(&self, conditions: &[Condition]) -> Result<u64, StoreError> {
        let (mut watched, mut revision) = self.known().await?;
        if !watched.untold.is_empty() {
            self.queue(&watched.untold).await?;
            watched.untold.clear();
            if !self.write(&watched, revision).await? {
                return Ok(0);
            }
            (watched, revision) = self.known().await?;
        }
        let after = self.after(&watched, conditions);
        let begun = after.iter().filter(|(name, _)| !watched.standing.contains_key(*name));
        let ended = watched.standing.iter().filter(|(name, _)| !after.contains_key(*name));
        let changes = begun.map(|it| ("began", it)).chain(ended.map(|it| ("ended", it)));
        let documents: Vec<_> = changes
            .zip(watched.told + 1..)
            .map(|((state, it), number)| self.document(state, it, number))
            .collect();
        if documents.is_empty() {
            return Ok(0);
        }
        let told = documents.len() as u64;
        let mut next = Watched { told: watched.told + told, standing: after, untold: documents };
        // Whoever was first tells it.
        if !self.write(&next, revision).await? {
            return Ok(0);
        }
        self.queue(&next.untold).await?;
        let (_, revision) = self.known().await?;
        next.untold.clear();
        // Where another has looked meanwhile it has told them once more, which changes nothing.
        self.write(&next, revision).await?;
        Ok(told)
    }

    /// What stands now, each as it was when it began.
    fn after(&self, before: &Watched, conditions: &[Condition]) -> BTreeMap<String, Begun> {
        let begun = |condition: &Condition| Begun {
            kind: condition.kind.to_owned(),
            of: condition.of.clone(),
            since: condition.since.unwrap_or(self.now),
            message: condition.message.clone(),
            action: condition.action.clone(),
            link: self.console.map(|console| own::link(console, condition.page, &[])),
        };
        let entry = |condition: &Condition| {
            let name = format!("{}/{}", condition.kind, condition.of);
            let known = before.standing.get(&name).cloned();
            (name, known.unwrap_or_else(|| begun(condition)))
        };
        conditions.iter().map(entry).collect()
    }

    fn document(&self, state: &str, (name, begun): (&String, &Begun), number: u64) -> Value {
        let Begun { kind, of, since, message, action, link } = begun;
        let mut document = json!({
            "condition": name, VERSION: number.to_string(), VERSION_KIND: VersionKind::Integer, "state": state,
            "kind": kind, "of": of, "message": message, "action": action,
            TOLD: (self.speech.words)(message), LANGUAGE: self.speech.language, CAUSE: format!("{name} {state}"),
            COUNT: 1, SINCE: china::format(*since), AT: china::format(self.now),
        });
        if let (Some(fields), Some(link)) = (document.as_object_mut(), link) {
            fields.insert(LINK.to_owned(), json!(link));
        }
        document
    }

    async fn queue(&self, documents: &[Value]) -> Result<(), StoreError> {
        let mut items = BTreeMap::<System, Vec<WorkItem>>::new();
        for routed in self.flows.with_source(Role::Own).filter(|routed| reads(routed)) {
            for document in documents {
                // What a filter cannot judge is queued: the pusher records it as failed, so it is not lost.
                if routed.flow.admits(document).unwrap_or(true) {
                    let mut item = work::item(&routed.flow, document.clone(), false, self.now, self.rng);
                    // Told twice it is counted once.
                    item.trace =
                        format!("{}/{}", routed.flow.name(), document[VERSION].as_str().unwrap_or_default());
                    items.entry(routed.system).or_default().push(item);
                }
            }
        }
        let items: Vec<_> = items.iter().map(|(system, items)| (*system, items.as_slice())).collect();
        if !items.is_empty() {
            self.intake.take_all(&items).await?;
        }
        Ok(())
    }

    async fn known(&self) -> Result<(Watched, Option<u64>), StoreError> {
        let Some(checkpoint) = self.checkpoints.get(NAME).await? else { return Ok(Default::default()) };
        // What another version has written in another form is begun anew.
        let text = codec::unpack(&checkpoint.value).unwrap_or_default();
        Ok((serde_json::from_str(&text).unwrap_or_default(), Some(checkpoint.revision)))
    }

    async fn write(&self, watched: &Watched, revision: Option<u64>) -> Result<bool, StoreError> {
        self.checkpoints.put(NAME, &codec::pack(json!(watched).to_string()), revision, None).await
    }
}
