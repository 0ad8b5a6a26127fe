//! V2: authorisation and app-token, the signature of each call, `errcode`, steps, windows.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta};
use relay_connector::{
    Class, Delivery, Document, Failure, Request, Response, Surroundings, Transport, TransportError,
};
use relay_core::clock::{Clock as _, Deadline, SeededRng, SimulatedClock};
use relay_kingdee::settings::Auth;
use relay_kingdee::{Client, Settings, sign};
use serde_json::{Value, json};

use crate::support::{body, header, settings};

mod paging;
mod stages;

/// A scripted V2: gives tokens out, and answers the other calls in the order of the script.
struct Gateway {
    answers: Mutex<Vec<Value>>,
    sent: Mutex<Vec<Request>>,
    clock: Arc<SimulatedClock>,
    /// What it says to the call for an authorisation.
    authorised: Value,
    /// What it says to the next calls for a token, before it gives any.
    no_token: Mutex<Vec<Value>>,
    /// How far its clock is ahead of ours.
    ahead: TimeDelta,
}

const START: i64 = 1_700_000_000;

impl Gateway {
    fn answering(answers: impl IntoIterator<Item = Value>) -> Arc<Self> {
        let app =
            json!({"appKey": "k-1", "appSecret": "app-s3cret", "domain": "https://tf.jdy.com", "status": 1});
        Self::authorising(
            json!([app, {"appKey": "k-0", "appSecret": "x", "domain": "d", "status": 0}]),
            answers,
        )
    }

    fn authorising(authorised: Value, answers: impl IntoIterator<Item = Value>) -> Arc<Self> {
        let start = DateTime::from_timestamp(START, 0).unwrap();
        Arc::new(Self {
            answers: Mutex::new(answers.into_iter().collect()),
            sent: Mutex::default(),
            clock: Arc::new(SimulatedClock::starting_at(start)),
            authorised,
            no_token: Mutex::default(),
            ahead: TimeDelta::zero(),
        })
    }

    fn ahead(ahead: TimeDelta, answers: impl IntoIterator<Item = Value>) -> Arc<Self> {
        let gateway = Arc::into_inner(Self::answering(answers)).unwrap();
        Arc::new(Self { ahead, ..gateway })
    }

    fn client(self: &Arc<Self>) -> Client {
        self.client_of(None)
    }

    fn client_of(self: &Arc<Self>, account_id: Option<&str>) -> Client {
        let auth = Auth::V2 { outer_instance_id: "i-1".to_owned() };
        let settings = Settings { auth, account_id: account_id.map(str::to_owned), ..settings() };
        let surroundings =
            Surroundings::unshared(self.clone(), self.clock.clone(), Arc::new(SeededRng::new(1)));
        Client::new(settings, &surroundings)
    }

    fn sent_to(&self, path: &str) -> Vec<Request> {
        let sent = self.sent.lock().unwrap();
        sent.iter().filter(|request| request.url.path().ends_with(path)).cloned().collect()
    }
}

#[async_trait]
impl Transport for Gateway {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let path = request.url.path().to_owned();
        let signed_at = header(&request, "X-Api-TimeStamp").unwrap().parse::<i64>().unwrap();
        let now = self.clock.now() + self.ahead;
        self.sent.lock().unwrap().push(request);
        let count = self.sent_to("kingdee_auth_token").len();
        let answer = match path.rsplit('/').next().unwrap() {
            _ if (now.timestamp_millis() - signed_at).abs() > 300_000 => {
                refused(1_030_002_003, "X-Api-TimeStamp is invalid")
            }
            "push_app_authorize" => json!({"code": 200, "msg": "success", "data": self.authorised}),
            "kingdee_auth_token" => {
                let refusal = self.no_token.lock().unwrap().pop();
                refusal.unwrap_or(json!({"errcode": 0, "data": {"app-token": format!("tok-{count}")}}))
            }
            _ => self.answers.lock().unwrap().remove(0),
        };
        let mut response = Response::new(200, answer.to_string());
        response.date = Some(now);
        Ok(response)
    }
}

