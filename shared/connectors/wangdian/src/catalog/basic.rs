use relay_connector::{Document, sheet};

use super::{Endpoint, Form, LISTED, TARGET, numbers, pages, pushed, read};

pub(super) static ENDPOINTS: &[&Endpoint] = &[
    &SHOP,
    &read(
        "warehouse_query.php",
        "wdt.warehouse.query",
        "warehouses",
        &Document {
            name: "wangdian.warehouse_query",
            title: "查询仓库",
            fields: sheet!("../../catalog/warehouse_query.tsv"),
            keys: &[&["warehouse_no"]],
            // An older page of the vendor allows no more.
            pages: pages(30),
            ..LISTED
        },
    ),
    &read(
        "logistics.php",
        "wdt.logistics.query",
        "logistics_list",
        &Document {
            name: "wangdian.logistics",
            title: "查询物流",
            fields: sheet!("../../catalog/logistics.tsv"),
            keys: &[&["logistics_no"], &["logistics_id"]],
            pages: None,
            ..LISTED
        },
    ),
    &read(
        "purchase_provider_query.php",
        "wdt.purchase.provider.query",
        "provider_list",
        &Document {
            name: "wangdian.purchase_provider_query",
            title: "查询供应商",
            fields: sheet!("../../catalog/purchase_provider_query.tsv"),
            keys: &[&["provider_no"], &["provider_id"]],
            ..LISTED
        },
    ),
    &pushed(
        "purchase_provider_create.php",
        "wdt.purchase.provider.create",
        Form::Fields,
        &Document {
            name: "wangdian.purchase_provider_create",
            title: "创建供应商",
            fields: sheet!("../../catalog/purchase_provider_create.tsv"),
            push: Some(numbers::PROVIDER),
            ..TARGET
        },
    ),
];

pub(crate) static SHOP: Endpoint = read(
    "shop.php",
    "wdt.shop.query",
    "shoplist",
    &Document {
        name: "wangdian.shop",
        title: "查询店铺",
        fields: sheet!("../../catalog/shop.tsv"),
        keys: &[&["shop_no"], &["shop_id"]],
        ..LISTED
    },
);
