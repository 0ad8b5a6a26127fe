//! What work takes of AWS: requests, runs and their time, what is logged, memory.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Sub;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Stack;

/// The functions that work by default, by their names in the template: by default no day is compared.
const FUNCTIONS: [&str; 5] = ["WebhookReceiver", "TradePoller", "StockSyncer", "ErpPusher", "BillCloser"];

/// What CloudWatch counts of an event beside its text, in bytes.
const OF_AN_EVENT: u64 = 26;

/// What DynamoDB charges of an item beside its names and values, in bytes.
const OF_AN_ITEM: u64 = 100;

/// One request that the local AWS had.
#[derive(Debug, Clone)]
pub struct Asked {
    /// `PUT`.
    pub method: String,
    /// `/bucket/object`.
    pub path: String,
    /// Whether it came from a test, and not from a function; known of DynamoDB's alone.
    pub is_a_tests: bool,
    /// How long its answer took, in microseconds.
    pub took: u64,
    /// How many items of DynamoDB it names; of one that is put, how many KB it has.
    pub keys: u64,
    /// What the name of its one item begins with, up to a slash: `quota`.
    pub kind: String,
    /// `PutItem`, where the service has such names; `-` otherwise.
    pub operation: String,
    /// DynamoDB's table; `-` otherwise.
    pub table: String,
}

impl Asked {
    /// "… 1830 POST / function 1 quota DynamoDB_20120810.UpdateItem relay-checkpoints 200": what is not DynamoDB's has one `-`
    /// for the three that tell of items.
    fn read(line: &str) -> Option<Self> {
        let words: Vec<_> = line.split_whitespace().collect();
        let (took, words, items) = match *words.as_slice() {
            [.., took, method, path, whose @ ("test" | "function"), keys, kind, target, table, _] => {
                (took, [method, path, target, table], [whose, keys, kind])
            }
            [.., took, method, path, "-", target, table, _] => {
                (took, [method, path, target, table], ["-", "1", "-"])
            }
            _ => return None,
        };
        let took = took.parse().ok()?;
        let ([method, path, target, table], [whose, keys, kind]) = (words.map(str::to_owned), items);
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let (keys, kind) = (keys.parse().ok()?, kind.to_owned());
        Some(Self { took, method, path, is_a_tests: whose == "test", keys, kind, operation, table })
    }

    /// What is paid for, and how many units of it; nothing for what costs nothing or is the tests' own.
    fn paid(&self) -> Option<(String, u64)> {
        let table = ["CHECKPOINT", "LEDGER", "LOOKUP", "ARCHIVE", "OPERATOR"]
            .into_iter()
            .find(|name| std::env::var(format!("{name}_TABLE")).is_ok_and(|table| table == self.table));
        let items = |how: &str| {
            let table = table.unwrap_or("other").to_lowercase();
            let kind = if self.kind == "-" { String::new() } else { format!(" {}", self.kind) };
            (format!("{how} {table}{kind}"), self.keys)
        };
        match self.operation.as_str() {
            _ if self.is_a_tests => None,
            "GetItem" | "BatchGetItem" => Some(items("read")),
            "PutItem" | "UpdateItem" | "DeleteItem" | "BatchWriteItem" => Some(items("write")),
            "SendMessage"
            | "SendMessageBatch"
            | "ReceiveMessage"
            | "DeleteMessage"
            | "DeleteMessageBatch"
            | "ChangeMessageVisibility"
            | "ChangeMessageVisibilityBatch" => Some(("queue".to_owned(), 1)),
            "GetSecretValue" => Some(("secret".to_owned(), 1)),
            "-" => {
                let bucket = std::env::var("ARCHIVE_BUCKET").ok()?;
                let is_object = self.method == "PUT" && self.path.contains(&format!("{bucket}/"));
                is_object.then(|| ("object".to_owned(), 1))
            }
            _ => None,
        }
    }
}

