//! Kingdee's documents and look-up tables, as data (V1).

use relay_connector::{Document, Field, Kind, Lookup, ONCE, Pages, Push, Question, Repeat, Role, Step};

/// The documents of this crate.
#[must_use]
pub fn documents() -> &'static [Document] {
    DOCUMENTS
}

/// The look-up tables of this crate.
#[must_use]
pub fn lookups() -> &'static [Lookup] {
    LOOKUPS
}

/// The path of a document, with or without the `kingdee.` of its catalog name.
#[must_use]
pub fn path(document: &str) -> Option<&'static str> {
    let document = short(document);
    PATHS.iter().find(|(name, _)| *name == document).map(|(_, path)| *path)
}

/// The path of a document that can be saved.
pub(crate) fn target_path(document: &str) -> Option<&'static str> {
    of_role(Role::Target, document).and_then(|known| path(known.name))
}

/// The list of that name, and its path.
pub(crate) fn list_named(name: &str) -> Option<(&'static Document, &'static str)> {
    let document = of_role(Role::Listed, name)?;
    Some((document, path(document.name)?))
}

fn of_role(role: Role, name: &str) -> Option<&'static Document> {
    DOCUMENTS.iter().find(|known| known.role == role && short(known.name) == short(name))
}

/// The list in which the saved documents of this kind stand, and its path.
pub(crate) fn list_of(document: &str) -> Option<(&'static Document, &'static str)> {
    list_named(&format!("{}_list", short(document).strip_suffix("_save")?))
}

fn short(document: &str) -> &str {
    document.strip_prefix("kingdee.").unwrap_or(document)
}

/// A good with all its units, by id.
pub(crate) const MATERIAL_DETAIL: &str = "jdy/basedata/material_detail";

const PATHS: &[(&str, &str)] = &[
    ("sal_order_save", "jdy/sal/sal_order_save"),
    ("sal_order_list", "jdy/sal/sal_order_list"),
    ("sal_outbound_save", "jdy/sal/sal_outbound_save"),
    ("sal_outbound_list", "jdy/sal/sal_outbound_list"),
    ("customer_list", "jdy/basedata/customer_list"),
    ("material_list", "jdy/basedata/material_list"),
    ("store_list", "jdy/basedata/store_list"),
    ("emp_list", "jdy/basedata/emp_list"),
    ("measure_unit_list", "jdy/basedata/measure_unit_list"),
];

const LOOKUPS: &[Lookup] = &[
    Lookup { name: "kingdee.customer", title: "客户编码 → 客户 id" },
    Lookup { name: "kingdee.material", title: "商品编码 → 商品 id" },
    Lookup { name: "kingdee.store", title: "仓库编码 → 仓库 id" },
    Lookup { name: "kingdee.emp", title: "职员编码 → 职员 id" },
    Lookup { name: "kingdee.unit", title: "计量单位名称或编码 → 单位 id" },
    Lookup { name: "kingdee.material_unit", title: "商品编码 → 该商品基本单位 id" },
];

const DOCUMENTS: &[Document] = &[
    Document {
        name: "kingdee.sal_order_save",
        title: "新增或者修改一张销售订单",
        role: Role::Target,
        params: &[],
        fields: BILL,
        open: false,
        push: Some(numbered("kingdee.sal_order_list")),
        ..Document::UNKNOWN
    },
    Document {
        name: "kingdee.sal_outbound_save",
        title: "新增或者修改一张销售出库单",
        role: Role::Target,
        params: &[],
        fields: BILL,
        // Its page has fields that an order has not, such as delivery_type_number.
        open: true,
        push: Some(numbered("kingdee.sal_outbound_list")),
        ..Document::UNKNOWN
    },
    list("kingdee.sal_order_list", "销售订单列表", BILLS),
    list("kingdee.sal_outbound_list", "销售出库单列表", BILLS),
    base_data("kingdee.customer_list", "客户列表", BASE_DATA),
    base_data("kingdee.material_list", "商品列表", MATERIALS),
    base_data("kingdee.store_list", "仓库列表", BASE_DATA),
    base_data("kingdee.emp_list", "职员列表", BASE_DATA),
    base_data("kingdee.measure_unit_list", "计量单位列表", BASE_DATA),
];

/// The vendor cuts larger pages silently, and still counts pages by what was asked.
pub(crate) const PAGES: Pages = Pages { first: 1, cap: 100 };

const fn list(name: &'static str, title: &'static str, fields: &'static [Field]) -> Document {
    let (role, params, pages) = (Role::Listed, &["search"], Some(PAGES));
    Document { name, title, role, params, fields, pages, keys: &[&["id"]], ..Document::UNKNOWN }
}

