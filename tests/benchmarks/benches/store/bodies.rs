//! Whether it pays to compress a message's body: what that takes, against what a smaller body saves in the store.

#![expect(clippy::disallowed_methods, reason = "a benchmark times by the machine's own time")]

use std::hint::black_box;
use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use chrono::DateTime;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use relay_core::clock::SystemClock;
use relay_core::{Outgoing, System, WorkItem};
use relay_store_sqlite::Sqlite;

const TRADE: &str = include_str!("../../../../events/wangdian/trade.json");

const KINGDEE: System = System::new("kingdee");

/// As the poller sends, and as the worker receives.
const PAGE: usize = 100;
const BATCH: usize = 10;

/// Compares in turns.
pub(crate) async fn compare(messages: usize, runs: u32) -> anyhow::Result<()> {
    let body = body()?;
    let packed = compressed(&body)?;
    // What stands in it is nothing to the store.
    let small = "x".repeat(packed.len());
    let [mut compressing, mut expanding, mut whole, mut smaller] = [const { Vec::new() }; 4];
    for _ in 0..runs {
        compressing.push(each(messages, || compressed(&body))?);
        expanding.push(each(messages, || expanded(&packed))?);
        whole.push(through_the_store(&body, messages).await?);
        smaller.push(through_the_store(&small, messages).await?);
    }
    let rows = [
        (format!("{} bytes compressed to {}, level 1", body.len(), packed.len()), compressing),
        ("expanded again".to_owned(), expanding),
        (format!("sent, received and deleted with {} bytes", body.len()), whole),
        (format!("sent, received and deleted with {} bytes", small.len()), smaller),
    ];
    println!("| a trade | µs a message (min, median, max) |\n|---|---:|");
    for (what, mut took) in rows {
        took.sort_unstable();
        let [min, median, max] =
            [0, took.len() / 2, took.len() - 1].map(|place| took[place].as_nanos() / 1_000);
        println!("| {what} | {min}, {median}, {max} |");
    }
    Ok(())
}

fn body() -> anyhow::Result<String> {
    let item = WorkItem {
        flow: "trade-to-kingdee".to_owned(),
        key: "JY202611290001".to_owned(),
        version: Some("2026-11-29 10:00:00".to_owned()),
        version_kind: None,
        acknowledge: false,
        received_at: DateTime::UNIX_EPOCH,
        trace: "0192f0c4-0000-7000-8000-000000000000".to_owned(),
        replay: None,
        document: serde_json::from_str(TRADE)?,
    };
    Ok(item.encode())
}

fn compressed(body: &str) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body.as_bytes())?;
    encoder.finish()
}

fn expanded(packed: &[u8]) -> std::io::Result<String> {
    let mut body = String::new();
    GzDecoder::new(packed).read_to_string(&mut body)?;
    Ok(body)
}

fn each<T>(times: usize, work: impl Fn() -> std::io::Result<T>) -> anyhow::Result<Duration> {
    let began = Instant::now();
    for _ in 0..times {
        black_box(work()?);
    }
    Ok(began.elapsed() / u32::try_from(times)?)
}

async fn through_the_store(body: &str, messages: usize) -> anyhow::Result<Duration> {
    let folder = tempfile::tempdir()?;
    let queue = Sqlite::open(&folder.path().join("relay.db"), Arc::new(SystemClock))?.stores().queue;
    let all: Vec<_> = (0..messages).map(|n| message(n, body)).collect();
    let began = Instant::now();
    for page in all.chunks(PAGE) {
        queue.send(KINGDEE, page).await?;
    }
    let mut done = 0;
    while done < messages {
        let received = queue.receive(KINGDEE, BATCH, Duration::from_secs(60)).await?;
        ensure!(!received.is_empty(), "{done} messages of {messages}");
        done += received.len();
        let receipts: Vec<_> = received.into_iter().map(|message| message.receipt).collect();
        queue.delete(KINGDEE, &receipts).await?;
    }
    Ok(began.elapsed() / u32::try_from(messages)?)
}

/// Ends in a number of its own, so that no two share their end.
fn message(n: usize, body: &str) -> Outgoing {
    let id = format!("{n:08}");
    Outgoing { group: id.clone(), deduplication: id.clone(), body: format!("{body}{id}") }
}
