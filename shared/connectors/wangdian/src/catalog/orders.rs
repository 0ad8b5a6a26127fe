use std::time::Duration;

use relay_connector::Kind::{Decimal, Integer, List, Text, Time};
use relay_connector::{Document, Field};

use super::trade::TRADE;
use super::{Endpoint, Form, POOL, TARGET, WINDOWED, numbers, pushed, read, times};

pub(super) static ENDPOINTS: &[&Endpoint] = &[
    &TRADE_PUSH,
    &TRADE_QUERY,
    &STOCKOUT_QUERY_TRADE,
    &LOGISTICS_SYNC,
    &LOGISTICS_SYNC_ACK,
    &STOCK_CHANGES,
    &STOCK_CHANGES_ACK,
];

pub(crate) static TRADE_PUSH: Endpoint = pushed(
    "trade_push.php",
    "wdt.trade.push",
    Form::List { field: "trade_list" },
    &Document {
        name: "wangdian.trade_push",
        title: "创建原始订单",
        params: &["shop_no", "switch"],
        fields: PUSHED_TRADE,
        open: false,
        push: Some(numbers::TRADE),
        // The vendor's default is not documented, so it is always sent.
        defaults: &[("switch", "0")],
        ..TARGET
    },
);

static TRADE_QUERY: Endpoint = read(
    "trade_query.php",
    "wdt.trade.query",
    "trades",
    &Document {
        name: "wangdian.trade_query",
        title: "查询订单管理",
        // With src_tid or trade_no the others, the window included, have no effect.
        params: &[
            "status",
            "src_tid",
            "trade_no",
            "logistics_no",
            "shop_no",
            "shop_nos",
            "warehouse_no",
            "has_logistics_no",
            "goodstax",
            "src",
            "img_url",
            "is_fuzzy",
        ],
        fields: TRADE,
        open: false,
        keys: &[&["trade_no"], &["trade_id"]],
        // An hour for orders, not 30 days; whether the 3,600th second is taken is not known.
        max_span: Some(Duration::from_secs(3_599)),
        ..WINDOWED
    },
);

static STOCKOUT_QUERY_TRADE: Endpoint = read(
    "stockout_order_query_trade.php",
    "wdt.stockout.order.query.trade",
    "stockout_list",
    &Document {
        name: "wangdian.stockout_order_query_trade",
        title: "查询销售出库单",
        params: &[
            "status",
            "is_by_modified",
            "src_order_no",
            "src_tid",
            "stockout_no",
            "shop_no",
            "shop_nos",
            "warehouse_no",
            "is_no_position",
            "fetch_stock_only",
        ],
        fields: &[
            Field::new("stockout_id", "出库单主键", Text),
            // The number changes when an order is rejected and audited again; the id does not.
            Field::new("order_no", "出库单号", Text),
            Field::new("src_order_no", "系统订单编号", Text),
            Field::new("consign_time", "发货时间", Time),
            Field::new("modified", "最后修改时间", Time),
            Field::new("details_list", "货品明细", List(&[])),
        ],
        open: true,
        keys: &[&["stockout_id"], &["order_no"]],
        window_times: times::SALES_STOCKOUT,
        ..WINDOWED
    },
);

pub(crate) static LOGISTICS_SYNC: Endpoint = read(
    "logistics_sync_query.php",
    "wdt.logistics.sync.query",
    "trades",
    &Document {
        name: "wangdian.logistics_sync_query",
        title: "查询物流同步",
        params: &["limit", "shop_no", "is_part_sync_able"],
        fields: &[
            Field::new("rec_id", "记录主键", Text),
            Field::new("shop_no", "店铺编号", Text),
            Field::new("tid", "原始单号", Text),
            Field::new("logistics_type", "物流方式", Integer),
            Field::new("logistics_no", "物流单号", Text),
            Field::new("delivery_term", "发货条件", Integer),
            Field::new("consign_time", "发货时间", Time),
            Field::new("contact", "联系人", Text),
            Field::new("mobile", "手机", Text),
            Field::new("telno", "电话", Text),
            Field::new("address", "地址", Text),
            Field::new("oids", "子订单(拆分时)", Text),
            Field::new("is_part_sync", "是否拆单发货", Integer),
            Field::new("platform_id", "平台ID", Text),
            Field::new("trade_id", "erp订单表的主键", Text),
            Field::new("logistics_code_erp", "ERP物流编号", Text),
            Field::new("logistics_name_erp", "ERP物流名", Text),
            Field::new("logistics_name", "平台物流名", Text),
            Field::new("stockout_id", "出库单主键", Text),
            Field::new("is_need_sync", "是否需要同步", Integer),
            Field::new("sync_status", "同步状态", Integer),
            Field::new("is_last", "最后一批", Integer),
            Field::new("description", "描述", Text),
            Field::new("sync_time", "同步时间", Time),
            Field::new("error_code", "错误码", Text),
            Field::new("error_msg", "错误信息", Text),
            Field::new("try_times", "尝试次数", Integer),
            Field::new("modified", "最后修改时间", Time),
            Field::new("created", "创建时间", Time),
        ],
        open: false,
        keys: &[&["rec_id"]],
        version: Some("modified"),
        ..POOL
    },
);

