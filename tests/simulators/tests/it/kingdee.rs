use std::time::Duration;

use relay_connector::Request;
use relay_simulators::{Fault, KINGDEE_BASE_URL, kingdee};
use serde_json::{Value, json};

use crate::bench::{Bench, text};

const SAVE: &str = "/jdy/sal/sal_order_save";

struct Shop {
    bench: Bench,
    token: String,
    order: Value,
}

impl Shop {
    async fn open() -> Self {
        let bench = Bench::new();
        let kingdee = &bench.vendors.kingdee;
        let (unit, other_unit) = (kingdee.add_unit("U01", "箱"), kingdee.add_unit("U02", "袋"));
        let order = json!({
            "billno": "JY202611220001",
            "billdate": "2026-11-22",
            "customerid_id": kingdee.add_customer("S001", "直营商城"),
            "material_entity": [{
                "materialid_id": kingdee.add_material("ML-250-24", "每日纯牛奶", &[&unit]),
                "stockid_id": kingdee.add_store("WH01", "南京主仓"),
                "qty": "2",
                "unit_id": unit,
                "taxprice": "59.90",
                "is_free": false,
                "cess": "13",
            }],
        });
        kingdee.add_material("RC-5KG", "东北大米", &[&other_unit]);
        let token = bench.kingdee_token().await;
        Self { bench, token, order }
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        self.bench.json(self.bench.kingdee_request(path, &self.token, body)).await
    }
}

#[tokio::test]
async fn wrong_credentials_get_no_token() {
    let bench = Bench::new();
    let url = format!("{KINGDEE_BASE_URL}/auth/user/access_token?client_id=x").parse().unwrap();
    let answer = bench.json(Request::get(url)).await;
    assert_ne!(answer["errcode"], 0);
    assert_eq!(answer.get("data"), None);
}

#[tokio::test]
async fn the_first_account_group_is_the_tenants() {
    let shop = Shop::open().await;
    let answer = shop.post("/jdy/sys/accountGroup", &json!({})).await;
    assert_eq!(answer["data"][0]["accountGroups"][0]["accountId"], kingdee::CREDENTIALS.account_id);
}

#[tokio::test]
async fn a_saved_order_is_found_by_its_number() {
    let shop = Shop::open().await;
    let answer = shop.post(SAVE, &shop.order).await;
    assert_eq!((&answer["success"], &answer["data"]["success"]), (&json!(true), &json!(true)));
    let id = text(&answer["data"]["successPkIds"][0]);
    assert_eq!(id.len(), 19);
    let search = json!({"search": "JY202611220001", "page": 1, "pagesize": 100});
    let answer = shop.post("/jdy/sal/sal_order_list", &search).await;
    assert_eq!(answer["data"]["rows"][0]["id"], json!(id));
    assert_eq!(shop.bench.vendors.kingdee.creates()["JY202611220001"], 1);
}

#[tokio::test]
async fn orders_that_break_a_rule_are_refused_inside() {
    let shop = Shop::open().await;
    let other_unit = shop.post("/jdy/basedata/measure_unit_list", &json!({"page": 1, "pagesize": 100})).await;
    let other_unit = text(&other_unit["data"]["rows"][1]["id"]);
    let cases: Vec<(&str, &str, Value)> = vec![
        ("单据日期不能为空", "billdate", Value::Null),
        ("单据日期格式错误", "billdate", json!("2026/11/22")),
        ("参数customerid_id[999]不存在", "customerid_id", json!("999")),
        ("须为字符串", "customerid_id", json!(1_234_567_890_123_456_789_u64)),
        ("未知的参数customerid_number", "customerid_number", json!("S001")),
        ("商品分录不能为空", "material_entity", json!([])),
        ("参数materialid_id[999]不存在", "line.materialid_id", json!("999")),
        ("参数stockid_id[999]不存在", "line.stockid_id", json!("999")),
        (r#"第1行基础资料"unit"字段不能为空"#, "line.unit_id", Value::Null),
        ("不是该商品关联的单位", "line.unit_id", json!(other_unit)),
        ("数量不能为0", "line.qty", json!("0")),
        ("单价不能为空", "line.taxprice", Value::Null),
        ("是否赠品格式错误", "line.is_free", json!("1")),
        ("税率超出范围", "line.cess", json!("1300")),
        ("参数id[1]不存在", "id", json!("1")),
    ];
    for (expected, path, value) in cases {
        let mut order = shop.order.clone();
        match path.split_once('.') {
            Some((_, field)) => order["material_entity"][0][field] = value,
            None => order[path] = value,
        }
        let answer = shop.post(SAVE, &order).await;
        assert_eq!((&answer["success"], &answer["data"]["success"]), (&json!(true), &json!(false)), "{path}");
        let message = text(&answer["data"]["errorInfo"][0]["msg"]);
        assert!(message.contains(expected), "{path}: {message}");
    }
    assert!(shop.bench.vendors.kingdee.creates().is_empty());
}

#[tokio::test]
async fn a_number_is_saved_once_and_changed_by_id_only() {
    let shop = Shop::open().await;
    let id = text(&shop.post(SAVE, &shop.order).await["data"]["successPkIds"][0]);
    let answer = shop.post(SAVE, &shop.order).await;
    let message = text(&answer["data"]["errorInfo"][0]["msg"]);
    assert!(message.contains("重复") || message.contains("已存在"), "{message}");
    let mut edit = shop.order.clone();
    edit["id"] = json!(id);
    assert_eq!(shop.post(SAVE, &edit).await["data"]["success"], true);
    let orders = shop.bench.vendors.kingdee.orders("JY202611220001");
    assert_eq!((orders.len(), orders[0].edits), (1, 1));

    shop.bench.vendors.kingdee.set_refuses_duplicates(false);
    shop.post(SAVE, &shop.order).await;
    assert_eq!(shop.bench.vendors.kingdee.creates()["JY202611220001"], 2);
}

#[tokio::test]
async fn calls_without_token_header_or_type_are_refused() {
    let shop = Shop::open().await;
    let right = shop.bench.kingdee_request(SAVE, &shop.token, &shop.order);
    let without = |name: &str| {
        let mut request = right.clone();
        request.headers.retain(|(header, _)| &**header != name);
        request
    };
    let get = Request { method: http::Method::GET, ..right.clone() };
    let no_token = shop.bench.kingdee_request(SAVE, "wrong", &shop.order);
    for (what, request) in [
        ("accountId", without("accountId")),
        ("groupName", without("groupName")),
        ("content-type", without("content-type")),
        ("method", get),
        ("token", no_token),
    ] {
        let response = shop.bench.send(request).await.unwrap();
        let answer: Value = serde_json::from_slice(&response.body).unwrap();
        assert!(response.status != 200 || answer["success"] == false, "{what}: {answer}");
    }
    assert!(shop.bench.vendors.kingdee.creates().is_empty());
}

#[tokio::test]
async fn a_token_lives_one_hour_and_its_end_is_told_in_every_way() {
    let shop = Shop::open().await;
    shop.bench.clock.advance(Duration::from_secs(3_599));
    assert_eq!(shop.post("/jdy/sys/accountGroup", &json!({})).await["success"], true);
    shop.bench.clock.advance(Duration::from_secs(1));
    let mut statuses = Vec::new();
    for _ in 0..3 {
        let request = shop.bench.kingdee_request(SAVE, &shop.token, &shop.order);
        statuses.push(shop.bench.send(request).await.unwrap().status);
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401, 519]);
}

