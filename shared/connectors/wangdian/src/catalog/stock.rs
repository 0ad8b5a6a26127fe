use relay_connector::Kind::{Decimal, Integer, List, Text, Time};
use relay_connector::{Document, Field};

use super::{Endpoint, Form, TARGET, WINDOWED, numbers, pushed, read, times};

pub(super) static ENDPOINTS: &[&Endpoint] = &[
    &read(
        "stock_query.php",
        "wdt.stock.query",
        "stocks",
        &Document {
            name: "wangdian.stock_query",
            title: "增量查询库存(分页查询)",
            // `goods_no` is the Qimen route's.
            params: &["warehouse_no", "spec_no", "goods_no", "barcode", "is_deleted", "spec_is_deleted"],
            fields: &[
                Field::new("spec_id", "单品主键", Text),
                Field::new("spec_no", "商家编码", Text),
                Field::new("warehouse_id", "仓库主键", Text),
                Field::new("warehouse_no", "仓库编号", Text),
                Field::new("stock_num", "实物库存", Decimal),
                // Spelled so by the vendor.
                Field::new("avaliable_num", "可发库存", Decimal),
                Field::new("lock_num", "锁定量", Decimal),
                Field::new("order_num", "待审核量", Decimal),
                Field::new("sending_num", "待发货量", Decimal),
                Field::new("purchase_num", "采购在途量", Decimal),
                Field::new("transfer_num", "调拨在途量", Decimal),
                Field::new("to_transfer_num", "待调拨量", Decimal),
                Field::new("to_purchase_num", "待采购量", Decimal),
                Field::new("purchase_arrive_num", "采购到货量", Decimal),
                Field::new("refund_num", "销售退货量", Decimal),
                Field::new("return_num", "采购退货量", Decimal),
                Field::new("modified", "最后修改时间", Time),
            ],
            open: true,
            keys: &[&["spec_no", "warehouse_no"], &["spec_id", "warehouse_id"]],
            ..WINDOWED
        },
    ),
    &pushed(
        "stock_sync_by_pd.php",
        "wdt.stock.sync.by.pd",
        Form::Fields,
        &Document {
            name: "wangdian.stock_sync_by_pd",
            title: "创建盘点单",
            params: &[],
            fields: &[
                Field::required("warehouse_no", "仓库编号", Text),
                Field::new("mode", "盘点方式: 0 单品, 1 货位", Integer),
                Field::required("api_outer_no", "外部单号", Text),
                Field::new("is_check", "是否审核", Integer),
                Field::new("is_post_error", "是否严格: 1 一错全错, 0 部分成功", Integer),
                Field::new("is_create_stock", "是否创建库存", Integer),
                Field::required(
                    "goods_list",
                    "货品明细, 最多 500 行",
                    List(&[
                        Field::required("spec_no", "商家编码", Text),
                        Field::required("stock_num", "盘点数量", Decimal),
                    ]),
                ),
            ],
            open: true,
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
                params: &["warehouse_no", "pd_no", "api_outer_no"],
                fields: &[Field::new("pd_no", "盘点单号", Text)],
                open: true,
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
            params: &[],
            fields: &[
                Field::required("outer_no", "外部单号", Text),
                Field::new("warehouse_no", "仓库编号", Text),
                Field::new("is_check", "是否审核", Integer),
            ],
            open: true,
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
            params: &["order_type", "status", "outer_no", "src_order_no", "stockin_no", "warehouse_no"],
            fields: &[
                Field::new("stockin_id", "入库单主键", Text),
                Field::new("order_no", "入库单号", Text),
                Field::new("stockin_no", "入库单号", Text),
                Field::new("modified", "最后修改时间", Time),
            ],
            open: true,
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
            params: &[],
            fields: &[
                Field::required("outer_no", "外部单号", Text),
                Field::new("is_check", "是否审核", Integer),
                Field::new("is_submit", "是否提交", Integer),
                Field::new("warehouse_no", "仓库编号", Text),
            ],
            open: true,
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
            params: &["order_type", "status", "outer_no", "src_order_no", "stockout_no", "warehouse_no"],
            fields: &[
                Field::new("stockout_id", "出库单主键", Text),
                Field::new("order_no", "出库单号", Text),
                Field::new("stockout_no", "出库单号", Text),
                Field::new("consign_time", "出库时间", Time),
                Field::new("modified", "最后修改时间", Time),
            ],
            open: true,
            keys: &[&["stockout_no"], &["order_no"], &["stockout_id"]],
            window_times: times::STOCKOUT,
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
            params: &[],
            fields: &[
                Field::required("outer_no", "外部单号", Text),
                Field::required("from_warehouse_no", "源仓库编号", Text),
                Field::required("to_warehouse_no", "目标仓库编号", Text),
                Field::new("address", "地址", Text),
                Field::new("contact", "联系人", Text),
                Field::new("telno", "电话", Text),
                Field::new("remark", "备注", Text),
                Field::new("transfer_type", "调拨类型: 0 分步, 1 快速", Integer),
                Field::new("mode", "调拨方式: 0 单品, 1 货位", Integer),
                Field::new("autocheck", "是否自动审核", Integer),
                Field::required(
                    "skus",
                    "货品明细, 最多 500 行",
                    List(&[
                        Field::required("spec_no", "商家编码", Text),
                        Field::required("num", "调拨数量", Decimal),
                        Field::new("from_position_no", "源货位编号", Text),
                        Field::new("to_position_no", "目标货位编号", Text),
                        Field::new("remark", "备注", Text),
                    ]),
                ),
            ],
            open: true,
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
            params: &[],
            fields: &[Field::required("outer_no", "外部单号", Text)],
            open: true,
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
            params: &[],
            fields: &[Field::required("outer_no", "外部单号", Text)],
            open: true,
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
            params: &["from_warehouse_no", "to_warehouse_no", "transfer_no", "api_outer_no", "status"],
            fields: &[
                Field::new("transfer_no", "调拨单号", Text),
                Field::new("details_list", "货品明细", List(&[])),
            ],
            open: true,
            keys: &[&["transfer_no"]],
            // The vendor selects by it, but is not known to show it.
            version: None,
            ..WINDOWED
        },
    ),
];
