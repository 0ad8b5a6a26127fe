//! The catalog, against the vendor's list and the full field list of an order.

use std::collections::BTreeSet;

use relay_connector::{Kind, Repeat, Role, field};
use relay_wangdian::{Endpoint, Form, catalog::endpoints, documents, endpoint};

#[test]
fn it_holds_the_vendors_39_documents_in_the_vendors_order() {
    let listed: Vec<_> = include_str!("../vendor_list.txt").lines().collect();
    let (php, titles): (Vec<_>, Vec<_>) = listed.iter().map(|line| line.split_once(' ').unwrap()).unzip();
    assert_eq!(php.len(), 39);
    assert_eq!(endpoints().take(39).map(|endpoint| endpoint.php).collect::<Vec<_>>(), php);
    assert_eq!(documents()[..39].iter().map(|document| document.title).collect::<Vec<_>>(), titles);
}

#[test]
fn an_archive_is_asked_like_its_live_query() {
    for name in ["trade_query", "stockout_order_query_trade", "refund_query"] {
        let live = endpoint(&format!("wangdian.{name}")).unwrap();
        let archive = endpoint(&format!("wangdian.his_{name}")).unwrap();
        let shape = |each: &Endpoint| {
            let times: Vec<_> = each.document.window_times.iter().map(|time| time.field).collect();
            let Endpoint { list_key, document, .. } = each;
            (*list_key, document.max_span, document.pages, document.keys, times, document.fields().len())
        };
        assert_eq!(shape(archive), shape(live), "{name}");
        assert_eq!(archive.php, format!("his_{name}.php"));
    }
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
        assert_eq!(role == Role::Windowed, each.document.max_span.is_some(), "{}", each.php);
        assert_eq!(role == Role::Target, each.form.is_some(), "{}", each.php);
        assert_eq!(role == Role::Target, each.list_key.is_none() && each.php != "stock_pd_order_query.php");
        assert_eq!(role == Role::Target, each.document.push.is_some(), "{}", each.php);
        assert_eq!(role != Role::Target, !each.document.keys.is_empty(), "{}", each.php);
    }
}

#[test]
fn the_vendors_limits_are_kept() {
    let limits = |name: &str| {
        let document = endpoint(name).unwrap().document;
        (document.max_span.map(|span| span.as_secs()), document.pages.map(|pages| pages.cap))
    };
    assert_eq!(limits("wangdian.trade_query"), (Some(3_599), Some(100)));
    assert_eq!(limits("wangdian.refund_query"), (Some(2_591_999), Some(40)));
    assert_eq!(limits("wangdian.his_refund_query"), (Some(2_591_999), Some(40)));
    assert_eq!(limits("wangdian.stock_transfer_query"), (Some(2_591_999), Some(30)));
    assert_eq!(limits("wangdian.warehouse_query"), (None, Some(30)));
    assert_eq!(limits("wangdian.logistics"), (None, None));
    assert_eq!(limits("wangdian.logistics_sync_query"), (None, Some(100)));
    let mut pages = documents().iter().filter_map(|document| document.pages);
    assert!(pages.all(|pages| pages.first == 0));
}

#[test]
fn no_document_names_a_field_twice_and_every_key_is_a_field() {
    for each in endpoints() {
        let names: BTreeSet<_> = each.document.fields().iter().map(|field| field.name).collect();
        assert_eq!(names.len(), each.document.fields().len(), "{}", each.php);
        let times = each.document.window_times.iter().map(|time| &time.field);
        for key in each.document.keys.iter().copied().flatten().chain(&each.document.version).chain(times) {
            assert!(names.contains(key), "{}: {key}", each.php);
        }
    }
}

