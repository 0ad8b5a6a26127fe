use serde_json::{Map, Value, json};

use crate::bench::{Bench, object, rows, text};

fn order() -> Map<String, Value> {
    object(include_str!("../payloads/trade_push_order.json"))
}

/// The order with other values; a path of two parts leads into its one line.
fn order_with(changes: &[(&str, Value)]) -> Map<String, Value> {
    let mut order = Value::Object(order());
    for (path, value) in changes {
        match path.split_once('.') {
            Some((_, field)) => order["order_list"][0][field] = value.clone(),
            None => order[*path] = value.clone(),
        }
    }
    order.as_object().unwrap().clone()
}

async fn push(bench: &Bench, orders: &[Map<String, Value>]) -> Value {
    let list = json!(orders).to_string();
    bench.direct("trade_push", &[("shop_no", "S001"), ("switch", "0"), ("trade_list", &list)]).await
}

#[tokio::test]
async fn an_order_is_made_once_and_can_be_queried() {
    let bench = Bench::new();
    let answer = push(&bench, &[order()]).await;
    assert_eq!([text(&answer["new_count"]), text(&answer["chg_count"])], ["1", "0"]);
    let answer = push(&bench, &[order()]).await;
    assert_eq!([text(&answer["new_count"]), text(&answer["chg_count"])], ["0", "1"]);
    let pushed = bench.vendors.wangdian.pushed_orders();
    let pushed = &pushed["CK202611220001"];
    assert_eq!((pushed.creates, pushed.updates, pushed.repeats), (1, 0, 1));
    let answer = bench.direct("trade_query", &[("src_tid", "CK202611220001")]).await;
    assert_eq!(text(&rows(&answer, "trades")[0]["src_tids"]), "CK202611220001");
}

#[tokio::test]
async fn shops_and_lists_are_checked() {
    let bench = Bench::new();
    let list = json!([order()]).to_string();
    let fifty_one = json!(vec![order(); 51]).to_string();
    let cases: &[(&str, &[(&str, &str)])] = &[
        ("无效店铺编号", &[("shop_no", "NONE"), ("trade_list", &list)]),
        ("无效店铺编号", &[("trade_list", &list)]),
        ("店铺已停用", &[("shop_no", "S009"), ("trade_list", &list)]),
        ("只有自有平台店铺才支持推送", &[("shop_no", "S003"), ("trade_list", &list)]),
        ("json格式错误", &[("shop_no", "S001"), ("trade_list", "[{")]),
        ("订单列表为空", &[("shop_no", "S001"), ("trade_list", "[]")]),
        ("订单列表结构异常", &[("shop_no", "S001"), ("trade_list", "{}")]),
        ("最多推送50单", &[("shop_no", "S001"), ("trade_list", &fifty_one)]),
        ("switch", &[("shop_no", "S001"), ("trade_list", &list), ("switch", "2")]),
    ];
    for (expected, params) in cases {
        let answer = bench.direct("trade_push", params).await;
        assert_ne!(text(&answer["code"]), "0", "{expected}");
        assert!(text(&answer["message"]).contains(expected), "{expected}: {answer}");
    }
    assert!(bench.vendors.wangdian.pushed_orders().is_empty());
}

#[tokio::test]
async fn orders_that_break_a_rule_are_refused() {
    let bench = Bench::new();
    let cases: Vec<(&str, Vec<(&str, Value)>)> = vec![
        ("tid不能为空", vec![("tid", json!(""))]),
        ("receiver_district不能为空", vec![("receiver_district", json!(""))]),
        ("receiver_mobile不能为空", vec![("receiver_mobile", Value::Null)]),
        ("spec_no不能为空", vec![("line.spec_no", Value::Null)]),
        ("receiver_name含有", vec![("receiver_name", json!("李四😀"))]),
        ("trade_status无效", vec![("trade_status", json!(31))]),
        ("pay_time格式错误", vec![("pay_time", json!("2026-11-22"))]),
        ("已付金额不正确", vec![("paid", json!("128.01"))]),
        ("已付金额不正确", vec![("line.adjust_amount", json!("1"))]),
        ("应收不能小于0", vec![("line.discount", json!("500")), ("paid", json!("-370.50"))]),
        ("COD金额不能为0", vec![("delivery_term", json!(2))]),
        ("大于应收paid", vec![("delivery_term", json!(2)), ("cod_amount", json!("128.01"))]),
        ("退款状态与子订单状态不一致", vec![("line.refund_status", json!(3))]),
        ("数量必须大于0", vec![("line.num", json!(0)), ("paid", json!("8.00"))]),
        ("price不是数字", vec![("line.price", json!("9,9"))]),
    ];
    for (expected, changes) in cases {
        let answer = push(&bench, &[order_with(&changes)]).await;
        assert_ne!(text(&answer["code"]), "0", "{changes:?}");
        assert!(text(&answer["message"]).contains(expected), "{changes:?}: {answer}");
    }
}

#[tokio::test]
async fn an_oid_belongs_to_one_order() {
    let bench = Bench::new();
    push(&bench, &[order()]).await;
    let answer = push(&bench, &[order_with(&[("tid", json!("another"))])]).await;
    assert!(text(&answer["message"]).contains("订单货品数量不一致"), "{answer}");
}

#[tokio::test]
async fn from_paid_an_order_becomes_done_or_refunded_only_and_keeps_num_and_price() {
    let bench = Bench::new();
    push(&bench, &[order()]).await;
    let answer = push(&bench, &[order_with(&[("trade_status", json!(10))])]).await;
    assert!(text(&answer["message"]).contains("订单状态不能由30变更为10"), "{answer}");
    let dearer = [("trade_status", json!(70)), ("line.price", json!("70.00")), ("paid", json!("148.00"))];
    assert_eq!(text(&push(&bench, &[order_with(&dearer)]).await["code"]), "0");
    let pushed = bench.vendors.wangdian.pushed_orders();
    let pushed = &pushed["CK202611220001"];
    assert_eq!((pushed.updates, pushed.ignored_changes), (1, 1));
    assert_eq!(pushed.order["order_list"][0]["price"], "60.00");
}

#[tokio::test]
async fn one_bad_order_of_several_refuses_all_and_is_named() {
    let bench = Bench::new();
    let bad = order_with(&[("tid", json!("bad")), ("line.oid", json!("bad-1")), ("paid", json!("0"))]);
    let answer = push(&bench, &[order(), bad]).await;
    let list: Value = serde_json::from_str(&text(&answer["message"])).unwrap();
    assert_eq!(list[0]["tid"], "bad");
    assert!(list[0]["error"].as_str().unwrap().starts_with("%E5%B7%B2"));
    assert!(bench.vendors.wangdian.pushed_orders().is_empty());
}
