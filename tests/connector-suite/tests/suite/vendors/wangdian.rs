//! 旺店通: everything but tokens and pushes to us, over both routes.

use std::time::Duration;

use chrono::TimeDelta;
use relay_connector::Connector;
use relay_simulators::wangdian::{self, TradeMix};
use relay_simulators::{Faults, Vendors};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use crate::vendor::{Allowance, Read, Vendor, Write};

pub(crate) static VENDOR: &dyn Vendor = &Simulated;

struct Simulated;

const LEFT_OUT: &[(&str, &[&str])] = &[
    (
        "every call is signed, and there are no tokens",
        &[
            "a_refused_token_is_renewed_once",
            "a_token_that_is_refused_anew_pauses",
            "a_token_is_renewed_before_its_life_ends",
            "processes_that_need_a_token_at_once_fetch_one",
            "a_log_in_that_takes_too_long_sends_nothing_after_it",
        ],
    ),
    ("no calls are bought by the day", &["a_used_up_day_pauses_until_it_is_over"]),
    (
        "it pushes nothing to us",
        &[
            "a_push_is_believed_by_its_sign_alone",
            "a_push_comes_as_it_was_sent",
            "a_push_that_comes_again_is_the_same_document",
            "a_push_is_refused_for_its_age_where_a_setting_limits_it_and_nowhere_else",
            "a_push_over_the_cap_is_refused",
        ],
    ),
];

impl Vendor for Simulated {
    fn connector(&self) -> &'static dyn Connector {
        relay_connectors::named("wangdian").unwrap()
    }

    fn faults<'v>(&self, vendors: &'v Vendors) -> Option<&'v Faults> {
        Some(&vendors.wangdian.faults)
    }

    fn calls(&self, vendors: &Vendors, operation: &str) -> u64 {
        vendors.wangdian.calls().get(operation).copied().unwrap_or_default()
    }

    fn left_out(&self) -> &'static [(&'static str, &'static [&'static str])] {
        LEFT_OUT
    }

    fn reads(&self) -> &'static [Read] {
        READS
    }

    fn writes(&self) -> &'static [Write] {
        WRITES
    }

    fn allowances(&self) -> &'static [Allowance] {
        ALLOWANCES
    }
}

const fn read(
    document: &'static str,
    route: &'static str,
    operation: &'static str,
    load: fn(&Vendors, u32),
) -> Read {
    Read { document, route: Some(route), operation, load }
}

/// Documents that are read as these are, and those whose rows are known by these fields, over both routes.
macro_rules! reads {
    ($($other:expr,)* ; $($query:literal: $($key:literal)+,)*) => {
        &[
            $($other,)*
            $(
                read(concat!("wangdian.", $query), "direct", $query, |vendors, count| {
                    rows(vendors, $query, &[$($key),+], count);
                }),
                read(concat!("wangdian.", $query), "qimen", $query, |vendors, count| {
                    rows(vendors, $query, &[$($key),+], count);
                }),
            )*
        ]
    };
}

const READS: &[Read] = reads![
    read("wangdian.trade_query", "direct", "trade_query", trades),
    read("wangdian.trade_query", "qimen", "trade_query", trades),
    read("wangdian.api_goods_stock_change_query", "direct", "api_goods_stock_change_query", stock_changes),
    read("wangdian.api_goods_stock_change_query", "qimen", "api_goods_stock_change_query", stock_changes),
    read("wangdian.logistics_sync_query", "direct", "logistics_sync_query", shipments),
    read("wangdian.logistics_sync_query", "qimen", "logistics_sync_query", shipments),
    ;
    "shop": "shop_no",
    "logistics": "logistics_no",
    "warehouse_query": "warehouse_no",
    "purchase_provider_query": "provider_no",
    "goods_query": "goods_no",
    "suites_query": "suite_no",
    "stockout_order_query_trade": "stockout_id",
    "refund_query": "refund_no",
    "stockin_order_query_refund": "stockin_no",
    "purchase_order_query": "purchase_no",
    "stockin_order_query_purchase": "stockin_no",
    "purchase_return_query": "return_no",
    "stockout_order_query_return": "order_no",
    "stock_query": "spec_no" "warehouse_no",
    "stock_pd_order_query": "pd_no",
    "stockin_order_query": "stockin_no",
    "stockout_order_query": "stockout_no",
    "stock_transfer_query": "transfer_no",
    "his_trade_query": "trade_no",
    "his_stockout_order_query_trade": "stockout_id",
    "his_refund_query": "refund_no",
];

