//! 旺店通·企业版: openapi2 and the Qimen route, over one state.

mod direct;
mod documents;
mod endpoints;
mod envelope;
mod examples;
mod fields;
mod filters;
mod limits;
mod pools;
mod pushed;
mod qimen;
mod row;
pub(crate) mod samples;
pub mod sign;
mod state;
pub(crate) mod time;
mod trade_push;
mod trade_query;
mod trades;
mod window;

use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use relay_core::clock::Clock;

use crate::call::{Call, Reply};
use crate::dice::Dice;
use crate::door::{Simulated, Traffic};
use crate::faults::{Fault, Faults};
use crate::limit::Limit;
use crate::lock;
pub use documents::PushedDocument;
use endpoints::{Endpoint, Kind};
use envelope::{Found, Style};
pub use examples::example;
pub use pools::{LogisticsAck, StockChange};
pub use pushed::PushedOrder;
use state::State;
pub use state::{TradeMix, TradeSummary};

/// A time as WDT writes it.
#[must_use]
pub fn time_text(at: chrono::DateTime<chrono::Utc>) -> String {
    time::format(at.timestamp())
}

/// Who may call, on both routes.
#[derive(Clone, Copy)]
pub struct Account {
    /// 卖家账号, `WDT_SID`.
    pub sid: &'static str,
    /// 接口账号, `WDT_APPKEY`.
    pub appkey: &'static str,
    /// `WDT_APPSECRET`.
    pub appsecret: &'static str,
    /// `QIMEN_APP_KEY`.
    pub qimen_app_key: &'static str,
    /// `QIMEN_APP_SECRET`.
    pub qimen_app_secret: &'static str,
    /// `QIMEN_TARGET_APP_KEY`.
    pub target_app_key: &'static str,
}

/// The only account there is.
pub const ACCOUNT: Account = Account {
    sid: "simulated-sid",
    appkey: "simulated-appkey",
    appsecret: "simulated-wdt-secret",
    qimen_app_key: "23456789",
    qimen_app_secret: "simulated-qimen-secret",
    target_app_key: "21363512",
};

/// A refusal in WDT's words.
#[derive(Debug)]
struct Refusal {
    code: i64,
    message: String,
}

impl Refusal {
    fn new(code: i64, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// Which way a call came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    Direct,
    Qimen,
}

/// The simulated 旺店通.
pub struct Wangdian {
    /// What it gets wrong.
    pub faults: Faults,
    clock: Arc<dyn Clock>,
    traffic: Traffic,
    dice: Dice,
    state: Mutex<State>,
}

impl Wangdian {
    pub(crate) fn new(clock: Arc<dyn Clock>, seed: u64) -> Self {
        Self {
            faults: Faults::new(seed, "wangdian"),
            clock,
            traffic: Traffic::default(),
            dice: Dice::new(seed, "wangdian"),
            state: Mutex::new(State::new(seed, Limit::new(60, TimeDelta::minutes(1)))),
        }
    }

    fn call_direct(&self, call: &Call, fault: Option<&Fault>) -> Reply {
        let style = Style::new(&self.dice, fault);
        let result = direct::open(call, &ACCOUNT).and_then(|(endpoint, params)| {
            if let Some(Fault::OuterRefusal(message)) = fault {
                return Err(Refusal::new(1, message));
            }
            self.work(endpoint, &params, Route::Direct, call, fault)
        });
        envelope::direct(result, &style)
    }

    fn call_qimen(&self, call: &Call, fault: Option<&Fault>) -> Reply {
        let style = Style::new(&self.dice, fault);
        let request_id = self.dice.hex(12);
        let as_xml = qimen::as_xml(call);
        let opened = match (qimen::open(call, &ACCOUNT), fault) {
            (Ok(_), Some(Fault::OuterRefusal(message))) => {
                Err(qimen::Refused { code: 41, msg: message.clone(), sub_code: "isv.invalid-parameter" })
            }
            (opened, _) => opened,
        };
        match opened {
            Ok((endpoint, params)) => {
                let result = self.work(endpoint, &params, Route::Qimen, call, fault);
                envelope::qimen(result, &style, &request_id, as_xml)
            }
            Err(refused) => {
                envelope::gateway(refused.code, &refused.msg, refused.sub_code, &request_id, as_xml)
            }
        }
    }

    /// The business function behind both routes.
    fn work(
        &self,
        endpoint: &'static Endpoint,
        params: &crate::call::Params,
        route: Route,
        call: &Call,
        fault: Option<&Fault>,
    ) -> Result<Found, Refusal> {
        let now = call.at.timestamp();
        let mut state = lock(&self.state);
        if fault == Some(&Fault::RateLimited) || !state.limit.admits(call.came_in) {
            return Err(Refusal::new(1012, "系统调用频繁,请稍后重试"));
        }
        if let Some(Fault::InnerRefusal(message)) = fault {
            return Err(Refusal::new(1, message));
        }
        state.trades.settle(now);
        fields::check_params(endpoint.name, params)?;
        if route == Route::Qimen && params.contains_key("switch") {
            return Err(Refusal::new(100, "未知的参数: switch"));
        }
        match endpoint.name {
            "trade_query" => {
                let found = trade_query::query(&state.trades, endpoint, params, route, now);
                let lies = fault == Some(&Fault::LyingCount);
                let found = if lies { found.map(|found| found.miscounted(self.dice.coin())) } else { found };
                if fault == Some(&Fault::MovingPages) {
                    state.move_rows(&self.dice, endpoint, params, now);
                }
                found
            }
            "api_goods_stock_change_query" => state.pools.query_stock(params),
            "api_goods_stock_change_ack" => state.pools.ack_stock(params, fault),
            "logistics_sync_query" => state.pools.query_logistics(params),
            "logistics_sync_ack" => state.pools.ack_logistics(params, fault),
            "trade_push" => state.push_trades(params, now, fault),
            _ => match endpoint.kind {
                Kind::Push { field } => state.documents.push(endpoint, field, params, now, fault),
                Kind::Windowed { .. } | Kind::Full | Kind::Whole => {
                    state.documents.query(endpoint, params, now)
                }
                Kind::Pool => Ok(Found::list(endpoint.list_key, Vec::new())),
            },
        }
    }
}

impl Simulated for Wangdian {
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
        let method = || qimen::params(call).ok().and_then(|params| params.get("method").cloned());
        if call.path.starts_with("/router/") {
            let endpoint = method().and_then(|method| Endpoint::of_method(&method));
            return endpoint.map_or("qm", |endpoint| endpoint.name).to_owned();
        }
        let file = call.path.rsplit('/').next().unwrap_or_default();
        file.strip_suffix(".php").unwrap_or(file).to_owned()
    }

    fn answer(&self, call: &Call, fault: Option<&Fault>) -> Reply {
        match call.path.as_str() {
            "/router/qm" | "/router/qmtest" => self.call_qimen(call, fault),
            path if path.starts_with("/openapi2/") => self.call_direct(call, fault),
            _ => Reply::page(404),
        }
    }

    fn timed_out(&self, call: &Call) -> Reply {
        if !call.path.starts_with("/router/") {
            let message = if self.dice.coin() { "处理超时,请稍后再试" } else { "服务异常" };
            return envelope::direct(Err(Refusal::new(1, message)), &Style::new(&self.dice, None));
        }
        let (code, sub_code) = (15, "isp.remote-service-timeout");
        let request_id = self.dice.hex(12);
        envelope::gateway(code, "Remote service error", sub_code, &request_id, qimen::as_xml(call))
    }
}
