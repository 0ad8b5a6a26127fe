//! V1's documents, as data.

use relay_connector::{Certainty, Document, Field, Fields, Kind, Push, Repeat, sheet};

use crate::catalog::{SIGNED, UNNUMBERED, listed, numbered, saved, short};
use crate::version::Endpoint;

/// The documents of V1.
pub(crate) fn documents() -> &'static [Document] {
    DOCUMENTS
}

/// Where a document of [`documents`] is called.
pub(crate) fn endpoint(document: &str) -> Option<Endpoint> {
    let (_, path) = PATHS.iter().find(|(name, _)| *name == short(document))?;
    let detail = DETAILS.iter().find(|(name, _)| *name == short(document)).map(|(_, path)| *path);
    Some(Endpoint { path, detail, entity: None })
}

/// The calls that give a bill whole, by its id, of what is saved.
const DETAILS: &[(&str, &str)] =
    &[("sal_order_save", "jdy/sal/sal_order_detail"), ("sal_outbound_save", "jdy/sal/sal_outbound_detail")];

const PATHS: &[(&str, &str)] = &[
    ("sal_order_save", "jdy/sal/sal_order_save"),
    ("sal_order_list", "jdy/sal/sal_order_list"),
    ("sal_outbound_save", "jdy/sal/sal_outbound_save"),
    ("sal_outbound_list", "jdy/sal/sal_outbound_list"),
    ("sal_inbound_save", "jdy/sal/sal_inbound_save"),
    ("sal_inbound_list", "jdy/sal/sal_inbound_list"),
    ("pur_order_save", "jdy/pur/pur_order_save"),
    ("pur_inbound_save", "jdy/pur/pur_inbound_save"),
    ("pur_inbound_list", "jdy/pur/pur_inbound_list"),
    ("pur_rtn_save", "jdy/pur/pur_rtn_save"),
    ("pur_rtn_list", "jdy/pur/pur_rtn_list"),
    ("inv_otherin_save", "jdy/inv/inv_otherin_save"),
    ("inv_otherin_list", "jdy/inv/inv_otherin_list"),
    ("inv_otherout_save", "jdy/inv/inv_otherout_save"),
    ("inv_otherout_list", "jdy/inv/inv_otherout_list"),
    ("inv_tfout_save", "jdy/inv/inv_tfout_save"),
    ("inv_tfout_list", "jdy/inv/inv_tfout_list"),
    ("inv_tfin_save", "jdy/inv/inv_tfin_save"),
    ("stock_inv_list", "jdy/inv/stock_inv_list"),
    ("ap_credit_save", "jdy/arap/ap_credit_save"),
    ("ap_credit_list", "jdy/arap/ap_credit_list"),
    ("customer_save", "jdy/basedata/customer_save"),
    ("customer_list", "jdy/basedata/customer_list"),
    ("supplier_save", "jdy/basedata/supplier_save"),
    ("supplier_list", "jdy/basedata/supplier_list"),
    ("material_save", "jdy/basedata/material_save"),
    ("material_list", "jdy/basedata/material_list"),
    ("store_save", "jdy/basedata/store_save"),
    ("store_list", "jdy/basedata/store_list"),
    ("measure_unit_save", "jdy/basedata/measure_unit_save"),
    ("measure_unit_list", "jdy/basedata/measure_unit_list"),
    ("emp_list", "jdy/basedata/emp_list"),
    ("dept_list", "jdy/basedata/dept_list"),
    ("settlement_type_list", "jdy/basedata/settlement_type_list"),
    ("settlement_account_list", "jdy/basedata/settlement_account_list"),
    ("currency_list", "jdy/basedata/currency_list"),
];

