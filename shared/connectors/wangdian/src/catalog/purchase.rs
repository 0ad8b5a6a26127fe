use relay_connector::Kind::{Date, Decimal, Integer, List, Text, Time};
use relay_connector::{Document, Field};

use super::{Endpoint, Form, TARGET, WINDOWED, numbers, pushed, read};

pub(super) static ENDPOINTS: &[&Endpoint] = &[
    &pushed(
        "purchase_order_push.php",
        "wdt.purchase.order.push",
        Form::Object { field: "purchase_info" },
        &Document {
            name: "wangdian.purchase_order_push",
            title: "创建采购单",
            params: &[],
            fields: &[
                Field::new("provider_no", "供应商编号", Text),
                Field::new("warehouse_no", "仓库编号", Text),
                Field::required("outer_no", "外部单号", Text),
                Field::new("is_use_outer_no", "是否使用外部单号", Integer),
                Field::new("is_check", "是否审核", Integer),
                Field::new("contact", "联系人", Text),
                Field::new("purchase_name", "采购员", Text),
                Field::new("receive_address", "收货地址", Text),
                Field::new("logistics_type", "物流方式", Integer),
                Field::new("expect_arrive_time", "预计到货时间", Text),
                Field::new("remark", "备注", Text),
                Field::new(
                    "details_list",
                    "货品明细",
                    List(&[
                        Field::required("spec_no", "商家编码", Text),
                        Field::required("num", "采购数量", Decimal),
                        Field::new("price", "采购价", Decimal),
                        Field::new("discount", "折扣", Decimal),
                        Field::new("tax", "税率", Decimal),
                        Field::new("tax_price", "税后价", Decimal),
                        Field::new("remark", "备注", Text),
                    ]),
                ),
            ],
            open: true,
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
            params: &[],
            fields: &[
                Field::new("purchase_no", "采购单号", Text),
                Field::required("outer_no", "外部单号", Text),
                Field::new("warehouse_no", "仓库编号", Text),
                Field::new("is_check", "是否审核", Integer),
                Field::new("remark", "备注", Text),
                Field::new(
                    "details_list",
                    "货品明细",
                    List(&[
                        Field::required("spec_no", "商家编码", Text),
                        Field::required("stockin_num", "入库数量", Decimal),
                        Field::new("stockin_price", "入库价", Decimal),
                        Field::new("tax", "税率", Decimal),
                        Field::new("tax_price", "税后价", Decimal),
                        Field::new("position_no", "货位编号", Text),
                        Field::new("production_date", "生产日期", Date),
                        Field::new("validity_days", "有效期天数", Integer),
                    ]),
                ),
            ],
            open: true,
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
            params: &["purchase_no", "outer_no", "status", "warehouse_no"],
            fields: &[
                Field::new("purchase_id", "采购单ID", Text),
                Field::new("purchase_no", "采购单号", Text),
                Field::new("modified", "最后修改时间", Time),
                Field::new("details_list", "货品明细", List(&[])),
            ],
            open: true,
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
            params: &["src_order_no", "stockin_no", "stockin_outer_no", "warehouse_no", "status"],
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
        "purchase_return_push.php",
        "wdt.purchase.return.push",
        Form::Object { field: "return_info" },
        &Document {
            name: "wangdian.purchase_return_push",
            title: "创建采购退货单",
            params: &[],
            fields: &[
                Field::new("provider_no", "供应商编号", Text),
                Field::required("outer_no", "外部单号", Text),
                Field::new("warehouse_no", "仓库编号", Text),
                Field::new("is_check", "是否审核", Integer),
                Field::new("purchaser_no", "采购员编号", Text),
                Field::new("logistics_code", "物流公司编号", Text),
                Field::new("receiver_*", "收件信息", Text),
                Field::new("contact", "联系人", Text),
                Field::new("telno", "电话", Text),
                Field::new("address", "地址", Text),
                Field::new("post_fee", "邮费", Decimal),
                Field::new("remark", "备注", Text),
                Field::new(
                    "detail_list",
                    "货品明细",
                    List(&[
                        Field::required("spec_no", "商家编码", Text),
                        Field::required("num", "退货数量", Decimal),
                        Field::new("price", "退货价", Decimal),
                        Field::new("discount", "折扣", Decimal),
                        Field::new("detail_remark", "备注", Text),
                    ]),
                ),
            ],
            open: true,
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
            params: &[],
            fields: &[
                Field::required("return_no", "采购退货单号", Text),
                Field::required("outer_no", "外部单号", Text),
                Field::new("logistics_code", "物流公司编号", Text),
                Field::new("logistics_no", "物流单号", Text),
                Field::new("post_cost", "邮资成本", Decimal),
                Field::new("is_check", "是否审核", Integer),
                Field::new("remark", "备注", Text),
                Field::new(
                    "detail_list",
                    "货品明细",
                    List(&[
                        Field::required("spec_no", "商家编码", Text),
                        Field::required("num", "出库数量", Decimal),
                        Field::new("price", "出库价", Decimal),
                        Field::new("position_no", "货位编号", Text),
                        Field::new("batch_no", "批次号", Text),
                    ]),
                ),
            ],
            open: true,
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
            params: &["return_no", "api_outer_no", "status", "warehouse_no"],
            fields: &[
                Field::new("return_no", "采购退货单号", Text),
                Field::new("modified", "最后修改时间", Time),
            ],
            open: true,
            keys: &[&["return_no"]],
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
            params: &["src_order_no", "outer_no", "status", "warehouse_no"],
            fields: &[
                Field::new("order_no", "出库单号", Text),
                Field::new("stockout_no", "出库单号", Text),
                Field::new("modified", "最后修改时间", Time),
            ],
            open: true,
            ..WINDOWED
        },
    ),
];
