use relay_connector::Kind::{Decimal, Integer, List, Text, Time};
use relay_connector::{Document, Field};

use super::{Endpoint, Form, TARGET, WINDOWED, numbers, pushed, read};

pub(super) static ENDPOINTS: &[&Endpoint] = &[
    &pushed(
        "goods_push.php",
        "wdt.goods.push",
        Form::List { field: "goods_list" },
        &Document {
            name: "wangdian.goods_push",
            title: "创建货品档案",
            params: &[],
            fields: &[
                Field::required("goods_no", "货品编号", Text),
                Field::new("goods_type", "货品类别", Integer),
                Field::new("goods_name", "货品名称", Text),
                Field::new("class_name", "分类名称", Text),
                Field::new("brand_name", "品牌名称", Text),
                Field::new("unit_name", "基本单位名称", Text),
                Field::new(
                    "spec_list",
                    "规格列表",
                    List(&[
                        Field::required("spec_no", "商家编码", Text),
                        Field::new("spec_name", "规格名称", Text),
                        Field::new("barcode", "主条码", Text),
                    ]),
                ),
            ],
            open: true,
            push: Some(numbers::GOODS),
            ..TARGET
        },
    ),
    &read(
        "goods_query.php",
        "wdt.goods.query",
        "goods_list",
        &Document {
            name: "wangdian.goods_query",
            title: "查询货品档案",
            // With spec_no or goods_no the window has no effect.
            params: &["spec_no", "goods_no", "brand_no", "class_name", "barcode", "deleted"],
            fields: &[
                Field::new("goods_id", "货品ID", Text),
                Field::new("goods_no", "货品编号", Text),
                Field::new("goods_name", "货品名称", Text),
                Field::new("goods_modified", "货品最后修改时间", Time),
                Field::new(
                    "spec_list",
                    "规格列表",
                    List(&[
                        Field::new("spec_id", "规格ID", Text),
                        Field::new("spec_no", "商家编码", Text),
                        Field::new("spec_name", "规格名称", Text),
                        Field::new("barcode", "主条码", Text),
                        Field::new("spec_modified", "规格最后修改时间", Time),
                    ]),
                ),
            ],
            open: true,
            keys: &[&["goods_no"], &["goods_id"]],
            version: Some("goods_modified"),
            ..WINDOWED
        },
    ),
    &pushed(
        "api_goodsspec_push.php",
        "wdt.api.goodsspec.push",
        Form::Object { field: "api_goods_info" },
        &Document {
            name: "wangdian.api_goodsspec_push",
            title: "创建平台货品",
            params: &[],
            fields: &[
                Field::required("platform_id", "平台ID", Text),
                Field::required("shop_no", "店铺编号", Text),
                Field::required(
                    "goods_list",
                    "平台货品列表",
                    List(&[
                        Field::required("goods_id", "平台货品ID", Text),
                        Field::new("spec_id", "平台规格ID", Text),
                        Field::new("goods_no", "货品编号", Text),
                        Field::new("spec_no", "商家编码", Text),
                        Field::new("status", "状态: 0 删除, 1 在架, 2 下架", Integer),
                        Field::new("goods_name", "平台货品名称", Text),
                        Field::new("spec_code", "规格码", Text),
                        Field::new("spec_name", "平台规格名称", Text),
                        Field::new("pic_url", "图片地址", Text),
                        Field::new("price", "价格", Decimal),
                        Field::new("stock_num", "库存", Decimal),
                        Field::new("cid", "类目ID", Text),
                    ]),
                ),
            ],
            open: false,
            push: Some(numbers::PLATFORM_GOODS),
            ..TARGET
        },
    ),
    &read(
        "suites_query.php",
        "wdt.suites.query",
        "suites",
        &Document {
            name: "wangdian.suites_query",
            title: "查询组合装货品",
            // `brand_name` and `class_name` are the Qimen route's.
            params: &["suite_no", "brand_name", "class_name"],
            fields: &[
                Field::new("suite_id", "组合装ID", Text),
                Field::new("suite_no", "组合装编码", Text),
                Field::new("suite_name", "组合装名称", Text),
                Field::new("modified", "最后修改时间", Time),
                Field::new(
                    "specs_list",
                    "单品列表",
                    List(&[
                        Field::new("spec_no", "商家编码", Text),
                        Field::new("num", "数量", Decimal),
                        Field::new("ratio", "分摊比例", Decimal),
                        Field::new("fixed_price", "固定价格", Decimal),
                    ]),
                ),
            ],
            open: true,
            keys: &[&["suite_no"], &["suite_id"]],
            ..WINDOWED
        },
    ),
];