#[test]
fn an_order_has_all_its_fields() {
    let trade = endpoint("wangdian.trade_query").unwrap();
    assert_eq!(trade.document.fields().len(), 126);
    let Kind::List(lines) = field(trade.document.fields(), "goods_list").unwrap().kind else {
        panic!("no lines")
    };
    assert_eq!(lines.len(), 67);
    assert_eq!(field(lines, "share_amount2").unwrap().kind, Kind::Decimal);
    assert_eq!(field(trade.document.fields(), "modified").unwrap().kind, Kind::Time);
    assert_eq!(field(trade.document.fields(), "trade_status").unwrap().kind, Kind::Integer);
    assert_eq!(field(trade.document.fields(), "trade_id").unwrap().kind, Kind::Text);
}

#[test]
fn a_document_begins_where_its_field_list_says() {
    for each in endpoints() {
        let relay_connector::Fields::Sheet(sheet) = each.document.fields else { panic!("{}", each.php) };
        let begins = match (each.form, each.list_key) {
            (Some(Form::List { field }), _) => format!("{field}[]"),
            (Some(Form::Object { field }), _) => field.to_owned(),
            (Some(Form::Fields), _) => String::new(),
            (None, Some(key)) => format!("{key}[]"),
            (None, None) => "?[]".to_owned(),
        };
        assert_eq!(sheet.root, begins, "{}", each.php);
        assert!(!sheet.fields.is_empty(), "{}", each.php);
    }
}

#[test]
fn a_pushed_order_insists_on_what_the_vendor_insists_on() {
    let order = endpoint("wangdian.trade_push").unwrap().document;
    let required = |name| field(order.fields(), name).unwrap().is_required();
    assert!(["tid", "pay_time", "paid", "order_list", "receiver_mobile"].into_iter().all(required));
    assert!(!["trade_time", "warehouse_no", "seller_memo"].into_iter().any(required));
}

#[test]
fn a_number_is_required_and_every_question_is_of_a_query_that_takes_it() {
    for each in endpoints() {
        let Some(push) = each.document.push else { continue };
        if let Some(number) = push.number {
            assert!(
                field(each.document.fields(), number).is_some_and(relay_connector::Field::is_required),
                "{}",
                each.php
            );
        }
        let Some(question) = push.asked else { continue };
        let query = endpoint(question.document).unwrap().document;
        let fixed = question.requests.iter().copied().flatten().map(|(name, _)| name);
        for param in fixed.chain([&question.param]) {
            assert!(query.param_names().any(|known| known == *param), "{}: {param}", each.php);
        }
    }
}

#[test]
fn what_can_be_turned_to_another_time_begins_with_the_last_change() {
    let turned: Vec<_> = documents().iter().filter(|document| !document.window_times.is_empty()).collect();
    let names: Vec<_> = turned.iter().map(|document| document.name).collect();
    assert_eq!(
        names,
        [
            "wangdian.stockout_order_query_trade",
            "wangdian.refund_query",
            "wangdian.stockout_order_query",
            "wangdian.his_stockout_order_query_trade",
            "wangdian.his_refund_query",
        ]
    );
    for document in turned {
        assert_eq!(document.window_times[0].field, "modified");
        for time in document.window_times {
            let of_requests = time.requests.iter().copied().flatten().map(|condition| &condition.param);
            for param in of_requests.chain(time.sends.iter().map(|(name, _)| name)) {
                assert!(document.param_names().any(|known| known == *param), "{}: {param}", document.name);
            }
        }
    }
}

#[test]
fn only_lists_take_batches_and_each_document_of_a_batch_may_be_sent_again_alone() {
    let batch = |each: &Endpoint| each.document.batch();
    let batched: Vec<_> = endpoints().filter(|each| batch(each) > 1).collect();
    for each in &batched {
        assert!(matches!(each.form, Some(Form::List { .. })), "{}", each.php);
        assert_ne!(each.document.repeat(), Repeat::Doubles, "{}", each.php);
    }
    let caps: Vec<_> = batched.iter().map(|each| (each.php, batch(each))).collect();
    assert_eq!(
        caps,
        [
            ("goods_push.php", 50),
            ("trade_push.php", 50),
            ("logistics_sync_ack.php", 50),
            ("api_goods_stock_change_ack.php", 50),
            ("sales_refund_push.php", 10),
        ]
    );
}