fn trades(vendors: &Vendors, count: u32) {
    let now = vendors.clock().now();
    let mix = TradeMix::default();
    vendors.wangdian.generate_trades(count, now - TimeDelta::minutes(30), now, mix);
}

fn stock_changes(vendors: &Vendors, count: u32) {
    for number in 0..count {
        vendors.wangdian.change_stock("S001", "ML-250", &format!("ML-250-{number}"), Decimal::new(125, 1));
    }
}

fn shipments(vendors: &Vendors, count: u32) {
    for number in 0..count {
        let row =
            json!({"shop_no": "S001", "tid": format!("T-{number}"), "logistics_type": 8, "is_part_sync": 0});
        vendors.wangdian.add_shipment(object(row));
    }
}

/// So many rows, each known by these fields and changed now, whatever time the window is over.
fn rows(vendors: &Vendors, query: &str, key: &[&str], count: u32) {
    let now = wangdian::time_text(vendors.clock().now());
    for number in 0..count {
        let mut row = object(json!({"is_disabled": 0, "amount": "12.5000"}));
        row.extend(key.iter().map(|field| ((*field).to_owned(), json!(format!("N-{number}")))));
        row.extend(["modified", "goods_modified", "consign_time"].map(|time| (time.to_owned(), json!(now))));
        vendors.wangdian.put_row(query, key, row);
    }
}

fn object(row: Value) -> Map<String, Value> {
    let Value::Object(row) = row else { panic!("a row is an object") };
    row
}

/// Documents that are delivered as these are, and the vendor's examples: with the field that is their number, what spoils
/// them, and whether the same number again is refused.
macro_rules! writes {
    ($($other:expr,)* ; $($push:literal: $number:literal spoilt by $spoil:expr, refused: $refused:literal,)*) => {
        &[
            $($other,)*
            $(Write {
                document: concat!("wangdian.", $push),
                params: &[],
                operation: $push,
                body: |_, number| wangdian::example($push, &format!("N-{number}")).unwrap(),
                spoil: Some($spoil),
                written: |vendors, body| pushes(vendors, $push, &body[$number]),
                goes_by_status: false,
                refuses_again: $refused,
            },)*
        ]
    };
}

/// A document without a field that the vendor insists on.
fn without(body: &mut Value, field: &str) {
    body.as_object_mut().unwrap().remove(field).unwrap();
}

/// A document whose second line has no good.
fn line_without(body: &mut Value, list: &str) {
    without(&mut body[list][1], "spec_no");
}

