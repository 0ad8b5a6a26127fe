//! The deployed stack.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use http::Method;
use relay_connector::{HttpTransport, Request, Transport as _};
use relay_core::clock::{Clock as _, SystemClock};
use relay_core::{Depth, Entry, EntryId, Intake, Outgoing, Stores, System, WorkItem, ledger};
use relay_host::Settings;
use relay_simulators::qince::{SignedPush, read_reply};
use relay_simulators::wangdian::TradeMix;
use relay_simulators::{Ports, Served, Vendors};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use crate::aws::{Aws, Invoked};

/// How long documents may take on a busy machine, back-offs of some seconds included.
const PATIENCE: Duration = Duration::from_secs(90);

/// The flow of trades.
pub const TRADES: &str = "trade-to-kingdee";

/// The secret that the stack was deployed with.
const SECRET: &str = "relay/secrets";

/// What `tests/local-aws/run` has written down.
#[derive(Deserialize)]
pub(crate) struct Deployed {
    pid: u32,
    pub(crate) vendors_port: u16,
    webhook: String,
    pub(crate) functions: BTreeMap<String, String>,
}

/// The deployed stack, the vendors before it, and what may befall it.
pub struct Stack {
    /// The vendors, on the ports that the stack was given, with base data and no documents.
    pub vendors: Arc<Vendors>,
    /// The stack's queues and tables.
    pub stores: Stores,
    /// What is asked of AWS beyond the ports.
    pub aws: Aws,
    /// Decides what the vendors make up: `LOCAL_AWS_SEED`, or 1.
    pub seed: u64,
    pub(crate) deployed: Deployed,
    pub(crate) folder: PathBuf,
    _served: Served,
}

impl Stack {
    /// Finds the stack, and plays its vendors.
    pub(crate) async fn open() -> anyhow::Result<Self> {
        let file = std::env::var("LOCAL_AWS_STACK").context("it is deployed by tests/local-aws/run")?;
        let deployed: Deployed = serde_json::from_str(&fs::read_to_string(&file)?).context(file.clone())?;
        let seed = std::env::var("LOCAL_AWS_SEED").map_or(Ok(1), |seed| seed.parse())?;
        let vendors = Vendors::new(Arc::new(SystemClock), seed);
        vendors.load_master_data();
        vendors.wangdian.set_calls_a_minute(None);
        vendors.sharecrm.set_calls_in_20_seconds(None);
        let served = vendors.serve_on(Ports::from(deployed.vendors_port)).await?;
        let stores = relay_host::stores::open(&Settings::from_environment(), Arc::new(SystemClock)).await?;
        let endpoint = std::env::var("AWS_ENDPOINT_URL")?.parse()?;
        let aws = Aws { endpoint, transport: HttpTransport::new() };
        let folder = Path::new(&file).parent().context("no folder")?.to_owned();
        Ok(Self { vendors, stores, aws, seed, deployed, folder, _served: served })
    }

    /// What a function is called on AWS, by its name in the template.
    #[must_use]
    pub fn function<'a>(&'a self, name: &'a str) -> &'a str {
        self.deployed.functions.get(name).map_or(name, String::as_str)
    }

    /// Invokes a function, by its name in the template.
    ///
    /// # Errors
    /// When it cannot be invoked at all.
    pub async fn invoke(&self, name: &str, event: &Value) -> anyhow::Result<Invoked> {
        self.aws.invoke(self.function(name), event).await
    }

    /// What a function has logged, by its name in the template.
    ///
    /// # Errors
    /// When it has no log group.
    pub async fn log(&self, name: &str) -> anyhow::Result<Vec<String>> {
        let configuration = self.aws.configuration(self.function(name)).await?;
        let group = configuration["LoggingConfig"]["LogGroup"].as_str().context("no log group")?;
        self.aws.log(group).await
    }

    /// Delivers a push of Qince at the API's address: the HTTP status, and whether Qince counts it as done.
    ///
    /// # Errors
    /// When no answer comes, or one that Qince cannot read.
    pub async fn push(&self, push: &SignedPush) -> anyhow::Result<(u16, bool)> {
        // The name of the API is AWS's; the local AWS answers to it at its own address.
        let address: Url = self.deployed.webhook.parse()?;
        let api = address.host_str().and_then(|host| host.split('.').next()).unwrap_or_default();
        let url = self.aws.endpoint.join(address.path())?;
        let request = Request::post(url, &push.content_type, push.body.clone()).header(
            "host",
            format!("{api}.execute-api.localhost:{}", self.aws.endpoint.port().unwrap_or(80)),
        );
        let response = self.aws.transport.send(request).await?;
        let done = read_reply(push, response.status, &response.body).map_err(anyhow::Error::msg)?;
        Ok((response.status, done))
    }