fn saved(id: &str, number: &str) -> Value {
    json!({"errcode": 0, "description": "success", "data": {"ids": [id], "id_number_map": {id: number}}})
}

fn refused(code: i64, text: &str) -> Value {
    json!({"errcode": code, "description": text, "data": null})
}

fn order() -> Value {
    json!({"bill_no": "JY1", "material_entity": [{"material_number": "ML-250", "qty": "1.50"}]})
}

fn row(name: &str) -> &'static Document {
    relay_kingdee::documents_of_v2().iter().find(|document| document.name == name).unwrap()
}

async fn saving(answers: impl IntoIterator<Item = Value>) -> (Arc<Gateway>, Result<String, Failure>) {
    let gateway = Gateway::answering(answers);
    let saved = gateway.client().save("kingdee.sal_order_save", &order(), Deadline::NONE).await;
    (gateway, saved)
}

#[tokio::test]
async fn a_call_is_signed_and_carries_token_and_address() {
    let (gateway, saved) = saving([saved("1544208903712374784", "JY1")]).await;
    assert_eq!(saved.as_deref(), Ok("1544208903712374784"));
    let authorise = &gateway.sent_to("/jdyconnector/app_management/push_app_authorize")[0];
    assert_eq!((authorise.method.as_str(), authorise.url.query()), ("POST", Some("outerInstanceId=i-1")));
    let token = &gateway.sent_to("/jdyconnector/app_management/kingdee_auth_token")[0];
    let app_signature = sign::signature(&"app-s3cret".to_owned().into(), "k-1");
    let query = format!("app_key=k-1&app_signature={}", sign::encoded(&app_signature));
    assert_eq!((token.method.as_str(), token.url.query()), ("GET", Some(query.as_str())));

    let save = &gateway.sent_to("/jdy/v2/scm/sal_order")[0];
    assert_eq!((save.method.as_str(), save.url.query()), ("POST", None));
    let sent = json!({"bill_no": "JY1", "material_entity": [{"material_number": "ML-250", "qty": 1.50}]});
    assert_eq!(body(save).to_string(), sent.to_string().replace("1.5", "1.50"), "to the last digit");
    let of = |name| header(save, name).unwrap();
    assert_eq!((of("app-token"), of("X-GW-Router-Addr")), ("tok-1", "https://tf.jdy.com"));
    assert_eq!((of("X-Api-ClientID"), of("X-Api-Auth-Version")), ("200421", "2.0"));
    assert_eq!(of("X-Api-SignHeaders"), "X-Api-TimeStamp,X-Api-Nonce");
    assert_eq!(of("X-Api-TimeStamp"), "1700000000000");
    let signed = sign::string_to_sign(
        "POST",
        "/jdy/v2/scm/sal_order",
        &Default::default(),
        of("X-Api-Nonce"),
        of("X-Api-TimeStamp"),
    );
    assert_eq!(of("X-Api-Signature"), sign::signature(&settings().client_secret, &signed.unwrap()));
}

#[tokio::test]
async fn a_rotated_secret_is_fetched_anew_once_and_the_call_repeated_once() {
    let (gateway, outcome) = saving([refused(1_030_002_006, "check failed"), saved("7", "JY1")]).await;
    assert_eq!(outcome.as_deref(), Ok("7"));
    let calls = |path| gateway.sent_to(path).len();
    assert_eq!((calls("push_app_authorize"), calls("kingdee_auth_token"), calls("sal_order")), (2, 2, 2));
    assert_eq!(header(&gateway.sent_to("sal_order")[1], "app-token"), Some("tok-2"));

    let stays = [refused(1_030_002_006, "check failed"), refused(1_030_002_006, "check failed")];
    let failure = saving(stays).await.1.unwrap_err();
    assert!(matches!(failure.class, Class::Paused { until: Some(_) }), "{failure:?}");
}

