//! 金蝶云·星辰 over V2: every list, everything that is read whole and that is saved, app-tokens.

use std::time::Duration;

use relay_connector::Connector;
use relay_simulators::{Faults, Vendors};

use super::kingdee;
use super::kingdee_documents::{Interface, add, keep, listed, saved, stock};
use crate::vendor::{Allowance, Read, Tokens, Vendor, Write};

pub(crate) static VENDOR: &dyn Vendor = &Simulated;

struct Simulated;

impl Vendor for Simulated {
    fn connector(&self) -> &'static dyn Connector {
        relay_connectors::named("kingdee").unwrap()
    }

    fn name(&self) -> &'static str {
        "kingdee v2"
    }

    fn interface(&self) -> &'static [(&'static str, &'static str)] {
        &[("KINGDEE_AUTH", "v2")]
    }

    fn faults<'v>(&self, vendors: &'v Vendors) -> Option<&'v Faults> {
        Some(&vendors.kingdee.faults)
    }

    fn calls(&self, vendors: &Vendors, operation: &str) -> u64 {
        vendors.kingdee.calls().get(operation).copied().unwrap_or_default()
    }

    fn left_out(&self) -> &'static [(&'static str, &'static [&'static str])] {
        kingdee::LEFT_OUT
    }

    fn reads(&self) -> &'static [Read] {
        READS
    }

    fn writes(&self) -> &'static [Write] {
        WRITES
    }

    fn tokens(&self) -> Option<Tokens> {
        Some(Tokens { operation: "kingdee_auth_token", life: Duration::from_secs(24 * 3_600) })
    }

    fn allowances(&self) -> &'static [Allowance] {
        kingdee::ALLOWANCES
    }
}

const READS: &[Read] = &[
    listed!("sal_order_list" "sal_order" keep),
    listed!("sal_outbound_list" "sal_outbound" keep),
    listed!("sal_inbound_list" "sal_inbound" keep),
    listed!("pur_order_list" "pur_order" keep),
    listed!("pur_inbound_list" "pur_inbound" keep),
    listed!("pur_rtn_list" "pur_rtn" keep),
    listed!("inv_otherin_list" "inv_otherin" keep),
    listed!("inv_otherout_list" "inv_otherout" keep),
    listed!("inv_tfout_list" "inv_tfout" keep),
    listed!("inv_tfin_list" "inv_tfin" keep),
    listed!("ar_credit_list" "ar_credit" keep),
    listed!("ap_credit_list" "ap_credit" keep),
    listed!("inv_tfmove_list" "inv_tfmove" keep),
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
    listed!("material_unit_list" "material_unit" add),
    listed!("inventory_list" "inventory" stock),
    listed!("sal_order_detail" "sal_order" keep),
    listed!("sal_outbound_detail" "sal_outbound" keep),
    listed!("sal_inbound_detail" "sal_inbound" keep),
    listed!("pur_order_detail" "pur_order" keep),
    listed!("pur_inbound_detail" "pur_inbound" keep),
    listed!("pur_rtn_detail" "pur_rtn" keep),
    listed!("inv_otherin_detail" "inv_otherin" keep),
    listed!("inv_otherout_detail" "inv_otherout" keep),
    listed!("inv_tfout_detail" "inv_tfout" keep),
    listed!("inv_tfin_detail" "inv_tfin" keep),
    listed!("ar_credit_detail" "ar_credit" keep),
    listed!("ap_credit_detail" "ap_credit" keep),
    listed!("customer_detail" "customer" add),
    listed!("supplier_detail" "supplier" add),
    listed!("material_detail" "material" add),
    listed!("store_detail" "store" add),
];

const WRITES: &[Write] = &[
    saved!(V2 bill "sal_order", asked: true),
    saved!(V2 bill "sal_outbound", asked: true),
    saved!(V2 bill "sal_inbound", asked: true),
    saved!(V2 bill "pur_order", asked: true),
    saved!(V2 bill "pur_inbound", asked: true),
    saved!(V2 bill "pur_rtn", asked: true),
    saved!(V2 bill "inv_otherin", asked: true),
    saved!(V2 bill "inv_otherout", asked: true),
    saved!(V2 bill "inv_tfout", asked: true),
    saved!(V2 bill "inv_tfin", asked: true),
    saved!(V2 bill "ar_credit", asked: false),
    saved!(V2 bill "ap_credit", asked: false),
    saved!(V2 bill "inv_tfmove", asked: false),
    saved!(V2 base_data "customer", asked: true),
    saved!(V2 base_data "supplier", asked: true),
    saved!(V2 base_data "material", asked: true),
    saved!(V2 base_data "store", asked: true),
    saved!(V2 base_data "measure_unit", asked: true),
];