static DOCUMENTS: &[Document] = &[
    saved(
        "kingdee.sal_order_save",
        "新增或者修改一张销售订单",
        sheet!("../../catalog/v1_sal_order_save.tsv"),
        bill("kingdee.sal_order_list"),
    ),
    saved(
        "kingdee.sal_outbound_save",
        "新增或者修改一张销售出库单",
        sheet!("../../catalog/v1_sal_outbound_save.tsv"),
        bill("kingdee.sal_outbound_list"),
    ),
    // Its page has no billno, which that of its twin has: whether one is kept is not known.
    saved(
        "kingdee.sal_inbound_save",
        "新增或者修改一张销售退货单",
        sheet!("../../catalog/v1_sal_inbound_save.tsv"),
        UNNUMBERED.dated("billdate", "remark"),
    ),
    saved("kingdee.pur_order_save", "保存采购订单", UNLISTED, UNNUMBERED),
    saved(
        "kingdee.pur_inbound_save",
        "采购入库单保存新增",
        sheet!("../../catalog/v1_pur_inbound_save.tsv"),
        bill("kingdee.pur_inbound_list"),
    ),
    saved("kingdee.pur_rtn_save", "保存采购退货单", UNLISTED, UNNUMBERED),
    saved("kingdee.inv_otherin_save", "保存其他入库单", UNLISTED, UNNUMBERED),
    saved("kingdee.inv_otherout_save", "保存其他出库单", UNLISTED, UNNUMBERED),
    saved(
        "kingdee.inv_tfout_save",
        "调拨出库单保存",
        sheet!("../../catalog/v1_inv_tfout_save.tsv"),
        UNNUMBERED.dated("billdate", "remark"),
    ),
    // It changes the bill whose id it is given, and makes none: the same once more changes nothing.
    saved(
        "kingdee.inv_tfin_save",
        "保存调拨入库单(仅编辑)",
        sheet!("../../catalog/v1_inv_tfin_save.tsv"),
        Push::new(None, Repeat::Replaces, None),
    ),
    saved("kingdee.ap_credit_save", "保存付款单", UNLISTED, UNNUMBERED),
    saved(
        "kingdee.customer_save",
        "保存客户",
        sheet!("../../catalog/v1_customer_save.tsv"),
        coded("kingdee.customer_list"),
    ),
    saved(
        "kingdee.supplier_save",
        "保存供应商",
        sheet!("../../catalog/v1_supplier_save.tsv"),
        coded("kingdee.supplier_list"),
    ),
    saved(
        "kingdee.material_save",
        "商品保存",
        sheet!("../../catalog/v1_material_save.tsv"),
        coded("kingdee.material_list"),
    ),
    saved(
        "kingdee.store_save",
        "保存仓库",
        sheet!("../../catalog/v1_store_save.tsv"),
        coded("kingdee.store_list"),
    ),
    // Its name is an object of languages, and it has no code.
    saved(
        "kingdee.measure_unit_save",
        "保存计量单位",
        sheet!("../../catalog/v1_measure_unit_save.tsv"),
        UNNUMBERED,
    ),
    listed("kingdee.sal_order_list", "销售订单列表", sheet!("../../catalog/v1_sal_order_list.tsv")),
    listed("kingdee.sal_outbound_list", "销售出库单列表", sheet!("../../catalog/v1_sal_outbound_list.tsv")),
    listed("kingdee.sal_inbound_list", "销售退货单列表", BILLS),
    listed("kingdee.pur_inbound_list", "采购入库单列表", sheet!("../../catalog/v1_pur_inbound_list.tsv")),
    listed("kingdee.pur_rtn_list", "采购退货单列表", BILLS),
    listed("kingdee.inv_otherin_list", "其他入库单列表", BILLS),
    listed("kingdee.inv_otherout_list", "其他出库单列表", BILLS),
    listed("kingdee.inv_tfout_list", "调拨出库单列表", BILLS),
    listed("kingdee.ap_credit_list", "付款单列表", BILLS),
    Document { keys: &[], ..listed("kingdee.stock_inv_list", "商品仓库库存", Fields::Written(&[])) },
    base_data("kingdee.customer_list", "客户列表", sheet!("../../catalog/v1_customer_list.tsv")),
    base_data("kingdee.supplier_list", "供应商列表", sheet!("../../catalog/v1_supplier_list.tsv")),
    base_data("kingdee.material_list", "商品列表", sheet!("../../catalog/v1_material_list.tsv")),
    base_data("kingdee.store_list", "仓库列表", sheet!("../../catalog/v1_store_list.tsv")),
    base_data("kingdee.emp_list", "职员列表", sheet!("../../catalog/v1_emp_list.tsv")),
    base_data("kingdee.dept_list", "部门列表", sheet!("../../catalog/v1_basedata_list.tsv")),
    base_data("kingdee.measure_unit_list", "计量单位列表", sheet!("../../catalog/v1_measure_unit_list.tsv")),
    base_data("kingdee.settlement_type_list", "结算方式列表", sheet!("../../catalog/v1_basedata_list.tsv")),
    base_data("kingdee.settlement_account_list", "账户列表", sheet!("../../catalog/v1_basedata_list.tsv")),
    base_data("kingdee.currency_list", "币别列表", sheet!("../../catalog/v1_basedata_list.tsv")),
];

