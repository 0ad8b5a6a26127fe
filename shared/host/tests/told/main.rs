//! What is logged and counted, and that none of it is private. Alone in its process, which has one place for either.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

mod counted;
#[path = "../stage/mod.rs"]
mod stage;

use std::collections::BTreeSet;
use std::fs;
use std::future::ready;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;
use http::HeaderMap;
use lambda_runtime::{Config, Context, LambdaEvent};
use metrics_cloudwatch_embedded::Collector;
use relay_core::clock::Clock as _;
use relay_core::{StoreError, Stores, System};
use relay_decorator::{Port, Side, decorate};
use relay_erp_pusher::ErpPusher;
use relay_host::lambda::metrics::{self, Scope};
use relay_host::lambda::{Host, invocation};
use relay_host::{Settings, logs};
use relay_job::Job;
use relay_simulators::qince::{Digest, PushStyle};
use relay_simulators::{Fault, FaultRates};
use relay_stock_syncer::StockSyncer;
use relay_trade_poller::TradePoller;
use relay_webhook_receiver::Receiver;
use serde_json::{Value, json};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;

use crate::stage::{Stage, http, sqs};

/// What a sandbox writes to standard output.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl io::Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Output {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Output {
    /// Every line, each of which is JSON: logs, and what was counted, as metrics or without.
    fn lines(&self) -> (Vec<Value>, Vec<Value>) {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let lines = text.lines().map(|line| {
            let value: Value = serde_json::from_str(line).unwrap();
            assert_eq!(value.to_string(), line, "a name that comes twice is lost");
            value
        });
        lines.partition(|line| line.get("level").is_some())
    }
}

