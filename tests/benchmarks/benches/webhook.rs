//! Pushes that are verified and stored for both of their flows, against bare SQLite transactions of the same bytes.

#![expect(clippy::disallowed_methods, reason = "a benchmark times by the machine's own time")]

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::ensure;
use benchmarks::figures::{Rate, print};
use benchmarks::house::House;
use benchmarks::is_measured;
use futures::future::join_all;
use relay_core::System;
use relay_core::clock::{Clock as _, SystemClock};
use relay_simulators::qince::{PushStyle, SignedPush};
use relay_webhook_receiver::{PushRequest, Receiver};
use rusqlite::Connection;

/// How many pushes come at the same time.
const TOGETHER: usize = 8;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let (pushes, runs) = if is_measured() { (2_000, 5) } else { (20, 1) };
    let mut single = Rate::of("accepted, one after the other");
    let mut together = Rate::of("accepted, eight at a time");
    let mut bare = Rate::of("yardstick: a transaction for each flow's message");
    for _ in 0..runs {
        single.add(pushes, receive(pushes, 1).await?);
        together.add(pushes, receive(pushes, TOGETHER).await?);
        bare.add(pushes, insert(pushes)?);
    }
    print(&format!("{pushes} pushes of direct orders"), &[&single, &together, &bare]);
    Ok(())
}

async fn receive(count: u32, at_a_time: usize) -> anyhow::Result<Duration> {
    let house = House::new()?;
    let receiver = house.wiring.build::<Receiver>()?;
    let pushes = pushes(&house, count);
    let began = Instant::now();
    for some in pushes.chunks(at_a_time) {
        let answers = join_all(some.iter().map(|push| async {
            let headers = [("content-type".to_owned(), push.content_type.clone())];
            let request = PushRequest {
                method: "POST",
                path: "/qince/direct-orders",
                headers: &headers,
                body: &push.body,
            };
            receiver.receive(&request).await
        }));
        let refused = answers.await.into_iter().find(|answer| answer.status != 200);
        ensure!(refused.is_none(), "{refused:?}");
    }
    let took = began.elapsed();
    for system in [System::new("sharecrm"), System::new("wangdian")] {
        ensure!(house.wiring.stores.queue.depth(system).await?.waiting == u64::from(count), "{system}");
    }
    Ok(took)
}

/// What durability alone takes: the orders' bytes, as durable as the store keeps them.
fn insert(count: u32) -> anyhow::Result<Duration> {
    let house = House::new()?;
    let pushes = pushes(&house, count);
    let connection = open(&house.folder.path().join("bare.db"))?;
    let bodies: Vec<_> = pushes.iter().map(|push| push.order.to_string()).collect();
    let began = Instant::now();
    for body in &bodies {
        for system in [System::new("sharecrm"), System::new("wangdian")] {
            connection.execute("INSERT INTO bare VALUES (?1, ?2)", [system.name(), body])?;
        }
    }
    Ok(began.elapsed())
}

fn open(file: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(file)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE bare (queue, body);",
    )?;
    Ok(connection)
}

fn pushes(house: &House, count: u32) -> Vec<SignedPush> {
    let now = SystemClock.now();
    let qince = &house.vendors.qince;
    let orders = qince.orders(count, now - chrono::TimeDelta::hours(1), now);
    orders.iter().map(|order| qince.push(order, &PushStyle::default())).collect()
}
