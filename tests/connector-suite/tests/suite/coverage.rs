//! That nothing is left out silently.

use std::collections::BTreeSet;

use relay_connector::Role;

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
fn a_document_of_each_role_and_route_is_tried() {
    for vendor in VENDORS {
        let tried = |role: Role, route: Option<&str>| {
            let mut tried: Vec<_> = vendor.reads().iter().map(|read| (read.document, read.route)).collect();
            tried.extend(vendor.writes().iter().map(|write| (write.document, None)));
            tried.extend(vendor.pushes().iter().map(|push| (push.document, None)));
            let is_of = |name: &str| crate::bench::document(*vendor, name).role == role;
            tried.iter().any(|(name, over)| is_of(name) && (route.is_none() || *over == route))
        };
        for document in vendor.documents() {
            let (name, role) = (document.name, document.role);
            assert!(tried(role, None), "{name}: nothing of {role:?} is tried");
            for route in document.routes {
                assert!(tried(role, Some(route)), "{name}: nothing of {role:?} is tried over {route}");
            }
        }
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
