use relay_connector::{Document, sheet};

use super::{Endpoint, Form, TARGET, WINDOWED, cautions, numbers, pushed, read};

pub(super) static ENDPOINTS: &[&Endpoint] = &[
    &pushed(
        "goods_push.php",
        "wdt.goods.push",
        Form::List { field: "goods_list" },
        &Document {
            name: "wangdian.goods_push",
            title: "创建货品档案",
            fields: sheet!("../../catalog/goods_push.tsv"),
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
            fields: sheet!("../../catalog/goods_query.tsv"),
            cautions: cautions::GOODS,
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
            fields: sheet!("../../catalog/api_goodsspec_push.tsv"),
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
            fields: sheet!("../../catalog/suites_query.tsv"),
            keys: &[&["suite_no"], &["suite_id"]],
            ..WINDOWED
        },
    ),
];
