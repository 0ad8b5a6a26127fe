//! Failures whose document a person has meanwhile made in the target: they are found there by our number, and closed.
//!
//! Only what is proven is closed: the target can be asked, the number can be told although the document cannot be mapped as a
//! whole, and nothing of ours can be what is found there.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{NaiveDate, TimeDelta};
use relay_connector::quota::at_most;
use relay_connector::{Delivery, Found, Use, lenient};
use relay_core::clock::Deadline;
use relay_core::{Action, Entry, EntryId, StoreError, ledger};
use relay_job::Routed;
use relay_mapping::Context;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Reconciler, days};

/// Who has settled what was found.
pub const BY: &str = "relay";

/// So many documents that failed are asked for in a day.
pub const CALLS: &str = "RELAY_RECHECK_CALLS";

/// How long a target has for an answer, a permit of its quota included.
const PATIENCE: Duration = Duration::from_secs(30);

/// The checkpoint that says whose turn it is, where all are asked for by and by.
const TURN: &str = "rechecked";

/// The hour in China from which on a day has its turn: what was compared in the night comes first.
const HOUR: i64 = 5;

#[derive(Debug, Default, Serialize, Deserialize)]
struct Turn {
    /// The day that has had its turn.
    day: Option<NaiveDate>,
    /// The last that was asked for.
    after: Option<EntryId>,
}

/// What a re-check has come to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Rechecked {
    /// Those that were found in the target, with their numbers there, and closed.
    pub closed: Vec<Closed>,
    /// Those that are not there: they stay.
    pub missing: u64,
    /// Those of which it cannot be told: they stay.
    pub unproven: u64,
}

/// A failure that was closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Closed {
    /// The document.
    #[serde(flatten)]
    pub id: EntryId,
    /// Our number of it.
    pub number: String,
    /// The target's id of it.
    pub target_id: String,
}

