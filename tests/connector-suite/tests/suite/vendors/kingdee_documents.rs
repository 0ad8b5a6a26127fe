//! Documents of 金蝶云·星辰 that its simulator takes, as each interface names their fields.

use relay_simulators::Vendors;
use relay_simulators::kingdee::Saved;
use serde_json::{Value, json};

/// The two interfaces.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Interface {
    V1,
    V2,
}

impl Interface {
    fn of<'n>(self, v1: &'n str, v2: &'n str) -> &'n str {
        if self == Self::V1 { v1 } else { v2 }
    }
}

/// A bill with one line. What tells it from others stands in its number and in its remark.
pub(super) fn bill(vendors: &Vendors, interface: Interface, kind: &'static str, number: u32) -> Value {
    let kingdee = &vendors.kingdee;
    let of = |v1, v2| interface.of(v1, v2);
    let mut bill = json!({"remark": format!("R-{number}-")});
    bill[of("billdate", "bill_date")] = json!("2026-11-22");
    if is_numbered(interface, kind) {
        bill[of("billno", "bill_no")] = json!(format!("XS-{number}"));
    }
    match kind {
        "sal_order" | "sal_outbound" | "sal_inbound" | "ar_credit" => {
            bill[of("customerid_id", "customer_id")] = json!(kingdee.add_customer("KH00001", "南京苏果"));
        }
        "pur_order" | "pur_inbound" | "pur_rtn" | "ap_credit" => {
            bill[of("supplierid_id", "supplier_id")] = json!(kingdee.add_supplier("GY00001", "光明乳业"));
        }
        _ => {}
    }
    if (interface, kind) == (Interface::V1, "pur_inbound") {
        bill["transtype"] = json!("1");
    }
    if kind.ends_with("_credit") {
        if interface == Interface::V2 {
            bill["pay_entry_list"] = json!([{"settle_account_id": "1", "amount": "12.50"}]);
        }
        return bill;
    }
    if (interface, kind) == (Interface::V1, "inv_tfin") {
        // It can only be changed.
        bill["id"] = json!(kingdee.keep("inv_tfin", &format!("DR-{number}"), &json!({})));
    }
    let unit = kingdee.add_unit("JIAN", "件");
    let mut line = json!({"qty": "2", "unit_id": unit});
    line[of("materialid_id", "material_id")] = json!(kingdee.add_material("ML-250", "每日纯牛奶", &[&unit]));
    let store = kingdee.add_store("WH01", "主仓");
    if kind.starts_with("inv_tf") {
        line[of("instockid_id", "in_stock_id")] = json!(store);
        line[of("outstockid_id", "out_stock_id")] = json!(store);
    } else {
        line[of("stockid_id", "stock_id")] = json!(store);
    }
    bill["material_entity"] = json!([line]);
    bill
}

fn is_numbered(interface: Interface, kind: &str) -> bool {
    match interface {
        Interface::V1 => ["sal_order", "sal_outbound", "pur_inbound"].contains(&kind),
        Interface::V2 => !kind.ends_with("_credit") && kind != "inv_tfmove",
    }
}

/// A record of base data.
pub(super) fn base_data(vendors: &Vendors, interface: Interface, kind: &str, number: u32) -> Value {
    let code = format!("BM-{number}");
    if kind == "measure_unit" {
        return match interface {
            Interface::V1 => json!({"name": {"zh_CN": code}}),
            Interface::V2 => json!({"name": code}),
        };
    }
    let mut record = json!({"number": code, "name": format!("名称{number}")});
    if kind == "material" {
        let unit = vendors.kingdee.add_unit("JIAN", "件");
        record[interface.of("baseunitid_id", "base_unit_id")] = json!(unit);
        if interface == Interface::V1 {
            record["checktype"] = json!("1");
        }
    }
    record
}

/// How often the books say that the document was written.
pub(super) fn written(vendors: &Vendors, kind: &str, document: &Value) -> usize {
    let saved = vendors.kingdee.saved_of(kind).into_iter();
    if let Some(id) = document["id"].as_str() {
        return saved.filter(|saved| saved.id == id).map(|saved| saved.edits as usize).sum();
    }
    let number = ["billno", "bill_no", "number", "name"].iter().find_map(|name| document[*name].as_str());
    let is_it = |saved: &Saved| match number {
        Some(number) => saved.number == number,
        None => ["remark", "name"].iter().all(|name| saved.body.get(*name) == document.get(*name)),
    };
    saved.filter(is_it).map(|saved| 1 + saved.edits as usize).sum()
}

/// A document of a kind that is saved.
macro_rules! saved {
    ($interface:ident $form:ident $kind:literal, asked: $asked:literal) => {
        Write {
            document: concat!("kingdee.", $kind, "_save"),
            params: &[],
            operation: concat!($kind, "_save"),
            body: |vendors, number| {
                crate::vendors::kingdee_documents::$form(vendors, Interface::$interface, $kind, number)
            },
            spoil: Some(crate::vendors::kingdee_documents::spoil),
            written: |vendors, body| crate::vendors::kingdee_documents::written(vendors, $kind, body),
            goes_by_status: false,
            refuses_again: $asked,
        }
    };
}
pub(super) use saved;

/// Rows of a list, or of what is read whole.
macro_rules! listed {
    ($document:literal $kind:literal $load:expr) => {
        Read {
            document: concat!("kingdee.", $document),
            route: None,
            operation: concat!($kind, "_list"),
            load: |vendors, count| {
                for number in 0..count {
                    $load(vendors, $kind, number);
                }
            },
        }
    };
}
pub(super) use listed;

/// Loads a bill.
pub(super) fn keep(vendors: &Vendors, kind: &'static str, number: u32) {
    vendors.kingdee.keep(kind, &format!("XS-{number}"), &json!({"bill_date": "2026-11-22", "remark": "r"}));
}

/// Loads a record of base data.
pub(super) fn add(vendors: &Vendors, kind: &'static str, number: u32) {
    vendors.kingdee.add_base_data(kind, &format!("KH-{number}"), "苏果");
}

/// Loads the stock of a good.
pub(super) fn stock(vendors: &Vendors, kind: &'static str, number: u32) {
    let row = json!({
        "material_id": format!("{number}"), "stock_id": "1", "sp_id": "2", "aux_prop_id": "3", "batch_no": "B",
        "qty": "12.5",
    });
    vendors.kingdee.keep(kind, "", &row);
}

/// Spoils a document so that it is refused.
pub(super) fn spoil(document: &mut Value) {
    for name in ["billdate", "bill_date"] {
        if document.get(name).is_some() {
            document[name] = json!("22.11.2026");
            return;
        }
    }
    document["nonsense"] = json!(true);
}