/// Bills of which the vendor's field list was not found: these are what their twins have. Others are written in quotes.
const UNLISTED: Fields = Fields::Written(&[
    inferred("id", "单据ID", Kind::Text),
    inferred("billno", "单据编号", Kind::Text),
    inferred("billdate", "单据日期", Kind::Date),
    inferred("supplierid_id", "供应商", Kind::Text),
    inferred("customerid_id", "客户", Kind::Text),
    inferred("empid_id", "业务员", Kind::Text),
    inferred("deptid_id", "部门", Kind::Text),
    inferred("transtype", "业务类型", Kind::Text),
    inferred("remark", "单据备注", Kind::Text),
    inferred("material_entity", "商品分录", Kind::List(UNLISTED_LINE)),
    inferred("custom_field*", "自定义字段", Kind::Text),
]);

const UNLISTED_LINE: &[Field] = &[
    inferred("materialid_id", "商品", Kind::Text),
    inferred("stockid_id", "仓库", Kind::Text),
    inferred("spid_id", "仓位", Kind::Text),
    inferred("qty", "数量", Kind::Decimal),
    inferred("unit_id", "单位", Kind::Text),
    inferred("taxprice", "单价", Kind::Decimal),
    inferred("cess", "税率", Kind::Decimal),
    inferred("is_free", "是否赠品", Kind::Flag),
    inferred("batchno", "批次号", Kind::Text),
    inferred("custom_field*", "自定义字段", Kind::Text),
];

const BILLS: Fields = Fields::Written(&[
    inferred("id", "单据ID", Kind::Text),
    inferred("billno", "单据编号", Kind::Text),
    inferred("billdate", "单据日期", Kind::Date),
]);

const fn inferred(name: &'static str, title: &'static str, kind: Kind) -> Field {
    Field { certainty: Certainty::Inferred, ..Field::new(name, title, kind) }
}

const fn bill(list: &'static str) -> Push {
    numbered("billno", list, &["billno", "bill_no", "number"]).dated("billdate", "remark").signed(SIGNED)
}

const fn coded(list: &'static str) -> Push {
    numbered("number", list, &["number"])
}

/// With what its parameters hold when nothing is left out. The unit of its times is not known, so it has no windows.
const fn base_data(name: &'static str, title: &'static str, fields: Fields) -> Document {
    Document {
        defaults: &[("search", ""), ("enable", "-1"), ("parent", ""), ("starttime", "-1"), ("endtime", "-1")],
        ..listed(name, title, fields)
    }
}

#[cfg(test)]
mod tests {
    use relay_connector::{Kind, field};

    use super::*;

    #[test]
    fn every_document_has_a_path_and_every_path_a_document() {
        let named: Vec<_> = documents().iter().map(|document| short(document.name)).collect();
        for document in &named {
            assert!(endpoint(document).is_some(), "{document}");
        }
        for (name, _) in PATHS {
            assert!(named.contains(name), "{name}");
        }
    }

    #[test]
    fn every_field_of_the_vendors_page_is_known() {
        let order = &documents()[0];
        for name in ["billdate", "billno", "customerid_id", "custom_field42obgp309axx5_number"] {
            assert!(field(order.fields(), name).is_some(), "{name}");
        }
        let Kind::List(lines) = field(order.fields(), "material_entity").unwrap().kind else {
            panic!("no lines")
        };
        for name in
            ["materialid_id", "stockid_id", "qty", "unit_id", "taxprice", "is_free", "cess", "custom_field1"]
        {
            assert!(field(lines, name).is_some(), "{name}");
        }
    }
}
