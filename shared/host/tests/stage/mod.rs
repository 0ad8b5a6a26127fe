//! An installation whose secret can be rotated.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use relay_core::clock::{Clock as _, SeededRng, SimulatedClock};
use relay_core::{Received, Stores, System};
use relay_host::lambda::Host;
use relay_host::secret::with_secret;
use relay_host::settings::declared::is_secret;
use relay_host::{SecretSource, Settings, Wiring};
use relay_job::Job;
use relay_simulators::qince::SignedPush;
use relay_simulators::{KINGDEE_BASE_URL, QIMEN_BASE_URL, SHARECRM_BASE_URL, Vendors, WDT_BASE_URL};
use relay_store_sqlite::Sqlite;
use serde_json::{Value, json};

/// A secret that a test can change, and how often it was read.
#[derive(Default)]
pub(crate) struct Kept {
    values: Mutex<BTreeMap<String, String>>,
    reads: AtomicU64,
}

#[async_trait]
impl SecretSource for Kept {
    async fn read(&self, _id: &str) -> Result<String, String> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        Ok(json!(*self.values.lock().unwrap()).to_string())
    }
}

pub(crate) struct Stage {
    pub(crate) clock: Arc<SimulatedClock>,
    pub(crate) vendors: Arc<Vendors>,
    pub(crate) stores: Stores,
    pub(crate) secret: Arc<Kept>,
    pub(crate) environment: Settings,
    starts: AtomicU64,
    _folder: tempfile::TempDir,
}

impl Stage {
    /// Sunday, 2026-11-22, 12:00 in China; base data and no documents. The watermark begins an hour back.
    pub(crate) fn new() -> Self {
        let clock = Arc::new(SimulatedClock::starting_at("2026-11-22T04:00:00Z".parse().unwrap()));
        let vendors = Vendors::new(clock.clone(), 1);
        vendors.load_master_data();
        let more = [
            ("WDT_BASE_URL", WDT_BASE_URL),
            ("QIMEN_BASE_URL", QIMEN_BASE_URL),
            ("KINGDEE_BASE_URL", KINGDEE_BASE_URL),
            ("SHARECRM_BASE_URL", SHARECRM_BASE_URL),
            ("RELAY_START", "2026-11-22T11:00:00+08:00"),
            ("RELAY_SECRET_ID", "relay/test"),
        ];
        let all = relay_simulators::settings().into_iter().chain(more);
        let (kept, open): (Vec<_>, Vec<_>) = all.partition(|(name, _)| is_secret(name));
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let secret = Kept { values: Mutex::new(kept.into_iter().map(owned).collect()), ..Kept::default() };
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let stores = Sqlite::open(&folder.path().join("relay.db"), clock.clone()).unwrap().stores();
        Self {
            clock,
            vendors,
            stores,
            secret: Arc::new(secret),
            environment: open.into_iter().map(owned).collect(),
            starts: AtomicU64::new(1),
            _folder: folder,
        }
    }

    /// A sandbox that starts now, with the secret as it is.
    pub(crate) async fn start<F: Job>(&self) -> Host<F> {
        self.start_with(self.secret.clone()).await
    }

    /// A sandbox that starts now, and reads the secret later in another way.
    pub(crate) async fn start_with<F: Job>(&self, secrets: Arc<dyn SecretSource>) -> Host<F> {
        let settings = with_secret(&self.environment, self.secret.as_ref()).await.unwrap();
        let rng = Arc::new(SeededRng::new(self.starts.fetch_add(1, Ordering::Relaxed)));
        let wiring = Wiring::new(settings, self.stores.clone(), self.clock.clone(), rng).unwrap();
        self.secret.reads.store(0, Ordering::Relaxed);
        self.host(wiring, secrets)
    }

    pub(crate) fn host<F: Job>(&self, wiring: Wiring, secrets: Arc<dyn SecretSource>) -> Host<F> {
        let wiring = wiring.over(self.vendors.transport());
        Host::new(self.environment.clone(), secrets, wiring).unwrap()
    }

    /// Changes one value of the secret, and answers the one that was there.
    pub(crate) fn rotate(&self, name: &str, value: &str) -> String {
        self.secret.values.lock().unwrap().insert(name.to_owned(), value.to_owned()).unwrap()
    }

    /// A sandbox that started before a setting was rotated to what it is now.
    pub(crate) async fn started_before_rotation<F: Job>(&self, names: &[&str]) -> Host<F> {
        let now: Vec<_> = names.iter().map(|name| (*name, self.rotate(name, "an-old-value"))).collect();
        let host = self.start().await;
        for (name, value) in now {
            self.rotate(name, &value);
        }
        host
    }

    /// How often the secret has been read since the last start.
    pub(crate) fn reads(&self) -> u64 {
        self.secret.reads.load(Ordering::Relaxed)
    }

    pub(crate) fn minutes_ago(&self, minutes: i64) -> DateTime<Utc> {
        self.clock.now() - TimeDelta::minutes(minutes)
    }

    /// What Lambda takes out of a queue at once.
    pub(crate) async fn received(&self, system: System) -> Vec<Received> {
        self.stores.queue.receive(system, 10, Duration::from_secs(720)).await.unwrap()
    }

    /// Lambda's part after an invocation: what does not come again is deleted.
    pub(crate) async fn delete_done(&self, system: System, messages: &[Received], answer: &Value) -> usize {
        let again: Vec<_> = answer["batchItemFailures"].as_array().unwrap().iter().collect();
        let is_done =
            |message: &&Received| !again.iter().any(|failure| failure["itemIdentifier"] == message.id);
        let done: Vec<_> = messages.iter().filter(is_done).map(|message| message.receipt.clone()).collect();
        self.stores.queue.delete(system, &done).await.unwrap();
        again.len()
    }
}

/// An invocation by the queue of a system.
pub(crate) fn sqs(system: System, messages: &[Received]) -> Value {
    let record = |message: &Received| {
        json!({
            "messageId": message.id,
            "receiptHandle": message.receipt,
            "body": message.body,
            "attributes": {
                "MessageGroupId": message.group,
                "ApproximateReceiveCount": message.receive_count.to_string(),
                "SentTimestamp": message.sent_at.timestamp_millis().to_string(),
                "SequenceNumber": message.place.as_ref().map(|place| place.number().to_string()),
            },
            "eventSourceARN": format!("arn:aws:sqs:eu-west-1:1:relay-{system}.fifo"),
        })
    };
    json!({ "Records": messages.iter().map(record).collect::<Vec<_>>() })
}

/// An invocation by the API.
pub(crate) fn http(push: &SignedPush) -> Value {
    json!({
        "rawPath": "/qince/direct-orders",
        "requestContext": { "http": { "method": "POST" } },
        "headers": { "content-type": push.content_type },
        "body": String::from_utf8(push.body.clone()).unwrap(),
    })
}