/// The parameters that the vendor's page lists, with what they hold when nothing is left out.
const fn base_data(name: &'static str, title: &'static str, fields: &'static [Field]) -> Document {
    Document {
        params: &["search", "enable", "parent", "starttime", "endtime"],
        defaults: &[("search", ""), ("enable", "-1"), ("parent", ""), ("starttime", "-1"), ("endtime", "-1")],
        ..list(name, title, fields)
    }
}

/// A bill is known by its billno. What V1 does with one that is there already is not documented (V2 refuses it), so a
/// second bill is possible, and the list is searched first. Only an `id` makes it change the bill that is there. V1's
/// pages know no call that audits or deletes a bill of sales, and one save holds one bill.
const fn numbered(list: &'static str) -> Push {
    let asked = Question {
        document: list,
        param: "search",
        requests: ONCE,
        timed: false,
        holds: &["billno"],
        ids: &["id"],
    };
    Push::new(Some("billno"), Repeat::Doubles, Some(asked)).batched(1).with_steps(&[Step::Save])
}

const BILL: &[Field] = &[
    Field::new("id", "单据 id(修改时必填)", Kind::Text),
    // The vendor would number the bill itself; only with our number can a lost answer be asked after.
    Field::required("billno", "单据编号", Kind::Text),
    Field::required("billdate", "单据日期,格式:2019-01-01", Kind::Date),
    Field::new("billsource", "单据来源(固定 APP)", Kind::Text),
    Field::required("customerid_id", "客户信息", Kind::Text),
    Field::new("empid_id", "业务员", Kind::Text),
    Field::new("remark", "备注", Kind::Text),
    Field::new("contact_linkman", "联系人", Kind::Text),
    Field::new("contact_phone", "联系电话", Kind::Text),
    Field::new("contact_country_id", "国家", Kind::Text),
    Field::new("contact_province_id", "省份", Kind::Text),
    Field::new("contact_city_id", "城市", Kind::Text),
    Field::new("contact_district_id", "区县", Kind::Text),
    Field::new("contact_address", "详细地址", Kind::Text),
    Field::new("bill_dis_amount", "整单折扣额", Kind::Decimal),
    Field::new("bill_dis_rate", "整单折扣率", Kind::Decimal),
    Field::new("custom_field*_number", "自定义字段(编码)", Kind::Text),
    Field::required("material_entity", "商品分录", Kind::List(LINES)),
];

const LINES: &[Field] = &[
    Field::required("materialid_id", "商品", Kind::Text),
    Field::new("stockid_id", "仓库", Kind::Text),
    Field::new("spid_id", "仓位(仓库启用仓位时必填)", Kind::Text),
    Field::required("qty", "数量", Kind::Decimal),
    Field::new("unit_id", "单位(只能填商品关联的单位)", Kind::Text),
    Field::new("taxprice", "单价(是否含税由系统参数“商品价格为含税单价”决定)", Kind::Decimal),
    Field::new("is_free", "是否赠品;true-是,false-否(默认)", Kind::Flag),
    Field::new("cess", "税率(百分数,13 即 13%)", Kind::Decimal),
];

const BILLS: &[Field] =
    &[Field::new("id", "单据 id", Kind::Text), Field::new("billno", "单据编号", Kind::Text)];

const BASE_DATA: &[Field] = &[
    Field::new("id", "记录 id", Kind::Text),
    Field::new("number", "编码", Kind::Text),
    Field::new("name", "名称", Kind::Text),
    Field::new("enable", "是否启用", Kind::Flag),
];

const MATERIALS: &[Field] = &[
    Field::new("id", "商品 id", Kind::Text),
    Field::new("number", "商品编码", Kind::Text),
    Field::new("name", "商品名称", Kind::Text),
    Field::new("enable", "是否启用", Kind::Flag),
    Field::new("baseunitid_id", "基本单位 id", Kind::Text),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_has_a_path_and_every_target_a_list() {
        for document in documents() {
            assert!(path(document.name).is_some(), "{}", document.name);
            assert_eq!(list_of(document.name).is_some(), document.role == Role::Target, "{}", document.name);
        }
    }

    #[test]
    fn every_field_of_the_vendors_page_is_known() {
        let order = &documents()[0];
        for name in ["billdate", "billno", "customerid_id", "custom_field42obgp309axx5_number"] {
            assert!(relay_connector::field(order.fields, name).is_some(), "{name}");
        }
        for name in ["materialid_id", "stockid_id", "qty", "unit_id", "taxprice", "is_free", "cess"] {
            assert!(relay_connector::field(LINES, name).is_some(), "{name}");
        }
    }

    #[test]
    fn a_list_cannot_be_saved() {
        assert_eq!(target_path("kingdee.sal_order_save"), Some("jdy/sal/sal_order_save"));
        assert_eq!(target_path("sal_order_list"), None);
        assert!(list_named("sal_order_list").is_some() && list_named("sal_order_save").is_none());
    }
}
