//! Withdraw: a part that a newer version of its document has no lines for. What the target has of it is undone where its flow says
//! how ([`crate::life`]), and is otherwise for a person to undo; where the target has nothing of it, nothing is left to do.

use chrono::{DateTime, Utc};
use relay_connector::{Delivery, Found};
use relay_core::clock::Deadline;
use relay_core::ledger::{self, Delivered};
use relay_core::life::standing;
use relay_core::{Entry, FailureClass, Ledger, Outcome, Skip, StoreError};
use relay_mapping::Mapped;

use crate::map::Plan;
use crate::settle;
use crate::stop::Stop;
use crate::work::Work;

/// Whether the target has something of a part, or may have, by the ledger.
pub(crate) fn may_be_there(entry: &Entry) -> bool {
    let has_bill = entry.bills.iter().any(|bill| !bill.is_gone());
    entry.there().is_some() || has_bill || entry.attempts.is_some() || entry.unanswered.is_some()
}

/// What the ledger is told of a version of which nothing is in the target: no older one comes there after it.
pub(crate) fn nothing(work: &Work<'_>, at: DateTime<Utc>) -> Delivered {
    Delivered {
        version: work.item.version.clone(),
        version_kind: work.kind,
        hash: work.hash.clone(),
        body_hash: String::new(),
        target_id: None,
        number: None,
        received_at: Some(work.item.received_at),
        at,
        follows: work.follows(at),
    }
}

/// A part without lines.
pub(crate) struct Withdrawn<'a> {
    /// What it is asked for by, where an earlier version may be there: no more than its number.
    pub(crate) asked: Option<Plan<'a>>,
    /// No call is made after it.
    pub(crate) deadline: Deadline,
}

impl Withdrawn<'_> {
    /// Leaves to a person what the target has of it; what it has not is recorded as such, so that no older version brings it back.
    pub(crate) async fn settle(
        &self,
        work: &Work<'_>,
        ledger: &dyn Ledger,
        now: DateTime<Utc>,
    ) -> Result<Outcome, Stop> {
        let entry = &work.known.entry;
        if let Some(delivered) = entry.there() {
            let id = delivered.target_id.as_deref().unwrap_or("unknown");
            let version = delivered.version.as_deref().unwrap_or("unknown");
            return Err(to_undo(work, &format!("has version {version} of it (id {id})")));
        }
        let bill = standing(&entry.bills).map(|place| &entry.bills[place]);
        if let Some(bill) = bill.filter(|bill| bill.stage.is_some()) {
            // It was saved, and has not come through all the steps of its life.
            let id = bill.target_id.as_deref().unwrap_or("unknown");
            return Err(to_undo(work, &format!("has a bill of it (id {id})")));
        }
        if bill.is_some() || entry.attempts.is_some() || entry.unanswered.is_some() {
            match find(self.asked.as_ref(), self.deadline).await? {
                Found::There(id) => return Err(to_undo(work, &format!("has it (id {id})"))),
                Found::CannotBeAsked => {
                    return Err(to_undo(
                        work,
                        "may have it, and cannot be asked (an earlier version was tried)",
                    ));
                }
                Found::NotThere => {
                    if let Some(wait) = work.waits_for_itself(now) {
                        return Ok(Outcome::Postponed { wait });
                    }
                }
            }
        }
        self.record(work, ledger, now).await?;
        Ok(Outcome::Skipped(Skip::Withdrawn))
    }

    async fn record(
        &self,
        work: &Work<'_>,
        ledger: &dyn Ledger,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let nothing = nothing(work, at);
        let known = Some(work.known.entry.clone());
        ledger::update(ledger, &work.known.entry.id, known, |entry| {
            settle::noted(work, entry, |entry| {
                entry.unanswered = None;
                entry.deliver(nothing.clone(), work.known.entry.delivered.as_ref());
            });
        })
        .await
    }
}

/// Whether the target has what a plan asks for by its number.
pub(crate) async fn find(asked: Option<&Plan<'_>>, deadline: Deadline) -> Result<Found, Stop> {
    let Some(Plan { target, document, mapped, .. }) = asked else { return Ok(Found::CannotBeAsked) };
    let Mapped { body, params, route, .. } = &**mapped;
    let delivery = Delivery { route: *route, ..Delivery::of(document, params, body) };
    Ok(target.find(&delivery, deadline).await?)
}

/// It stands in the target, and a person undoes it.
fn to_undo(work: &Work<'_>, there: &str) -> Stop {
    let system = work.system;
    Stop::failed(
        FailureClass::Withdrawn,
        format!(
            "its document has no lines for this part any more, and {system} {there}: undo it there by hand, then settle this \
             (`relay settle`)"
        ),
    )
}
