//! Names in a flow's place, under which the ledger keeps what no flow takes: `unreadable` for messages that are no work
//! items, `qince/unreadable` and `qince/unrouted` for the pushes of a system.

use super::EntryId;
use crate::System;

/// The name under which messages that are no work items stand, and what that of pushes whose data is no document ends with.
pub const UNREADABLE: &str = "unreadable";

/// What the name ends with under which pushes stand that no flow takes.
const UNROUTED: &str = "unrouted";

/// The name under which the proved pushes of a system stand that no flow takes.
#[must_use]
pub fn unrouted(system: System) -> String {
    format!("{system}/{UNROUTED}")
}

/// The name under which those stand whose data is no document.
#[must_use]
pub fn unreadable(system: System) -> String {
    format!("{system}/{UNREADABLE}")
}

/// The system and the kind of data of a push that is kept because no flow took it.
#[must_use]
pub fn kept_kind(id: &EntryId) -> Option<(&str, &str)> {
    let (system, UNROUTED) = id.flow.split_once('/')? else { return None };
    Some((system, id.key.split_once('/').map_or(id.key.as_str(), |(kind, _)| kind)))
}

/// Whether an entry is of a push whose data is no document.
#[must_use]
pub fn is_unreadable(id: &EntryId) -> bool {
    id.flow.split_once('/').is_some_and(|(_, name)| name == UNREADABLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_that_stand_in_ledgers() {
        let qince = System::new("qince");
        assert_eq!(
            (unreadable(qince), unrouted(qince)),
            ("qince/unreadable".to_owned(), "qince/unrouted".to_owned())
        );
    }

    #[test]
    fn a_name_in_a_flows_place_tells_what_stands_under_it() {
        let qince = System::new("qince");
        let id = |flow: &str| EntryId::new(flow, "dms_return/O1");
        assert_eq!(kept_kind(&id(&unrouted(qince))), Some(("qince", "dms_return")));
        assert!(is_unreadable(&id(&unreadable(qince))) && !is_unreadable(&id(&unrouted(qince))));
        for flow in ["trade-to-kingdee", "unrouted", UNREADABLE] {
            assert!(kept_kind(&id(flow)).is_none() && !is_unreadable(&id(flow)), "{flow}");
        }
    }
}
