//! What Qince hands over and takes, as data: its pushes by business type, the orders that are queried, the calls that write.
//!
//! The direct order's fields are those of the vendor's page and of its example
//! (`https://api.waiqin365.com/SERVER/app/dms/zy_order_push.html`): the page marks no field as required and sends every
//! value as a string; the kinds here say what the strings hold. Of the other pushes no list of fields is public: any field
//! may be named.

use std::time::Duration;

use relay_connector::{
    ANY_FIELDS, Document, Field, Fields, Kind, Measures, Pages, Push, Repeat, Role, Step, sheet,
};

/// The document's name: what every push carries whose business type is taken
/// ([`Settings::takes`](crate::Settings::takes)).
pub const DIRECT_ORDER: &str = "qince.direct_order";

/// The document's key: the 19-digit id of the order.
pub const KEY: &str = "id";

/// The document's version: when the order was last changed, `yyyy-MM-dd HH:mm:ss.fff`.
pub const VERSION: &str = "modify_time_str";

/// What a flow may ask of a push: who has made the record. `biz`, in the app; `api`, over the open API, perhaps by us.
pub const DATA_SOURCE: &str = "dataSource";

/// Everything that flows may name.
#[must_use]
pub fn documents() -> &'static [Document] {
    &DOCUMENTS
}

/// The direct order.
pub(crate) fn direct_order() -> &'static Document {
    &DOCUMENTS[0]
}

/// The document of a business type that is none of the direct orders'.
pub(crate) fn of_data_type(data_type: &str) -> Option<&'static Document> {
    let pushed = DOCUMENTS.iter().filter(|document| document.role == Role::Pushed).skip(1);
    pushed.into_iter().find(|document| document.name.strip_prefix("qince.") == Some(data_type))
}

