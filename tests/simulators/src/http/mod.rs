//! Everything else: a receiver of signed JSON, the group robots of 企业微信, 钉钉 and 飞书, and a sender of signed pushes.

mod receiver;
mod robots;
mod sender;
mod sign;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use relay_core::clock::Clock;
use serde_json::{Value, json};

pub use receiver::Received;
pub use robots::{DINGTALK_SECRET, DINGTALK_TOKEN, FEISHU_SECRET, FEISHU_TOKEN, Message, WECOM_KEY};
pub use sender::{SignedJson, WEBHOOK_SECRET};

use crate::call::{Call, Reply};
use crate::door::{Simulated, Traffic};
use crate::faults::{Fault, Faults};
use crate::limit::Limit;
use crate::lock;

/// What signs what is posted, for `HTTP_POST_SECRET`.
pub const POST_SECRET: &str = "simulated-post-secret";
/// What the receiver wants to see, for `HTTP_POST_HEADERS`.
pub const POST_HEADERS: &str = "x-api-key: simulated-api-key";

/// The receiver, the robots and the sender.
pub struct Http {
    /// What the receiver and the robots get wrong.
    pub faults: Faults,
    clock: Arc<dyn Clock>,
    traffic: Traffic,
    state: Mutex<State>,
}

struct State {
    received: Vec<Received>,
    keys: BTreeMap<String, (Value, String)>,
    keeps_keys: bool,
    messages: Vec<Message>,
    wecom: Limit,
    dingtalk: Limit,
    feishu: [Limit; 2],
}

impl Http {
    pub(crate) fn new(clock: Arc<dyn Clock>, seed: u64) -> Self {
        let minute = TimeDelta::minutes(1);
        Self {
            faults: Faults::new(seed, "http"),
            clock,
            traffic: Traffic::default(),
            state: Mutex::new(State {
                received: Vec::new(),
                keys: BTreeMap::new(),
                keeps_keys: true,
                messages: Vec::new(),
                wecom: Limit::new(20, minute),
                dingtalk: Limit::new(20, minute),
                feishu: [Limit::new(100, minute), Limit::new(5, TimeDelta::seconds(1))],
            }),
        }
    }

    /// Whether the receiver knows an idempotency key again, as it does from the start. One that does not takes a repeat for
    /// another document.
    pub fn keep_keys(&self, keeps: bool) {
        lock(&self.state).keeps_keys = keeps;
    }

    /// What the receiver took, in order.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        lock(&self.state).received.clone()
    }

    /// What the robots wrote into their groups, in order.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        lock(&self.state).messages.clone()
    }

    /// How many calls came in, by what they are for: `receive` and what follows it, `wecom`, `dingtalk`, `feishu`.
    #[must_use]
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.traffic.calls()
    }
}

impl Simulated for Http {
    fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    fn faults(&self) -> &Faults {
        &self.faults
    }

    fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// `receive` and what follows it, `wecom`, `dingtalk`, `feishu`.
    fn operation(&self, call: &Call) -> String {
        match call.path.as_str() {
            "/cgi-bin/webhook/send" => "wecom".to_owned(),
            "/robot/send" => "dingtalk".to_owned(),
            path if path.starts_with("/open-apis/bot/v2/hook/") => "feishu".to_owned(),
            path => path.trim_start_matches('/').to_owned(),
        }
    }

    fn answer(&self, call: &Call, fault: Option<&Fault>) -> Reply {
        let state = &mut *lock(&self.state);
        match self.operation(call).as_str() {
            "wecom" => robots::wecom(state, call, fault),
            "dingtalk" => robots::dingtalk(state, call, fault),
            "feishu" => robots::feishu(state, call, fault),
            path if path.starts_with("receive") => receiver::receive(state, call, fault),
            _ => Reply::json_with_status(404, &json!({"error": "no such path"})),
        }
    }

    fn timed_out(&self, call: &Call) -> Reply {
        match self.operation(call).as_str() {
            "wecom" | "dingtalk" => robots::timed_out("errcode", "errmsg"),
            "feishu" => robots::timed_out("code", "msg"),
            _ => Reply::json_with_status(504, &json!({"error": "upstream request timeout"})),
        }
    }
}
