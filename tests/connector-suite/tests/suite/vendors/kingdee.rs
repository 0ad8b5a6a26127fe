//! 金蝶云·星辰: lists, one bill, tokens.

use std::time::Duration;

use relay_connector::Connector;
use relay_simulators::{Faults, Vendors};
use serde_json::json;

use crate::vendor::{Allowance, Read, Tokens, Vendor, Write};

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
    ("one save holds one bill", &["one_refused_row_holds_up_no_other_of_its_batch"]),
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
        relay_connectors::named("kingdee").unwrap()
    }

    fn faults<'v>(&self, vendors: &'v Vendors) -> Option<&'v Faults> {
        Some(&vendors.kingdee.faults)
    }

    fn calls(&self, vendors: &Vendors, operation: &str) -> u64 {
        vendors.kingdee.calls().get(operation).copied().unwrap_or_default()
    }

    fn left_out(&self) -> &'static [(&'static str, &'static [&'static str])] {
        LEFT_OUT
    }

    fn reads(&self) -> &'static [Read] {
        &[Read {
            document: "kingdee.customer_list",
            route: None,
            operation: "customer_list",
            load: |vendors, count| {
                for number in 0..count {
                    vendors.kingdee.add_customer(&format!("KH-{number}"), "苏果");
                }
            },
        }]
    }

    fn writes(&self) -> &'static [Write] {
        WRITES
    }

    fn tokens(&self) -> Option<Tokens> {
        Some(Tokens { operation: "access_token", life: Duration::from_secs(3_600) })
    }

    fn allowances(&self) -> &'static [Allowance] {
        ALLOWANCES
    }
}

const WRITES: &[Write] = &[Write {
    document: "kingdee.sal_order_save",
    params: &[],
    operation: "sal_order_save",
    body: |vendors, number| {
        let kingdee = &vendors.kingdee;
        let unit = kingdee.add_unit("JIAN", "件");
        let material = kingdee.add_material("ML-250-24", "每日纯牛奶", &[&unit]);
        let line = json!({
            "materialid_id": material, "stockid_id": kingdee.add_store("WH01", "主仓"), "unit_id": unit,
            "qty": "2", "taxprice": "60.00",
        });
        json!({
            "billno": format!("XS-{number}"), "billdate": "2026-11-22",
            "customerid_id": kingdee.add_customer("KH00001", "南京苏果"), "material_entity": [line],
        })
    },
    spoil: Some(|bill| bill["billdate"] = json!("22.11.2026")),
    written: |vendors, bill| {
        let billno = bill["billno"].as_str().unwrap();
        vendors.kingdee.orders(billno).iter().map(|order| 1 + order.edits as usize).sum()
    },
    goes_by_status: false,
    refuses_again: true,
}];

const ALLOWANCES: &[Allowance] = &[Allowance {
    settings: &[("KINGDEE_CALLS_PER_MINUTE", "12")],
    calls: 12,
    period: Duration::from_secs(60),
    counts: "",
    before_each: None,
}];
