//! V2's documents, as data: a line for each kind of document, of which come what is saved, listed and read whole.

use std::time::Duration;

use relay_connector::{Document, Entries, Fields, Pages, Push, Role, Step, sheet};

use crate::catalog::{PAGES, SIGNED, UNNUMBERED, listed, numbered, saved, short};
use crate::version::Endpoint;

/// The documents of V2.
pub(crate) fn documents() -> &'static [Document] {
    DOCUMENTS
}

/// Where a document of [`documents`] is called.
pub(crate) fn endpoint(document: &str) -> Option<Endpoint> {
    let document = short(document);
    let (kind, form) = document.rsplit_once('_')?;
    let kind = KINDS.iter().find(|known| known.name == kind)?;
    let detail = match form {
        "detail" | "save" => kind.detail,
        // A list of goods tells their units: no more is asked for.
        _ => None,
    };
    DOCUMENTS.iter().any(|known| short(known.name) == document).then_some(Endpoint {
        path: kind.path,
        detail,
        entity: kind.entity,
    })
}

/// A kind of document, and where it is called.
struct Called {
    name: &'static str,
    /// Saves by `POST`, lists by `GET`.
    path: &'static str,
    detail: Option<&'static str>,
    /// `entity_number`.
    entity: Option<&'static str>,
}

/// The calls that steps in the life of a document are taken by.
pub(crate) const OPERATE: &str = "jdy/v2/sys/common_operate";

macro_rules! kinds {
    (
        bills { $($name:literal $title:literal $sheet:literal $path:literal $entity:literal $push:expr;)* }
        base_data { $($base:literal $base_title:literal $base_sheet:literal $base_path:literal $base_entity:literal;)* }
        without_detail { $($name_:literal $title_:literal $sheet_:literal $path_:literal $entity_:literal $push_:expr;)* }
        lists { $($list:literal $of:literal $listed_sheet:literal $list_path:literal;)* }
        snapshots { $($snapshot:literal $shows:literal $path_of_it:literal $key:expr;)* }
    ) => {
        const KINDS: &[Called] = &[
            $(Called {
                name: $name,
                path: concat!("jdy/v2/", $path),
                detail: Some(concat!("jdy/v2/", $path, "_detail")),
                entity: Some($entity),
            },)*
            $(Called {
                name: $base,
                path: concat!("jdy/v2/", $base_path),
                detail: Some(concat!("jdy/v2/", $base_path, "_detail")),
                entity: Some($base_entity),
            },)*
            $(Called { name: $name_, path: concat!("jdy/v2/", $path_), detail: None, entity: Some($entity_) },)*
            $(Called { name: $list, path: concat!("jdy/v2/", $list_path), detail: None, entity: None },)*
            $(Called { name: $snapshot, path: concat!("jdy/v2/", $path_of_it), detail: None, entity: None },)*
        ];

        static DOCUMENTS: &[Document] = &[
            $(saved(
                concat!("kingdee.", $name, "_save"),
                concat!($title, "保存"),
                sheet!(concat!("../../catalog/v2_", $sheet, "_save.tsv")),
                told($push, concat!("kingdee.", $name, "_detail")),
            ),
            windowed(
                concat!("kingdee.", $name, "_list"),
                concat!($title, "列表"),
                sheet!(concat!("../../catalog/v2_", $sheet, "_list.tsv")),
            ),
            whole(
                concat!("kingdee.", $name, "_detail"),
                concat!($title, "详情"),
                sheet!(concat!("../../catalog/v2_", $sheet, "_detail.tsv")),
                &OF_BILLS,
            ),)*
            $(saved(
                concat!("kingdee.", $base, "_save"),
                concat!($base_title, "保存"),
                sheet!(concat!("../../catalog/v2_", $base_sheet, "_save.tsv")),
                numbered("number", concat!("kingdee.", $base, "_list"), &["number"])
                    .with_steps(OF_BASE_DATA)
                    .shown_whole_in(concat!("kingdee.", $base, "_detail")),
            ),
            windowed(
                concat!("kingdee.", $base, "_list"),
                concat!($base_title, "列表"),
                sheet!(concat!("../../catalog/v2_", $base_sheet, "_list.tsv")),
            ),
            whole(
                concat!("kingdee.", $base, "_detail"),
                concat!($base_title, "详情"),
                sheet!(concat!("../../catalog/v2_", $base_sheet, "_detail.tsv")),
                &OF_BASE_LISTS,
            ),)*
            $(saved(
                concat!("kingdee.", $name_, "_save"),
                concat!($title_, "保存"),
                sheet!(concat!("../../catalog/v2_", $sheet_, "_save.tsv")),
                $push_,
            ),
            windowed(
                concat!("kingdee.", $name_, "_list"),
                concat!($title_, "列表"),
                sheet!(concat!("../../catalog/v2_", $sheet_, "_list.tsv")),
            ),)*
            $(windowed(
                concat!("kingdee.", $list, "_list"),
                concat!($of, "列表"),
                sheet!(concat!("../../catalog/v2_", $listed_sheet, "_list.tsv")),
            ),)*
            $(Document {
                keys: $key,
                ..listed(
                    concat!("kingdee.", $snapshot, "_list"),
                    $shows,
                    sheet!(concat!("../../catalog/v2_", $snapshot, "_list.tsv")),
                )
            },)*
        ];
    };
}

