//! 金蝶云·星辰, V1 and V2 over one state: log-in, base data, bills.
//!
//! | module | what |
//! |---|---|
//! | `account` | V1: access token, account group |
//! | `app` | V2: authorisation, app-token, signature |
//! | `v2` | V2's calls |
//! | `kinds` | the kinds of documents and their fields, from the sheets |
//! | `books` | what was saved, and how strictly it is looked at |
//! | `master` | base data |
//! | `sal_order` | V1's sales orders |

mod account;
mod app;
mod books;
mod checks;
mod entries;
mod kinds;
mod master;
mod sal_order;
mod v2;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use relay_core::clock::Clock;
use serde_json::{Value, json};

pub use account::{CREDENTIALS, Credentials};
pub use app::OUTER_INSTANCE_ID;
pub use books::Saved;
pub use sal_order::SavedOrder;

use crate::call::{Call, Reply};
use crate::dice::Dice;
use crate::door::{Simulated, Traffic};
use crate::faults::{Fault, Faults};
use crate::limit::Limit;
use crate::lock;
use app::App;
use kinds::{Form, Interface, Kind, What};
use master::Record;

/// The simulated 星辰.
pub struct Kingdee {
    /// What it gets wrong.
    pub faults: Faults,
    clock: Arc<dyn Clock>,
    traffic: Traffic,
    dice: Dice,
    state: Mutex<State>,
}

struct State {
    tokens: HashMap<String, DateTime<Utc>>,
    /// How many expired tokens were shown: what is said to them is not documented, so it varies.
    expired_shown: usize,
    master: BTreeMap<&'static str, Vec<Record>>,
    orders: BTreeMap<String, SavedOrder>,
    by_billno: HashMap<String, Vec<String>>,
    /// What was saved of every other kind, and over V2.
    books: BTreeMap<&'static str, Vec<Saved>>,
    /// What was deleted.
    deleted: BTreeMap<&'static str, Vec<Saved>>,
    /// The numbers of bills for which an audit came although they were audited.
    audited_again: Vec<String>,
    /// The first day whose books are open, and whether the vendor tells it.
    open_from: Option<(NaiveDate, bool)>,
    app: App,
    refuses_duplicates: bool,
    calls: Limit,
}

/// How a business call is refused.
#[derive(Debug)]
enum Refusal {
    /// `success: false`.
    Outer(String),
    /// `success: true` around `success: false`.
    Inner(String),
}

impl Kingdee {
    pub(crate) fn new(clock: Arc<dyn Clock>, seed: u64) -> Self {
        Self {
            faults: Faults::new(seed, "kingdee"),
            clock,
            traffic: Traffic::default(),
            dice: Dice::new(seed, "kingdee"),
            state: Mutex::new(State {
                tokens: HashMap::new(),
                expired_shown: 0,
                master: BTreeMap::new(),
                orders: BTreeMap::new(),
                by_billno: HashMap::new(),
                books: BTreeMap::new(),
                deleted: BTreeMap::new(),
                audited_again: Vec::new(),
                open_from: None,
                app: App::new(),
                refuses_duplicates: true,
                calls: Limit::none(TimeDelta::minutes(1)),
            }),
        }
    }

    /// Calls in any minute; `None` is no limit. The sheet knows none.
    pub fn set_calls_a_minute(&self, calls: Option<usize>) {
        lock(&self.state).calls.set(calls);
    }

    /// Counts calls against that limit from here on.
    pub(crate) fn begin_quota_anew(&self) {
        lock(&self.state).calls.begin_anew();
    }

    /// How many calls were above that limit.
    pub(crate) fn refused_for_quota(&self) -> u64 {
        lock(&self.state).calls.refused()
    }

    /// How many calls for an app-token were above two a minute.
    #[must_use]
    pub fn refused_for_tokens(&self) -> u64 {
        lock(&self.state).app.refused_for_tokens()
    }

    /// Whether a second order of the same `billno` is refused; the sheet leaves open what V1 does.
    pub fn set_refuses_duplicates(&self, refuses: bool) {
        lock(&self.state).refuses_duplicates = refuses;
    }

