//! A document of each push that the ERP takes, as the vendor's pages and demos show it.

use serde_json::{Value, json};

/// The example of that push (without `.php`), known by that number; `None` of what is no push.
#[must_use]
pub fn example(push: &str, number: &str) -> Option<Value> {
    Some(match push {
        "purchase_provider_create" => json!({
            "provider_no": number, "provider_name": "南京乳业", "min_purchase_num": "1", "purchase_cycle_days": 7,
            "arrive_cycle_days": 3, "contact": "王五", "telno": "025-1234567",
        }),
        "goods_push" => json!({
            "goods_no": number, "goods_name": "每日纯牛奶", "goods_type": 1, "class_name": "乳品", "unit_name": "盒",
            "spec_list": [
                {"spec_no": format!("{number}-24"), "spec_name": "24盒", "barcode": "6901234567892", "retail_price": "60.00"},
                {"spec_no": format!("{number}-12"), "spec_name": "12盒", "retail_price": "32.00"},
            ],
        }),
        // It has no number of its own: each line is known by its goods_id and spec_id.
        "api_goodsspec_push" => json!({
            "platform_id": "127", "shop_no": "S001",
            "goods_list": [
                {"goods_id": number, "spec_id": format!("{number}-1"), "spec_no": "ML-250-24", "status": 1, "price": "60"},
                {"goods_id": number, "spec_id": format!("{number}-2"), "spec_no": "ML-250-12", "status": 2, "price": "32"},
            ],
        }),
        "trade_push" => json!({
            "tid": number, "trade_status": 30, "pay_status": 2, "delivery_term": 1,
            "trade_time": "2026-11-22 10:00:00", "pay_time": "2026-11-22 10:01:00", "buyer_nick": format!("苏果{number}"),
            "receiver_name": "李四", "receiver_province": "江苏省", "receiver_city": "南京市",
            "receiver_district": "建邺区", "receiver_address": "云龙山路66号", "receiver_mobile": "18254623212",
            "logistics_type": "-1", "post_amount": "10.00", "cod_amount": "0", "ext_cod_fee": "0", "other_amount": "0",
            "paid": "128.00",
            "order_list": [{
                "oid": format!("{number}-10"), "num": "2", "price": "60.00", "status": 30, "refund_status": 0,
                "goods_id": "ML-250", "goods_no": "ML-250", "spec_no": "ML-250-24", "goods_name": "每日纯牛奶",
                "adjust_amount": "0", "discount": "1.50", "share_discount": "0.50",
            }],
        }),
        "sales_refund_push" => json!({
            "platform_id": 127, "shop_no": "S001", "tid": "T-1", "refund_no": number, "type": 2, "status": "success",
            "refund_fee": "58.00", "buyer_nick": "苏果", "refund_time": "2026-11-22 10:00:00", "reason": "破损",
            "order_list": [{"oid": "T-1-1", "num": "1"}, {"oid": "T-1-2", "num": "2"}],
        }),
        "stockin_refund_push" => json!({
            "refund_no": "TK1", "outer_no": number, "warehouse_no": "WH01", "is_check": 1,
            "detail_list": lines("stockin_num", &[]),
        }),
        "purchase_order_push" => json!({
            "provider_no": "GYS-1", "warehouse_no": "WH01", "outer_no": number, "is_check": 1,
            "details_list": lines("num", &[("price", "48.50")]),
        }),
        "stockin_purchase_push" => json!({
            "purchase_no": "CG1", "outer_no": number, "warehouse_no": "WH01", "is_check": 1,
            "details_list": lines("stockin_num", &[("stockin_price", "48.50")]),
        }),
        "purchase_return_push" => json!({
            "provider_no": "GYS-1", "outer_no": number, "warehouse_no": "WH01", "is_check": 1,
            "detail_list": lines("num", &[("price", "48.50")]),
        }),
        "purchase_return_order_push" => json!({
            "return_no": "CT1", "outer_no": number, "is_check": 1, "detail_list": lines("num", &[]),
        }),
        "stock_sync_by_pd" => json!({
            "warehouse_no": "WH01", "mode": 0, "api_outer_no": number, "is_check": 1,
            "goods_list": lines("stock_num", &[]),
        }),
        "stockin_order_push" => json!({
            "outer_no": number, "warehouse_no": "WH01", "is_check": 1, "goods_list": lines("stockin_num", &[]),
        }),
        "stockout_order_push" => json!({
            "outer_no": number, "warehouse_no": "WH01", "is_check": 1, "detail_list": lines("num", &[]),
        }),
        "stock_transfer_push" => json!({
            "outer_no": number, "from_warehouse_no": "WH01", "to_warehouse_no": "WH02", "transfer_type": 0,
            "skus": lines("num", &[]),
        }),
        "stockout_transfer_push" => json!({
            "src_order_type": "2", "src_order_no": "TF1", "warehouse_no": "WH01", "outer_no": number,
            "goods_list": lines("num", &[]),
        }),
        "stockin_transfer_push" => json!({
            "src_order_type": "2", "src_order_no": "TF1", "warehouse_no": "WH02", "outer_no": number,
            "goods_list": lines("num", &[]),
        }),
        _ => return None,
    })
}

/// Two lines, with this quantity and more.
fn lines(quantity: &str, more: &[(&str, &str)]) -> Value {
    [("ML-250-24", "2"), ("ML-250-12", "3.5")]
        .map(|(spec_no, count)| {
            let mut line = json!({"spec_no": spec_no, quantity: count});
            for (name, value) in more {
                line[name] = json!(value);
            }
            line
        })
        .into_iter()
        .collect()
}