const WRITES: &[Write] = writes![
    Write {
        document: "wangdian.trade_push",
        params: &[("shop_no", "S001")],
        operation: "trade_push",
        body: |_, number| wangdian::example("trade_push", &format!("CK-{number}")).unwrap(),
        spoil: Some(|order| order["paid"] = json!("1.00")),
        written: |vendors, order| {
            let orders = vendors.wangdian.pushed_orders();
            orders
                .get(order["tid"].as_str().unwrap())
                .map_or(0, |order| (order.creates + order.updates + order.repeats) as usize)
        },
        goes_by_status: false,
        refuses_again: false,
    },
    // Its number is that of its lines.
    Write {
        document: "wangdian.api_goodsspec_push",
        params: &[],
        operation: "api_goodsspec_push",
        body: |_, number| wangdian::example("api_goodsspec_push", &format!("N-{number}")).unwrap(),
        spoil: Some(|goods| line_without(goods, "goods_list")),
        written: |vendors, goods| {
            let line = &goods["goods_list"][0];
            let id = |name: &str| line[name].as_str().unwrap();
            let number = json!(format!("S001/{}/{}", id("goods_id"), id("spec_id")));
            pushes(vendors, "api_goodsspec_push", &number)
        },
        goes_by_status: false,
        refuses_again: false,
    },
    Write {
        document: "wangdian.logistics_sync_ack",
        params: &[],
        operation: "logistics_sync_ack",
        body: |vendors, number| {
            let row = json!({"rec_id": 7_000 + number, "shop_no": "S001", "tid": format!("T-{number}"), "logistics_type": 8});
            let rec_id = vendors.wangdian.add_shipment(object(row));
            json!({"rec_id": rec_id, "status": 0, "message": "同步成功"})
        },
        spoil: Some(|row| row["rec_id"] = json!(999_999)),
        written: |vendors, row| {
            usize::from(vendors.wangdian.logistics_acks().contains_key(&row["rec_id"].as_u64().unwrap()))
        },
        goes_by_status: false,
        refuses_again: false,
    },
    Write {
        document: "wangdian.api_goods_stock_change_ack",
        params: &[],
        operation: "api_goods_stock_change_ack",
        body: |vendors, number| {
            let spec_no = format!("ML-{number}");
            let rec_id = vendors.wangdian.change_stock("S001", "ML", &spec_no, Decimal::TEN);
            let stock = vendors.wangdian.stock();
            let row = stock.iter().find(|row| row.rec_id == rec_id).unwrap();
            json!({"rec_id": rec_id, "sync_stock": "10", "stock_change_count": row.stock_change_count})
        },
        spoil: Some(|row| row["rec_id"] = json!(999_999)),
        written: |vendors, row| {
            let stock = vendors.wangdian.stock();
            let known = stock.iter().find(|each| Some(each.rec_id) == row["rec_id"].as_u64());
            usize::from(known.is_some_and(|each| each.acknowledged_count == each.stock_change_count))
        },
        goes_by_status: false,
        refuses_again: false,
    },
    ;
    "purchase_provider_create": "provider_no" spoilt by |provider| without(provider, "provider_name"), refused: false,
    "goods_push": "goods_no" spoilt by |good| without(good, "goods_name"), refused: false,
    "sales_refund_push": "refund_no" spoilt by |refund| without(refund, "tid"), refused: false,
    "stockin_refund_push": "outer_no" spoilt by |stockin| line_without(stockin, "detail_list"), refused: true,
    "purchase_order_push": "outer_no" spoilt by |order| line_without(order, "details_list"), refused: true,
    "stockin_purchase_push": "outer_no" spoilt by |stockin| line_without(stockin, "details_list"), refused: true,
    "purchase_return_push": "outer_no" spoilt by |back| line_without(back, "detail_list"), refused: true,
    "purchase_return_order_push": "outer_no" spoilt by |back| line_without(back, "detail_list"), refused: true,
    "stock_sync_by_pd": "api_outer_no" spoilt by |count| line_without(count, "goods_list"), refused: true,
    "stockin_order_push": "outer_no" spoilt by |stockin| line_without(stockin, "goods_list"), refused: true,
    "stockout_order_push": "outer_no" spoilt by |stockout| line_without(stockout, "detail_list"), refused: true,
    "stock_transfer_push": "outer_no" spoilt by |transfer| line_without(transfer, "skus"), refused: true,
    "stockout_transfer_push": "outer_no" spoilt by |stockout| line_without(stockout, "goods_list"), refused: true,
    "stockin_transfer_push": "outer_no" spoilt by |stockin| line_without(stockin, "goods_list"), refused: true,
];

fn pushes(vendors: &Vendors, push: &str, number: &Value) -> usize {
    let documents = vendors.wangdian.pushed_documents(push);
    let ours = documents.iter().filter(|document| document.number.as_deref() == number.as_str());
    ours.map(|document| document.pushes as usize).sum()
}

const ALLOWANCES: &[Allowance] = &[Allowance {
    settings: &[("WDT_CALLS_PER_MINUTE", "7")],
    calls: 7,
    period: Duration::from_secs(60),
    counts: "",
    before_each: None,
}];
