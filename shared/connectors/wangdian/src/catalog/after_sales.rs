use relay_connector::{Document, sheet};

use super::{Endpoint, Form, SMALL_PAGE, TARGET, WINDOWED, cautions, numbers, pages, pushed, read, times};

pub(super) static ENDPOINTS: &[&Endpoint] = &[
    &pushed(
        "sales_refund_push.php",
        "wdt.sales.refund.push",
        Form::List { field: "api_refund_list" },
        &Document {
            name: "wangdian.sales_refund_push",
            title: "创建原始退款单",
            fields: sheet!("../../catalog/sales_refund_push.tsv"),
            push: Some(numbers::SALES_REFUND),
            ..TARGET
        },
    ),
    &pushed(
        "stockin_refund_push.php",
        "wdt.stockin.refund.push",
        Form::Object { field: "stockin_refund_info" },
        &Document {
            name: "wangdian.stockin_refund_push",
            title: "创建退货入库单",
            fields: sheet!("../../catalog/stockin_refund_push.tsv"),
            push: Some(numbers::STOCKIN_REFUND),
            ..TARGET
        },
    ),
    &read(
        "refund_query.php",
        "wdt.refund.query",
        "refunds",
        &Document {
            name: "wangdian.refund_query",
            title: "查询退换管理",
            fields: sheet!("../../catalog/refund_query.tsv"),
            keys: &[&["refund_no"], &["refund_id"]],
            window_times: times::REFUND,
            // One public connector is allowed no more.
            pages: pages(40),
            ..WINDOWED
        },
    ),
    &read(
        "stockin_order_query_refund.php",
        "wdt.stockin.order.query.refund",
        "stockin_list",
        &Document {
            name: "wangdian.stockin_order_query_refund",
            title: "查询退货入库单管理",
            fields: sheet!("../../catalog/stockin_order_query_refund.tsv"),
            cautions: cautions::STOCKIN,
            keys: &[&["stockin_no"], &["order_no"]],
            pages: pages(SMALL_PAGE),
            ..WINDOWED
        },
    ),
];