impl Reconciler<'_> {
    /// Asks the targets once a day for what failed, at most `most` documents, with the last priority: goes on each day where it stood
    /// the day before, so that all have their turn. `None` where today's turn was had.
    ///
    /// # Errors
    /// A store that does not answer.
    pub async fn recheck_daily(&self, most: usize) -> Result<Option<Rechecked>, StoreError> {
        let checkpoints = self.stores.checkpoints.as_ref();
        let (mut turn, revision) = self.turn().await?;
        let today = days::of(self.clock.now() - TimeDelta::hours(HOUR));
        if turn.day == Some(today) {
            return Ok(None);
        }
        // Whoever notes the day has its turn; one that is broken off is over, for its calls were made.
        turn.day = Some(today);
        if !checkpoints.put(TURN, &json!(turn).to_string(), revision, None).await? {
            return Ok(None);
        }
        let mut entries = ledger::all_failed(self.stores.ledger.as_ref(), None).await?;
        entries.sort_by(|one, other| one.id.cmp(&other.id));
        let had =
            entries.partition_point(|entry| turn.after.as_ref().is_some_and(|after| entry.id <= *after));
        entries.rotate_left(had);
        let asking = Box::pin(self.recheck(entries, most));
        let (rechecked, last) = at_most(Use::Reconcile, asking).await?;
        if last.is_some() {
            let (_, revision) = self.turn().await?;
            turn.after = last;
            checkpoints.put(TURN, &json!(turn).to_string(), revision, None).await?;
            self.note(&rechecked).await;
        }
        Ok(Some(rechecked))
    }

    async fn turn(&self) -> Result<(Turn, Option<u64>), StoreError> {
        let Some(noted) = self.stores.checkpoints.get(TURN).await? else { return Ok(Default::default()) };
        // What another version has written in another form is begun anew.
        Ok((serde_json::from_str(&noted.value).unwrap_or_default(), Some(noted.revision)))
    }

    async fn note(&self, Rechecked { closed, missing, unproven }: &Rechecked) {
        let action = Action {
            at: self.clock.now(),
            by: BY.to_owned(),
            did: "recheck".to_owned(),
            to: format!("what failed: {missing} not in their targets, {unproven} cannot be proven"),
            count: Some(closed.len() as u64),
            reason: None,
        };
        if let Err(error) = self.stores.audit.note(&action).await {
            tracing::warn!(%error, to = action.to, "what was asked for is not in the audit trail");
        }
    }

    /// Asks the targets for the documents that failed, at most `limit`, and closes those that are there. Answers the last that was
    /// asked for too. A target that does not answer is asked nothing more, and once the deadline is over none is.
    ///
    /// # Errors
    /// A store that does not answer.
    pub async fn recheck(
        &self,
        entries: Vec<Entry>,
        limit: usize,
    ) -> Result<(Rechecked, Option<EntryId>), StoreError> {
        let mut rechecked = Rechecked::default();
        let mut silent = Vec::new();
        let (mut asked, mut last) = (0, None);
        for entry in entries {
            let Some((routed, number)) = self.provable(&entry) else {
                rechecked.unproven += 1;
                continue;
            };
            let is_over = asked == limit || self.deadline.is_over(self.clock);
            if is_over || silent.contains(&routed.system) {
                rechecked.unproven += 1;
                continue;
            }
            asked += 1;
            last = Some(entry.id.clone());
            match self.is_there(routed, &number).await {
                Ok(Found::There(target_id)) => {
                    let reason =
                        format!("{} has it under the number {number} (id {target_id})", routed.system);
                    let (id, ledger, now) = (entry.id.clone(), self.stores.ledger.as_ref(), self.clock.now());
                    if ledger::settle(ledger, entry, BY, Some(&reason), now).await? {
                        rechecked.closed.push(Closed { id, number, target_id });
                    }
                }
                Ok(Found::NotThere) => rechecked.missing += 1,
                Ok(Found::CannotBeAsked) => rechecked.unproven += 1,
                Err(why) => {
                    tracing::warn!(target = %routed.system, why, "the target cannot be asked for what failed");
                    silent.push(routed.system);
                    rechecked.unproven += 1;
                }
            }
        }
        Ok((rechecked, last))
    }

    /// The number by which it can be proven that a person has made a document.
    fn provable(&self, entry: &Entry) -> Option<(&Routed, String)> {
        let routed = self.flows.named(&entry.id.flow)?;
        let is_grouped = routed.flow.group().is_some();
        let document = routed.flow.target().document;
        let is_asked = document.push.is_some_and(|push| push.asked.is_some());
        let [failed] = entry.failures().collect::<Vec<_>>()[..] else { return None };
        // Under a number that another version has, or may have, finding it proves nothing of this one.
        let may_be_another = entry.delivered.is_some() || entry.may_hold_another(&failed.hash);
        // A bill of ours lacks what failed, such as its audit, whoever finds it.
        let is_ours = entry.bills.iter().any(|bill| bill.stage.is_some());
        if is_grouped || may_be_another || is_ours || !is_asked {
            return None;
        }
        let number = self.number_of(routed, &entry.id.key, &failed.document)?;
        Some((routed, number))
    }

    /// Our number of a document, which as a rule can be told although something else of it cannot be mapped.
    fn number_of(&self, routed: &Routed, key: &str, document: &Value) -> Option<String> {
        let context = Context { settings: &self.settings.0, lookups: &BTreeMap::new() };
        let target = routed.flow.target().document;
        let name = target.number()?;
        if let Some((_, part)) = routed.flow.part_of_key(key) {
            let numbered = routed.flow.number_of_part(document, &part, &context)?;
            return lenient::field(&numbered.body, name);
        }
        let traced = routed.flow.trace(document, &context);
        let is_same = |other: &str| {
            target.same.iter().any(|(one, two)| [(*one, *two), (*two, *one)].contains(&(name, other)))
        };
        let mut fields = traced.trace.fields.iter();
        let field = fields.find(|field| field.target == name || is_same(&field.target))?;
        match field.result.as_ref()? {
            Value::String(number) if !number.is_empty() => Some(number.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    async fn is_there(&self, routed: &Routed, number: &str) -> Result<Found, String> {
        let document = routed.flow.target().document;
        let connection = (self.connect)(routed.system)?;
        let target = connection.target().ok_or_else(|| "it takes nothing".to_owned())?;
        let body = document.number().map(|name| json!({ name: number })).unwrap_or_default();
        let delivery = Delivery { route: routed.flow.target().route, ..Delivery::of(document, &[], &body) };
        let deadline = Deadline::within(self.clock, PATIENCE).or_sooner(self.deadline);
        target.find(&delivery, deadline).await.map_err(|failure| failure.in_full())
    }
}
