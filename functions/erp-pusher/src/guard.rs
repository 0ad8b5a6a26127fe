//! Guard: whether a document is for the target, as far as the document itself and the ledger tell.

use std::time::Duration;

use chrono::{DateTime, Utc};
use relay_core::guard::{self, Verdict};
use relay_core::queue::RETENTION;
use relay_core::{FailureClass, Outcome, Received, Skip};
use relay_job::{Flows, Routed};

use crate::contribute;
use crate::map::faults;
use crate::stop::Stop;
use crate::work::Work;

/// Before the queue drops a message by its age, the document moves into the ledger.
const OLDEST: Duration = RETENTION.saturating_sub(Duration::from_secs(86_400));

/// Whether the queue will soon drop a message by its age.
pub(crate) fn is_overdue(message: &Received, now: DateTime<Utc>) -> bool {
    (now - message.sent_at).to_std().is_ok_and(|age| age > OLDEST)
}

/// The flow of a document that is for the target, in this version.
pub(crate) fn admit<'f>(flows: &'f Flows, work: &Work<'_>, now: DateTime<Utc>) -> Result<&'f Routed, Stop> {
    let item = work.item;
    let routed = flows.named(&item.flow).ok_or_else(|| {
        let message = format!("there is no flow `{}` any more: restore its file, or leave it", item.flow);
        Stop::failed(FailureClass::Flow, message)
    })?;
    // What was admitted as a whole is not judged by a part of it.
    let is_part = routed.flow.part_of_key(&item.key).is_some();
    if !is_part && !contribute::is_bill(&routed.flow, item) {
        let wrong = |fault| faults(vec![fault]);
        routed.flow.key(&item.document).map_err(wrong)?;
        if !routed.flow.admits(&item.document).map_err(wrong)? {
            return Err(Stop::Ended(Outcome::Skipped(Skip::Filtered)));
        }
    }
    let is_confirmation = work.is_to_be_confirmed(now).is_some();
    match guard::judge(&work.known.entry, work.candidate()) {
        Verdict::Skip(Skip::Same) if is_confirmation => Ok(routed),
        Verdict::Skip(skip) => Err(Stop::Ended(Outcome::Skipped(skip))),
        Verdict::Settled(message) => Err(Stop::failed(FailureClass::Settled, message)),
        Verdict::Unordered(reason) => {
            let source = routed.flow.version_source().unwrap_or_default();
            Err(Stop::failed(FailureClass::Mapping, format!("version: `{source}`: {reason}")))
        }
        // Not every document has a version that tells what is older.
        Verdict::Push if work.known.entry.is_behind(work.message) => {
            Err(Stop::Ended(Outcome::Skipped(Skip::Older)))
        }
        Verdict::Push if is_overdue(work.message, now) => Err(expired(work)),
        Verdict::Push => Ok(routed),
    }
}

/// How long a document that is for the target must wait for another request: one whose answer was lost, and which the
/// target may still be working on.
pub(crate) fn waits(work: &Work<'_>, now: DateTime<Utc>) -> Option<Duration> {
    let wait = work.is_to_be_confirmed(now).or_else(|| work.waits_for_another(now));
    wait.filter(|wait| !wait.is_zero())
}

/// It has waited for so long that the queue would drop it.
fn expired(work: &Work<'_>) -> Stop {
    let attempts = work.known.entry.attempts.as_ref();
    let last = attempts.map_or("never tried", |attempts| attempts.message.as_str());
    let days = OLDEST.as_secs() / 86_400;
    Stop::failed(FailureClass::Expired, format!("it has waited for {days} days; the last try: {last}"))
}
