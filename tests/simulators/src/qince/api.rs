//! 勤策 as it is called: signed calls that read and write orders.
//!
//! What its documents leave open is decided to the caller's disadvantage: codes are texts and numbers, data is JSON inside of
//! a text, a list, or left out, and what is refused is told in words alone.

use std::collections::BTreeMap;

use chrono::{NaiveDateTime, TimeDelta};
use relay_core::clock::Clock;
use serde_json::{Map, Value, json};

use super::{Qince, digest};
use crate::call::{Call, Reply};
use crate::door::{Simulated, Traffic};
use crate::faults::{Fault, Faults};
use crate::{lock, wangdian};

/// What the enterprise's pair is.
#[derive(Debug, Clone, Copy)]
pub struct Credentials {
    /// 19 digits.
    pub openid: &'static str,
    /// Signs the calls.
    pub appkey: &'static str,
}

/// The pair of the simulated enterprise.
pub const CREDENTIALS: Credentials =
    Credentials { openid: "5465103569540931532", appkey: "k0EXAMPLEappkey018" };

/// The paths that the vendor names on no public page, as the simulated enterprise was told them.
pub const PATHS: [(&str, &str); 3] = [
    ("QINCE_DIRECT_ORDER_QUERY_PATH", "dmspurchase/v1/queryPurchase"),
    ("QINCE_BUSINESS_STATUS_PATH", "dmspurchase/v1/syncBusinessStatus"),
    ("QINCE_SIGN_PATH", "dmssign/v1/addSign"),
];

/// How far the time of a call may be off.
const TOLERATED: TimeDelta = TimeDelta::minutes(10);

/// The most rows of a page.
const LONGEST_PAGE: u64 = 1_000;

/// What the calls have made, and what they read.
#[derive(Default)]
pub(super) struct Books {
    /// Each document that was written, by its call.
    pub(super) written: BTreeMap<String, Vec<Value>>,
    /// What is queried: rows with their last change, by the call.
    pub(super) rows: BTreeMap<String, Vec<(NaiveDateTime, Value)>>,
}

impl Qince {
    /// What a call has written, oldest first: `addPurchase`, `addSent`.
    #[must_use]
    pub fn written(&self, operation: &str) -> Vec<Value> {
        lock(&self.books).written.get(operation).cloned().unwrap_or_default()
    }

    /// Has so many rows more to be queried by a call, changed within the last minutes.
    pub fn load(&self, operation: &str, count: u32) {
        let now = self.clock.now().with_timezone(&wangdian::time::china()).naive_local();
        let mut books = lock(&self.books);
        let rows = books.rows.entry(operation.to_owned()).or_default();
        for place in 0..count {
            let changed = now - TimeDelta::seconds(120 + i64::from(place % 300));
            let text = changed.format("%Y-%m-%d %H:%M:%S%.3f").to_string();
            let id = self.dice.digits(19);
            let row = json!({
                "id": id, "order_no": format!("DD{}{place:04}", self.dice.digits(6)), "status": "1",
                "create_time": text, "modify_time_str": text, "order_amount": "12.50",
            });
            rows.push((changed, row));
        }
    }

    /// A row that a call shows from now on, in place of the one with the same `id`: it was changed just now.
    pub fn put_row(&self, operation: &str, mut row: Map<String, Value>) {
        let now = self.clock.now().with_timezone(&wangdian::time::china()).naive_local();
        row.insert("modify_time_str".to_owned(), json!(now.format("%Y-%m-%d %H:%M:%S%.3f").to_string()));
        let mut books = lock(&self.books);
        let rows = books.rows.entry(operation.to_owned()).or_default();
        rows.retain(|(_, known)| known["id"] != row["id"]);
        rows.push((now, Value::Object(row)));
    }

