//! 纷享销客: the token, and the push of the ERP integration platform.

mod push;
mod token;

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use relay_core::clock::Clock;
use serde_json::{Value, json};

pub use push::{CUSTOM_OBJECT, Push, Record};
pub use token::{CREDENTIALS, Credentials, EXTRA_HEADERS};

use crate::call::{Call, Reply};
use crate::dice::Dice;
use crate::door::{Simulated, Traffic};
use crate::faults::{Fault, Faults};
use crate::limit::Limit;
use crate::{lock, wangdian};

/// The simulated 纷享销客.
pub struct ShareCrm {
    /// What it gets wrong.
    pub faults: Faults,
    clock: Arc<dyn Clock>,
    traffic: Traffic,
    dice: Dice,
    state: Mutex<State>,
}

struct State {
    tokens: Vec<token::Token>,
    token_calls: Limit,
    push_calls: Limit,
    trace_ids: HashSet<String>,
    records: BTreeMap<(String, String), Record>,
    /// What came in the non-standard format.
    custom: Vec<Push>,
    /// Calls left today; `None` is without end.
    pack: Option<Pack>,
}

/// A pack of calls by the day.
struct Pack {
    calls_a_day: u64,
    day: NaiveDate,
    used: u64,
}

/// `errorCode` and `errorMessage` of a refusal.
#[derive(Debug)]
struct Refusal(i64, String);

impl ShareCrm {
    pub(crate) fn new(clock: Arc<dyn Clock>, seed: u64) -> Self {
        Self {
            faults: Faults::new(seed, "sharecrm"),
            clock,
            traffic: Traffic::default(),
            dice: Dice::new(seed, "sharecrm"),
            state: Mutex::new(State {
                tokens: Vec::new(),
                token_calls: Limit::new(10, TimeDelta::minutes(1)),
                push_calls: Limit::new(100, TimeDelta::seconds(20)),
                trace_ids: HashSet::new(),
                records: BTreeMap::new(),
                custom: Vec::new(),
                pack: None,
            }),
        }
    }

    /// How many pushes a day the bought pack allows: 0 is no pack at all (30003), `None` without end.
    pub fn set_calls_a_day(&self, calls: Option<u64>) {
        let day = china_day(self.clock.now());
        lock(&self.state).pack = calls.map(|calls_a_day| Pack { calls_a_day, day, used: 0 });
    }

    /// Pushes in any 20 seconds; `None` is no limit.
    pub fn set_calls_in_20_seconds(&self, calls: Option<usize>) {
        lock(&self.state).push_calls.set(calls);
    }

    /// Counts calls against both limits from here on.
    pub(crate) fn begin_quota_anew(&self) {
        let mut state = lock(&self.state);
        state.push_calls.begin_anew();
        state.token_calls.begin_anew();
    }

    /// How many calls were above either of the limits: pushes, and tokens.
    pub(crate) fn refused_for_quota(&self) -> u64 {
        let state = lock(&self.state);
        state.push_calls.refused() + state.token_calls.refused()
    }

    /// The records, by `objAPIName` and `id`.
    #[must_use]
    pub fn records(&self) -> BTreeMap<(String, String), Record> {
        lock(&self.state).records.clone()
    }

    /// What came in the non-standard format, oldest first.
    #[must_use]
    pub fn custom(&self) -> Vec<Push> {
        lock(&self.state).custom.clone()
    }

    /// How many calls came in, by the last part of the path.
    #[must_use]
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.traffic.calls()
    }

    fn decide(&self, call: &Call, fault: Option<&Fault>) -> Result<Value, Refusal> {
        let mut state = lock(&self.state);
        if fault == Some(&Fault::ExpireTokens) {
            state.tokens.clear();
        }
        match call.path.as_str() {
            "/oauth2.0/token" => {
                if fault == Some(&Fault::RateLimited) {
                    return Err(self.too_often());
                }
                token::token(&mut state, call, &self.dice)
            }
            "/cgi/crm/erp/syncdata/objdata/push" => self.push(&mut state, call, fault),
            path => Err(Refusal(10006, format!("the parameter path is missing or illegal: {path}"))),
        }
    }

    fn push(&self, state: &mut State, call: &Call, fault: Option<&Fault>) -> Result<Value, Refusal> {
        token::check(state, call)?;
        if fault == Some(&Fault::RateLimited) || !state.push_calls.admits(call.came_in) {
            return Err(self.too_often());
        }
        if fault == Some(&Fault::DailyQuotaUsed) {
            let day = china_day(call.at);
            let calls_a_day = state.pack.as_ref().map_or(100_000, |pack| pack.calls_a_day);
            state.pack = Some(Pack { calls_a_day, day, used: calls_a_day });
        }
        state.pack.as_mut().map_or(Ok(()), |pack| pack.draw(china_day(call.at)))?;
        match fault {
            Some(Fault::InnerRefusal(message)) => return Err(Refusal(32000, message.clone())),
            Some(Fault::OuterRefusal(message)) => return Err(Refusal(15002, message.clone())),
            _ => {}
        }
        push::push(state, call)?;
        Ok(json!({}))
    }

    /// Which of the two codes is given when is not known.
    fn too_often(&self) -> Refusal {
        let code = if self.dice.coin() { 30004 } else { 14001 };
        Refusal(code, "the call frequency exceeds the limit".to_owned())
    }
}

impl Pack {
    fn draw(&mut self, today: NaiveDate) -> Result<(), Refusal> {
        if self.calls_a_day == 0 {
            return Err(Refusal(30003, "no OpenAPI pack was bought".to_owned()));
        }
        if today > self.day {
            (self.day, self.used) = (today, 0);
        }
        if self.used >= self.calls_a_day {
            return Err(Refusal(30002, "the calls of today are used up".to_owned()));
        }
        self.used += 1;
        Ok(())
    }
}

fn china_day(time: DateTime<Utc>) -> NaiveDate {
    time.with_timezone(&wangdian::time::china()).date_naive()
}

impl Simulated for ShareCrm {
    fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    fn faults(&self) -> &Faults {
        &self.faults
    }

    fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// HTTP 200 whatever happens.
    fn answer(&self, call: &Call, fault: Option<&Fault>) -> Reply {
        self.told(self.decide(call, fault), fault)
    }

    fn timed_out(&self, _call: &Call) -> Reply {
        self.told(Err(Refusal(50009, "service exception: timeout".to_owned())), None)
    }
}

impl ShareCrm {
    fn told(&self, result: Result<Value, Refusal>, fault: Option<&Fault>) -> Reply {
        let (code, message) = match &result {
            Ok(_) => (0, "OK"),
            Err(Refusal(code, message)) => (*code, message.as_str()),
        };
        let description = if code == 0 { "success" } else { message };
        let mut answer = json!({
            "traceId": format!("E-O.{}", self.dice.hex(24)),
            "errorDescription": description,
            "errorMessage": message,
            "errorCode": if fault == Some(&Fault::StringNumbers) { json!(code.to_string()) } else { json!(code) },
        });
        if let (Value::Object(answer), Ok(Value::Object(fields))) = (&mut answer, result) {
            answer.extend(fields);
        }
        Reply::json(&answer)
    }
}