pub(crate) static LOGISTICS_SYNC_ACK: Endpoint = pushed(
    "logistics_sync_ack.php",
    "wdt.logistics.sync.ack",
    Form::List { field: "logistics_list" },
    &Document {
        name: "wangdian.logistics_sync_ack",
        title: "物流同步回写",
        params: &[],
        fields: &[
            Field::required("rec_id", "记录主键", Text),
            Field::required("status", "回写状态: 0 成功, 1 失败", Integer),
            Field::new("message", "相关描述信息", Text),
        ],
        open: false,
        push: Some(numbers::LOGISTICS_ACK),
        ..TARGET
    },
);

pub(crate) static STOCK_CHANGES: Endpoint = read(
    "api_goods_stock_change_query.php",
    "wdt.api.goods.stock.change.query",
    "stock_change_list",
    &Document {
        name: "wangdian.api_goods_stock_change_query",
        title: "查询同步库存",
        params: &["shop_no", "limit"],
        fields: &[
            Field::new("rec_id", "平台货品表主键", Text),
            Field::new("goods_id", "平台货品ID", Text),
            Field::new("spec_id", "平台规格ID", Text),
            Field::new("goods_no", "货品编号", Text),
            Field::new("spec_no", "商家编码", Text),
            Field::new("sync_stock", "应同步库存", Decimal),
            Field::new("erp_spec_type", "货品类型: 1 单品, 2 组合装", Integer),
            Field::new("stock_change_count", "库存变化计数", Integer),
        ],
        open: true,
        keys: &[&["rec_id"]],
        version: Some("stock_change_count"),
        ..POOL
    },
);

pub(crate) static STOCK_CHANGES_ACK: Endpoint = pushed(
    "api_goods_stock_change_ack.php",
    "wdt.api.goods.stock.change.ack",
    Form::List { field: "stock_sync_list" },
    &Document {
        name: "wangdian.api_goods_stock_change_ack",
        title: "库存同步回写",
        params: &[],
        fields: &[
            Field::required("rec_id", "平台货品表主键", Text),
            Field::required("sync_stock", "应同步库存", Decimal),
            Field::required("stock_change_count", "库存变化计数", Integer),
        ],
        open: false,
        push: Some(numbers::STOCK_ACK),
        ..TARGET
    },
);

/// An order as it is pushed. Which fields are required is known from the web edition's page.
const PUSHED_TRADE: &[Field] = &[
    Field::required("tid", "原始单号", Text),
    Field::required("trade_status", "平台状态", Integer),
    Field::new("pay_status", "支付状态: 0 未付, 1 部分, 2 已付", Integer),
    Field::required("delivery_term", "发货条件: 1 款到发货, 2 货到付款, 3 分期", Integer),
    Field::new("trade_time", "下单时间", Time),
    Field::required("pay_time", "付款时间", Time),
    Field::required("buyer_nick", "客户网名", Text),
    Field::new("buyer_email", "买家邮箱", Text),
    Field::new("pay_id", "支付单号", Text),
    Field::new("pay_account", "买家付款账号", Text),
    Field::required("receiver_name", "收件人", Text),
    Field::required("receiver_province", "省", Text),
    Field::required("receiver_city", "市", Text),
    Field::required("receiver_district", "区", Text),
    Field::required("receiver_address", "地址", Text),
    Field::required("receiver_mobile", "手机", Text),
    Field::new("receiver_telno", "电话", Text),
    Field::new("receiver_zip", "邮编", Text),
    Field::new("logistics_type", "物流方式", Integer),
    Field::new("invoice_kind", "发票类别", Integer),
    Field::new("invoice_type", "发票类别(旧)", Integer),
    Field::new("invoice_title", "发票抬头", Text),
    Field::new("invoice_content", "发票内容", Text),
    Field::new("buyer_message", "买家备注", Text),
    Field::new("seller_memo", "客服备注", Text),
    Field::new("seller_flag", "标旗", Integer),
    Field::required("post_amount", "邮费", Decimal),
    Field::required("cod_amount", "货到付款金额", Decimal),
    Field::required("ext_cod_fee", "货到付款买家费用", Decimal),
    Field::required("other_amount", "其它应收费用", Decimal),
    Field::required("paid", "已付金额", Decimal),
    Field::new("warehouse_no", "仓库编号", Text),
    Field::new("is_auto_wms", "自动流转仓库", Integer),
    Field::new("wms_type", "仓储类型", Integer),
    Field::required(
        "order_list",
        "子订单列表",
        List(&[
            Field::required("oid", "子订单编号", Text),
            Field::required("num", "数量", Decimal),
            Field::required("price", "单价", Decimal),
            Field::required("status", "子订单状态", Integer),
            Field::required("refund_status", "退款状态", Integer),
            Field::required("goods_id", "平台货品ID", Text),
            Field::new("spec_id", "平台规格ID", Text),
            Field::new("goods_no", "货品编号", Text),
            Field::required("spec_no", "商家编码", Text),
            Field::required("goods_name", "货品名称", Text),
            Field::new("spec_name", "规格名称", Text),
            Field::required("adjust_amount", "手工调整(正加负减)", Decimal),
            Field::required("discount", "优惠", Decimal),
            Field::required("share_discount", "分摊优惠", Decimal),
            Field::new("remark", "备注", Text),
            Field::new("cid", "类目ID", Text),
        ]),
    ),
];
