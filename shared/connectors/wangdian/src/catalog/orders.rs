use std::time::Duration;

use relay_connector::{Document, sheet};

use super::{Endpoint, Form, POOL, TARGET, WINDOWED, cautions, numbers, pushed, read, times};

pub(super) static ENDPOINTS: &[&Endpoint] = &[
    &TRADE_PUSH,
    &TRADE_QUERY,
    &STOCKOUT_QUERY_TRADE,
    &LOGISTICS_SYNC,
    &LOGISTICS_SYNC_ACK,
    &STOCK_CHANGES,
    &STOCK_CHANGES_ACK,
];

pub(crate) static TRADE_PUSH: Endpoint = Endpoint {
    direct_alone: &["switch"],
    ..pushed(
        "trade_push.php",
        "wdt.trade.push",
        Form::List { field: "trade_list" },
        &Document {
            name: "wangdian.trade_push",
            title: "创建原始订单",
            fields: sheet!("../../catalog/trade_push.tsv"),
            push: Some(numbers::TRADE),
            // The vendor's default is not documented, so it is always sent.
            defaults: &[("switch", "0")],
            cautions: cautions::TRADE_PUSH,
            ..TARGET
        },
    )
};

static TRADE_QUERY: Endpoint = read(
    "trade_query.php",
    "wdt.trade.query",
    "trades",
    &Document {
        name: "wangdian.trade_query",
        title: "查询订单管理",
        fields: sheet!("../../catalog/trade_query.tsv"),
        cautions: cautions::TRADE,
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
        fields: sheet!("../../catalog/stockout_order_query_trade.tsv"),
        keys: &[&["stockout_id"], &["order_no"]],
        window_times: times::SALES_STOCKOUT,
        cautions: cautions::STOCKOUT,
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
        fields: sheet!("../../catalog/logistics_sync_query.tsv"),
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
        fields: sheet!("../../catalog/logistics_sync_ack.tsv"),
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
        fields: sheet!("../../catalog/api_goods_stock_change_query.tsv"),
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
        fields: sheet!("../../catalog/api_goods_stock_change_ack.tsv"),
        push: Some(numbers::STOCK_ACK),
        ..TARGET
    },
);
