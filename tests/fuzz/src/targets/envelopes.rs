//! Answers of the vendors, read by the clients that asked.
//!
//! An input names an operation in its first line; the answers to its calls follow, one after the other, the last of them
//! over and over: a status, headers, an empty line, the body.

mod vendor;

use std::future::Future;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use chrono::TimeDelta;
use relay_connector::{
    Class, Connection, Delivery, Document, Failure, PageOf, Query, Response, Settings, Span, Surroundings,
};
use relay_core::clock::{Clock as _, Deadline, SeededRng, SimulatedClock};
use relay_core::policy::{self, Receive};
use relay_core::{Outcome, RetryCause, backoff};
use serde_json::{Value, json};

use self::vendor::{Answers, Tokens};
use crate::Depth;
use crate::house::{CATALOG, now};
use crate::input::{first_line, headers_and_body, parts};

/// Words that its parsers look for.
pub const WORDS: &[&str] = &[
    "wangdian.window",
    "wangdian.qimen",
    "wangdian.list",
    "wangdian.pull",
    "wangdian.divide",
    "wangdian.acknowledge",
    "wangdian.deliver",
    "wangdian.find",
    "kingdee.deliver",
    "kingdee.find",
    "kingdee.list",
    "kingdee.lookup",
    "kingdee.unit",
    "kingdee.login",
    "sharecrm.deliver",
    "sharecrm.login",
    "http.post",
    "http.wecom",
    "http.dingtalk",
    "http.feishu",
    "\n====\n",
    "200\n",
    "429\n",
    "519\n",
    "content-type: text/html; charset=GBK\n",
    "\n====\n200\n",
    "date: Sun, 22 Nov 2026 04:00:00 GMT\n",
    "date: 31 Dec 262142 23:59:59 +0000\n",
    "date: 1 Jan 0000 00:00:00 +0000\n",
    "retry-after: 18446744073709551615\n",
    "retry-after: 31 Dec 262142 23:59:59 +0000\n",
    "\u{FEFF}",
    "<script",
    "</script>",
    "<style",
    "<!--",
    "-->",
    "<pre>",
    "&quot;",
    "&amp;",
    "\"code\":0",
    "\"code\":\"0\"",
    "\"errorcode\":0",
    "\"flag\":\"success\"",
    "\"flag\":\"failure\"",
    "\"error_response\":{",
    "\"response\":{",
    "\"total_count\":",
    "\"errors\":[",
    "\"trades\":[{}]",
    "\"message\":\"[{\\\"tid\\\":\\\"CK-1\\\",\\\"error\\\":\\\"%E5%BA%97\\\"}]\"",
    "\"rec_id\":1",
    "\"success\":true",
    "\"errcode\":0",
    "\"data\":{",
    "\"errorInfo\":[{\"msg\":\"x\"}]",
    "\"successPkIds\":[1]",
    "\"totalpage\":",
    "\"rows\":[",
    "\"number\":\"KH-1\"",
    "\"enable\":\"0\"",
    "\"baseunitid_id\":7",
    "\"accountId\":\"A1\"",
    "\"access_token\":\"t\"",
    "\"errorCode\":0",
    "\"errorCode\":20016",
    "\"accessToken\":\"t\"",
    "\"ea\":\"e\"",
    "\"expiresIn\":9223372036854775807",
    "\"traceId\":\"x\"",
    "频率超限",
    "签名",
    "已存在",
    "token",
    "null",
    "[[[[[[[[[[",
    "]]]]]]]]]]",
    "{\"a\":{\"a\":{\"a\":",
    "\\ud83d",
    "$serde_json::private::Number",
    "1e400",
    SECRET,
];

/// Stands in the settings, so that an answer may quote it.
const SECRET: &str = "hush-hush-9";