kinds! {
    bills {
        "sal_order" "销售订单" "sal_order" "scm/sal_order" "sal_bill_order" bill("kingdee.sal_order_list");
        "sal_outbound" "销售出库单" "sal_out_bound" "scm/sal_out_bound" "sal_bill_outbound" bill("kingdee.sal_outbound_list");
        "sal_inbound" "销售退货单" "sal_in_bound" "scm/sal_in_bound" "sal_bill_inbound" bill("kingdee.sal_inbound_list");
        "pur_order" "采购订单" "pur_order" "scm/pur_order" "pur_bill_order" bill("kingdee.pur_order_list");
        "pur_inbound" "采购入库单" "pur_inbound" "scm/pur_inbound" "pur_bill_inbound" bill("kingdee.pur_inbound_list");
        "pur_rtn" "采购退货单" "pur_ret" "scm/pur_ret" "pur_bill_outbound" bill("kingdee.pur_rtn_list");
        "inv_otherin" "其他入库单" "inv_other_in" "scm/inv_other_in" "inv_other_bill_inbound" bill("kingdee.inv_otherin_list");
        "inv_otherout" "其他出库单" "inv_other_out" "scm/inv_other_out" "inv_other_bill_outbound" bill("kingdee.inv_otherout_list");
        "inv_tfout" "调拨出库单" "inv_tfout" "scm/inv_tfout" "inv_tfout_bill_outbound" bill("kingdee.inv_tfout_list");
        "inv_tfin" "调拨入库单" "inv_tfin" "scm/inv_tfin" "inv_tfin_bill_inbound" bill("kingdee.inv_tfin_list");
        "ar_credit" "收款单" "ar_credit" "arap/ar_credit" "ar_creditbill" of_a_bill(UNNUMBERED);
        "ap_credit" "付款单" "ap_credit" "arap/ap_credit" "ap_paybill" of_a_bill(UNNUMBERED);
    }
    base_data {
        "customer" "客户" "customer" "bd/customer" "bd_customer";
        "supplier" "供应商" "supplier" "bd/supplier" "bd_supplier";
        "material" "商品" "material" "bd/material" "bd_material";
        "store" "仓库" "store" "bd/store" "bd_store";
    }
    without_detail {
        "inv_tfmove" "移仓单" "inv_tfmove" "scm/inv_tfmove" "inv_tfmove_bill_order" of_a_bill(UNNUMBERED);
        "measure_unit" "计量单位" "measure_unit" "bd/measure_unit" "bd_measureunits_new" named("kingdee.measure_unit_list");
    }
    lists {
        "emp" "职员" "emp" "bd/emp";
        "dept" "部门" "department" "bd/department";
        "material_unit" "商品单位" "material_unit" "bd/material_unit";
        "settlement_type" "结算方式" "settlement_type" "bd/settlement_type";
        "settlement_account" "账户" "settlement_account" "bd/settlement_account";
        "currency" "币别" "currency" "bd/currency";
    }
    snapshots {
        "inventory" "商品库存列表" "scm/inventory" STOCK_KEY;
    }
}

/// A bill is saved unaudited (state Z); all but its saving goes over `common_operate`.
const OF_A_BILL: &[Step] = &[Step::Save, Step::Audit, Step::Unaudit, Step::Delete];
const OF_BASE_DATA: &[Step] = &[Step::Save, Step::Delete];

const fn bill(list: &'static str) -> Push {
    of_a_bill(numbered("bill_no", list, &["bill_no"]).signed(SIGNED))
}

/// The lines of bills of goods are told by their details. What is paid has lists of other kinds.
const fn told(push: Push, detail: &'static str) -> Push {
    let push = push.shown_whole_in(detail);
    match push.number {
        Some(_) => push.with_entries(Entries { list: "material_entity", id: "id" }),
        None => push,
    }
}

const fn of_a_bill(push: Push) -> Push {
    push.with_steps(OF_A_BILL).dated("bill_date", "remark")
}

/// A unit has no code that could be given; of one name there is one.
const fn named(list: &'static str) -> Push {
    numbered("name", list, &["name"]).with_steps(OF_BASE_DATA)
}

/// Windows over the time of the last change, in milliseconds. How long they may be is not documented.
const DAY: Duration = Duration::from_secs(86_400);

/// A good in a warehouse may stand in several bins, forms and batches.
const STOCK_KEY: &[&[&str]] = &[&["material_id", "stock_id", "sp_id", "aux_prop_id", "batch_no"]];

const fn windowed(name: &'static str, title: &'static str, fields: Fields) -> Document {
    Document { role: Role::Windowed, max_span: Some(DAY), ..listed(name, title, fields) }
}

/// Every row is asked for whole, one call each: so a page holds few.
const FEW: Pages = Pages { first: PAGES.first, cap: 20 };

/// What the lists take of which each row is then asked for whole.
const OF_BILLS: [&str; 4] = ["bill_status", "search", "start_bill_date", "end_bill_date"];
const OF_BASE_LISTS: [&str; 2] = ["search", "enable"];

const fn whole(
    name: &'static str,
    title: &'static str,
    fields: Fields,
    params: &'static [&'static str],
) -> Document {
    Document { pages: Some(FEW), version: Some("modify_time"), params, ..windowed(name, title, fields) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_is_called_somewhere_and_what_it_is_asked_after_and_shown_in_is_there() {
        for document in documents() {
            assert!(endpoint(document.name).is_some(), "{}", document.name);
            let asked = document.push.and_then(|push| push.asked).map(|asked| asked.document);
            let whole = document.push.and_then(|push| push.whole);
            for shown in asked.into_iter().chain(whole) {
                assert!(documents().iter().any(|known| known.name == shown), "{}: {shown}", document.name);
            }
        }
    }
}
