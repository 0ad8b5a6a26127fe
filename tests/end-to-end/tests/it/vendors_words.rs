//! Vendors repeat a customer's name, phone and address in what they say of a failure. The ledger has their words, and a
//! command's answer; no log line has.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use relay_connector::{Request, Response, Transport, TransportError};
use relay_simulators::qince::PushStyle;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::house::{House, object};
use crate::process::Process;
use crate::secrecy::Log;

const CUSTOMER: &str = "收件人欧阳询, 13955550101, 上海市虹桥路九百号";
const PARTS: [&str; 3] = ["欧阳询", "13955550101", "虹桥路九百号"];

/// A transport over which one operation fails for a while, each time with another answer.
struct Says {
    inner: Arc<dyn Transport>,
    operation: &'static str,
    answers: Arc<Mutex<Vec<(u16, Value)>>>,
}

#[async_trait]
impl Transport for Says {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let is_it = request.url.as_str().contains(self.operation);
        let answer = is_it.then(|| self.answers.lock().unwrap().pop()).flatten();
        match answer {
            Some((status, answer)) => Ok(Response::new(status, answer.to_string().into_bytes())),
            None => self.inner.send(request).await,
        }
    }
}

/// What a vendor says, with and without a word that tells what it means.
const REASONS: [&str; 10] = [
    "数据错误",
    "调用频率超限",
    "系统繁忙,请稍后再试",
    "请求超时",
    "签名错误,appkey 无效",
    "登录已失效, token invalid",
    "单号已存在",
    "outer_no 外部单号重复",
    "token 已过期",
    "",
];

fn direct(code: &str, reason: &str) -> (u16, Value) {
    (200, json!({ "code": code, "message": format!("{reason}{CUSTOMER}") }))
}

fn listed(code: &str, reason: &str) -> (u16, Value) {
    let errors = json!([{ "tid": "1", "rec_id": "1", "error": format!("{reason}{CUSTOMER}") }]);
    (200, json!({ "code": code, "errors": errors.clone(), "message": errors.to_string() }))
}

fn qimen(code: &str, reason: &str) -> (u16, Value) {
    let (said, flag) = (format!("{reason}{CUSTOMER}"), "failure");
    (200, json!({ "response": { "flag": flag, "code": code, "errorcode": code, "message": said } }))
}

fn gateway(code: &str, reason: &str) -> (u16, Value) {
    let said = format!("{reason}{CUSTOMER}");
    (200, json!({ "error_response": { "code": code, "msg": said, "sub_code": said, "sub_msg": said } }))
}

fn outside(code: &str, reason: &str) -> (u16, Value) {
    let status = if code == "519" { 519 } else { 200 };
    (status, json!({ "success": false, "errcode": code, "description_cn": format!("{reason}{CUSTOMER}") }))
}

fn inside(code: &str, reason: &str) -> (u16, Value) {
    let said = format!("{reason}{CUSTOMER}");
    let info = json!([{ "msg": said }]);
    (200, json!({ "success": true, "data": { "success": false, "errorCode": code, "errorInfo": info } }))
}

fn sharecrm(code: &str, reason: &str) -> (u16, Value) {
    (200, json!({ "errorCode": code, "errorMessage": format!("{reason}{CUSTOMER}"), "traceId": "t1" }))
}

fn page(code: &str, reason: &str) -> (u16, Value) {
    (code.parse().unwrap_or(502), json!(format!("<html>{reason}{CUSTOMER}</html>")))
}

type Answer = fn(&str, &str) -> (u16, Value);

/// Every operation that a flow of ours calls, with the ways in which its vendor answers, and the codes in question.
const OPERATIONS: [(&str, &[Answer], &[&str]); 10] = [
    ("trade_push.php", &[direct, listed, page], &["1", "1012", "CUSTOMER"]),
    ("wdt.trade.query", &[qimen, gateway, page], &["1", "1012", "29"]),
    ("logistics_sync_query.php", &[direct, page], &["1", "1012"]),
    ("api_goods_stock_change_query.php", &[direct, page], &["1", "1012"]),
    ("logistics_sync_ack.php", &[direct, listed, page], &["1", "0", "1012"]),
    ("api_goods_stock_change_ack.php", &[direct, listed, page], &["1", "0", "1012"]),
    ("auth/user/access_token", &[outside, page], &["1", "401"]),
    ("sal_order_save", &[outside, inside, page], &["1", "519", "CUSTOMER"]),
    ("oauth2.0/token", &[sharecrm, page], &["20006", "-1", "20016", "99"]),
    (
        "objdata/push",
        &[sharecrm, page],
        &["32000", "-1", "14001", "20016", "30002", "30003", "50009", "CUSTOMER"],
    ),
];

