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

/// All but two: carriers come without pages, and what tells the stock-outs of purchase returns apart is not known.
const READS: &[Read] = reads![
    read("wangdian.trade_query", "direct", "trade_query", trades),
    read("wangdian.trade_query", "qimen", "trade_query", trades),
    read("wangdian.api_goods_stock_change_query", "direct", "api_goods_stock_change_query", stock_changes),
    read("wangdian.api_goods_stock_change_query", "qimen", "api_goods_stock_change_query", stock_changes),
    read("wangdian.logistics_sync_query", "direct", "logistics_sync_query", shipments),
    read("wangdian.logistics_sync_query", "qimen", "logistics_sync_query", shipments),
    ;
    "shop": "shop_no",
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

/// Documents that are delivered as these are, and those that are known by this field: with what else is in them, and
/// whether the same number again is refused.
macro_rules! writes {
    ($($other:expr,)* ; $($push:literal: $number:literal $more:tt refused: $refused:literal,)*) => {
        &[
            $($other,)*
            $(Write {
                document: concat!("wangdian.", $push),
                params: &[],
                operation: $push,
                body: |_, number| {
                    let mut body = json!($more);
                    body[$number] = json!(format!("N-{number}"));
                    body
                },
                spoil: None,
                written: |vendors, body| pushes(vendors, $push, &body[$number]),
                goes_by_status: false,
                refuses_again: $refused,
            },)*
        ]
    };
}

/// All but three: stock is counted by night alone, platform goods have no number, and nobody can be asked for a stock-in of
/// a return.
const WRITES: &[Write] = writes![
    Write {
        document: "wangdian.trade_push",
        params: &[("shop_no", "S001")],
        operation: "trade_push",
        body: |_, number| order(number),
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
    Write {
        document: "wangdian.stock_transfer_push",
        params: &[],
        operation: "stock_transfer_push",
        body: |_, number| json!({"outer_no": format!("DB-{number}"), "from_warehouse_no": "WH01", "skus": []}),
        spoil: None,
        written: |vendors, transfer| pushes(vendors, "stock_transfer_push", &transfer["outer_no"]),
        goes_by_status: false,
        refuses_again: true,
    },
    // Form fields of its own instead of JSON in one of them.
    Write {
        document: "wangdian.purchase_provider_create",
        params: &[],
        operation: "purchase_provider_create",
        body: |_, number| json!({"provider_no": format!("GYS-{number}"), "provider_name": "南京乳业"}),
        spoil: None,
        written: |vendors, provider| pushes(vendors, "purchase_provider_create", &provider["provider_no"]),
        goes_by_status: false,
        refuses_again: false,
    },
    ;
    "goods_push": "goods_no" {"goods_name": "每日纯牛奶", "spec_list": [{"spec_no": "ML-250-24"}]} refused: false,
    "sales_refund_push": "refund_no" {"platform_id": 127, "shop_no": "S001", "tid": "T-1", "order_list": [{"oid": "T-1-1", "num": 1}]} refused: false,
    "purchase_order_push": "outer_no" {"provider_no": "GYS-1", "details_list": [{"spec_no": "ML-250-24", "num": 2}]} refused: true,
    "stockin_purchase_push": "outer_no" {"purchase_no": "CG1", "details_list": [{"spec_no": "ML-250-24", "stockin_num": 2}]} refused: true,
    "purchase_return_push": "outer_no" {"provider_no": "GYS-1", "detail_list": [{"spec_no": "ML-250-24", "num": 1}]} refused: true,
    "purchase_return_order_push": "outer_no" {"return_no": "CT1", "detail_list": [{"spec_no": "ML-250-24", "num": 1}]} refused: true,
    "stockin_order_push": "outer_no" {"warehouse_no": "WH01", "goods_list": [{"spec_no": "ML-250-24", "stockin_num": 2}]} refused: true,
    "stockout_order_push": "outer_no" {"warehouse_no": "WH01", "detail_list": [{"spec_no": "ML-250-24", "num": 2}]} refused: true,
    "stockin_transfer_push": "outer_no" {"src_order_no": "TF1", "goods_list": [{"spec_no": "ML-250-24", "num": 2}]} refused: true,
    "stockout_transfer_push": "outer_no" {"src_order_no": "TF1", "goods_list": [{"spec_no": "ML-250-24", "num": 2}]} refused: true,
];

fn order(number: u32) -> Value {
    json!({
        "tid": format!("CK-{number}"), "trade_status": 30, "pay_status": 2, "delivery_term": 1,
        "trade_time": "2026-11-22 10:00:00", "pay_time": "2026-11-22 10:01:00", "buyer_nick": format!("苏果{number}"),
        "receiver_name": "李四", "receiver_province": "江苏省", "receiver_city": "南京市", "receiver_district": "建邺区",
        "receiver_address": "云龙山路66号", "receiver_mobile": "18254623212", "logistics_type": "-1",
        "post_amount": "10.00", "cod_amount": "0", "ext_cod_fee": "0", "other_amount": "0", "paid": "128.00",
        "order_list": [{
            "oid": format!("CK-{number}-10"), "num": "2", "price": "60.00", "status": 30, "refund_status": 0,
            "goods_id": "ML-250", "goods_no": "ML-250", "spec_no": "ML-250-24", "goods_name": "每日纯牛奶",
            "adjust_amount": "0", "discount": "1.50", "share_discount": "0.50",
        }],
    })
}

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
