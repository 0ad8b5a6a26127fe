//! What is said where two workers had one document under way at once: it came too late to be helped.

use relay_core::groups::unmarked;
use relay_core::ledger::{Delivered, Delivery};
use relay_core::{Bill, System};

use crate::work::Work;

/// What is said of a request that crossed another worker's delivery, and whose answer was lost as well. Where the target
/// gives no ids it replaces, and a repetition of what it has changes nothing.
pub(crate) fn unanswered(work: &Work<'_>, by: &Delivered) -> Option<String> {
    let is_known = work.known.entry.delivered.as_ref() == Some(by);
    let is_repetition = by.hash == work.hash && by.target_id.is_none();
    let (system, version) = (work.system, work.item.version.as_deref().unwrap_or("without a version"));
    (!is_known && !is_repetition).then(|| {
        format!(
            "version {version} was sent while another worker delivered {}, and its answer was lost: this one's turn had ended, \
             perhaps because the machine was suspended. {system} may hold either, or both: compare it there, then settle \
             this",
            named(by)
        )
    })
}

/// What is said of a delivery that crossed another one on its way.
pub(crate) fn delivered(
    system: System,
    delivery: &Delivery,
    delivered: &Delivered,
    second: Option<&str>,
) -> Option<String> {
    match delivery {
        Delivery::Newest => None,
        Delivery::Overtaken { by } if second.is_some() => Some(format!(
            "{} was sent while another worker delivered {}: this one's turn had ended, perhaps because the machine was \
             suspended. {system} may hold both: delete the older one there, then settle this",
            named(delivered),
            named(by)
        )),
        Delivery::Overtaken { by } => Some(format!(
            "{} was sent while another worker delivered {}: this one's turn had ended, perhaps because the machine was \
             suspended. {system} may hold either: compare it there; it is sent the newest again when its source hands it over \
             once more",
            named(delivered),
            named(by)
        )),
        Delivery::Doubled { with } => Some(format!(
            "{} was sent by two workers at once, because the turn of one had ended: {system} may hold it a second time, as {}: \
             delete one of the two there, then settle this",
            named(delivered),
            named(with)
        )),
    }
}

/// The id under which the target has a document a second time, where what was sent is not put in the place of what was there.
pub(crate) fn second<'a>(delivery: &Delivery, delivered: &'a Delivered, bills: &[Bill]) -> Option<&'a str> {
    let (Delivery::Overtaken { by: other } | Delivery::Doubled { with: other }) = delivery else {
        return None;
    };
    let id = delivered.target_id.as_deref()?;
    // A bill of ours that is known is taken back with the others.
    let is_known = bills.iter().any(|bill| bill.target_id.as_deref() == Some(id));
    (other.target_id.as_deref()? != id && !is_known).then_some(id)
}

/// Whether what was stored in a group was overtaken there, by a later version or a cancellation: a group keeps the later document,
/// whichever of two workers puts its own there last.
pub(crate) fn in_a_group(delivery: &Delivery) -> bool {
    let Delivery::Overtaken { by } = delivery else { return false };
    by.number.is_none() && by.target_id.as_deref().is_none_or(|id| unmarked(id).is_some())
}

fn named(delivered: &Delivered) -> String {
    let version = delivered.version.as_deref().unwrap_or("without a version");
    format!("version {version} (id {})", delivered.target_id.as_deref().unwrap_or("unknown"))
}
