use std::num::NonZeroU32;

use relay_connector::{Document, sheet};

use super::{
    Endpoint, Form, SMALL_PAGE, TARGET, WINDOWED, Walk, cautions, numbers, pages, pushed, read, times,
};

/// Walking through all of the stock by its goods is allowed three times a day (vendor's page).
const WALKS_A_DAY: NonZeroU32 = NonZeroU32::new(3).unwrap();

pub(super) static ENDPOINTS: &[&Endpoint] = &[
    &Endpoint {
        walk: Some(Walk { by: &["spec_no", "barcode"], a_day: WALKS_A_DAY }),
        ..read(
            "stock_query.php",
            "wdt.stock.query",
            "stocks",
            &Document {
                name: "wangdian.stock_query",
                title: "增量查询库存(分页查询)",
                fields: sheet!("../../catalog/stock_query.tsv"),
                keys: &[&["spec_no", "warehouse_no"], &["spec_id", "warehouse_id"]],
                cautions: cautions::STOCK,
                ..WINDOWED
            },
        )
    },
    &pushed(
        "stock_sync_by_pd.php",
        "wdt.stock.sync.by.pd",
        Form::Fields,
        &Document {
            name: "wangdian.stock_sync_by_pd",
            title: "创建盘点单",
            fields: sheet!("../../catalog/stock_sync_by_pd.tsv"),
            push: Some(numbers::STOCK_COUNT),
            ..TARGET
        },
    ),
    &Endpoint {
        // The vendor's page is not public: the one list of the answer is taken.
        list_key: None,
        ..read(
            "stock_pd_order_query.php",
            "wdt.stock.pd.order.query",
            "",
            &Document {
                name: "wangdian.stock_pd_order_query",
                title: "查询盘点单",
                fields: sheet!("../../catalog/stock_pd_order_query.tsv"),
                keys: &[&["pd_no"]],
                version: None,
                ..WINDOWED
            },
        )
    },
    &pushed(
        "stockin_order_push.php",
        "wdt.stockin.order.push",
        Form::Object { field: "stockin_info" },
        &Document {
            name: "wangdian.stockin_order_push",
            title: "创建其他入库单",
            fields: sheet!("../../catalog/stockin_order_push.tsv"),
            push: Some(numbers::STOCKIN_ORDER),
            ..TARGET
        },
    ),
    &read(
        "stockin_order_query.php",
        "wdt.stockin.order.query",
        "stockin_list",
        &Document {
            name: "wangdian.stockin_order_query",
            title: "查询入库单管理",
            fields: sheet!("../../catalog/stockin_order_query.tsv"),
            cautions: cautions::STOCKIN_ORDER,
            keys: &[&["stockin_no"], &["order_no"], &["stockin_id"]],
            ..WINDOWED
        },
    ),
    &pushed(
        "stockout_order_push.php",
        "wdt.stockout.order.push",
        Form::Object { field: "stockout_info" },
        &Document {
            name: "wangdian.stockout_order_push",
            title: "创建其他出库单",
            fields: sheet!("../../catalog/stockout_order_push.tsv"),
            push: Some(numbers::STOCKOUT_ORDER),
            ..TARGET
        },
    ),
    &read(
        "stockout_order_query.php",
        "wdt.stockout.order.query",
        "stockout_list",
        &Document {
            name: "wangdian.stockout_order_query",
            title: "查询出库单管理",
            fields: sheet!("../../catalog/stockout_order_query.tsv"),
            keys: &[&["stockout_no"], &["order_no"], &["stockout_id"]],
            window_times: times::STOCKOUT,
            cautions: cautions::STOCKOUT,
            pages: pages(SMALL_PAGE),
            ..WINDOWED
        },
    ),
    &pushed(
        "stock_transfer_push.php",
        "wdt.stock.transfer.push",
        Form::Object { field: "transfer_info" },
        &Document {
            name: "wangdian.stock_transfer_push",
            title: "创建调拨单",
            fields: sheet!("../../catalog/stock_transfer_push.tsv"),
            push: Some(numbers::TRANSFER),
            ..TARGET
        },
    ),
    &pushed(
        "stockout_transfer_push.php",
        "wdt.stockout.transfer.push",
        Form::Object { field: "stockout_info" },
        &Document {
            name: "wangdian.stockout_transfer_push",
            title: "创建调拨出库单",
            fields: sheet!("../../catalog/stockout_transfer_push.tsv"),
            push: Some(numbers::STOCKOUT_TRANSFER),
            ..TARGET
        },
    ),
    &pushed(
        "stockin_transfer_push.php",
        "wdt.stockin.transfer.push",
        Form::Object { field: "stockin_info" },
        &Document {
            name: "wangdian.stockin_transfer_push",
            title: "创建调拨入库单",
            fields: sheet!("../../catalog/stockin_transfer_push.tsv"),
            push: Some(numbers::STOCKIN_TRANSFER),
            ..TARGET
        },
    ),
    &read(
        "stock_transfer_query.php",
        "wdt.stock.transfer.query",
        "transfer_list",
        &Document {
            name: "wangdian.stock_transfer_query",
            title: "查询调拨单",
            fields: sheet!("../../catalog/stock_transfer_query.tsv"),
            keys: &[&["transfer_no"]],
            pages: pages(SMALL_PAGE),
            // The vendor selects by it, but is not known to show it.
            version: None,
            ..WINDOWED
        },
    ),
];
