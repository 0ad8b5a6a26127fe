use relay_connector::Kind::{Integer, Text, Time};
use relay_connector::{Document, Field};

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
            // `warehouse_type` and `is_disabled` are the Qimen route's.
            params: &["warehouse_no", "type", "sub_type", "warehouse_type", "is_disabled"],
            fields: &[
                Field::new("warehouse_no", "仓库编号", Text),
                Field::new("name", "仓库名称", Text),
                Field::new("warehouse_type", "仓库类型", Integer),
            ],
            open: true,
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
            params: &["logistics_no", "logistics_name"],
            fields: &[
                Field::new("logistics_id", "物流公司ID", Text),
                Field::new("logistics_no", "物流公司编号", Text),
                Field::new("logistics_name", "物流公司名称", Text),
                Field::new("logistics_type", "物流方式", Integer),
                Field::new("bill_type", "单据类型", Integer),
            ],
            open: true,
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
            params: &["column", "provider_no", "provider_name", "is_deleted"],
            fields: &[
                Field::new("provider_id", "供应商ID", Text),
                Field::new("provider_no", "供应商编号", Text),
            ],
            open: true,
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
            params: &[],
            fields: &[
                Field::required("provider_no", "供应商编号", Text),
                Field::new("provider_name", "供应商名称", Text),
                Field::new("min_purchase_num", "最小采购量", Integer),
                Field::new("purchase_cycle_days", "采购周期", Integer),
                Field::new("arrive_cycle_days", "到货周期", Integer),
                Field::new("contact", "联系人", Text),
                Field::new("telno", "电话", Text),
                Field::new("mobile", "手机", Text),
                Field::new("fax", "传真", Text),
                Field::new("zip", "邮编", Text),
                Field::new("email", "邮箱", Text),
                Field::new("qq", "QQ", Text),
                Field::new("wangwang", "旺旺", Text),
                Field::new("address", "地址", Text),
                Field::new("website", "网址", Text),
                Field::new("last_purchase_time", "最后采购时间", Time),
                Field::new("is_disabled", "是否停用", Integer),
                Field::new("charge_cycle_days", "结算周期", Integer),
            ],
            open: true,
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
        // `platform` is the Qimen route's name of `platform_id`.
        params: &["shop_no", "platform_id", "platform_ids", "platform", "is_disabled"],
        fields: &[
            Field::new("shop_id", "店铺ID", Text),
            Field::new("shop_no", "店铺编号", Text),
            Field::new("shop_name", "店铺名称", Text),
            Field::new("platform_id", "平台ID", Text),
            Field::new("sub_platform_id", "子平台ID", Text),
            Field::new("account_id", "平台授权账号ID", Text),
        ],
        open: true,
        keys: &[&["shop_no"], &["shop_id"]],
        ..LISTED
    },
);
