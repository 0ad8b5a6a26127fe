//! Mapping, against reading and writing the same document as JSON.
//!
//! `relay` is built for speed: `cargo bench --profile speed -p benchmarks --bench mapping`.

#![expect(clippy::disallowed_methods, reason = "a benchmark times by the machine's own time")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use benchmarks::figures::{Rate, print};
use benchmarks::is_measured;
use mimalloc::MiMalloc;
use relay_core::codec;
use relay_host::flows;
use relay_mapping::{Context, Flow};
use serde_json::Value;

const TRADE: &str = include_str!("../../../events/wangdian/trade.json");

/// As `relay` has it.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> anyhow::Result<()> {
    let flows = flows::load(None, &relay_connector::Settings::default())?;
    let flow = &flows.named("trade-to-kingdee").context("the flow of trades")?.flow;
    for (lines, times) in [(3, 10_000), (2_000, 5)] {
        compare(flow, lines, if is_measured() { times } else { 1 })?;
    }
    Ok(())
}

fn compare(flow: &Flow, lines: usize, times: u32) -> anyhow::Result<()> {
    let text = trade(lines)?;
    let document = read(&text)?;
    let settings = BTreeMap::new();
    let asked = flow.lookups(&document).into_iter();
    let lookups = asked.enumerate().map(|(id, asked)| (asked, id.to_string())).collect();
    let context = Context { settings: &settings, lookups: &lookups };
    let mapped = flow.apply(&document, &context);
    ensure!(mapped.is_ok_and(|mapped| mapped.body["material_entity"][lines - 1].is_object()));

    let mapped = |document: &Value| flow.apply(document, &context);
    let written = |document: &Value| mapped(document).map(|mapped| codec::json(&mapped.body));
    let mut whole = Rate::of("read, mapped and written, as the pusher does");
    let mut twice = Rate::of("the same with codes unknown: lookups, then apply");
    let mut by_serde = Rate::of("serde_json::from_str");
    let mut apply = Rate::of("Flow::apply");
    let mut lookups = Rate::of("Flow::lookups");
    let mut parsed = Rate::of("yardstick: serde_json reads and writes the document");
    for _ in 0..7 {
        whole.add(times, took(times, || read(&text).map(|document| written(&document))));
        twice.add(
            times,
            took(times, || read(&text).map(|document| (flow.lookups(&document), written(&document)))),
        );
        by_serde.add(times, took(times, || read(&text)));
        apply.add(times, took(times, || mapped(&document)));
        lookups.add(times, took(times, || flow.lookups(&document)));
        parsed.add(times, took(times, || read(&text).map(|value| value.to_string())));
    }
    let rates = [&whole, &twice, &by_serde, &apply, &lookups, &parsed];
    print(&format!("a trade of {lines} lines, {} KB", text.len() / 1_000), &rates);
    Ok(())
}

fn read(text: &str) -> serde_json::Result<Value> {
    serde_json::from_str(text)
}

/// The sample trade with that many lines, each of a good of its own.
fn trade(lines: usize) -> anyhow::Result<String> {
    let mut trade: Value = serde_json::from_str(TRADE)?;
    let samples = trade["goods_list"].as_array().context("the sample's lines")?.clone();
    let lines = samples.iter().cycle().take(lines).enumerate().map(|(place, line)| {
        let mut line = line.clone();
        line["spec_no"] = format!("G{place}").into();
        line
    });
    trade["goods_list"] = lines.collect();
    Ok(trade.to_string())
}

fn took<T>(times: u32, mut work: impl FnMut() -> T) -> Duration {
    let began = Instant::now();
    for _ in 0..times {
        black_box(work());
    }
    began.elapsed()
}
