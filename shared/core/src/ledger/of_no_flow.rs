//! Names in a flow's place, under which the ledger keeps what no flow takes: `unreadable` for messages that are no work
//! items, `qince/unreadable` and `qince/unrouted` for the pushes of a system.

use crate::{EntryId, FailureClass, System};

/// The name under which messages that are no work items stand.
pub const UNREADABLE: &str = "unreadable";

/// What the names of pushes that no flow takes end with.
const UNROUTED: &str = "unrouted";

/// The name under which a system's pushes stand whose data is no document.
#[must_use]
pub fn unreadable_pushes(system: System) -> String {
    format!("{system}/{UNREADABLE}")
}

/// The name under which a system's pushes stand that no flow takes.
#[must_use]
pub fn unrouted_pushes(system: System) -> String {
    format!("{system}/{UNROUTED}")
}

/// The class of what stands under a name, where that is none of a flow.
#[must_use]
pub fn class_of(name: &str) -> Option<FailureClass> {
    let (system, last) = name.split_once('/').map_or((None, name), |(system, last)| (Some(system), last));
    match (system, last) {
        (_, UNREADABLE) => Some(FailureClass::Unreadable),
        (Some(_), UNROUTED) => Some(FailureClass::Unrouted),
        _ => None,
    }
}

/// The system and the kind of data of a push that is kept because no flow took it.
#[must_use]
pub fn unrouted_kind(id: &EntryId) -> Option<(&str, &str)> {
    let (system, last) = id.flow.split_once('/')?;
    let kind = id.key.split_once('/').map_or(id.key.as_str(), |(kind, _)| kind);
    (last == UNROUTED).then_some((system, kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_that_stand_in_ledgers() {
        let qince = System::new("qince");
        assert_eq!(unreadable_pushes(qince), "qince/unreadable");
        assert_eq!(unrouted_pushes(qince), "qince/unrouted");
    }

    #[test]
    fn a_name_in_a_flows_place_tells_what_is_wrong_with_what_stands_under_it() {
        let qince = System::new("qince");
        assert_eq!(class_of(UNREADABLE), Some(FailureClass::Unreadable));
        assert_eq!(class_of(&unreadable_pushes(qince)), Some(FailureClass::Unreadable));
        assert_eq!(class_of(&unrouted_pushes(qince)), Some(FailureClass::Unrouted));
        assert_eq!((class_of("unrouted"), class_of("trade-to-kingdee")), (None, None));
    }
    #[test]
    fn a_push_that_no_flow_takes_tells_whose_it_is_and_of_what_kind() {
        let of = |flow: &str, key: &str| {
            let id = EntryId::new(flow, key);
            unrouted_kind(&id).map(|(system, kind)| (system.to_owned(), kind.to_owned()))
        };
        let order = Some(("qince".to_owned(), "my_order".to_owned()));
        assert_eq!(of(&unrouted_pushes(System::new("qince")), "my_order/1/2"), order);
        assert_eq!(of("qince/unreadable", "my_order/1"), None);
        assert_eq!(of("trade-to-kingdee", "my_order/1"), None);
    }
}
