//! 金蝶云·星辰 over V1: every list, everything that is saved, tokens.

use std::time::Duration;

use relay_connector::Connector;
use relay_simulators::{Faults, Vendors};
use serde_json::json;

use super::kingdee_documents::{Interface, add, keep, listed, saved};
use crate::vendor::{Allowance, Read, Tokens, Vendor, Write};

pub(crate) static VENDOR: &dyn Vendor = &Simulated;

struct Simulated;

pub(super) const LEFT_OUT: &[(&str, &[&str])] = &[
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

const UNTRIED: &[(&str, &[&str])] = &[
    (
        "the simulator has orders of V1 by pushes alone: after a lost answer they are found in it",
        &["kingdee.sal_order_list"],
    ),
    (
        "the simulator has no stock of V1, whose page does not say what tells its rows apart",
        &["kingdee.stock_inv_list"],
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

    fn untried(&self) -> &'static [(&'static str, &'static [&'static str])] {
        UNTRIED
    }

    fn reads(&self) -> &'static [Read] {
        READS
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

const READS: &[Read] = &[
    listed!("customer_list" "customer" add),
    listed!("supplier_list" "supplier" add),
    listed!("material_list" "material" add),
    listed!("store_list" "store" add),
    listed!("measure_unit_list" "measure_unit" add),
    listed!("emp_list" "emp" add),
    listed!("dept_list" "dept" add),
    listed!("settlement_type_list" "settlement_type" add),
    listed!("settlement_account_list" "settlement_account" add),
    listed!("currency_list" "currency" add),
    listed!("sal_outbound_list" "sal_outbound" keep),
    listed!("sal_inbound_list" "sal_inbound" keep),
    listed!("pur_inbound_list" "pur_inbound" keep),
    listed!("pur_rtn_list" "pur_rtn" keep),
    listed!("inv_otherin_list" "inv_otherin" keep),
    listed!("inv_otherout_list" "inv_otherout" keep),
    listed!("inv_tfout_list" "inv_tfout" keep),
    listed!("ap_credit_list" "ap_credit" keep),
];

const WRITES: &[Write] = &[
    ORDER,
    saved!(V1 bill "sal_outbound", asked: true),
    saved!(V1 bill "sal_inbound", asked: false),
    saved!(V1 bill "pur_order", asked: false),
    saved!(V1 bill "pur_inbound", asked: true),
    saved!(V1 bill "pur_rtn", asked: false),
    saved!(V1 bill "inv_otherin", asked: false),
    saved!(V1 bill "inv_otherout", asked: false),
    saved!(V1 bill "inv_tfout", asked: false),
    saved!(V1 bill "inv_tfin", asked: false),
    saved!(V1 bill "ap_credit", asked: false),
    saved!(V1 base_data "customer", asked: true),
    saved!(V1 base_data "supplier", asked: true),
    saved!(V1 base_data "material", asked: true),
    saved!(V1 base_data "store", asked: true),
    saved!(V1 base_data "measure_unit", asked: false),
];

const ORDER: Write = Write {
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
};

pub(super) const ALLOWANCES: &[Allowance] = &[Allowance {
    settings: &[("KINGDEE_CALLS_PER_MINUTE", "12")],
    calls: 12,
    period: Duration::from_secs(60),
    counts: "",
    before_each: None,
}];