#[tokio::test]
async fn lists_page_from_1_and_search_is_fuzzy() {
    let shop = Shop::open().await;
    for page in [json!({"page": 0, "pagesize": 10}), json!({"page": 1, "pagesize": 101}), json!({})] {
        assert_eq!(shop.post("/jdy/basedata/customer_list", &page).await["success"], false, "{page}");
    }
    shop.bench.vendors.kingdee.add_customer("S0011", "别的");
    let search = json!({"search": "S001", "page": 2, "pagesize": 1});
    let answer = shop.post("/jdy/basedata/customer_list", &search).await;
    assert_eq!(
        (&answer["data"]["totalpage"], &answer["data"]["rows"][0]["number"]),
        (&json!(2), &json!("S0011"))
    );
    let search = json!({"search": "ML-250-24", "page": 1, "pagesize": 100});
    let answer = shop.post("/jdy/basedata/material_list", &search).await;
    let material = &answer["data"]["rows"][0];
    assert_eq!(material["baseunitid_id"], shop.order["material_entity"][0]["unit_id"]);
    let answer = shop.post("/jdy/basedata/material_detail", &json!({"id": material["id"]})).await;
    assert_eq!(answer["data"]["number"], "ML-250-24");
}

#[tokio::test]
async fn its_own_faults_happen() {
    let shop = Shop::open().await;
    let faults = &shop.bench.vendors.kingdee.faults;
    faults.inject(Fault::InnerRefusal("科目已冻结".to_owned()));
    faults.inject(Fault::OuterRefusal("服务已到期".to_owned()));
    let answer = shop.post(SAVE, &shop.order).await;
    assert_eq!(answer["data"]["errorInfo"][0]["msg"], "科目已冻结");
    assert_eq!(shop.post(SAVE, &shop.order).await["description_cn"], "服务已到期");
    faults.inject(Fault::Http519("系统维护".to_owned()));
    faults.inject(Fault::RateLimited);
    let mut statuses = Vec::new();
    for _ in 0..2 {
        let request = shop.bench.kingdee_request(SAVE, &shop.token, &shop.order);
        statuses.push(shop.bench.send(request).await.unwrap().status);
    }
    assert_eq!(statuses, [519, 429]);
    faults.inject(Fault::IntNumbers);
    assert!(shop.post(SAVE, &shop.order).await["data"]["successPkIds"][0].is_number());
    faults.inject(Fault::ExpireTokens);
    let answer = shop.post("/jdy/sal/sal_order_list", &json!({"page": 1, "pagesize": 10})).await;
    assert_ne!(answer["success"], true);
}

#[tokio::test]
async fn empty_lists_and_numbers_come_as_they_are_asked_for() {
    let shop = Shop::open().await;
    let faults = &shop.bench.vendors.kingdee.faults;
    let none = json!({"page": 1, "pagesize": 10, "search": "no such customer"});
    for (fault, rows) in [(Fault::LeaveOutEmptyLists, None), (Fault::NullLists, Some(&Value::Null))] {
        faults.inject(fault);
        assert_eq!(shop.post("/jdy/basedata/customer_list", &none).await["data"].get("rows"), rows);
    }
    faults.inject(Fault::StringNumbers);
    let answer = shop.post("/jdy/basedata/customer_list", &json!({"page": 1, "pagesize": 10})).await;
    assert_eq!((&answer["success"], &answer["data"]["totalpage"]), (&json!("true"), &json!("1")));
}
