//! Kingdee's documents and look-up tables, as data (V1).

use relay_connector::{Document, Fields, Lookup, ONCE, Pages, Push, Question, Repeat, Role, Step, sheet};

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

static DOCUMENTS: &[Document] = &[
    Document {
        name: "kingdee.sal_order_save",
        title: "新增或者修改一张销售订单",
        role: Role::Target,
        fields: sheet!("../catalog/v1_sal_order_save.tsv"),
        push: Some(numbered("kingdee.sal_order_list")),
        ..Document::UNKNOWN
    },
    Document {
        name: "kingdee.sal_outbound_save",
        title: "新增或者修改一张销售出库单",
        role: Role::Target,
        fields: sheet!("../catalog/v1_sal_outbound_save.tsv"),
        push: Some(numbered("kingdee.sal_outbound_list")),
        ..Document::UNKNOWN
    },
    list("kingdee.sal_order_list", "销售订单列表", sheet!("../catalog/v1_sal_order_list.tsv")),
    list("kingdee.sal_outbound_list", "销售出库单列表", sheet!("../catalog/v1_sal_outbound_list.tsv")),
    base_data("kingdee.customer_list", "客户列表", sheet!("../catalog/v1_customer_list.tsv")),
    base_data("kingdee.material_list", "商品列表", sheet!("../catalog/v1_material_list.tsv")),
    base_data("kingdee.store_list", "仓库列表", sheet!("../catalog/v1_store_list.tsv")),
    base_data("kingdee.emp_list", "职员列表", sheet!("../catalog/v1_emp_list.tsv")),
    base_data("kingdee.measure_unit_list", "计量单位列表", sheet!("../catalog/v1_measure_unit_list.tsv")),
];

/// The vendor cuts larger pages silently, and still counts pages by what was asked.
pub(crate) const PAGES: Pages = Pages { first: 1, cap: 100 };

const fn list(name: &'static str, title: &'static str, fields: Fields) -> Document {
    let (role, pages) = (Role::Listed, Some(PAGES));
    Document { name, title, role, fields, pages, keys: &[&["id"]], ..Document::UNKNOWN }
}

/// With what its parameters hold when nothing is left out.
const fn base_data(name: &'static str, title: &'static str, fields: Fields) -> Document {
    Document {
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

#[cfg(test)]
mod tests {
    use relay_connector::{Kind, field};

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

    #[test]
    fn a_list_cannot_be_saved() {
        assert_eq!(target_path("kingdee.sal_order_save"), Some("jdy/sal/sal_order_save"));
        assert_eq!(target_path("sal_order_list"), None);
        assert!(list_named("sal_order_list").is_some() && list_named("sal_order_save").is_none());
    }
}