    /// How many calls came in, by the last part of their path.
    #[must_use]
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.traffic.calls()
    }

    fn decide(&self, called: &Called, call: &Call, fault: Option<&Fault>) -> Result<Value, String> {
        called.check(call)?;
        if fault == Some(&Fault::RateLimited) {
            return Err("接口调用频率超过限制".to_owned());
        }
        if let Some(Fault::InnerRefusal(reason) | Fault::OuterRefusal(reason)) = fault {
            return Err(reason.clone());
        }
        let body = call.json().ok_or("请求体不是JSON")?;
        let body = body.as_object().ok_or("请求体不是JSON对象")?;
        match called.path.as_str() {
            "dmspurchase/v1/addPurchase" => self.add_purchase(called, body),
            "dmssent/v1/addSent" => {
                let has =
                    |name: &str| body.get(name).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
                if !has("salesorder_no") && !has("purchase_no") {
                    return Err("销售订单号和采购订单号不能同时为空".to_owned());
                }
                self.write(called, body)
            }
            "dmspurchase/v1/syncBusinessStatus" | "dmssign/v1/addSign" => self.write(called, body),
            "stdorder/v1/queryStdomOrder"
            | "dmsdatasearch/v1/getDmsSalesOrderInfos"
            | "dmspurchase/v1/queryPurchase" => self.query(called, body),
            path => Err(format!("接口{path}不存在")),
        }
    }

    fn add_purchase(&self, called: &Called, body: &Map<String, Value>) -> Result<Value, String> {
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        match text("operate_type") {
            "1" => {}
            "2" if text("order_no").is_empty() => return Err("编辑时单号不能为空".to_owned()),
            "2" => {}
            other => return Err(format!("操作类型{other}不正确")),
        }
        let products = body.get("products").and_then(Value::as_array).filter(|products| !products.is_empty());
        for product in products.ok_or("商品明细不能为空")? {
            let known = ["id", "code"]
                .iter()
                .any(|name| product[*name].as_str().is_some_and(|text| !text.is_empty()));
            if !known {
                return Err("商品不存在".to_owned());
            }
        }
        self.write(called, body)
    }

    fn write(&self, called: &Called, body: &Map<String, Value>) -> Result<Value, String> {
        let mut books = lock(&self.books);
        books.written.entry(called.operation().to_owned()).or_default().push(Value::Object(body.clone()));
        Ok(json!({ "id": self.dice.digits(19) }))
    }

    fn query(&self, called: &Called, body: &Map<String, Value>) -> Result<Value, String> {
        let whole = |name: &str, usual: u64| match body.get(name) {
            None => Ok(usual),
            Some(number) => {
                number.as_u64().or_else(|| number.as_str()?.parse().ok()).ok_or(format!("{name}不是整数"))
            }
        };
        let (number, length) = (whole("page_number", 1)?, whole("page_length", LONGEST_PAGE)?);
        if number == 0 || length == 0 || length > LONGEST_PAGE {
            return Err(format!("分页参数不正确: {number}, {length}"));
        }
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        let time = |name: &str| match text(name) {
            None => Ok(None),
            Some(time) => NaiveDateTime::parse_from_str(time, "%Y-%m-%d %H:%M:%S")
                .map(Some)
                .map_err(|_| format!("{name}格式不正确")),
        };
        let day = |name: &str| match text(name) {
            None => Ok(None),
            Some(day) => chrono::NaiveDate::parse_from_str(day, "%Y-%m-%d")
                .map(Some)
                .map_err(|_| format!("{name}格式不正确")),
        };
        let (after, end) = (time("after_modify_date")?, day("end_modify_date")?);
        let is_asked = |(changed, _): &&(NaiveDateTime, Value)| {
            // The last day is none of the days.
            after.is_none_or(|after| *changed > after) && end.is_none_or(|end| changed.date() < end)
        };
        let books = lock(&self.books);
        let rows = books.rows.get(called.operation()).map(Vec::as_slice).unwrap_or_default();
        let rows = rows.iter().filter(is_asked).map(|(_, row)| row.clone());
        let skipped = usize::try_from((number - 1) * length).unwrap_or(usize::MAX);
        Ok(rows.skip(skipped).take(usize::try_from(length).unwrap_or(usize::MAX)).collect())
    }
}

