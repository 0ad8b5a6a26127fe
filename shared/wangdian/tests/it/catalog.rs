//! The catalog, against the vendor's list and the full field list of an order.

use std::collections::BTreeSet;

use catalog::{Kind, Role, field};
use wangdian::{catalog::endpoints, documents, endpoint};

#[test]
fn it_holds_the_vendors_39_documents_in_the_vendors_order() {
    let listed: Vec<_> = include_str!("../vendor_list.txt").lines().collect();
    let (php, titles): (Vec<_>, Vec<_>) = listed.iter().map(|line| line.split_once(' ').unwrap()).unzip();
    assert_eq!(php.len(), 39);
    assert_eq!(endpoints().map(|endpoint| endpoint.php).collect::<Vec<_>>(), php);
    assert_eq!(documents().iter().map(|document| document.title).collect::<Vec<_>>(), titles);
}

#[test]
fn names_follow_from_the_vendors() {
    for each in endpoints() {
        let stem = each.php.strip_suffix(".php").unwrap();
        assert_eq!(each.document.name, format!("wangdian.{stem}"));
        let method = match stem {
            "shop" | "logistics" => format!("wdt.{stem}.query"),
            _ => format!("wdt.{}", stem.replace('_', ".")),
        };
        assert_eq!(each.qimen_method, method);
        assert!(std::ptr::eq(endpoint(each.document.name).unwrap(), each));
    }
}

#[test]
fn a_role_says_how_an_endpoint_is_used() {
    for each in endpoints() {
        let role = each.document.role;
        assert_eq!(role == Role::Windowed, each.max_span.is_some(), "{}", each.php);
        assert_eq!(role == Role::Target, each.form.is_some(), "{}", each.php);
        assert_eq!(role == Role::Target, each.list_key.is_none() && each.php != "stock_pd_order_query.php");
        assert!(!each.key.is_empty(), "{}", each.php);
    }
}

#[test]
fn the_vendors_limits_are_kept() {
    let limits = |name: &str| {
        let endpoint = endpoint(name).unwrap();
        (endpoint.max_span.map(|span| span.as_secs()), endpoint.page_size)
    };
    assert_eq!(limits("wangdian.trade_query"), (Some(3_599), Some(100)));
    assert_eq!(limits("wangdian.refund_query"), (Some(2_591_999), Some(40)));
    assert_eq!(limits("wangdian.warehouse_query"), (None, Some(30)));
    assert_eq!(limits("wangdian.logistics"), (None, None));
    assert_eq!(limits("wangdian.logistics_sync_query"), (None, Some(100)));
}

#[test]
fn no_document_names_a_field_twice_and_every_key_is_a_field() {
    for each in endpoints() {
        let names: BTreeSet<_> = each.document.fields.iter().map(|field| field.name).collect();
        assert_eq!(names.len(), each.document.fields.len(), "{}", each.php);
        for key in each.key.iter().chain(&each.modified) {
            assert!(names.contains(key) || each.document.open && names.is_empty(), "{}: {key}", each.php);
        }
    }
}

#[test]
fn an_order_has_all_its_fields() {
    let trade = endpoint("wangdian.trade_query").unwrap();
    assert_eq!(trade.document.fields.len(), 120);
    let Kind::List(lines) = field(trade.document.fields, "goods_list").unwrap().kind else {
        panic!("no lines")
    };
    assert_eq!(lines.len(), 65);
    assert_eq!(field(lines, "share_amount2").unwrap().kind, Kind::Decimal);
    assert_eq!(field(trade.document.fields, "modified").unwrap().kind, Kind::Time);
    assert_eq!(field(trade.document.fields, "trade_status").unwrap().kind, Kind::Integer);
    assert_eq!(field(trade.document.fields, "trade_id").unwrap().kind, Kind::Text);
}

#[test]
fn a_pushed_order_insists_on_what_the_vendor_insists_on() {
    let order = endpoint("wangdian.trade_push").unwrap().document;
    let required = |name| field(order.fields, name).unwrap().required;
    assert!(["tid", "pay_time", "paid", "order_list", "receiver_mobile"].into_iter().all(required));
    assert!(!["trade_time", "warehouse_no", "seller_memo"].into_iter().any(required));
}