fn sample(file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events").join(file);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// A ledger that is read and takes nothing.
fn read_only(stores: &Stores) -> Stores {
    decorate(stores, |side, call| {
        let is_write = side == Side::Before && (call.port, call.operation) == (Port::Ledger, "write");
        let refused = || StoreError::new("writing the ledger", "it takes nothing now");
        ready(if is_write { Err(refused()) } else { Ok(()) })
    })
}

/// A day on which everything happens that is told of.
struct Day {
    stage: Stage,
    collector: &'static Collector,
    output: Output,
    requests: u64,
}

impl Day {
    async fn invoke<F: Job>(&mut self, host: &mut Host<F>, event: Value) -> anyhow::Result<Value> {
        self.requests += 1;
        let deadline = self.stage.clock.now() + TimeDelta::minutes(15);
        let mut headers = HeaderMap::new();
        headers.insert("lambda-runtime-deadline-ms", deadline.timestamp_millis().into());
        let id = format!("request-{}", self.requests);
        let context = Context::new(&id, Arc::new(Config::default()), &headers).unwrap();
        invocation::work(
            host,
            LambdaEvent::new(event, context),
            self.collector,
            Scope::default(),
            self.output.clone(),
        )
        .await
    }

    async fn push_all(&mut self, pusher: &mut Host<ErpPusher>) {
        for _ in 0..20 {
            for system in relay_connectors::targets() {
                let messages = self.stage.received(system).await;
                let answer = self.invoke(pusher, sqs(system, &messages)).await.unwrap();
                self.stage.delete_done(system, &messages, &answer).await;
            }
            self.stage.clock.advance(Duration::from_secs(60));
        }
    }

    async fn push_without_ledger(&mut self, poller: &mut Host<TradePoller>) {
        self.stage.vendors.wangdian.generate_trade("S001", 55, self.stage.minutes_ago(2));
        let mut messages = Vec::new();
        // What is left of the day's faults is met first.
        while messages.is_empty() {
            _ = self.invoke(poller, sample("trade-poller/schedule.json")).await;
            messages = self.stage.received(System::new("kingdee")).await;
        }
        let stores = self.stage.stores.clone();
        self.stage.stores = read_only(&stores);
        let mut pusher = self.stage.start::<ErpPusher>().await;
        self.invoke(&mut pusher, sqs(System::new("kingdee"), &messages)).await.unwrap();
        self.stage.stores = stores;
    }

    async fn live(&mut self) {
        // So few that some calls wait.
        let few = Settings::from_iter([("WDT_CALLS_PER_MINUTE".to_owned(), "12".to_owned())]);
        self.stage.environment = few.or(self.stage.environment.clone());
        self.stage.rotate("QINCE_PUSH_SECRETS", "simulated-pushsecret,s0EXAMPLEpushsecret");
        let vendors = self.stage.vendors.clone();
        let object = |value: Value| value.as_object().unwrap().clone();
        vendors.wangdian.add_trade(object(sample("wangdian/trade.json")));
        for minutes in 5..55 {
            vendors.wangdian.generate_trade("S001", 55, self.stage.minutes_ago(minutes));
        }
        vendors.wangdian.add_shipment(object(sample("wangdian/logistics-sync.json")));
        vendors.wangdian.change_stock("S001", "G1", "G1-1", 7.into());
        let rates = FaultRates::none()
            .with(Fault::LostAnswer, 40)
            .with(Fault::Status(502), 40)
            .with(Fault::RateLimited, 40)
            .with(Fault::ExpireTokens, 40)
            .with(Fault::InnerRefusal("数据错误".to_owned()), 100);
        for faults in [&vendors.wangdian.faults, &vendors.kingdee.faults, &vendors.sharecrm.faults] {
            faults.set_rates(rates.clone());
        }

        // A call of many that is refused, and then one of its documents alone.
        for _ in 0..2 {
            vendors.wangdian.faults.inject_for("trade_push", Fault::InnerRefusal("数据错误".to_owned()));
        }
        let mut receiver = self.stage.start::<Receiver>().await;
        for file in ["direct-order", "direct-order-base64", "tampered"] {
            self.invoke(&mut receiver, sample(&format!("webhook-receiver/{file}.json"))).await.unwrap();
        }
        for mut order in vendors.qince.orders(6, self.stage.minutes_ago(90), self.stage.minutes_ago(5)) {
            order["order_amount"] = json!("十二元整");
            let push = vendors.qince.push(&order, &PushStyle::default());
            self.invoke(&mut receiver, http(&push)).await.unwrap();
            let push =
                vendors.qince.push(&order, &PushStyle { digest: Digest::Wrong, ..PushStyle::default() });
            self.invoke(&mut receiver, http(&push)).await.unwrap();
        }
        let mut large = http(&vendors.qince.push(&json!({ "id": "x" }), &PushStyle::default()));
        large["body"] = "data=".to_owned().into();
        self.invoke(&mut receiver, large.clone()).await.unwrap();
        large["body"] = "x".repeat(7 * 1024 * 1024).into();
        self.invoke(&mut receiver, large).await.unwrap();
        self.invoke(&mut receiver, json!({ "phone": "18254623212" })).await.unwrap();
        let mut broken = sample("webhook-receiver/direct-order-base64.json");
        broken["body"] = json!("18254623212!");
        self.invoke(&mut receiver, broken).await.unwrap();
        let order = vendors.qince.order(self.stage.minutes_ago(5));
        let style = PushStyle { data_type: "dms_return".to_owned(), ..PushStyle::default() };
        self.invoke(&mut receiver, http(&vendors.qince.push(&order, &style))).await.unwrap();
        let push = vendors.qince.push(&order, &PushStyle::default());
        let mut receiver = self.stage.started_before_rotation::<Receiver>(&["QINCE_PUSH_SECRETS"]).await;
        assert_eq!(self.invoke(&mut receiver, http(&push)).await.unwrap()["statusCode"], 200);

        let mut poller =
            self.stage.started_before_rotation::<TradePoller>(&["WDT_APPSECRET", "QIMEN_APP_SECRET"]).await;
        let mut syncer = self.stage.start::<StockSyncer>().await;
        let mut pusher = self.stage.started_before_rotation::<ErpPusher>(&["KINGDEE_PASSWORD"]).await;
        for _ in 0..3 {
            _ = self.invoke(&mut poller, sample("trade-poller/schedule.json")).await;
            _ = self.invoke(&mut syncer, sample("stock-syncer/schedule.json")).await;
            self.push_all(&mut pusher).await;
        }
        self.invoke(&mut pusher, sample("erp-pusher/sqs.json")).await.unwrap();
        self.invoke(&mut pusher, json!({ "Records": "18254623212" })).await.unwrap_err();
        self.invoke(&mut poller, json!({ "flow": "nowhere" })).await.unwrap_err();
        assert!(self.stage.reads() > 0);
        self.push_without_ledger(&mut poller).await;
        self.stage.clock.advance(Duration::from_secs(7_200));
        vendors.wangdian.faults.set_rates(FaultRates::none().with(Fault::Status(502), 1_000));
        self.invoke(&mut poller, json!({})).await.unwrap_err();
    }

    /// What must not be told.
    async fn private(&self) -> BTreeSet<String> {
        let mut private: BTreeSet<String> = relay_simulators::settings()
            .into_iter()
            .filter(|(name, _)| ["SECRET", "PASSWORD", "CODE"].iter().any(|word| name.contains(word)))
            .map(|(_, value)| value.to_owned())
            .collect();
        private.extend(
            ["s0EXAMPLEpushsecret", "an-old-value", "p%26ss", "access_token=", "sign="].map(str::to_owned),
        );
        for file in ["qince/direct-order.json", "wangdian/trade.json", "wangdian/logistics-sync.json"] {
            collect_private(&sample(file), &mut private);
        }
        for trade in self.stage.vendors.wangdian.trades() {
            collect_private(&self.stage.vendors.wangdian.trade(&trade.trade_no).unwrap(), &mut private);
        }
        for (_, token) in self.stage.stores.checkpoints.list("token/").await.unwrap() {
            let token: Value = serde_json::from_str(&token.value).unwrap();
            private.insert(token["value"].as_str().unwrap().to_owned());
        }
        private
    }
}

fn collect_private(document: &Value, private: &mut BTreeSet<String>) {
    let fields = [
        "receive_name",
        "receive_phone",
        "receive_tel",
        "receive_addr",
        "cm_name",
        "emp_name",
        "remark",
        "contact",
        "mobile",
        "address",
        "receiver_name",
        "receiver_mobile",
        "receiver_address",
        "buyer_nick",
        "buyer_message",
    ];
    for field in fields {
        private.extend(document[field].as_str().filter(|text| text.len() > 3).map(str::to_owned));
    }
}

#[tokio::test]
async fn every_line_is_lambdas_json_and_none_tells_anything_private() {
    let output = Output::default();
    let lines = logs::lambda_lines(Targets::new().with_default(LevelFilter::TRACE), output.clone());
    let guard = tracing::subscriber::set_default(lines);
    let collector = metrics::collect("erp-relay").unwrap();
    let mut day = Day { stage: Stage::new(), collector, output, requests: 0 };
    day.live().await;
    tracing::trace!(target: "aws_smithy_runtime::client", "authorization: s0EXAMPLEpushsecret");
    tracing::debug!(target: "hyper", "s0EXAMPLEpushsecret");
    drop(guard);

    let (logs, counted) = day.output.lines();
    let private = day.private().await;
    assert!(logs.len() > 100 && private.len() > 40, "{} lines, {} words", logs.len(), private.len());
    for line in logs.iter().chain(&counted).map(Value::to_string) {
        let told = private.iter().find(|private| line.contains(private.as_str()));
        assert_eq!(told, None, "{line}");
    }
    check_logs(&logs);
    counted::check_metrics(&counted);
    counted::check(&counted);
}

fn check_logs(logs: &[Value]) {
    let (mut documents, mut waiting) = (0, 0);
    for line in logs {
        assert!(
            ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"].contains(&line["level"].as_str().unwrap()),
            "{line}"
        );
        assert!(chrono::DateTime::parse_from_rfc3339(line["timestamp"].as_str().unwrap()).is_ok(), "{line}");
        let request = line["request_id"].as_str().or(line["span"]["request_id"].as_str());
        assert!(request.is_some_and(|id| id.starts_with("request-")), "{line}");
        let key = line["span"]["key"].as_str().filter(|key| key.len() > 5);
        let is_named_once = |key: &str| line.to_string().matches(&format!("\"{key}\"")).count() == 1;
        assert!(key.is_none_or(is_named_once), "a log is paid by its length: {line}");
        if line["message"] == "the document waits for the store" {
            waiting += 1;
            for field in ["flow", "key", "version", "attempt"] {
                assert!(!line["span"][field].is_null(), "{line}");
            }
        }
        if line["message"] == "document done" {
            documents += 1;
            let span = &line["span"];
            let is_unrouted = span["flow"] == "qince/unrouted";
            assert!(span["attempt"].as_u64() >= Some(u64::from(!is_unrouted)), "{line}");
            for field in ["flow", "key", "trace"] {
                assert!(span[field].is_string(), "{line}");
            }
        }
    }
    assert!(documents > 20 && waiting > 0, "{documents} {waiting}");
    let fields = |flow: &str| {
        let is_it = |line: &&Value| line["outcome"] == "failed" && line["span"]["flow"] == flow;
        let line = logs.iter().find(is_it).unwrap();
        let names = |value: &Value| Vec::from_iter(value.as_object().unwrap().keys().cloned());
        // What no flow takes has no version.
        let span = BTreeSet::from_iter(names(&line["span"]).into_iter().filter(|name| name != "version"));
        (line["level"].clone(), line["message"].clone(), names(line), span)
    };
    assert_eq!(
        fields("qince/unrouted"),
        fields("direct-order-to-wangdian"),
        "of one shape, whoever records it"
    );
}
