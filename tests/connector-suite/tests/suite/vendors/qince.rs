//! 勤策: pushes to us, orders that are queried, calls that write.

use std::time::Duration;

use chrono::TimeDelta;
use relay_connector::Connector;
use relay_simulators::qince::{Digest, PushStyle};
use relay_simulators::{Faults, Vendors};
use serde_json::{Value, json};

use crate::vendor::{Allowance, Push, Read, Request, Signed, Vendor, Write};

pub(crate) static VENDOR: &dyn Vendor = &Simulated;

struct Simulated;

const LEFT_OUT: &[(&str, &[&str])] = &[
    (
        "it has no pools",
        &[
            "a_pool_gives_its_rows_until_they_are_acknowledged",
            "a_row_that_is_not_acknowledged_holds_up_no_other",
        ],
    ),
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
    ("no public query finds a document by our number", &["after_a_lost_answer_the_document_is_found"]),
    (
        "what a second call under one number does is not documented",
        &["a_number_that_is_there_is_told_and_not_written_again"],
    ),
    ("one call holds one document", &["one_refused_row_holds_up_no_other_of_its_batch"]),
];

impl Vendor for Simulated {
    fn connector(&self) -> &'static dyn Connector {
        relay_connectors::named("qince").unwrap()
    }

    fn faults<'v>(&self, vendors: &'v Vendors) -> Option<&'v Faults> {
        Some(&vendors.qince.faults)
    }

    fn calls(&self, vendors: &Vendors, operation: &str) -> u64 {
        vendors.qince.calls().get(operation).copied().unwrap_or_default()
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

    fn pushes(&self) -> &'static [Push] {
        PUSHES
    }
}

const READS: &[Read] = &[
    Read {
        document: "qince.queryStdomOrder",
        route: None,
        operation: "queryStdomOrder",
        load: |vendors, count| vendors.qince.load("queryStdomOrder", count),
    },
    Read {
        document: "qince.getDmsSalesOrderInfos",
        route: None,
        operation: "getDmsSalesOrderInfos",
        load: |vendors, count| vendors.qince.load("getDmsSalesOrderInfos", count),
    },
    Read {
        document: "qince.direct_order_query",
        route: None,
        operation: "queryPurchase",
        load: |vendors, count| vendors.qince.load("queryPurchase", count),
    },
];

const WRITES: &[Write] = &[
    Write {
        document: "qince.addPurchase",
        params: &[],
        operation: "addPurchase",
        body: |_, number| {
            json!({
                "operate_type": "1", "order_no": format!("CK{number}"), "cm_code": "CUS00001",
                "products": [{"code": "P0001", "num": "2", "price": "12.50", "is_gift": "0"}],
            })
        },
        spoil: Some(|order| order["products"] = json!([])),
        written: |vendors, order| written(vendors, "addPurchase", order),
        goes_by_status: false,
        refuses_again: false,
    },
    Write {
        document: "qince.addSent",
        params: &[],
        operation: "addSent",
        body: |_, number| json!({"purchase_no": format!("CK{number}"), "sent_no": format!("FH{number}")}),
        spoil: Some(|sent| sent["purchase_no"] = json!("")),
        written: |vendors, sent| written(vendors, "addSent", sent),
        goes_by_status: false,
        refuses_again: false,
    },
    Write {
        document: "qince.business_status",
        params: &[],
        operation: "syncBusinessStatus",
        body: |_, number| json!({"purchase_no": format!("CK{number}"), "business_status": "已出库"}),
        spoil: None,
        written: |vendors, status| written(vendors, "syncBusinessStatus", status),
        goes_by_status: false,
        refuses_again: false,
    },
    Write {
        document: "qince.sign",
        params: &[],
        operation: "addSign",
        body: |_, number| json!({"sent_no": format!("FH{number}")}),
        spoil: None,
        written: |vendors, sign| written(vendors, "addSign", sign),
        goes_by_status: false,
        refuses_again: false,
    },
];

fn written(vendors: &Vendors, operation: &str, document: &Value) -> usize {
    vendors.qince.written(operation).iter().filter(|written| *written == document).count()
}

const ALLOWANCES: &[Allowance] = &[Allowance {
    settings: &[("QINCE_CALLS_PER_MINUTE", "12")],
    calls: 12,
    period: Duration::from_secs(60),
    counts: "",
    before_each: None,
}];

/// The push of a business type. What the data of the other types looks like is public of none: an order stands in for each.
macro_rules! pushed {
    ($document:literal, $data_type:literal) => {
        Push {
            document: $document,
            data: |vendors| vendors.qince.order(vendors.clock().now() - TimeDelta::minutes(5)),
            list: "prods",
            tolerated: None,
            age: "QINCE_MAX_AGE_MINUTES",
            request: |vendors, data, signed| push(vendors, data, signed, $data_type),
        }
    };
}

const PUSHES: &[Push] = &[
    pushed!("qince.direct_order", "dms_purchase"),
    pushed!("qince.employee", "employee"),
    pushed!("qince.department", "department"),
    pushed!("qince.custom_district", "custom_district"),
    pushed!("qince.custom_type", "custom_type"),
    pushed!("qince.custom", "custom"),
    pushed!("qince.visit", "visit"),
    pushed!("qince.cuxiao_activity", "cuxiao_activity"),
    pushed!("qince.cuxiao_record", "cuxiao_record"),
    pushed!("qince.cuxiao_record_check", "cuxiao_record_check"),
    pushed!("qince.cuxiao_plan_regular_sale", "cuxiao_plan_regular_sale"),
    pushed!("qince.stdorder_order", "stdorder_order"),
    pushed!("qince.stdorder_sent", "stdorder_sent"),
    pushed!("qince.stdom_return", "stdom_return"),
    pushed!("qince.stdorder_carsale", "stdorder_carsale"),
    pushed!("qince.dms_salesorder", "dms_salesorder"),
    pushed!("qince.dms_sent", "dms_sent"),
    pushed!("qince.dms_sign", "dms_sign"),
    pushed!("qince.dms_inventory", "dms_inventory"),
    pushed!("qince.dms_cardistributeorder", "dms_cardistributeorder"),
];

fn push(vendors: &Vendors, data: &Value, signed: Signed, data_type: &str) -> Request {
    let digest = match signed {
        Signed::Rightly | Signed::Again => Digest::Decoded,
        Signed::Wrongly => Digest::Wrong,
        Signed::Tampered => Digest::Tampered,
    };
    let redelivery = (signed == Signed::Again).then(|| vendors.clock().now());
    let data_type = data_type.to_owned();
    let push = vendors.qince.push(data, &PushStyle { digest, redelivery, data_type, ..PushStyle::default() });
    let headers = vec![("Content-Type".to_owned(), push.content_type)];
    Request { path: "/qince/direct-orders", headers, body: push.body }
}