    /// Delivers a push until it is taken, as Qince does: one that is not stored within seconds is to come again.
    ///
    /// # Errors
    /// When it is not taken in time, or no answer comes.
    pub async fn deliver(&self, push: &SignedPush) -> anyhow::Result<()> {
        let mut answered = Ok(());
        let is_taken = async || match self.push(push).await {
            Ok((status, done)) => status == 200 && done,
            Err(error) => {
                answered = Err(error);
                true
            }
        };
        self.until("the push is taken", is_taken).await?;
        answered
    }

    /// Adds audited trades to WDT and sets the poller back, so that it reads them in one window. Answers their numbers.
    ///
    /// # Errors
    /// When the watermark cannot be set.
    pub async fn new_trades(&self, count: u32) -> anyhow::Result<BTreeSet<String>> {
        let numbers = || self.vendors.wangdian.trades().into_iter().map(|trade| trade.trade_no);
        let before: BTreeSet<_> = numbers().collect();
        let (from, to) = (minutes_ago(50), minutes_ago(5));
        self.vendors.wangdian.generate_trades(count, from, to, TradeMix::default());
        self.read_trades_from(minutes_ago(52)).await?;
        Ok(numbers().filter(|number| !before.contains(number)).collect())
    }

    /// Sets the poller to where it is to go on.
    ///
    /// # Errors
    /// When the watermark cannot be set.
    pub async fn read_trades_from(&self, at: DateTime<Utc>) -> anyhow::Result<()> {
        let (name, checkpoints) = (format!("watermark/{TRADES}"), &self.stores.checkpoints);
        checkpoints.remove(&name).await?;
        checkpoints.put(&name, &json!({ "read_until": at }).to_string(), None, None).await?;
        Ok(())
    }

    /// Polls, and answers how many trades were queued.
    ///
    /// # Errors
    /// When the poller fails.
    pub async fn poll(&self) -> anyhow::Result<u64> {
        let polled = self.invoke("TradePoller", &json!({})).await?;
        ensure!(!polled.failed, "the poller failed: {}", polled.payload);
        polled.payload["flows"][0]["queued"].as_u64().context("no report")
    }

    /// How often Kingdee has made each of these trades.
    #[must_use]
    pub fn creates(&self, trades: &BTreeSet<String>) -> Vec<usize> {
        let creates = self.vendors.kingdee.creates();
        trades.iter().map(|trade| creates.get(trade).copied().unwrap_or(0)).collect()
    }

    /// How many calls of an operation Kingdee has had.
    #[must_use]
    pub fn kingdee_calls(&self, operation: &str) -> u64 {
        self.vendors.kingdee.calls().get(operation).copied().unwrap_or(0)
    }

