use std::collections::BTreeSet;

use relay_connector::{Document, Field, Kind, Role};
use relay_qince::catalog::{KEY, VERSION, documents};
use serde_json::Value;

use crate::{event, json};

fn direct_order() -> &'static Document {
    documents().iter().find(|document| document.name == "qince.direct_order").unwrap()
}

fn paths(fields: &[Field], prefix: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for field in fields {
        let path = format!("{prefix}{}", field.name);
        if let Kind::List(inner) | Kind::Object(inner) = field.kind {
            found.extend(paths(inner, &format!("{path}.")));
        }
        assert!(found.insert(path.clone()), "{path} is listed twice");
    }
    found
}

fn paths_of(value: &Value, prefix: &str) -> BTreeSet<String> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| {
                let path = format!("{prefix}{name}");
                let mut found = paths_of(value, &format!("{path}."));
                found.insert(path);
                found
            })
            .collect(),
        Value::Array(rows) => rows.iter().flat_map(|row| paths_of(row, prefix)).collect(),
        _ => BTreeSet::new(),
    }
}

/// The paths of the vendor's parameter table; a line that begins with Chinese text continues the one above.
fn paths_of_the_page() -> BTreeSet<String> {
    let lines = include_str!("../pages/zy_order_push.txt").lines().skip(1);
    lines
        .filter(|line| line.is_char_boundary(1))
        .map(|line| line.split(' ').next().unwrap().to_owned())
        .collect()
}

#[test]
fn the_catalog_has_every_field_of_the_vendors_page_and_example_and_no_other() {
    let page = paths_of_the_page();
    let example = paths_of(&json(&event("qince/direct-order.json")), "");
    assert_eq!((page.len(), example.len()), (136, 101));
    let documented: BTreeSet<_> = page.union(&example).cloned().collect();
    assert_eq!(paths(direct_order().fields(), ""), documented);
}

#[test]
fn the_direct_order_is_pushed_and_may_grow() {
    let order = direct_order();
    assert_eq!((order.role, order.is_open()), (Role::Pushed, true));
    assert!(order.fields().iter().all(|field| !field.is_required() && !field.title.is_empty()));
}

#[test]
fn what_is_written_under_our_number_has_one() {
    let order = documents().iter().find(|document| document.name == "qince.addPurchase").unwrap();
    let required: Vec<_> =
        order.fields().iter().filter(|field| field.is_required()).map(|field| field.name).collect();
    assert_eq!((required, order.number()), (vec!["operate_type", "order_no"], Some("order_no")));
}

#[test]
fn key_and_version_are_fields_of_the_order() {
    assert_eq!(relay_connector::field(direct_order().fields(), KEY).unwrap().kind, Kind::Text);
    assert_eq!(relay_connector::field(direct_order().fields(), VERSION).unwrap().kind, Kind::Time);
}