/// What all functions together have taken.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Taken {
    /// Units that are paid for, by what they are: `read ledger`, `write checkpoint quota`, `queue`, `object`.
    pub requests: BTreeMap<String, u64>,
    /// How often each function has run.
    pub runs: BTreeMap<String, u64>,
    /// How long in all, the waits for vendors and for the local AWS among it.
    pub milliseconds: BTreeMap<String, u64>,
    /// How much of a processor of this machine each function has taken, in milliseconds.
    #[serde(default)]
    pub processor_ms: BTreeMap<String, u64>,
    /// How long the local AWS took for those requests, in microseconds in all. Requests that are made side by side wait for
    /// each other there.
    #[serde(default)]
    pub answers_us: BTreeMap<String, u64>,
    /// What each has logged itself at `INFO` and above, as CloudWatch counts it.
    pub log_bytes: BTreeMap<String, u64>,
    /// By how much the tables that grow with the documents have grown, as DynamoDB charges what is stored.
    #[serde(default)]
    pub stored_bytes: BTreeMap<String, u64>,
}

impl Sub<&Self> for Taken {
    type Output = Self;

    /// What was taken since then.
    fn sub(self, earlier: &Self) -> Self {
        let since = |now: BTreeMap<String, u64>, then: &BTreeMap<String, u64>| {
            let less = |(what, count): (String, u64)| {
                // A process that has ended has taken its part with it.
                let more = count.saturating_sub(then.get(&what).copied().unwrap_or_default());
                (more > 0).then_some((what, more))
            };
            now.into_iter().filter_map(less).collect()
        };
        Self {
            requests: since(self.requests, &earlier.requests),
            runs: since(self.runs, &earlier.runs),
            milliseconds: since(self.milliseconds, &earlier.milliseconds),
            processor_ms: since(self.processor_ms, &earlier.processor_ms),
            answers_us: since(self.answers_us, &earlier.answers_us),
            log_bytes: since(self.log_bytes, &earlier.log_bytes),
            stored_bytes: since(self.stored_bytes, &earlier.stored_bytes),
        }
    }
}

impl Stack {
    /// Every request that AWS has had since it was started.
    ///
    /// # Errors
    /// When its log cannot be read.
    fn asked(&self) -> anyhow::Result<Vec<Asked>> {
        let log = fs::read_to_string(self.folder.join("requests.log"))?;
        Ok(log.lines().filter_map(Asked::read).collect())
    }

    /// How many requests AWS has had since it was started, by operation and, for DynamoDB, the name of the table:
    /// `PutItem relay-ledger`.
    ///
    /// # Errors
    /// When its log cannot be read.
    pub fn requests(&self) -> anyhow::Result<BTreeMap<String, u64>> {
        let mut requests = BTreeMap::new();
        for Asked { operation, table, .. } in self.asked()? {
            let request = if table == "-" { operation } else { format!("{operation} {table}") };
            *requests.entry(request).or_default() += 1;
        }
        Ok(requests)
    }

    /// What all functions have taken since AWS was started.
    ///
    /// # Errors
    /// When its logs cannot be read.
    pub async fn taken(&self) -> anyhow::Result<Taken> {
        let mut taken = Taken::default();
        for asked in self.asked()? {
            if let Some((what, units)) = asked.paid() {
                *taken.answers_us.entry(what.clone()).or_default() += asked.took;
                *taken.requests.entry(what).or_default() += units;
            }
        }
        for (function, child) in self.running()? {
            *taken.processor_ms.entry(function).or_default() += processor_ms(&child);
        }
        for (table, setting) in [("ledger", "LEDGER_TABLE"), ("archive", "ARCHIVE_TABLE")] {
            let bytes = self.items(setting).await?.iter().map(|item| size_of(item) as u64 + OF_AN_ITEM).sum();
            taken.stored_bytes.insert(table.to_owned(), bytes);
        }
        let runs = fs::read_to_string(self.folder.join("runs.log")).unwrap_or_default();
        let runs: BTreeMap<_, _> = runs.lines().filter_map(|line| line.split_once(' ')).collect();
        for function in FUNCTIONS {
            let mut microseconds = 0;
            // One that never ran has no log.
            for line in self.log(function).await.unwrap_or_default() {
                let name = || function.to_owned();
                if let Some(report) = line.strip_prefix("REPORT RequestId: ") {
                    let took = report.split_whitespace().next().and_then(|run| runs.get(run));
                    microseconds += took.context("a run that nobody timed")?.parse::<u64>()?;
                    *taken.runs.entry(name()).or_default() += 1;
                } else if is_logged_by_default(&line) {
                    *taken.log_bytes.entry(name()).or_default() += line.len() as u64 + OF_AN_EVENT;
                }
            }
            taken.milliseconds.insert(function.to_owned(), microseconds / 1_000);
        }
        Ok(taken)
    }