    /// The orders of that `billno`: more than one only where duplicates are not refused.
    #[must_use]
    pub fn orders(&self, billno: &str) -> Vec<SavedOrder> {
        let state = lock(&self.state);
        let ids = state.by_billno.get(billno).into_iter().flatten();
        ids.filter_map(|id| state.orders.get(id).cloned()).collect()
    }

    /// A person enters an order under that number by hand; answers its id.
    pub fn enter_by_hand(&self, billno: &str) -> String {
        let mut state = lock(&self.state);
        let id = self.dice.digits(19);
        let body = serde_json::Map::from_iter([("billno".to_owned(), Value::from(billno))]);
        let order = SavedOrder { id: id.clone(), billno: billno.to_owned(), body, edits: 0 };
        state.orders.insert(id.clone(), order);
        state.by_billno.entry(billno.to_owned()).or_default().push(id.clone());
        id
    }

    /// A person takes an order out of the books by hand.
    pub fn remove_by_hand(&self, billno: &str) {
        let mut state = lock(&self.state);
        for id in state.by_billno.remove(billno).unwrap_or_default() {
            state.orders.remove(&id);
        }
    }

    /// A person copies an order by hand, under the same number; answers its id.
    pub fn double_by_hand(&self, billno: &str) -> Option<String> {
        let body = self.orders(billno).first()?.body.clone();
        let id = self.enter_by_hand(billno);
        lock(&self.state).orders.get_mut(&id)?.body = body;
        Some(id)
    }

    /// A person changes the first line of an order by hand.
    pub fn change_line_by_hand(&self, billno: &str, field: &str, value: &Value) {
        let mut state = lock(&self.state);
        let ids = state.by_billno.get(billno).cloned().unwrap_or_default();
        for id in ids {
            let order = state.orders.get_mut(&id);
            let line =
                order.and_then(|order| order.body.get_mut("material_entity")?.get_mut(0)?.as_object_mut());
            if let Some(line) = line {
                line.insert(field.to_owned(), value.clone());
            }
        }
    }

    /// How many orders each `billno` has.
    #[must_use]
    pub fn creates(&self) -> BTreeMap<String, usize> {
        let state = lock(&self.state);
        state.by_billno.iter().map(|(billno, ids)| (billno.clone(), ids.len())).collect()
    }

    /// How many calls came in, by the last part of the path.
    #[must_use]
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.traffic.calls()
    }

    fn business(&self, call: &Call, fault: Option<&Fault>) -> Reply {
        let mut state = lock(&self.state);
        if let Err(refusal) = account::check(&mut state, call) {
            return refusal;
        }
        match fault {
            Some(Fault::InnerRefusal(message)) => return refused(&Refusal::Inner(message.clone())),
            Some(Fault::OuterRefusal(message)) => return refused(&Refusal::Outer(message.clone())),
            _ => {}
        }
        let Some(Value::Object(body)) = call.json() else {
            return refused(&Refusal::Outer("请求体不是JSON对象".to_owned()));
        };
        let result = match call.path.as_str() {
            "/jdy/sal/sal_order_save" => sal_order::save(&mut state, &body, &self.dice),
            "/jdy/sal/sal_order_list" => sal_order::list(&state, &body),
            "/jdy/sal/sal_order_detail" => sal_order::detail(&state, &body),
            path => match Kind::of_v1(path) {
                Some((kind, Form::Save)) => {
                    let now = self.clock.now();
                    let saved = books::save(&mut state, Interface::V1, kind, &body, now, &self.dice);
                    let saved = saved.map_err(Refusal::Inner);
                    saved.map(|(id, _)| json!({"success": true, "successPkIds": [id], "errorInfo": []}))
                }
                Some((kind, Form::List)) if kind.what != What::BaseData => {
                    let search = body.get("search").and_then(Value::as_str).unwrap_or_default();
                    master::paged(books::listed_by_v1(&state, kind, search).into_iter(), &body)
                }
                _ => master::read(&state, path, &body),
            },
        };
        result.map_or_else(
            |refusal| refused(&refusal),
            |data| {
                let mut answer = json!({"success": true, "data": data});
                take_liberties(&mut answer, fault);
                Reply::json(&answer)
            },
        )
    }
}

