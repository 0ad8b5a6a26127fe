//! Draining: queue, mapping, simulated Kingdee in process and ledger, against the bare queue on the same SQLite.

#![expect(clippy::disallowed_methods, reason = "a benchmark times by the machine's own time")]

use std::time::{Duration, Instant};

use anyhow::ensure;
use benchmarks::figures::{Rate, print};
use benchmarks::house::House;
use benchmarks::is_measured;
use relay_core::queue::Outgoing;
use relay_core::{Queue, System, WorkItem};
use relay_erp_pusher::Idle;

/// As the poller sends, page by page.
const PAGE: usize = 100;
/// As the worker receives.
const BATCH: usize = 10;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let (sizes, runs) = if is_measured() { ([1_000, 10_000], 3) } else { ([10, 20], 1) };
    for documents in sizes {
        let mut drained = Rate::of("queue, mapping, Kingdee in process, ledger");
        let mut bare = Rate::of("yardstick: send, receive and delete alone");
        for _ in 0..runs {
            drained.add(documents, drain(documents).await?);
            bare.add(documents, pass(documents).await?);
        }
        print(&format!("{documents} trades of a backlog"), &[&drained, &bare]);
    }
    Ok(())
}

/// Through the whole pusher.
async fn drain(documents: u32) -> anyhow::Result<Duration> {
    let (house, items) = filled(documents)?;
    let worker = house.kingdee_worker()?;
    let began = Instant::now();
    for page in items.chunks(PAGE) {
        house.wiring.intake().take(System::new("kingdee"), page).await?;
    }
    let idle = worker.work_through(&|| true, &|_| {}).await?;
    ensure!(matches!(idle, Idle::Nothing { wait: None }), "nothing should have to wait: {idle:?}");
    let took = began.elapsed();
    let delivered = house.vendors.kingdee.creates().len();
    ensure!(delivered == items.len(), "{delivered} of {documents} reached Kingdee");
    Ok(took)
}

/// Through the queue and nothing else.
async fn pass(documents: u32) -> anyhow::Result<Duration> {
    let (house, items) = filled(documents)?;
    let queue = house.wiring.stores.queue.as_ref();
    let messages: Vec<_> = items.iter().map(message).collect();
    let began = Instant::now();
    for page in messages.chunks(PAGE) {
        queue.send(System::new("kingdee"), page).await?;
    }
    while take(queue).await? > 0 {}
    Ok(began.elapsed())
}

fn message(item: &WorkItem) -> Outgoing {
    Outgoing { group: item.group(), deduplication: item.deduplication(), body: item.encode() }
}

async fn take(queue: &dyn Queue) -> anyhow::Result<usize> {
    let received = queue.receive(System::new("kingdee"), BATCH, Duration::from_secs(90)).await?;
    let receipts: Vec<_> = received.into_iter().map(|message| message.receipt).collect();
    queue.delete(System::new("kingdee"), &receipts).await?;
    Ok(receipts.len())
}

fn filled(documents: u32) -> anyhow::Result<(House, Vec<WorkItem>)> {
    let house = House::new()?;
    house.generate_trades(documents);
    let items = house.trades_as_items()?;
    Ok((house, items))
}
