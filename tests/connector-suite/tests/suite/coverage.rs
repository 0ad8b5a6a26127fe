//! That nothing is left out silently.

use std::collections::BTreeSet;

use relay_connector::{Document, Role};

use crate::vendor::Vendor;
use crate::{CASES, VENDORS};

/// Why a vendor leaves a case out.
pub(crate) fn reason(vendor: &dyn Vendor, case: &str) -> Option<&'static str> {
    let left_out = vendor.left_out().iter().find(|(_, cases)| cases.contains(&case));
    left_out.map(|(why, _)| *why)
}

#[test]
fn every_connector_of_the_registry_is_in_the_suite() {
    let registered: BTreeSet<_> =
        relay_connectors::CONNECTORS.iter().map(|connector| connector.system().name()).collect();
    let tested: BTreeSet<_> = VENDORS.iter().map(|vendor| vendor.connector().system().name()).collect();
    assert_eq!(tested, registered);
}

#[test]
fn what_is_left_out_is_a_case_and_has_one_reason() {
    for vendor in VENDORS {
        let mut cases = BTreeSet::new();
        for (why, left_out) in vendor.left_out() {
            assert!(!why.is_empty());
            for case in *left_out {
                assert!(CASES.contains(case), "{}: {case} is no case", vendor.name());
                assert!(cases.insert(case), "{}: {case} is left out twice", vendor.name());
            }
        }
    }
}

#[test]
fn every_document_is_walked_over_each_of_its_routes() {
    let mut wrong = Vec::new();
    for vendor in VENDORS {
        let untried: BTreeSet<_> =
            vendor.untried().iter().flat_map(|(_, documents)| documents.iter().copied()).collect();
        assert!(vendor.untried().iter().all(|(why, _)| !why.is_empty()));
        let unwalked: BTreeSet<_> = vendor
            .documents()
            .iter()
            .filter(|document| !is_walked(*vendor, document))
            .map(|it| it.name)
            .collect();
        let add = unwalked.difference(&untried).map(|name| format!("{name}: add a case, or say why not"));
        let take =
            untried.difference(&unwalked).map(|name| format!("{name}: it is walked: take it from `untried`"));
        wrong.extend(add.chain(take));
    }
    assert_eq!(wrong, [""; 0]);
}

fn is_walked(vendor: &dyn Vendor, document: &Document) -> bool {
    let name = document.name;
    let is_read = |route: Option<&str>| {
        let mut reads = vendor.reads().iter().filter(|read| read.document == name);
        reads.any(|read| route.is_none() || read.route == route)
    };
    match document.role {
        Role::Target => vendor.writes().iter().any(|write| write.document == name),
        Role::Pushed => vendor.pushes().iter().any(|push| push.document == name),
        _ => is_read(None) && document.routes.iter().all(|route| is_read(Some(route))),
    }
}

#[test]
fn which_case_runs_on_which_vendor() {
    let mut table = String::new();
    for case in CASES {
        table += &format!("{}\n", case.replace('_', " "));
        for vendor in VENDORS {
            let told = reason(*vendor, case).map_or("runs".to_owned(), |why| format!("left out: {why}"));
            table += &format!("    {:<10}{told}\n", vendor.name());
        }
    }
    insta::assert_snapshot!(table);
}
