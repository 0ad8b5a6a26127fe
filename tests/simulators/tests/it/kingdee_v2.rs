//! 金蝶云·星辰 over V2: what it takes, and what it does not.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::TimeDelta;
use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use relay_connector::Request;
use relay_core::clock::Clock as _;
use relay_simulators::{Fault, KINGDEE_BASE_URL, kingdee};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::bench::{Bench, text};

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const DOMAIN: &str = "https://tf.jdy.com";

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

fn mac(key: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    BASE64_STANDARD.encode(hex::encode(mac.finalize().into_bytes()))
}

/// A caller with the tenant's app-token.
struct Caller {
    bench: Bench,
    token: String,
    nonce: std::cell::Cell<u32>,
}

impl Caller {
    async fn new() -> Self {
        let mut caller = Self { bench: Bench::new(), token: String::new(), nonce: 7.into() };
        caller.token = caller.fetched().await;
        caller
    }

    async fn fetched(&self) -> String {
        let data = &self.token_answer().await["data"];
        text(data.get("app-token").or_else(|| data.get("app_token")).unwrap())
    }

    async fn token_answer(&self) -> Value {
        let path = "/jdyconnector/app_management/push_app_authorize";
        let given = self.call("POST", path, &[("outerInstanceId", kingdee::OUTER_INSTANCE_ID)], None).await;
        let app = given["data"].as_array().unwrap().iter().find(|app| app["status"] == 1).unwrap();
        let (key, secret) = (text(&app["appKey"]), text(&app["appSecret"]));
        let signature = mac(&secret, &key);
        let query = [("app_key", key.as_str()), ("app_signature", signature.as_str())];
        self.call("GET", "/jdyconnector/app_management/kingdee_auth_token", &query, None).await
    }

    async fn call(&self, method: &str, path: &str, query: &[(&str, &str)], body: Option<&Value>) -> Value {
        self.bench.json(self.request(method, path, query, body)).await
    }

    fn request(&self, method: &str, path: &str, query: &[(&str, &str)], body: Option<&Value>) -> Request {
        self.nonce.set(self.nonce.get() + 1);
        let (nonce, timestamp) = (self.nonce.get(), self.bench.clock.now().timestamp_millis());
        let query: BTreeMap<_, _> = query.iter().copied().collect();
        let joined = |encode: fn(&str) -> String| {
            let pairs = query.iter().map(|(name, value)| format!("{name}={}", encode(value)));
            pairs.collect::<Vec<_>>().join("&")
        };
        let signed = format!(
            "{method}\n{}\n{}\nx-api-nonce:{nonce}\nx-api-timestamp:{timestamp}\n",
            encoded(path),
            joined(|value| encoded(&encoded(value))),
        );
        let url = format!("{KINGDEE_BASE_URL}{path}?{}", joined(encoded)).parse().unwrap();
        let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let request =
            Request { method: method.parse().unwrap(), ..Request::post(url, "application/json", body) };
        request
            .header("X-Api-ClientID", kingdee::CREDENTIALS.client_id)
            .header("X-Api-Auth-Version", "2.0")
            .header("X-Api-TimeStamp", timestamp.to_string())
            .header("X-Api-SignHeaders", "X-Api-TimeStamp,X-Api-Nonce")
            .header("X-Api-Nonce", nonce.to_string())
            .header("X-Api-Signature", mac(kingdee::CREDENTIALS.client_secret, &signed))
            .header("app-token", self.token.clone())
            .header("X-GW-Router-Addr", DOMAIN)
    }

    fn order(&self, number: &str) -> Value {
        let kingdee = &self.bench.vendors.kingdee;
        let unit = kingdee.add_unit("JIAN", "件");
        json!({
            "bill_no": number, "bill_date": "2026-11-22", "customer_id": kingdee.add_customer("KH1", "南京苏果"),
            "custom_field": {"custom_field1": "P001"},
            "material_entity": [{
                "material_id": kingdee.add_material("ML-250", "每日纯牛奶", &[&unit]),
                "stock_id": kingdee.add_store("WH01", "主仓"),
                "unit_id": unit, "qty": 2, "tax_price": 59.90,
            }],
        })
    }

    async fn save(&self, order: &Value) -> Value {
        self.call("POST", "/jdy/v2/scm/sal_order", &[], Some(order)).await
    }

    async fn operate(&self, operation: &str, id: &str) -> Value {
        let body = json!({"ids": [id], "entity_number": "sal_bill_order", "operate_type": operation});
        self.call("POST", "/jdy/v2/sys/common_operate", &[], Some(&body)).await
    }
}

fn id(saved: &Value) -> String {
    text(&saved["data"]["ids"][0])
}

#[tokio::test]
async fn a_call_is_believed_by_its_signature_its_time_and_its_token() {
    let caller = Caller::new().await;
    let path = "/jdy/v2/bd/customer";
    assert_eq!(caller.call("GET", path, &[("search", "苏果")], None).await["errcode"], 0);
    for spoil in ["X-Api-Signature", "X-Api-TimeStamp", "X-Api-Nonce", "app-token", "X-GW-Router-Addr"] {
        let mut request = caller.request("GET", path, &[], None);
        request.headers.iter_mut().filter(|(name, _)| name == spoil).for_each(|(_, value)| value.push('1'));
        assert_ne!(caller.bench.json(request).await["errcode"], 0, "{spoil}");
    }
    let stale = caller.request("GET", path, &[], None);
    caller.bench.clock.advance(Duration::from_secs(301));
    assert_ne!(caller.bench.json(stale).await["errcode"], 0);
}

