//! What is said of a bill that cannot go on, and the way out.

use relay_connector::Failure;
use relay_core::life::{Bill, Step};
use relay_core::{FailureClass, System};

use crate::map::Plan;
use crate::stop::Stop;

impl Plan<'_> {
    /// A newer version of a bill that the flow does not change.
    pub(super) fn changed_bill(&self, system: System, bill: &Bill) -> Stop {
        let version = bill.version.as_deref().unwrap_or("unknown");
        let way = self.target.way_to_change(self.document);
        let way = way.map(|way| format!(", or {way}")).unwrap_or_default();
        changed(format!(
            "{system} has {} with version {version} of it, and a newer version has other content: change it there by hand and \
             settle this, or let the flow change it (`changes` in [target]{way})",
            bill.named()
        ))
    }
}

/// A target's refusal of a step names the step and the bill.
pub(super) fn at_step(mut failure: Failure, bill: &Bill, step: Step) -> Failure {
    failure.message = format!("{} of {}: {}", step.name(), bill.named(), failure.message);
    failure
}

pub(super) fn audited(system: System, bill: &Bill, word: &str, key: &str) -> Stop {
    changed(format!(
        "{} is audited in {system}, and its source says something else by now: unaudit it there and replay this, or let the \
         flow do so ({key} = \"{word}\")",
        bill.named()
    ))
}

pub(super) fn withdrawn(system: System, bill: &Bill) -> Stop {
    Stop::failed(
        FailureClass::Withdrawn,
        format!(
            "{} is audited in {system}, and its document has no lines for this part any more: unaudit it there and replay this, or \
             let the flow do so (withdrawn = \"unaudit+delete\")",
            bill.named()
        ),
    )
}

pub(super) fn cancelled(system: System, bill: &Bill) -> Stop {
    changed(format!(
        "its source has cancelled it, and {system} has {}: delete it there by hand and settle this, or let the flow do so \
         (`when_cancelled` in [target])",
        bill.named()
    ))
}

pub(super) fn gone(system: System, bill: &Bill) -> Stop {
    changed(format!(
        "{} is not in {system} any more: somebody has deleted it there. Replay this to have it made anew, or settle it",
        bill.named()
    ))
}

pub(super) fn not_kept(system: System, bill: &Bill) -> Stop {
    changed(format!(
        "{} was delivered before its flow took bills back, so that it is not known what is in it: take it back in {system} by \
         hand, enter the new version there, and settle this",
        bill.named()
    ))
}

pub(super) fn no_id(system: System, bill: &Bill, step: Step) -> Stop {
    let message = format!(
        "{} cannot take the step {}: {system} has told no id of it; take it there by hand, then settle this",
        bill.named(),
        step.name()
    );
    Stop::failed(FailureClass::Refused, message)
}

pub(super) fn cannot_be_asked(system: System, id: &str, failure: &Failure) -> Stop {
    let message = format!(
        "a step of the bill with id {id} may have been taken, and {system} cannot be asked ({}): look there; then settle \
         this, or replay it to have the step taken",
        failure.in_full()
    );
    Stop::failed(FailureClass::Unknown, message)
}

fn changed(message: String) -> Stop {
    Stop::failed(FailureClass::Changed, message)
}