    /// Waits until a condition holds.
    ///
    /// # Errors
    /// When it does not hold in time.
    pub async fn until(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) -> anyhow::Result<()> {
        let began = SystemClock.now();
        while !holds().await {
            let waited = (SystemClock.now() - began).to_std().unwrap_or_default();
            ensure!(waited < PATIENCE, "{what}: not within {} s", PATIENCE.as_secs());
            SystemClock.sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// Waits until the queues are empty: nothing waits, nothing is in flight.
    ///
    /// # Errors
    /// When they are not empty in time.
    pub async fn until_quiet(&self) -> anyhow::Result<()> {
        self.until("the queues are empty", async || {
            let mut messages = 0;
            for system in relay_connectors::targets() {
                messages += self.depth(system).await.map_or(1, |depth| depth.waiting + depth.in_flight);
            }
            messages == 0
        })
        .await
    }

    /// How much is in a queue.
    ///
    /// # Errors
    /// When the queue does not tell.
    pub async fn depth(&self, system: System) -> anyhow::Result<Depth> {
        Ok(self.stores.queue.depth(system).await?)
    }

    /// Puts a body into a queue, as anybody with access to it could.
    ///
    /// # Errors
    /// When the queue does not take it.
    pub async fn put(&self, system: System, name: &str, body: &str) -> anyhow::Result<()> {
        let message =
            Outgoing { group: name.to_owned(), deduplication: name.to_owned(), body: body.to_owned() };
        Ok(self.stores.queue.send(system, &[message]).await?)
    }

    /// Hands a document over to a flow, as its source would.
    ///
    /// # Errors
    /// When the stack's stores do not take it.
    pub async fn hand_over(&self, system: System, item: WorkItem) -> anyhow::Result<()> {
        let (queue, ledger) = (self.stores.queue.clone(), self.stores.ledger.clone());
        Intake::new(queue, ledger, Arc::new(SystemClock)).take(system, &[item]).await?;
        Ok(())
    }

    /// Stops what carries a queue's messages to the pusher, or lets it go on.
    ///
    /// # Errors
    /// When there is no such event source.
    pub async fn set_flowing(&self, system: System, flowing: bool) -> anyhow::Result<()> {
        let path = format!("2015-03-31/event-source-mappings/?FunctionName={}", self.function("ErpPusher"));
        let sources = self.aws.rest("lambda", Method::GET, &path, None).await?;
        let end = format!("-{}.fifo", system.name());
        let of_system =
            |source: &&Value| source["EventSourceArn"].as_str().is_some_and(|arn| arn.ends_with(&end));
        let source = sources["EventSourceMappings"].as_array().into_iter().flatten().find(of_system);
        let id = source.and_then(|source| source["UUID"].as_str()).context("no event source")?;
        let path = format!("2015-03-31/event-source-mappings/{id}");
        self.aws.rest("lambda", Method::PUT, &path, Some(&json!({ "Enabled": flowing }))).await?;
        Ok(())
    }

    /// What the ledger knows of a document.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn entry(&self, flow: &str, key: &str) -> anyhow::Result<Option<Entry>> {
        let id = EntryId::new(flow, key);
        Ok(self.stores.ledger.read(std::slice::from_ref(&id)).await?.remove(&id))
    }

    /// Lets time pass since the last lost answer of a document. The functions go by the machine's clock, which no test
    /// moves, so that the ledger is told an earlier time.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn age(&self, flow: &str, key: &str, by: TimeDelta) -> anyhow::Result<()> {
        let earlier = |entry: &mut Entry| {
            if let Some(request) = &mut entry.unanswered {
                request.at -= by;
                // As on another machine: this one's run would tell how long ago it was.
                request.ran = None;
            }
        };
        Ok(ledger::update(self.stores.ledger.as_ref(), &EntryId::new(flow, key), None, earlier).await?)
    }

    /// Moves the clock of the local AWS forward: what waits in a queue comes sooner.
    ///
    /// # Errors
    /// When the file that says so cannot be written.
    pub fn move_clock(&self, by: Duration) -> anyhow::Result<()> {
        let file = self.folder.join("clock");
        let ahead: u64 = fs::read_to_string(&file).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
        // In one step: it may be read at any time.
        let next = self.folder.join("clock.next");
        fs::write(&next, (ahead + by.as_secs()).to_string())?;
        Ok(fs::rename(next, file)?)
    }

    /// Kills the processes of a function, as a lost machine would; answers how many there were. The local AWS has noted
    /// which is whose: a function closes its environment to others.
    ///
    /// # Errors
    /// When the machine's processes cannot be listed or killed.
    pub fn kill(&self, name: &str) -> anyhow::Result<usize> {
        let noted = fs::read_to_string(self.folder.join("processes")).unwrap_or_default();
        let mut killed = 0;
        for child in self.children()? {
            let of_child = noted.lines().rev().find_map(|line| line.strip_prefix(&child)?.strip_prefix(' '));
            if of_child == Some(self.function(name)) {
                let status = Command::new("kill").args(["-KILL", &child]).status()?;
                killed += usize::from(status.success());
            }
        }
        Ok(killed)
    }

    /// The processes that the local AWS has started: the functions.
    pub(crate) fn children(&self) -> anyhow::Result<Vec<String>> {
        let parent = self.deployed.pid.to_string();
        let listed = Command::new("ps").args(["-A", "-o", "pid=,ppid="]).output()?;
        let lines = String::from_utf8_lossy(&listed.stdout).into_owned();
        let pairs =
            lines.lines().filter_map(|line| line.split_whitespace().collect::<Vec<_>>().try_into().ok());
        Ok(pairs.filter(|[_, of]: &[&str; 2]| *of == parent).map(|[pid, _]| pid.to_owned()).collect())
    }

    /// The secret's settings.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn secret(&self) -> anyhow::Result<Value> {
        let answer = self.aws.call("secretsmanager.GetSecretValue", &json!({ "SecretId": SECRET })).await?;
        Ok(serde_json::from_str(answer["SecretString"].as_str().unwrap_or_default())?)
    }

    /// Replaces the secret.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn put_secret(&self, text: &str) -> anyhow::Result<()> {
        let asked = json!({ "SecretId": SECRET, "SecretString": text });
        self.aws.call("secretsmanager.PutSecretValue", &asked).await?;
        Ok(())
    }
}

/// So many minutes ago.
#[must_use]
pub fn minutes_ago(minutes: i64) -> DateTime<Utc> {
    SystemClock.now() - TimeDelta::minutes(minutes)
}
