use relay_connector::Kind::{Decimal, Integer, List, Text, Time};
use relay_connector::{Document, Field};

use super::{Endpoint, Form, TARGET, WINDOWED, numbers, pages, pushed, read, times};

pub(super) static ENDPOINTS: &[&Endpoint] = &[
    &pushed(
        "sales_refund_push.php",
        "wdt.sales.refund.push",
        Form::List { field: "api_refund_list" },
        &Document {
            name: "wangdian.sales_refund_push",
            title: "创建原始退款单",
            params: &[],
            fields: &[
                Field::required("platform_id", "平台ID, 固定 127", Integer),
                Field::required("shop_no", "店铺编号", Text),
                Field::required("tid", "原始单号", Text),
                Field::required("refund_no", "原始退款单号", Text),
                Field::new("type", "退款类型", Integer),
                Field::new("status", "退款状态", Text),
                Field::new("refund_fee", "退款金额", Decimal),
                Field::new("buyer_nick", "客户网名", Text),
                Field::new("refund_time", "退款时间", Time),
                Field::new("reason", "退款原因", Text),
                Field::new("desc", "退款说明", Text),
                Field::new("logistics_name", "物流公司名称", Text),
                Field::new("logistics_no", "物流单号", Text),
                Field::new(
                    "order_list",
                    "子订单列表",
                    List(&[
                        Field::required("oid", "子订单编号", Text),
                        Field::required("num", "退货数量", Decimal),
                    ]),
                ),
            ],
            open: true,
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
            params: &[],
            fields: &[
                Field::required("refund_no", "退换单号", Text),
                Field::required("outer_no", "外部单号", Text),
                Field::new("warehouse_no", "仓库编号", Text),
                Field::new("logistics_code", "物流公司编号", Text),
                Field::new("logistics_no", "物流单号", Text),
                Field::new("post_fee", "邮费", Decimal),
                Field::new("other_fee", "其它费用", Decimal),
                Field::new("is_check", "是否审核", Integer),
                Field::new("remark", "备注", Text),
                Field::new(
                    "detail_list",
                    "货品明细",
                    List(&[
                        Field::required("spec_no", "商家编码", Text),
                        Field::required("stockin_num", "入库数量", Decimal),
                        Field::new("remark", "备注", Text),
                    ]),
                ),
            ],
            open: true,
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
            params: &[
                "process_status",
                "time_type",
                "refund_no",
                "src_refund_no",
                "trade_no",
                "tid",
                "shop_no",
                "shop_nos",
                "logistics_no",
            ],
            fields: &[
                Field::new("refund_id", "退换单主键", Text),
                Field::new("refund_no", "退换单号", Text),
                Field::new("modified", "最后修改时间", Time),
                Field::new("finish_time", "结算时间", Time),
                Field::new("created", "创建时间", Time),
                Field::new("refund_order_list", "退回货品列表", List(&[])),
                Field::new("refund_out_goods_list", "换出货品列表", List(&[])),
            ],
            open: true,
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
            params: &["status", "shop_no", "stockin_no", "src_order_no"],
            fields: &[
                Field::new("stockin_no", "入库单号", Text),
                Field::new("order_no", "入库单号", Text),
                Field::new("modified", "最后修改时间", Time),
                Field::new("details_list", "货品明细", List(&[])),
            ],
            open: true,
            keys: &[&["stockin_no"], &["order_no"]],
            ..WINDOWED
        },
    ),
];