#[tokio::test]
async fn a_call_that_is_refused_for_its_time_is_made_once_more_by_the_vendors() {
    let gateway = Gateway::ahead(TimeDelta::minutes(20), [saved("7", "JY1")]);
    gateway.client().save("sal_order_save", &order(), Deadline::NONE).await.unwrap();
    let calls = |path| gateway.sent_to(path).len();
    assert_eq!((calls("push_app_authorize"), calls("kingdee_auth_token"), calls("sal_order")), (2, 1, 1));
}

#[tokio::test]
async fn no_more_than_two_tokens_are_asked_for_in_a_minute() {
    let gateway = Gateway::answering((0..6).flat_map(|_| [refused(1_030_002_006, "no"), saved("7", "JY1")]));
    let client = gateway.client();
    let mut asked = Vec::new();
    for _ in 0..6 {
        client.save("sal_order_save", &order(), Deadline::NONE).await.unwrap();
        asked.push(gateway.clock.now());
    }
    assert_eq!(gateway.sent_to("kingdee_auth_token").len(), 7);
    let within = |from: &DateTime<_>| {
        asked.iter().filter(|at| **at >= *from && **at - *from < TimeDelta::minutes(1)).count()
    };
    assert!(asked.iter().all(|from| within(from) <= 2), "{asked:?}");
    // The secret is asked for when its turn has come, and not before the wait.
    let at = |request: &Request| header(request, "X-Api-TimeStamp").unwrap().parse::<i64>().unwrap();
    let (secrets, tokens) = (gateway.sent_to("push_app_authorize"), gateway.sent_to("kingdee_auth_token"));
    for (secret, token) in secrets.iter().zip(&tokens) {
        assert!(at(token) - at(secret) < 5_000, "{} ms old", at(token) - at(secret));
    }
}

#[tokio::test]
async fn a_secret_that_rotates_while_a_token_is_fetched_with_it_is_fetched_anew_once() {
    let rotated = || refused(1_030_002_006, "check failed");
    for (refusals, saves) in [(1, true), (2, false)] {
        let gateway = Gateway::answering([saved("7", "JY1")]);
        gateway.no_token.lock().unwrap().extend((0..refusals).map(|_| rotated()));
        let outcome = gateway.client().save("sal_order_save", &order(), Deadline::NONE).await;
        let calls = |path| gateway.sent_to(path).len();
        assert_eq!((calls("push_app_authorize"), calls("kingdee_auth_token")), (2, 2));
        assert_eq!((outcome.is_ok(), calls("sal_order")), (saves, usize::from(saves)), "{outcome:?}");
    }
}

