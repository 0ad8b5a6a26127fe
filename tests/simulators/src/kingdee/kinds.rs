//! The kinds of documents, by both interfaces, and the fields that each call takes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::master::{CUSTOMER, MATERIAL, STORE, SUPPLIER, UNIT};

/// One of the two interfaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Interface {
    V1,
    V2,
}

/// What may be done with a document over an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Save,
    List,
    Detail,
}

/// A kind of document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    /// The folder of V1's paths `/jdy/FOLDER/NAME_save`; `None` where V1 has none.
    v1: Option<&'static str>,
    /// V2's path after `/jdy/v2/`.
    v2: Option<&'static str>,
    /// V2's `entity_number`.
    pub(super) entity: &'static str,
    pub(super) what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A bill, with the kind of its partner, where it must have one.
    Bill(Option<&'static str>),
    /// A receipt or a payment: accounts in place of goods.
    Payment(&'static str),
    BaseData,
    Stock,
}

macro_rules! kinds {
    ($($name:ident: $v1:expr, $v2:expr, $entity:literal, $what:expr;)*) => {
        const KINDS: &[Kind] = &[
            $(Kind { name: stringify!($name), v1: $v1, v2: $v2, entity: $entity, what: $what },)*
        ];
    };
}

kinds! {
    sal_order: Some("sal"), Some("scm/sal_order"), "sal_bill_order", What::Bill(Some(CUSTOMER));
    sal_outbound: Some("sal"), Some("scm/sal_out_bound"), "sal_bill_outbound", What::Bill(Some(CUSTOMER));
    sal_inbound: Some("sal"), Some("scm/sal_in_bound"), "sal_bill_inbound", What::Bill(Some(CUSTOMER));
    pur_order: Some("pur"), Some("scm/pur_order"), "pur_bill_order", What::Bill(Some(SUPPLIER));
    pur_inbound: Some("pur"), Some("scm/pur_inbound"), "pur_bill_inbound", What::Bill(Some(SUPPLIER));
    pur_rtn: Some("pur"), Some("scm/pur_ret"), "pur_bill_outbound", What::Bill(Some(SUPPLIER));
    inv_otherin: Some("inv"), Some("scm/inv_other_in"), "inv_other_bill_inbound", What::Bill(None);
    inv_otherout: Some("inv"), Some("scm/inv_other_out"), "inv_other_bill_outbound", What::Bill(None);
    inv_tfout: Some("inv"), Some("scm/inv_tfout"), "inv_tfout_bill_outbound", What::Bill(None);
    inv_tfin: Some("inv"), Some("scm/inv_tfin"), "inv_tfin_bill_inbound", What::Bill(None);
    inv_tfmove: None, Some("scm/inv_tfmove"), "inv_tfmove_bill_order", What::Bill(None);
    ar_credit: None, Some("arap/ar_credit"), "ar_creditbill", What::Payment(CUSTOMER);
    ap_credit: Some("arap"), Some("arap/ap_credit"), "ap_paybill", What::Payment(SUPPLIER);
    customer: Some("basedata"), Some("bd/customer"), "bd_customer", What::BaseData;
    supplier: Some("basedata"), Some("bd/supplier"), "bd_supplier", What::BaseData;
    material: Some("basedata"), Some("bd/material"), "bd_material", What::BaseData;
    store: Some("basedata"), Some("bd/store"), "bd_store", What::BaseData;
    measure_unit: Some("basedata"), Some("bd/measure_unit"), "bd_measureunits_new", What::BaseData;
    emp: Some("basedata"), Some("bd/emp"), "bd_employee", What::BaseData;
    dept: Some("basedata"), Some("bd/department"), "bd_department", What::BaseData;
    settlement_type: Some("basedata"), Some("bd/settlement_type"), "bd_settlementtype", What::BaseData;
    settlement_account: Some("basedata"), Some("bd/settlement_account"), "bd_bank", What::BaseData;
    currency: Some("basedata"), Some("bd/currency"), "bd_currency", What::BaseData;
    material_unit: None, Some("bd/material_unit"), "", What::BaseData;
    inventory: None, Some("scm/inventory"), "inv_inventory_entity", What::Stock;
    stock_inv: Some("inv"), None, "", What::Stock;
}

/// Calls that V1 has none of.
const NOT_IN_V1: [&str; 2] = ["pur_order_list", "inv_tfin_list"];
/// Kinds of which V2 gives none whole.
const WITHOUT_DETAIL: [&str; 9] = [
    "inv_tfmove",
    "measure_unit",
    "emp",
    "dept",
    "settlement_type",
    "settlement_account",
    "currency",
    "material_unit",
    "inventory",
];

impl Kind {
    pub(super) fn named(name: &str) -> Option<Self> {
        KINDS.iter().find(|kind| kind.name == name).copied()
    }

    pub(super) fn of_entity(entity: &str) -> Option<Self> {
        KINDS.iter().find(|kind| kind.entity == entity && !entity.is_empty()).copied()
    }

    /// What a path of V1 calls.
    pub(super) fn of_v1(path: &str) -> Option<(Self, Form)> {
        let (folder, name) = path.strip_prefix("/jdy/")?.split_once('/')?;
        let (name, form) = name.rsplit_once('_').filter(|_| !NOT_IN_V1.contains(&name))?;
        let form = match form {
            "save" => Form::Save,
            "list" => Form::List,
            "detail" => Form::Detail,
            _ => return None,
        };
        Self::named(name).filter(|kind| kind.v1 == Some(folder)).map(|kind| (kind, form))
    }

    /// What a method and a path of V2 call.
    pub(super) fn of_v2(method: &str, path: &str) -> Option<(Self, Form)> {
        let path = path.strip_prefix("/jdy/v2/")?;
        let of = |path: &str| KINDS.iter().find(|kind| kind.v2 == Some(path)).copied();
        match (method, of(path)) {
            ("POST", Some(kind)) if takes(Interface::V2, kind, Form::Save).is_some() => {
                Some((kind, Form::Save))
            }
            ("GET", Some(kind)) => Some((kind, Form::List)),
            ("GET", None) => {
                let kind = of(path.strip_suffix("_detail")?)?;
                (!WITHOUT_DETAIL.contains(&kind.name)).then_some((kind, Form::Detail))
            }
            _ => None,
        }
    }

    /// The field that holds its number.
    pub(super) fn number(self, interface: Interface) -> &'static str {
        match (self.what, interface) {
            (What::Bill(_) | What::Payment(_), Interface::V1) => "billno",
            (What::Bill(_) | What::Payment(_), Interface::V2) => "bill_no",
            _ => "number",
        }
    }
}

