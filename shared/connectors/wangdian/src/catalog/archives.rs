//! 历史: what has left the live tables, with the parameters and the answers of the live query (vendor's pages).

use std::time::Duration;

use relay_connector::{Document, sheet};

use super::{Endpoint, WINDOWED, cautions, pages, read, times};

pub(super) static ENDPOINTS: &[&Endpoint] = &[
    &read(
        "his_trade_query.php",
        "wdt.his.trade.query",
        "trades",
        &Document {
            name: "wangdian.his_trade_query",
            title: "查询历史订单",
            fields: sheet!("../../catalog/trade_query.tsv"),
            keys: &[&["trade_no"], &["trade_id"]],
            cautions: cautions::TRADE,
            max_span: Some(Duration::from_secs(3_599)),
            ..WINDOWED
        },
    ),
    &read(
        "his_stockout_order_query_trade.php",
        "wdt.his.stockout.order.query.trade",
        "stockout_list",
        &Document {
            name: "wangdian.his_stockout_order_query_trade",
            title: "查询历史销售出库单",
            fields: sheet!("../../catalog/stockout_order_query_trade.tsv"),
            keys: &[&["stockout_id"], &["order_no"]],
            window_times: times::SALES_STOCKOUT,
            cautions: cautions::STOCKOUT,
            ..WINDOWED
        },
    ),
    &read(
        "his_refund_query.php",
        // Not on the list of methods that is public; the others follow this rule.
        "wdt.his.refund.query",
        "refunds",
        &Document {
            name: "wangdian.his_refund_query",
            title: "查询历史退换",
            fields: sheet!("../../catalog/refund_query.tsv"),
            keys: &[&["refund_no"], &["refund_id"]],
            window_times: times::REFUND,
            pages: pages(40),
            ..WINDOWED
        },
    ),
];