#[tokio::test]
async fn a_third_token_in_a_minute_is_refused_and_a_rotated_secret_ends_none() {
    let caller = Caller::new().await;
    caller.fetched().await;
    assert_ne!(caller.token_answer().await["errcode"], 0);
    assert_eq!(caller.bench.vendors.kingdee.refused_for_tokens(), 1);
    caller.bench.clock.advance(Duration::from_secs(61));
    caller.bench.vendors.kingdee.faults.inject(Fault::ExpireTokens);
    let refused = caller.call("GET", "/jdy/v2/bd/store", &[], None).await;
    assert_ne!(refused["errcode"], 0);
    assert_eq!(
        Caller { token: caller.fetched().await, ..caller }.call("GET", "/jdy/v2/bd/store", &[], None).await["errcode"],
        0
    );
}

#[tokio::test]
async fn a_bill_is_saved_once_and_audited_and_then_neither_changed_nor_deleted() {
    let caller = Caller::new().await;
    let order = caller.order("JY1");
    let saved = caller.save(&order).await;
    let id = id(&saved);
    assert_eq!((saved["errcode"].clone(), &saved["data"]["id_number_map"][&id]), (json!(0), &json!("JY1")));
    assert_ne!(caller.save(&order).await["errcode"], 0, "its number is there");

    let state = async || {
        let detail = caller.call("GET", "/jdy/v2/scm/sal_order_detail", &[("id", &id)], None).await;
        text(&detail["data"]["bill_status"])
    };
    assert_eq!(state().await, "Z");
    assert_eq!(caller.operate("audit", &id).await["errcode"], 0);
    assert_eq!(state().await, "C");
    let mut change = order.clone();
    change["id"] = json!(id);
    for refused in
        [caller.operate("audit", &id).await, caller.operate("delete", &id).await, caller.save(&change).await]
    {
        assert_ne!(refused["errcode"], 0, "{refused}");
    }
    assert_eq!(caller.operate("unaudit", &id).await["errcode"], 0);
    assert_eq!(caller.save(&change).await["errcode"], 0);
    assert_eq!(caller.operate("delete", &id).await["errcode"], 0);
    assert!(caller.bench.vendors.kingdee.saved("sal_order", "JY1").is_empty());
}

#[tokio::test]
async fn what_the_sheet_does_not_allow_is_refused() {
    let caller = Caller::new().await;
    let spoilt: [fn(&mut Value); 12] = [
        |order| order["billno"] = json!("JY1"),
        |order| order["bill_date"] = json!("22.11.2026"),
        |order| order["customer_id"] = json!("7"),
        |order| order["custom_field1"] = json!("not in its map"),
        |order| order["material_entity"] = json!([]),
        |order| order["material_entity"][0]["materialid_id"] = json!("7"),
        |order| order["material_entity"][0]["unit_id"] = json!("7"),
        |order| order["material_entity"][0]["qty"] = json!("two"),
        |order| order["material_entity"][0]["qty"] = json!("2"),
        |order| order["material_entity"][0]["cess"] = json!(13),
        |order| order["material_entity"][0]["is_free"] = json!("false"),
        |order| order["custom_field"]["custom_field1"] = json!(1),
    ];
    for spoil in spoilt {
        let mut order = caller.order("JY1");
        spoil(&mut order);
        let refused = caller.save(&order).await;
        assert_ne!(refused["errcode"], 0, "{order}");
    }
    assert!(caller.bench.vendors.kingdee.saved_of("sal_order").is_empty());
    for query in [("nonsense", "1"), ("page", "0"), ("modify_start_time", "2026-11-22 12:00:00")] {
        let refused = caller.call("GET", "/jdy/v2/scm/sal_order", &[query], None).await;
        assert_ne!(refused["errcode"], 0, "{query:?}");
    }
}

#[tokio::test]
async fn a_window_is_closed_at_both_ends_and_a_larger_page_is_cut_in_silence() {
    let caller = Caller::new().await;
    let began = caller.bench.clock.now();
    for number in 0..250 {
        caller.bench.vendors.kingdee.keep("pur_order", &format!("CG-{number}"), &json!({}));
    }
    let page = |size: &'static str| {
        let caller = &caller;
        async move {
            caller.call("GET", "/jdy/v2/scm/pur_order", &[("page_size", size)], None).await["data"].clone()
        }
    };
    assert_eq!(page("250").await["rows"].as_array().unwrap().len(), 100);
    assert_eq!(page("250").await["total_page"], 1, "the pages are counted by what was asked for");
    assert_eq!(
        (page("100").await["total_page"].clone(), page("100").await["count"].clone()),
        (json!(3), json!(250))
    );

    let count = async |from: TimeDelta, until: TimeDelta| {
        let time = |by: TimeDelta| (began + by).timestamp_millis().to_string();
        let (from, until) = (time(from), time(until));
        let window = [("modify_start_time", from.as_str()), ("modify_end_time", until.as_str())];
        caller.call("GET", "/jdy/v2/scm/pur_order", &window, None).await["data"]["count"].clone()
    };
    let (second, none) = (TimeDelta::seconds(1), TimeDelta::zero());
    assert_eq!(count(none, none).await, 250);
    assert_eq!((count(-second, -second).await, count(second, second).await), (json!(0), json!(0)));
}