impl Form {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Save => "save",
            Self::List => "list",
            Self::Detail => "detail",
        }
    }
}

type Paths = BTreeSet<&'static str>;

static FIELDS: LazyLock<BTreeMap<(Interface, &'static str, &'static str), Paths>> = LazyLock::new(|| {
    let lines = include_str!("fields.tsv").lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let mut cells = line.split('\t');
            let interface = if cells.next()? == "v1" { Interface::V1 } else { Interface::V2 };
            let key = (interface, cells.next()?, cells.next()?);
            Some((key, cells.next()?.split(' ').collect()))
        })
        .collect()
});

/// The paths that a call takes; `None` where the sheet has no list.
pub(super) fn takes(interface: Interface, kind: Kind, form: Form) -> Option<&'static Paths> {
    FIELDS.get(&(interface, kind.name, form.name()))
}

/// The fields that a row of V2's list shows.
pub(super) fn shows(kind: Kind) -> Option<&'static Paths> {
    FIELDS.get(&(Interface::V2, kind.name, "row"))
}

/// The fields of V2's save that are typed so: `number`, `flag` or `text`.
pub(super) fn typed(kind: Kind, as_what: &'static str) -> Option<&'static Paths> {
    FIELDS.get(&(Interface::V2, kind.name, as_what))
}

/// The kind that a field refers to, and whether by number, as both interfaces name it.
pub(super) fn refers(field: &str) -> Option<(&'static str, bool)> {
    let by_number = field.ends_with("_number");
    let kind = match field {
        "customerid_id" | "customer_id" | "customer_number" => CUSTOMER,
        "supplierid_id" | "supplier_id" | "supplier_number" => SUPPLIER,
        "materialid_id" | "material_id" | "material_number" => MATERIAL,
        "stockid_id" | "stock_id" | "stock_number" | "instockid_id" | "in_stock_id" | "outstockid_id"
        | "out_stock_id" => STORE,
        "baseunitid_id" | "base_unit_id" => UNIT,
        _ => return None,
    };
    Some((kind, by_number))
}