/// What is asked.
#[derive(Clone, Copy)]
enum Call {
    Window(&'static str),
    List(&'static str),
    Pull,
    Divide,
    Acknowledge,
    Deliver(&'static str, usize),
    Find(&'static str),
    LookUp(&'static str),
}

/// An operation of a vendor, and whether a token for it is there.
struct Operation {
    name: &'static str,
    call: Call,
    has_token: bool,
}

const fn operation(name: &'static str, call: Call) -> Operation {
    Operation { name, call, has_token: true }
}

const OPERATIONS: &[Operation] = &[
    operation("wangdian.window", Call::Window("direct")),
    operation("wangdian.qimen", Call::Window("qimen")),
    operation("wangdian.list", Call::List("wangdian.shop")),
    operation("wangdian.pull", Call::Pull),
    operation("wangdian.divide", Call::Divide),
    operation("wangdian.acknowledge", Call::Acknowledge),
    operation("wangdian.deliver", Call::Deliver("wangdian.trade_push", 3)),
    operation("wangdian.find", Call::Find("wangdian.trade_push")),
    operation("kingdee.deliver", Call::Deliver("kingdee.sal_order_save", 1)),
    operation("kingdee.find", Call::Find("kingdee.sal_order_save")),
    operation("kingdee.list", Call::List("kingdee.customer_list")),
    operation("kingdee.lookup", Call::LookUp("kingdee.material_unit")),
    operation("kingdee.unit", Call::LookUp("kingdee.unit")),
    Operation { name: "kingdee.login", call: Call::LookUp("kingdee.customer"), has_token: false },
    operation("sharecrm.deliver", Call::Deliver("sharecrm.objdata_push", 1)),
    Operation { name: "sharecrm.login", call: Call::Deliver("sharecrm.objdata_push", 1), has_token: false },
    operation("http.post", Call::Deliver("http.post", 1)),
    operation("http.wecom", Call::Deliver("http.wecom_robot", 1)),
    operation("http.dingtalk", Call::Deliver("http.dingtalk_robot", 1)),
    operation("http.feishu", Call::Deliver("http.feishu_robot", 1)),
];

/// Feeds the answers to an operation.
pub fn run(input: &[u8]) -> Depth {
    let (name, rest) = first_line(input);
    let operation = OPERATIONS.iter().find(|operation| operation.name == name.trim());
    // A name that a fuzzer has spoilt is some name all the same.
    let operation = operation.unwrap_or(&OPERATIONS[name.len() % OPERATIONS.len()]);
    let answers: Vec<_> = parts(rest).into_iter().map(answer).collect();
    // A list holds a comma less than rows.
    let most_rows = answers.iter().map(|answer| commas(answer) + 1).max().unwrap_or_default();
    let bench = Bench::new(operation, answers);
    waited_for(bench.made(operation.call, most_rows))
}

/// An answer: a status, headers, an empty line, a body. What names no status is a body alone.
fn answer(part: &[u8]) -> Response {
    let (status, rest) = first_line(part);
    let Ok(status) = status.trim().parse() else { return Response::new(200, part) };
    let (headers, body) = headers_and_body(rest);
    let mut map = http::HeaderMap::new();
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (http::HeaderName::try_from(name), http::HeaderValue::try_from(value))
        {
            map.insert(name, value);
        }
    }
    Response::new(status, body).with_headers(&map)
}

fn commas(answer: &Response) -> usize {
    answer.body.iter().filter(|byte| **byte == b',').count()
}

/// A vendor that answers what it is told to, and our client before it.
struct Bench {
    clock: Arc<SimulatedClock>,
    connection: Arc<dyn Connection>,
}

static SETTINGS: LazyLock<Settings> = LazyLock::new(|| {
    let given = [
        ("WDT_SID", "sid"),
        ("WDT_APPKEY", "appkey"),
        ("WDT_APPSECRET", SECRET),
        ("WDT_BASE_URL", "https://wdt.invalid/openapi2"),
        ("QIMEN_APP_KEY", "appkey"),
        ("QIMEN_APP_SECRET", SECRET),
        ("KINGDEE_CLIENT_ID", "client"),
        ("KINGDEE_CLIENT_SECRET", SECRET),
        ("KINGDEE_USERNAME", "user"),
        ("KINGDEE_PASSWORD", SECRET),
        ("KINGDEE_ACCOUNT_ID", "A1"),
        ("SHARECRM_APP_ID", "app"),
        ("SHARECRM_APP_SECRET", SECRET),
        ("SHARECRM_PERMANENT_CODE", SECRET),
        ("HTTP_POST_URL", "https://http.invalid/receive"),
        ("HTTP_POST_SECRET", SECRET),
        ("HTTP_WECOM_KEY", SECRET),
        ("HTTP_DINGTALK_TOKEN", SECRET),
        ("HTTP_DINGTALK_SECRET", SECRET),
        ("HTTP_FEISHU_TOKEN", SECRET),
        ("HTTP_FEISHU_SECRET", SECRET),
    ];
    given.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
});

impl Bench {
    fn new(operation: &Operation, answers: Vec<Response>) -> Self {
        let clock = Arc::new(SimulatedClock::starting_at(now()));
        let vendor = operation.name.split('.').next().unwrap_or_default();
        let transport = Arc::new(Answers::of(answers));
        let surroundings = Surroundings {
            tokens: Arc::new(Tokens { vendor: vendor.to_owned(), has_token: operation.has_token }),
            ..Surroundings::unshared(transport, clock.clone(), Arc::new(SeededRng::new(7)))
        };
        let connector = relay_connectors::named(vendor).expect("a vendor of the registry");
        let connection = connector.connect(&SETTINGS, &surroundings).expect("settings that suffice");
        Self { clock, connection }
    }

    /// Makes the call, and holds what comes of it against what must be true of it.
    async fn made(&self, call: Call, most_rows: usize) -> Depth {
        let deadline = Deadline::within(self.clock.as_ref(), Duration::from_secs(60));
        let first_page = PageOf { number: 0, size: u32::MAX };
        match call {
            Call::Window(route) => {
                let end = self.clock.now();
                let query = query("wangdian.trade_query", Some(route));
                let windows = self.connection.windows().expect("it reads windows");
                let span = Span { start: end - TimeDelta::minutes(30), end };
                let page = windows.window(&query, span, first_page, deadline).await;
                _ = (windows.time(&query).now(), windows.time(&query).skew());
                self.judged(page.map(|page| at_most(&page.rows, most_rows)))
            }
            Call::List(document) => {
                let lists = self.connection.lists().expect("it has lists");
                let page = lists.list(&query(document, None), first_page, deadline).await;
                self.judged(page.map(|page| at_most(&page.rows, most_rows)))
            }
            Call::Pull => {
                let pools = self.connection.pools().expect("it has pools");
                let rows = pools.pull(&query(POOL, None), deadline).await;
                self.judged(rows.map(|rows| at_most(&rows, most_rows)))
            }
            Call::Divide => {
                let pools = self.connection.pools().expect("it has pools");
                self.judged(pools.divided(&query(POOL, None), deadline).await)
            }
            Call::Acknowledge => self.acknowledged(deadline).await,
            Call::Deliver(document, count) => self.delivered(document, count, deadline).await,
            Call::Find(name) => {
                let body = &bodies(name)[0];
                let delivery = Delivery::of(document(name), &[], body);
                self.judged(self.target().find(&delivery, deadline).await)
            }
            Call::LookUp(table) => self.judged(self.target().lookup(table, "KH-1", deadline).await),
        }
    }

    async fn acknowledged(&self, deadline: Deadline) -> Depth {
        let rows = [json!({"rec_id": 1}), json!({"rec_id": "2"}), json!({})];
        let verdicts = [Ok(()), Err("no such shop 😀".to_owned()), Ok(())];
        let told: Vec<_> = rows.iter().zip(verdicts).collect();
        let pools = self.connection.pools().expect("it has pools");
        let refused = pools.acknowledge(&query("wangdian.logistics_sync_query", None), &told, deadline).await;
        if let Ok(refused) = &refused {
            assert!(refused.len() <= rows.len(), "no more rows are refused than were told of");
            assert!(
                refused.iter().any(|row| row.place == 2),
                "a row without an id is acknowledged by nobody"
            );
        }
        self.judged(refused)
    }

    async fn delivered(&self, name: &str, count: usize, deadline: Deadline) -> Depth {
        let params = [("shop_no".to_owned(), "S001".to_owned())];
        let params = if name.starts_with("wangdian") { &params[..] } else { &[] };
        let bodies = &bodies(name)[..count];
        let batch: Vec<_> = bodies.iter().map(|body| Delivery::of(document(name), params, body)).collect();
        let outcomes = self.target().deliver(&batch, deadline).await;
        assert_eq!(outcomes.len(), batch.len(), "an outcome for each document");
        outcomes.into_iter().map(|outcome| self.judged(outcome)).max().unwrap_or(Depth::Refused)
    }

    fn target(&self) -> &dyn relay_connector::Target {
        self.connection.target().expect("it takes documents")
    }

    fn judged<T>(&self, outcome: Result<T, Failure>) -> Depth {
        let Err(failure) = outcome else { return Depth::Accepted };
        // 旺店通 is sent signs alone, and can quote no secret.
        let is_quoted = failure.vendor != "wangdian" && failure.in_full().contains(SECRET);
        assert!(!is_quoted, "no secret stands in what a person reads: {}", failure.in_full());
        let rng = SeededRng::new(1);
        let outcome = match failure.class {
            Class::Retry { after } => Outcome::Retry {
                wait: backoff::wait(1, after.unwrap_or_default(), &rng),
                message: failure.in_full(),
                cause: RetryCause::TargetLimits,
            },
            Class::Paused { until } => Outcome::Paused { until, reason: failure.in_full() },
            _ => Outcome::AT_ONCE,
        };
        let again = policy::of(&outcome, Receive::first(self.clock.now())).again.expect("it comes again");
        assert!(again <= backoff::LONGEST, "nothing is put away for longer than a person's word takes");
        if failure.in_our_words { Depth::Refused } else { Depth::Opened }
    }
}

fn at_most(rows: &[Value], most: usize) {
    assert!(rows.len() <= most, "{} rows of an answer that has {most} at most", rows.len());
}

const POOL: &str = "wangdian.api_goods_stock_change_query";

fn document(name: &str) -> &'static Document {
    CATALOG.document(name).expect("a document of the catalog")
}

fn query(name: &str, route: Option<&str>) -> Query {
    Query { document: document(name), route: route.map(str::to_owned), params: Vec::new() }
}

/// Documents that are delivered, with numbers of ours.
fn bodies(name: &str) -> &'static [Value] {
    static ORDERS: LazyLock<Vec<Value>> = LazyLock::new(|| {
        let order = |tid: &str| json!({"tid": tid, "trade_status": 30, "order_list": []});
        ["CK-1", "CK-2", "CK-3"].map(order).into()
    });
    static OTHERS: LazyLock<Vec<Value>> = LazyLock::new(|| {
        vec![json!({
            "billno": "KH-1", "id": "KH-1", "objAPIName": "erpSalesOrderObj", "dataCenterId": "d",
            "msgtype": "text", "msg_type": "text", "text": {"content": "x"}, "content": {"text": "x"},
        })]
    });
    if name == "wangdian.trade_push" { &ORDERS } else { &OTHERS }
}

/// Waits for what needs no real time: the clock moves on where it is waited for.
fn waited_for<T>(work: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    }
    RUNTIME.with(|runtime| runtime.block_on(work))
}
