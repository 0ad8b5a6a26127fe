//! What the documents of both interfaces have in common, as data. The documents themselves stand in `v1::catalog` and
//! `v2::catalog`.

use relay_connector::{Document, Fields, Lookup, Measures, ONCE, Pages, Push, Question, Repeat, Role};

/// The documents that are known where `KINGDEE_AUTH` is not set: those of V1.
#[must_use]
pub fn documents() -> &'static [Document] {
    crate::v1::catalog::documents()
}

/// The documents of V2.
#[must_use]
pub fn documents_of_v2() -> &'static [Document] {
    crate::v2::catalog::documents()
}

/// The look-up tables of either interface.
#[must_use]
pub fn lookups() -> &'static [Lookup] {
    LOOKUPS
}

pub(crate) fn short(document: &str) -> &str {
    document.strip_prefix("kingdee.").unwrap_or(document)
}

/// Where a code is looked for: the list, and its fields that may be the code, the best first.
pub(crate) fn table(lookup: &str) -> Option<(&'static str, &'static [&'static str])> {
    const NUMBER: &[&str] = &["number"];
    // Sources name a unit (件) or a way to pay (支付宝); they rarely know its code.
    const NAME: &[&str] = &["name", "number"];
    Some(match lookup {
        "kingdee.customer" => ("customer_list", NUMBER),
        "kingdee.supplier" => ("supplier_list", NUMBER),
        MATERIAL | MATERIAL_UNIT => ("material_list", NUMBER),
        "kingdee.store" => ("store_list", NUMBER),
        "kingdee.emp" => ("emp_list", NUMBER),
        "kingdee.dept" => ("dept_list", NUMBER),
        "kingdee.unit" => ("measure_unit_list", NAME),
        "kingdee.settlement_type" => ("settlement_type_list", NAME),
        "kingdee.settlement_account" => ("settlement_account_list", NAME),
        "kingdee.currency" => ("currency_list", NAME),
        _ => return None,
    })
}

pub(crate) const MATERIAL: &str = "kingdee.material";
/// The base unit of a good, found by the good's code.
pub(crate) const MATERIAL_UNIT: &str = "kingdee.material_unit";

const LOOKUPS: &[Lookup] = &[
    Lookup { name: "kingdee.customer", title: "客户编码 → 客户 id" },
    Lookup { name: "kingdee.supplier", title: "供应商编码 → 供应商 id" },
    Lookup { name: MATERIAL, title: "商品编码 → 商品 id" },
    Lookup { name: "kingdee.store", title: "仓库编码 → 仓库 id" },
    Lookup { name: "kingdee.emp", title: "职员编码 → 职员 id" },
    Lookup { name: "kingdee.dept", title: "部门编码 → 部门 id" },
    Lookup { name: "kingdee.unit", title: "计量单位名称或编码 → 单位 id" },
    Lookup { name: MATERIAL_UNIT, title: "商品编码 → 该商品基本单位 id" },
    Lookup { name: "kingdee.settlement_type", title: "结算方式名称或编码 → 结算方式 id" },
    Lookup { name: "kingdee.settlement_account", title: "账户名称或编码 → 账户 id" },
    Lookup { name: "kingdee.currency", title: "币别名称或编码 → 币别 id" },
];

/// What each interface calls the same field: V1, V2. A flow may write either.
pub(crate) const SAME: &[(&str, &str)] = &[
    ("billno", "bill_no"),
    ("billdate", "bill_date"),
    ("billsource", "bill_source"),
    ("customerid_id", "customer_id"),
    ("supplierid_id", "supplier_id"),
    ("empid_id", "emp_id"),
    ("deptid_id", "dept_id"),
    ("outdeptid_id", "out_dept_id"),
    ("materialid_id", "material_id"),
    ("stockid_id", "stock_id"),
    ("instockid_id", "in_stock_id"),
    ("outstockid_id", "out_stock_id"),
    ("spid_id", "sp_id"),
    ("inspid_id", "in_sp_id"),
    ("outspid_id", "out_sp_id"),
    ("auxpropid_id", "aux_prop_id"),
    ("taxprice", "tax_price"),
    ("auxqty", "aux_qty"),
    ("auxunitid_id", "aux_unit_id"),
    ("batchno", "batch_no"),
    ("proplace", "pro_place"),
    ("proregno", "pro_reg_no"),
    ("prolicense", "pro_license"),
    ("kfdate", "kf_date"),
    ("validdate", "valid_date"),
    ("kfperiod", "kf_period"),
    ("kftype", "kf_type"),
    ("transtype", "trans_type"),
    ("transferstatus", "trans_fer_status"),
    ("settleaccountid_id", "settle_account_id"),
    ("paytypeid_id", "pay_type_id"),
    ("baseunitid_id", "base_unit_id"),
    ("purchaseunitid_id", "purchase_unit_id"),
    ("saleunitid_id", "sale_unit_id"),
    ("storeunitid_id", "store_unit_id"),
    ("costmethod", "cost_method"),
    ("unitcost", "unit_cost"),
    ("salerid_id", "saler_id"),
    ("salerid_number", "saler_number"),
    ("saledeptid_id", "sale_dept_id"),
    ("saledeptid_number", "sale_dept_number"),
    ("invoicename", "invoice_name"),
    ("taxpayerno", "taxpayer_no"),
    ("bankaccount", "bank_account"),
    ("accountopenaddr", "account_open_addr"),
    ("countryid_id", "country_id"),
    ("provinceid_id", "province_id"),
    ("cityid_id", "city_id"),
    ("districtid_id", "district_id"),
    ("contactpersons", "contact_persons"),
    ("contactperson", "contact_person"),
    ("isdefault_linkman", "is_default_linkman"),
    ("isallowneg", "is_allow_neg"),
    ("isallowfreight", "is_allow_freight"),
    ("ignorewarn", "ignore_warn"),
];

/// The vendor cuts larger pages silently, and still counts pages by what was asked.
pub(crate) const PAGES: Pages = Pages { first: 1, cap: 100 };

/// What bills are summed by, over either interface. An amount is what the price comes to: of the amounts that the vendor shows,
/// which of them hold the tax depends on the tenant.
const MEASURES: Measures = Measures {
    shop: &[],
    warehouse: &[],
    quantity: &["qty"],
    amount: &["all_amount", "amount"],
    price: &["taxprice", "tax_price", "price"],
};

/// The numbers of bills.
const NUMBERS: &[&str] = &["billno", "bill_no", "src_bill_no", "srcbillno"];

pub(crate) const BY_ID: &[&[&str]] = &[&["id"]];

/// A list that is read as a whole.
pub(crate) const fn listed(name: &'static str, title: &'static str, fields: Fields) -> Document {
    Document {
        name,
        title,
        role: Role::Listed,
        fields,
        pages: Some(PAGES),
        keys: BY_ID,
        numbers: NUMBERS,
        searched_by: Some("search"),
        measures: MEASURES,
        ..Document::UNKNOWN
    }
}

/// What is saved. One that carries the id of what is there changes that.
pub(crate) const fn saved(name: &'static str, title: &'static str, fields: Fields, push: Push) -> Document {
    Document {
        name,
        title,
        role: Role::Target,
        fields,
        push: Some(push.changed_by_id()),
        same: SAME,
        numbers: NUMBERS,
        measures: MEASURES,
        ..Document::UNKNOWN
    }
}

/// What is known by a number of ours in that field. What the vendor does with one that is there already is not documented,
/// so a second one is possible, and its list is searched first; its rows may hold the number in any of these fields. Only
/// an `id` makes it change what is there. One save holds one document.
pub(crate) const fn numbered(
    number: &'static str,
    list: &'static str,
    holds: &'static [&'static str],
) -> Push {
    let asked =
        Question { document: list, param: "search", requests: ONCE, timed: false, holds, ids: &["id"] };
    Push::new(Some(number), Repeat::Doubles, Some(asked))
}

/// What quantities and amounts have in their names, over either interface.
pub(crate) const SIGNED: &[&str] = &["qty", "amount", "cost_fee"];

/// What has no number of ours: after a lost answer a person has to look whether it is there.
pub(crate) const UNNUMBERED: Push = Push::new(None, Repeat::Doubles, None);