    /// Every item of the table that a setting names.
    ///
    /// # Errors
    /// When there is no such table.
    pub async fn items(&self, setting: &str) -> anyhow::Result<Vec<Value>> {
        let table = std::env::var(setting)?;
        let (mut items, mut start) = (Vec::new(), Value::Null);
        loop {
            let mut asked = json!({ "TableName": table });
            if start.is_object() {
                asked["ExclusiveStartKey"] = start;
            }
            let mut page = self.aws.call("DynamoDB_20120810.Scan", &asked).await?;
            items.extend(page["Items"].as_array().into_iter().flatten().cloned());
            start = page["LastEvaluatedKey"].take();
            if !start.is_object() {
                return Ok(items);
            }
        }
    }

    /// The most memory that a process of each function has held since it was started, in KiB, by the function's name in the
    /// template. A program that was not built for release holds more.
    ///
    /// # Errors
    /// When the machine's processes cannot be listed.
    pub fn peaks(&self) -> anyhow::Result<BTreeMap<String, u64>> {
        let mut peaks = BTreeMap::new();
        for (function, child) in self.running()? {
            // One that ended meanwhile has none.
            let Ok(status) = fs::read_to_string(format!("/proc/{child}/status")) else { continue };
            let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next());
            if let Some(peak) = peak {
                let most: &mut u64 = peaks.entry(function).or_default();
                *most = peak.parse::<u64>()?.max(*most);
            }
        }
        Ok(peaks)
    }

    /// The processes of functions, each with its function's name in the template.
    fn running(&self) -> anyhow::Result<Vec<(String, String)>> {
        let noted = fs::read_to_string(self.folder.join("processes")).unwrap_or_default();
        let function = |child: &str| {
            let called = noted.lines().rev().find_map(|line| line.strip_prefix(child)?.strip_prefix(' '))?;
            let function = self.deployed.functions.iter().find(|(_, name)| *name == called)?;
            Some(function.0.clone())
        };
        let children = self.children()?.into_iter();
        Ok(children.filter_map(|child| Some((function(&child)?, child))).collect())
    }
}

/// How much of a processor a process has taken since it was started, all threads together.
fn processor_ms(process: &str) -> u64 {
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let nanoseconds = threads.filter_map(|thread| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    nanoseconds.sum::<u64>() / 1_000_000
}

/// The bytes of an item's names and values, as DynamoDB counts them (numbers a little above).
#[must_use]
pub fn size_of(item: &Value) -> usize {
    // Bytes travel as base64.
    let of = |value: &Value| {
        if value["B"].is_string() { text_of(value).len() * 3 / 4 } else { text_of(value).len() }
    };
    item.as_object().into_iter().flatten().map(|(name, value)| name.len() + of(value)).sum()
}

/// A value without its type: the text of `{"S": "text"}`.
#[must_use]
pub fn text_of(value: &Value) -> &str {
    value.as_object().and_then(|typed| typed.values().next()).and_then(Value::as_str).unwrap_or_default()
}

/// Whether a function says that without being asked for more. What Lambda writes around its lines is not its own.
fn is_logged_by_default(line: &str) -> bool {
    serde_json::from_str::<Value>(line)
        .is_ok_and(|line| !matches!(line["level"].as_str(), Some("TRACE" | "DEBUG")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_whose_request_it_is_and_of_how_many_items() {
        let start = "[2026-11-29 12:16:38 +0000] [13727] [INFO]";
        let read = |line: &str| Asked::read(&format!("{start} {line}")).unwrap();
        let asked = read("1830 POST / function 10 - DynamoDB_20120810.BatchGetItem relay-ledger 200");
        assert_eq!(
            (asked.took, asked.keys, asked.operation.as_str(), asked.table.as_str()),
            (1_830, 10, "BatchGetItem", "relay-ledger")
        );
        let asked = read("97 POST / test 1 quota DynamoDB_20120810.UpdateItem relay-checkpoints 200");
        assert_eq!((asked.is_a_tests, asked.kind.as_str()), (true, "quota"));
        let asked = read("1 PUT /archive/2026/one - - - 200");
        assert_eq!(
            (asked.method.as_str(), asked.path.as_str(), asked.operation.as_str()),
            ("PUT", "/archive/2026/one", "-")
        );
        let asked = read("1 POST / - AmazonSQS.SendMessageBatch - 200");
        assert_eq!((asked.operation.as_str(), asked.table.as_str()), ("SendMessageBatch", "-"));
    }
}