#[tokio::test]
async fn errcode_over_http_200_decides() {
    for (answer, class) in [
        (refused(2_000_014_001, "参数number[ML-250]不存在"), Class::Refused),
        (refused(2_000_014_001, r#"第1行基础资料"unit"字段不能为空"#), Class::Refused),
        (refused(2_000_014_001, "单据编号[JY1]组合值与其他表单重复"), Class::Exists),
        (refused(2_000_014_001, "JY1已存在"), Class::Exists),
        (refused(2_000_002_000, "system error"), Class::Unknown),
        (refused(1_030_002_001, "X-Api-Signature is invalid"), Class::Paused { until: None }),
        (refused(1_030_002_003, "X-Api-TimeStamp is invalid"), Class::Paused { until: None }),
        (json!({"code": 500, "msg": "参数错误"}), Class::Refused),
    ] {
        let failure = saving([answer.clone()]).await.1.unwrap_err();
        assert_eq!(failure.class, class, "{answer}");
    }
    // An answer that says neither.
    let failure = saving([json!({"data": {"ids": ["7"]}})]).await.1.unwrap_err();
    assert_eq!(failure.class, Class::Unknown);
}

#[tokio::test]
async fn of_several_account_sets_none_is_taken_unasked() {
    let app = |key: &str, account: &str| json!({"appKey": key, "appSecret": "app-s3cret", "domain": "d", "status": 1, "accountId": account});
    let gateway = Gateway::authorising(json!([app("k-1", "1001"), app("k-2", "1002")]), [saved("7", "JY1")]);
    let failure = gateway.client().save("sal_order_save", &order(), Deadline::NONE).await.unwrap_err();
    assert_eq!(failure.class, Class::Paused { until: None });
    assert!(failure.message.contains("[1001, 1002]: set KINGDEE_ACCOUNT_ID"), "{}", failure.message);
    assert!(gateway.sent_to("sal_order").is_empty());
}

#[tokio::test]
async fn where_the_vendor_tells_no_account_set_the_app_key_names_it() {
    let app = |key: &str| json!({"appKey": key, "appSecret": "app-s3cret", "domain": "d", "status": 1});
    let numbered = json!({"appKey": "k-3", "appSecret": "app-s3cret", "domain": "d", "accountId": "1003"});
    let authorised = json!([app("k-1"), app("k-2"), numbered]);
    for (named, key) in [("k-2", "k-2"), ("1003", "k-3"), ("k-3", "k-3")] {
        let gateway = Gateway::authorising(authorised.clone(), [saved("7", "JY1")]);
        let client = gateway.client_of(Some(named));
        client.save("sal_order_save", &order(), Deadline::NONE).await.unwrap();
        let query = gateway.sent_to("kingdee_auth_token")[0].url.query().unwrap().to_owned();
        assert!(query.starts_with(&format!("app_key={key}&")), "{named}: {query}");
    }
    for named in [None, Some("1001")] {
        let gateway = Gateway::authorising(authorised.clone(), []);
        let client = gateway.client_of(named);
        let failure = client.save("sal_order_save", &order(), Deadline::NONE).await.unwrap_err();
        assert_eq!(failure.class, Class::Paused { until: None }, "{named:?}");
        let told = "[app key k-1, app key k-2, 1003]: set KINGDEE_ACCOUNT_ID";
        assert!(failure.message.contains(told), "{}", failure.message);
    }
}

#[tokio::test]
async fn what_cannot_be_searched_for_is_not_sent() {
    let gateway = Gateway::answering([]);
    let order = json!({"bill_no": "JY 1", "material_entity": []});
    let failure = gateway.client().save("sal_order_save", &order, Deadline::NONE).await.unwrap_err();
    assert_eq!(failure.class, Class::Refused);
    assert!(failure.message.contains("use a number without it"), "{}", failure.message);
    assert!(gateway.sent_to("").is_empty());
}

#[tokio::test]
async fn a_tenants_fields_are_sent_in_their_maps() {
    let gateway = Gateway::answering([saved("7", "JY1")]);
    let order = json!({
        "bill_no": "JY1", "custom_field1_number": "P", "custom_field": {"x": "1"},
        "material_entity": [{"qty": "1", "custom_field7": "L"}, {"qty": "2"}],
    });
    gateway.client().save("sal_order_save", &order, Deadline::NONE).await.unwrap();
    assert_eq!(
        body(&gateway.sent_to("sal_order")[0]),
        json!({
            "bill_no": "JY1", "custom_field": {"x": "1", "custom_field1_number": "P"},
            "material_entity": [{"qty": 1, "custom_entity_field": {"custom_field7": "L"}}, {"qty": 2}],
        })
    );
}

#[tokio::test]
async fn every_value_is_typed_as_the_vendors_sdk_types_its_field() {
    let bill = json!({
        "bill_no": "JY1", "total_amount": "12.50", "custom_field": {"custom_field1": true, "custom_field2": 7},
        "material_entity": [{
            "material_number": "007", "qty": "2.5", "tax_price": "0.1000", "cess": "13", "kf_period": "30", "is_free": false,
            "batch_no": "12",
        }],
    });
    for (document, path, sent) in [
        // double, int and bool; codes are texts.
        (
            "sal_outbound_save",
            "sal_out_bound",
            r#"{"bill_no":"JY1","total_amount":12.50,"custom_field":{"custom_field1":"true","custom_field2":"7"},"material_entity":[{"material_number":"007","qty":2.5,"tax_price":0.1000,"cess":13,"kf_period":30,"is_free":false,"batch_no":"12"}]}"#,
        ),
        // Of a purchase order all amounts are texts, and a number is refused.
        (
            "pur_order_save",
            "pur_order",
            r#"{"bill_no":"JY1","total_amount":"12.50","custom_field":{"custom_field1":"true","custom_field2":"7"},"material_entity":[{"material_number":"007","qty":"2.5","tax_price":"0.1000","cess":"13","kf_period":"30","is_free":false,"batch_no":"12"}]}"#,
        ),
    ] {
        let gateway = Gateway::answering([saved("7", "JY1")]);
        gateway.client().save(document, &bill, Deadline::NONE).await.unwrap();
        assert_eq!(body(&gateway.sent_to(path)[0]).to_string(), sent, "{document}");
    }
}

#[tokio::test]
async fn a_tenants_fields_are_not_lost_where_something_else_stands_in_their_maps_place() {
    let gateway = Gateway::answering([saved("7", "JY1")]);
    let order = |head: Value, line: Value| {
        json!({
            "bill_no": "JY1", "custom_field": head, "custom_field1": "P",
            "material_entity": [{"qty": "1", "custom_entity_field": line, "custom_field7": "L"}],
        })
    };
    let (client, null) = (gateway.client(), Value::Null);
    client.save("sal_order_save", &order(null.clone(), null.clone()), Deadline::NONE).await.unwrap();
    let sent = body(&gateway.sent_to("sal_order")[0]);
    assert_eq!(sent["custom_field"], json!({"custom_field1": "P"}));
    assert_eq!(sent["material_entity"][0]["custom_entity_field"], json!({"custom_field7": "L"}));

    for (order, told) in [
        (order(json!("x"), null.clone()), "`custom_field` is no map, so that custom_field1 cannot"),
        (order(null, json!([])), "`custom_entity_field` is no map, so that custom_field7 cannot"),
    ] {
        let failure = client.save("sal_order_save", &order, Deadline::NONE).await.unwrap_err();
        assert_eq!(failure.class, Class::Refused);
        assert!(failure.message.contains(told), "{}", failure.message);
    }
    assert_eq!(gateway.sent_to("sal_order").len(), 1, "nothing is sent without them");
}

#[tokio::test]
async fn a_closed_period_is_told_with_the_first_open_day_where_the_vendor_names_it() {
    let day = |text: &str| Some(text.parse().unwrap());
    for (said, class) in [
        (
            "单据日期2026-10-31所在会计期间已结账,单据日期不能早于2026-11-01",
            Class::Closed { open_from: day("2026-11-01") },
        ),
        ("会计期间已关账", Class::Closed { open_from: None }),
        ("accounting period is closed", Class::Closed { open_from: None }),
        // A good may be called so.
        ("参数number[结账台]不存在", Class::Refused),
        ("单据已审核", Class::Refused),
    ] {
        let gateway = Gateway::answering([refused(2_000_014_001, said)]);
        let order = json!({"bill_no": "JY1", "material_entity": []});
        let failure = gateway.client().save("sal_order_save", &order, Deadline::NONE).await.unwrap_err();
        assert_eq!(failure.class, class, "{said}");
    }
}

#[tokio::test]
async fn what_has_no_number_cannot_be_asked_for() {
    let gateway = Gateway::answering([]);
    let client = gateway.client();
    let receipt = json!({"bill_date": "2026-11-22"});
    let delivery = Delivery::of(row("kingdee.ar_credit_save"), &[], &receipt);
    let found = relay_connector::Target::find(&client, &delivery, Deadline::NONE).await;
    assert_eq!(found, Ok(relay_connector::Found::CannotBeAsked));
    gateway.clock.advance(Duration::from_secs(1));
    assert!(gateway.sent_to("").is_empty());
}