fn refused(refusal: &Refusal) -> Reply {
    Reply::json(&match refusal {
        Refusal::Outer(message) => json!({"success": false, "description_cn": message, "message": message}),
        Refusal::Inner(message) => json!({
            "success": true,
            "data": {"success": false, "successPkIds": [], "errorInfo": [{"msg": message}]},
        }),
    })
}

/// What a fault lets the vendor write otherwise.
fn take_liberties(answer: &mut Value, fault: Option<&Fault>) {
    match fault {
        Some(Fault::IntNumbers) => ids_as_numbers(answer),
        Some(Fault::StringNumbers) => scalars_as_strings(answer),
        Some(Fault::NullLists) => without_empty_list(answer, Some(&Value::Null)),
        Some(Fault::LeaveOutEmptyLists) => without_empty_list(answer, None),
        _ => {}
    }
}

fn scalars_as_strings(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(scalars_as_strings),
        Value::Object(fields) => fields.values_mut().for_each(scalars_as_strings),
        Value::Number(_) | Value::Bool(_) => *value = Value::from(value.to_string()),
        Value::Null | Value::String(_) => {}
    }
}

/// Puts `instead` in the place of a list of rows that holds none.
fn without_empty_list(answer: &mut Value, instead: Option<&Value>) {
    let Some(data) = answer.get_mut("data").and_then(Value::as_object_mut) else { return };
    if data.get("rows").and_then(Value::as_array).is_some_and(Vec::is_empty) {
        data.remove("rows");
        data.extend(instead.map(|instead| ("rows".to_owned(), instead.clone())));
    }
}

/// 19 digits as a JSON number: what an answer parsed into floats would lose.
fn ids_as_numbers(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(ids_as_numbers),
        Value::Object(fields) => fields.values_mut().for_each(ids_as_numbers),
        Value::String(text) if text.len() == 19 => {
            if let Ok(id) = text.parse::<u64>() {
                *value = json!(id);
            }
        }
        _ => {}
    }
}

fn too_often() -> Reply {
    let text = "请求过于频繁,请稍后重试";
    Reply::json_with_status(429, &json!({"code": 429, "message": text}))
}

impl Simulated for Kingdee {
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
        let last = || call.path.rsplit('/').next().unwrap_or_default().to_owned();
        v2::operation(call).unwrap_or_else(last)
    }

    fn answer(&self, call: &Call, fault: Option<&Fault>) -> Reply {
        match fault {
            Some(Fault::ExpireTokens) => {
                let mut state = lock(&self.state);
                state.tokens.clear();
                state.app.rotate();
            }
            Some(Fault::RateLimited) => return too_often(),
            Some(Fault::Http519(text)) => {
                return Reply::json_with_status(519, &json!({"code": 2_000_002_000, "description_cn": text}));
            }
            _ => {}
        }
        if !lock(&self.state).calls.admits(call.came_in) {
            return too_often();
        }
        match call.path.as_str() {
            "/auth/user/access_token" => account::access_token(&mut lock(&self.state), call, &self.dice),
            "/jdy/sys/accountGroup" => account::account_group(&mut lock(&self.state), call),
            path if path.starts_with("/jdyconnector/") => self.connector(call),
            path if path.starts_with("/jdy/v2/") => self.business_v2(call, fault),
            path if path.starts_with("/jdy/") => self.business(call, fault),
            _ => Reply::json_with_status(404, &json!({"code": 404, "message": "not found"})),
        }
    }

    fn timed_out(&self, call: &Call) -> Reply {
        let text = "处理超时,请稍后再试";
        let is_v2 = call.path.starts_with("/jdy/v2/") || call.path.starts_with("/jdyconnector/");
        match (is_v2, self.dice.coin()) {
            (true, true) => v2::refuse(2_000_002_000, "system error"),
            (true, false) => v2::refuse(2_000_014_001, text),
            (false, true) => {
                Reply::json_with_status(519, &json!({"code": 2_000_002_000, "description_cn": text}))
            }
            (false, false) => refused(&Refusal::Inner(text.to_owned())),
        }
    }
}