/// Some of everything, on its way past an operation that fails.
async fn one_round(house: &House, process: &Process) {
    for number in 0..3_u32 {
        house.vendors.wangdian.generate_trade("S001", 55, house.minutes_ago(9));
        house.vendors.wangdian.change_stock("S001", "G1", &format!("G1-{number}"), Decimal::from(number));
        let shipment = json!({ "tid": "T1", "logistics_no": "SF1", "contact": "c", "mobile": "1" });
        house.vendors.wangdian.add_shipment(object(shipment));
        let order = house.vendors.qince.order(house.minutes_ago(10));
        assert!(process.post(&house.vendors.qince.push(&order, &PushStyle::default())).await);
    }
    process.poll().await;
    process.sync().await;
    process.drain_through_pauses().await;
    house.clock.advance(Duration::from_secs(600));
}

/// What is logged while an operation gives these answers.
async fn log_of(operation: &'static str, answers: Vec<(u16, Value)>) -> (House, Process, String) {
    let house = House::new(1);
    let left = Arc::new(Mutex::new(answers));
    let (inner, answers) = (house.vendors.transport(), left.clone());
    let process = house.start_over(Says { inner, operation, answers });
    let ((), log) = Log::of(async {
        for _ in 0..40 {
            one_round(&house, &process).await;
            if left.lock().unwrap().is_empty() {
                return;
            }
        }
        panic!("{operation} has not given {} answers", left.lock().unwrap().len());
    })
    .await;
    (house, process, log)
}

#[track_caller]
fn nothing_is_told(log: &str, about: &str) {
    assert!(log.lines().count() > 10, "{about}: {log}");
    for line in log.lines() {
        for part in PARTS {
            assert!(!line.contains(part), "{about}: `{part}` in {line}");
        }
    }
}

#[tokio::test]
async fn no_failure_of_any_vendor_brings_its_words_into_a_log() {
    for (operation, answers, codes) in OPERATIONS {
        for answer in answers {
            // A vendor that says in its code what belongs in the message.
            let codes = codes.iter().map(|code| if *code == "CUSTOMER" { CUSTOMER } else { code });
            let said = codes.flat_map(|code| REASONS.map(|reason| answer(code, reason)));
            let said: Vec<_> = said.collect();
            let (_house, _, log) = log_of(operation, said).await;
            nothing_is_told(&log, operation);
        }
    }
}

#[tokio::test]
async fn the_log_names_vendor_operation_class_and_code_and_the_ledger_has_the_words() {
    let (_house, process, log) = log_of("sal_order_save", vec![inside("1024", "数据错误")]).await;
    let told = "kingdee jdy/sal/sal_order_save: refused (code 1024)";
    assert!(log.lines().any(|line| line.contains(told) && line.contains("trade-to-kingdee")), "{log}");
    let failures = process.failures().await;
    let failed = failures[0].failed.as_ref().unwrap();
    assert_eq!((failed.class.code(), failed.code.as_deref()), ("refused", Some("1024")));
    for part in PARTS {
        assert!(failed.message.contains(part), "{}", failed.message);
    }
}

#[tokio::test]
async fn a_poll_and_a_pull_that_fail_have_the_words_for_whoever_asks() {
    for operation in ["wdt.trade.query", "api_goods_stock_change_query.php"] {
        let house = House::new(1);
        let answer = if operation.starts_with("wdt") {
            qimen("1", "数据错误")
        } else {
            direct("1", "数据错误")
        };
        let inner = house.vendors.transport();
        let answers = Arc::new(Mutex::new(vec![answer; 9]));
        let process = house.start_over(Says { inner, operation, answers });
        let told = match operation {
            "wdt.trade.query" => {
                let report = process.poll().await;
                (report.error, report.error_in_full)
            }
            _ => {
                let report = process.sync().await.into_iter().find(|report| report.error.is_some()).unwrap();
                (report.error, report.error_in_full)
            }
        };
        let (brief, in_full) = (told.0.unwrap(), told.1.unwrap());
        assert!(brief.contains("refused (code 1)"), "{brief}");
        for part in PARTS {
            assert!(!brief.contains(part) && in_full.contains(part), "{brief}; {in_full}");
        }
    }
}