/// The path of a call, after `/api/`, or the setting that names it where it is not public.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Path {
    Known(&'static str),
    Setting(&'static str),
}

/// Which call reads or writes a document.
pub(crate) fn path(document: &str) -> Option<Path> {
    CALLS.iter().find(|(name, _)| *name == document).map(|(_, path)| *path)
}

pub(crate) const DIRECT_ORDER_QUERY: &str = "qince.direct_order_query";
pub(crate) const BUSINESS_STATUS: &str = "qince.business_status";
pub(crate) const SIGN: &str = "qince.sign";

const CALLS: &[(&str, Path)] = &[
    ("qince.queryStdomOrder", Path::Known("stdorder/v1/queryStdomOrder")),
    ("qince.getDmsSalesOrderInfos", Path::Known("dmsdatasearch/v1/getDmsSalesOrderInfos")),
    (DIRECT_ORDER_QUERY, Path::Setting("QINCE_DIRECT_ORDER_QUERY_PATH")),
    ("qince.addPurchase", Path::Known("dmspurchase/v1/addPurchase")),
    ("qince.addSent", Path::Known("dmssent/v1/addSent")),
    (BUSINESS_STATUS, Path::Setting("QINCE_BUSINESS_STATUS_PATH")),
    (SIGN, Path::Setting("QINCE_SIGN_PATH")),
];

static DOCUMENTS: [Document; 27] = [
    Document {
        name: DIRECT_ORDER,
        title: "直营订单相关数据同步",
        fields: sheet!("../catalog/direct_order.tsv"),
        // Tenants' forms grow fields of their own, and the page already lags behind its example.
        // The order's number may be missing and may change.
        keys: &[&[KEY]],
        version: Some(VERSION),
        ..PUSHED
    },
    pushed("qince.employee", "员工"),
    pushed("qince.department", "部门"),
    pushed("qince.custom_district", "销售区域"),
    pushed("qince.custom_type", "客户类型"),
    pushed("qince.custom", "客户"),
    pushed("qince.visit", "拜访记录"),
    pushed("qince.cuxiao_activity", "促销活动"),
    pushed("qince.cuxiao_record", "促销执行记录"),
    pushed("qince.cuxiao_record_check", "促销执行检查"),
    pushed("qince.cuxiao_plan_regular_sale", "促销常规销售计划"),
    pushed("qince.stdorder_order", "标准订单"),
    pushed("qince.stdorder_sent", "标准订单发货"),
    pushed("qince.stdom_return", "标准订单退货"),
    pushed("qince.stdorder_carsale", "车销"),
    pushed("qince.dms_salesorder", "分销订单"),
    pushed("qince.dms_sent", "发货单"),
    pushed("qince.dms_sign", "签收单"),
    pushed("qince.dms_inventory", "库存盘点"),
    pushed("qince.dms_cardistributeorder", "车辆铺货单"),
    Document {
        name: "qince.queryStdomOrder",
        title: "查询订单",
        fields: sheet!("../catalog/queryStdomOrder.tsv"),
        keys: &[&["id"]],
        ..WINDOWED
    },
    Document {
        name: "qince.getDmsSalesOrderInfos",
        title: "查询分销订单",
        fields: sheet!("../catalog/getDmsSalesOrderInfos.tsv"),
        ..WINDOWED
    },
    Document {
        name: DIRECT_ORDER_QUERY,
        title: "查询直营订单",
        fields: sheet!("../catalog/direct_order.tsv"),
        keys: &[&[KEY]],
        version: Some(VERSION),
        ..WINDOWED
    },
    // What a second call under one number does is not documented, and no public query finds a direct order by it.
    Document {
        name: "qince.addPurchase",
        title: "新增/编辑直营订单",
        role: Role::Target,
        fields: sheet!("../catalog/addPurchase.tsv"),
        push: Some(Push::new(Some("order_no"), Repeat::Doubles, None).with_steps(&[Step::Save])),
        ..Document::UNKNOWN
    },
    written("qince.addSent", "新增发货单", Repeat::Doubles),
    // The same status once more changes nothing.
    written(BUSINESS_STATUS, "直营订单业务状态同步", Repeat::Replaces),
    written(SIGN, "签收", Repeat::Doubles),
];

/// What orders are summed by: their customer stands for the shop.
const MEASURES: Measures = Measures {
    shop: &["cm_code", "cm_id"],
    warehouse: &["company_storehouse_code", "storehouse_code"],
    quantity: &["purchase_count"],
    amount: &["purchase_amount"],
    price: &["purchase_price"],
};

/// The numbers of orders and deliveries.
const NUMBERS: &[&str] = &["purchase_no", "order_no", "orderNo", "sent_no", "return_no", "source_order_no"];

const PUSHED: Document = Document {
    role: Role::Pushed,
    params: &[DATA_SOURCE],
    numbers: NUMBERS,
    measures: MEASURES,
    ..Document::UNKNOWN
};

const fn pushed(name: &'static str, title: &'static str) -> Document {
    Document { name, title, fields: Fields::Written(RECORD), keys: &[&[KEY]], ..PUSHED }
}

/// A record of which no list of fields is public. Its form names its id, also where its data does not.
const RECORD: &[Field] = &[
    Field::new(KEY, "记录id (the record's id; the push's dataId where its data has none)", Kind::Text),
    Field::new("*", "任意字段 (any field)", Kind::Any),
];

/// Orders by their last change. One answer holds 1,000 rows at most; a window is cut so that a backlog is read in parts.
const WINDOWED: Document = Document {
    role: Role::Windowed,
    max_span: Some(Duration::from_secs(7 * 86_400)),
    pages: Some(Pages { first: 1, cap: 1_000 }),
    numbers: NUMBERS,
    measures: MEASURES,
    ..Document::UNKNOWN
};

/// A call of which no list of fields is public.
const fn written(name: &'static str, title: &'static str, repeat: Repeat) -> Document {
    let push = Some(Push::new(None, repeat, None).with_steps(&[Step::Save]));
    Document {
        name,
        title,
        role: Role::Target,
        fields: Fields::Written(ANY_FIELDS),
        push,
        ..Document::UNKNOWN
    }
}
