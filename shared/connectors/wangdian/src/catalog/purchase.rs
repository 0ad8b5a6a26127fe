use relay_connector::{Document, sheet};

use super::{Endpoint, Form, SMALL_PAGE, TARGET, WINDOWED, cautions, numbers, pages, pushed, read};

pub(super) static ENDPOINTS: &[&Endpoint] = &[
    &pushed(
        "purchase_order_push.php",
        "wdt.purchase.order.push",
        Form::Object { field: "purchase_info" },
        &Document {
            name: "wangdian.purchase_order_push",
            title: "创建采购单",
            fields: sheet!("../../catalog/purchase_order_push.tsv"),
            push: Some(numbers::PURCHASE_ORDER),
            ..TARGET
        },
    ),
    &pushed(
        "stockin_purchase_push.php",
        "wdt.stockin.purchase.push",
        Form::Object { field: "purchase_info" },
        &Document {
            name: "wangdian.stockin_purchase_push",
            title: "创建采购入库单",
            fields: sheet!("../../catalog/stockin_purchase_push.tsv"),
            push: Some(numbers::STOCKIN_PURCHASE),
            ..TARGET
        },
    ),
    &read(
        "purchase_order_query.php",
        "wdt.purchase.order.query",
        "purchase_list",
        &Document {
            name: "wangdian.purchase_order_query",
            title: "查询采购单管理",
            fields: sheet!("../../catalog/purchase_order_query.tsv"),
            keys: &[&["purchase_no"], &["purchase_id"]],
            ..WINDOWED
        },
    ),
    &read(
        "stockin_order_query_purchase.php",
        "wdt.stockin.order.query.purchase",
        "stockin_list",
        &Document {
            name: "wangdian.stockin_order_query_purchase",
            title: "查询采购入库单",
            fields: sheet!("../../catalog/stockin_order_query_purchase.tsv"),
            cautions: cautions::STOCKIN,
            keys: &[&["stockin_no"], &["order_no"], &["stockin_id"]],
            pages: pages(SMALL_PAGE),
            ..WINDOWED
        },
    ),
    &pushed(
        "purchase_return_push.php",
        "wdt.purchase.return.push",
        Form::Object { field: "return_info" },
        &Document {
            name: "wangdian.purchase_return_push",
            title: "创建采购退货单",
            fields: sheet!("../../catalog/purchase_return_push.tsv"),
            push: Some(numbers::PURCHASE_RETURN),
            ..TARGET
        },
    ),
    &pushed(
        "purchase_return_order_push.php",
        "wdt.purchase.return.order.push",
        Form::Object { field: "purchase_return_info" },
        &Document {
            name: "wangdian.purchase_return_order_push",
            title: "创建采购退货出库单",
            fields: sheet!("../../catalog/purchase_return_order_push.tsv"),
            push: Some(numbers::PURCHASE_RETURN_ORDER),
            ..TARGET
        },
    ),
    &read(
        "purchase_return_query.php",
        "wdt.purchase.return.query",
        "purchase_list",
        &Document {
            name: "wangdian.purchase_return_query",
            title: "查询采购退货单",
            fields: sheet!("../../catalog/purchase_return_query.tsv"),
            keys: &[&["return_no"]],
            pages: pages(SMALL_PAGE),
            ..WINDOWED
        },
    ),
    &read(
        "stockout_order_query_return.php",
        "wdt.stockout.order.query.return",
        "stockout_list",
        &Document {
            name: "wangdian.stockout_order_query_return",
            title: "查询采购退货出库单",
            fields: sheet!("../../catalog/stockout_order_query_return.tsv"),
            keys: &[&["order_no"], &["stockout_no"]],
            ..WINDOWED
        },
    ),
];