/// A call by its address: `/api/{module}/{version}/{operation}/{openid}/{timestamp}/{digest}/{msg_id}`.
struct Called {
    path: String,
    openid: String,
    timestamp: String,
    digest: String,
    msg_id: String,
}

impl Called {
    fn of(path: &str) -> Option<Self> {
        let parts: Vec<_> = path.strip_prefix("/api/")?.split('/').map(str::to_owned).collect();
        let [module, version, operation, openid, timestamp, digest, msg_id] = parts.try_into().ok()?;
        Some(Self { path: format!("{module}/{version}/{operation}"), openid, timestamp, digest, msg_id })
    }

    fn operation(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    fn check(&self, call: &Call) -> Result<(), String> {
        if call.method != "POST" || !call.has_content_type("application/json") {
            return Err("请求方式不正确".to_owned());
        }
        if self.openid != CREDENTIALS.openid {
            return Err(format!("openid不存在: {}", self.openid));
        }
        let time = NaiveDateTime::parse_from_str(&self.timestamp, "%Y%m%d%H%M%S");
        let time = time.map_err(|_| format!("时间戳格式不正确: {}", self.timestamp))?;
        let now = call.at.with_timezone(&wangdian::time::china()).naive_local();
        if (now - time).abs() > TOLERATED {
            return Err("时间戳已过期".to_owned());
        }
        if self.msg_id.is_empty() {
            return Err("msg_id不能为空".to_owned());
        }
        let expected = digest(&String::from_utf8_lossy(&call.body), CREDENTIALS.appkey, &self.timestamp);
        if self.digest != expected {
            return Err(format!("digest校验失败: {}|{}", self.digest, CREDENTIALS.openid));
        }
        Ok(())
    }
}

impl Simulated for Qince {
    fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    fn faults(&self) -> &Faults {
        &self.faults
    }

    fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    fn operation(&self, call: &Call) -> String {
        Called::of(&call.path).map(|called| called.operation().to_owned()).unwrap_or_default()
    }

    fn answer(&self, call: &Call, fault: Option<&Fault>) -> Reply {
        let Some(called) = Called::of(&call.path) else { return Reply::page(404) };
        let decided = self.decide(&called, call, fault);
        let (code, said) = match &decided {
            Ok(_) => (0, ""),
            Err(reason) => (1, reason.as_str()),
        };
        let is_text =
            fault == Some(&Fault::StringNumbers) || fault != Some(&Fault::IntNumbers) && self.dice.coin();
        let mut answer = json!({
            "return_code": if is_text { json!(code.to_string()) } else { json!(code) },
            "return_msg": said,
            "msg_id": called.msg_id,
        });
        match (decided.ok(), fault) {
            (None, _) => answer["response_data"] = json!(""),
            (Some(Value::Array(rows)), Some(Fault::LeaveOutEmptyLists)) if rows.is_empty() => {}
            (Some(Value::Array(rows)), Some(Fault::NullLists)) if rows.is_empty() => {
                answer["response_data"] = Value::Null;
            }
            (Some(data), Some(Fault::EmptyLists)) => answer["response_data"] = data,
            (Some(Value::Array(rows)), _) if rows.is_empty() && self.dice.coin() => {
                answer["response_data"] = json!("");
            }
            (Some(data), _) if self.dice.coin() => answer["response_data"] = json!(data.to_string()),
            (Some(data), _) => answer["response_data"] = data,
        }
        Reply::json(&answer)
    }

    fn timed_out(&self, _call: &Call) -> Reply {
        let said = if self.dice.coin() { "处理超时,请稍后再试" } else { "系统异常" };
        Reply::json(&json!({"return_code": "1", "return_msg": said, "response_data": ""}))
    }
}
