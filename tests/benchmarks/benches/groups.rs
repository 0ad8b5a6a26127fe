//! A day of 100,000 orders in 200 groups: contributed, closed, and its bills sent at Kingdee's quota, with what it takes of
//! stores and memory.
//!
//! Each size is worked by a process of its own, so that its peak of memory is its own; a tenth of the orders in as many groups
//! is the yardstick.

#![expect(clippy::disallowed_methods, reason = "a benchmark times by the machine's own time")]

#[path = "../tests/requests/counting.rs"]
mod counting;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, fs, process};

use anyhow::{Context as _, ensure};
use benchmarks::{house, is_measured};
use chrono::TimeDelta;
use counting::Counting;
use relay_bill_closer::BillCloser;
use relay_core::clock::{Clock as _, Deadline, SystemClock, SystemRng};
use relay_core::groups::GroupId;
use relay_core::{Intake, System};
use relay_erp_pusher::{ErpPusher, Worked, Worker};
use relay_host::Wiring;
use relay_job::work;
use relay_simulators::{KINGDEE_BASE_URL, Vendors};
use relay_store_sqlite::Sqlite;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const KINGDEE: System = System::new("kingdee");
const FLOW: &str = "orders-by-shop";
const GROUPS: u32 = 200;

/// The orders of a shop and a day are one order in Kingdee, once there are as many as a shop has.
const BY_SHOP: &str = r#"
[source]
document = "http.webhook"
params   = { name = "orders" }
key      = "id"
version  = "updated_at"

[target]
document = "kingdee.sal_order_save"
check    = "sum(target.material_entity.amount) = total"

[group]
by    = ["route"]
lines = ["materialid_id", "stockid_id", "unit_id"]
sum   = ["qty", "amount"]
close = { size = SIZE }

[fields]
billdate      = { from = "paid_at", as = "date" }
customerid_id = { from = "shop", lookup = "kingdee.customer" }

[fields.material_entity]
each          = "items"
materialid_id = { from = "sku", lookup = "kingdee.material" }
stockid_id    = { value = "WH01", lookup = "kingdee.store" }
unit_id       = { from = "sku", lookup = "kingdee.material_unit" }
qty           = "quantity"
amount        = { from = "amount", as = "decimal", scale = 2, send = false }
taxprice      = { compute = "target.amount / target.qty", as = "decimal", scale = 6 }
"#;

/// An order of two lines, of a group; its amount tells its number, so that sums differ where one is lost.
fn order(number: u32) -> Value {
    let cents = |cents: u32| Decimal::new(i64::from(cents), 2).to_string();
    json!({
        "id": format!("T{number:06}"), "updated_at": "2026-11-22 12:00:00", "shop": "S001",
        "route": format!("R{:03}", number % GROUPS), "paid_at": "2026-11-22 11:30:00",
        "total": cents(number + 10 + 10),
        "items": [
            {"sku": "ML-250-24", "quantity": "3", "amount": cents(number + 10)},
            {"sku": "ML-1L-12", "quantity": "7", "amount": cents(10)},
        ],
    })
}

/// What a day in a process of its own came to.
#[derive(Debug, Serialize, Deserialize)]
struct Day {
    orders: u32,
    contributed_ms: u64,
    closed_ms: u64,
    sent_ms: u64,
    bills: u32,
    /// The most memory that was held before the closer began, and until it had ended.
    before_kib: u64,
    closed_kib: u64,
    /// Calls of ports while members came, while groups were closed, and while bills were sent.
    calls: [BTreeMap<String, u64>; 3],
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let ["day", orders] = arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        println!("{}", json!(day(orders.parse()?).await?));
        return Ok(ExitCode::SUCCESS);
    }
    compare()
}

fn compare() -> anyhow::Result<ExitCode> {
    if !is_measured() && !Path::new("/proc/self/status").exists() {
        println!("skipped: only Linux tells a process's peak");
        return Ok(ExitCode::SUCCESS);
    }
    let sizes = if is_measured() { [10_000, 100_000] } else { [GROUPS, 2 * GROUPS] };
    println!(
        "| orders | contributed, s | closed, s | sent at the quota, s | bills | peak before, KiB | after closing, KiB |"
    );
    println!(
        "|-------:|---------------:|----------:|---------------------:|------:|-----------------:|-------------------:|"
    );
    let mut calls = Vec::new();
    for orders in sizes {
        let output = Command::new(env::current_exe()?)
            .args(["day", &orders.to_string()])
            .stderr(Stdio::inherit())
            .output()?;
        ensure!(output.status.success(), "the day of {orders} orders failed");
        let day: Day = serde_json::from_slice(&output.stdout)?;
        let [contributed, closed, sent] = [day.contributed_ms, day.closed_ms, day.sent_ms]
            .map(|ms| format!("{:.1}", Duration::from_millis(ms).as_secs_f64()));
        let Day { bills, before_kib, closed_kib, .. } = day;
        println!(
            "| {orders:6} | {contributed:>14} | {closed:>9} | {sent:>20} | {bills:5} | {before_kib:16} | {closed_kib:18} |"
        );
        calls.push((orders, day.calls));
    }
    for (orders, [members, closing, sending]) in calls {
        println!("\n{orders} orders in {GROUPS} groups");
        for (phase, calls) in [("members", members), ("closing", closing), ("sending", sending)] {
            let calls: Vec<_> = calls.iter().map(|(what, count)| format!("{what} {count}")).collect();
            println!("  {phase}: {}", calls.join(", "));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn day(orders: u32) -> anyhow::Result<Day> {
    let clock = Arc::new(SystemClock);
    let vendors = Vendors::new(clock.clone(), 1);
    vendors.load_master_data();
    let folder = tempfile::tempdir()?;
    let flows = folder.path().join("flows");
    fs::create_dir(&flows)?;
    let size = (orders / GROUPS).to_string();
    fs::write(flows.join(format!("{FLOW}.toml")), BY_SHOP.replace("SIZE", &size))?;
    let addresses = [
        ("KINGDEE_BASE_URL", KINGDEE_BASE_URL),
        ("RELAY_FLOWS_DIR", flows.to_str().context("a folder's name")?),
    ];
    let start = clock.now() - TimeDelta::hours(1);
    let mut settings: BTreeMap<_, _> =
        house::settings(&addresses, folder.path(), start).into_iter().collect();
    // Bills are sent at the quota that Kingdee gives; a check of the benchmark waits for none.
    if orders > 2 * GROUPS {
        settings.remove("KINGDEE_CALLS_PER_MINUTE");
    }
    let stores = Sqlite::open(&folder.path().join("relay.db"), clock.clone())?.stores();
    let counting = Arc::new(Counting::default());
    let stores = counting.around(&stores);
    let wiring = Wiring::new(settings.into_iter().collect(), stores, clock.clone(), Arc::new(SystemRng))?
        .over(vendors.transport());
    let worker = wiring.build::<ErpPusher>()?.workers().into_iter().find(|worker| worker.system() == KINGDEE);
    let worker = worker.context("Kingdee's worker")?;
    let closer = wiring.build::<BillCloser>()?;

    let mut counted = Counted { counting, before: BTreeMap::new() };
    let began = Instant::now();
    contribute(&wiring, orders, &worker).await?;
    let contributed_ms = ms(began);
    let (members, before_kib) = (counted.since(), benchmarks::peak_kib(process::id())?);

    let began = Instant::now();
    let report = closer.close_all(Deadline::NONE).await.remove(0);
    let closed_ms = ms(began);
    ensure!(report.errors.is_empty() && report.bills == u64::from(GROUPS), "{report:?}");
    let (closing, closed_kib) = (counted.since(), benchmarks::peak_kib(process::id())?);

    let began = Instant::now();
    drain(&worker, &wiring).await?;
    let sent_ms = ms(began);
    let sending = counted.since();

    check_sums(&vendors, &wiring, orders).await?;
    let bills = u32::try_from(vendors.kingdee.creates().len())?;
    let calls = [members, closing, sending];
    Ok(Day { orders, contributed_ms, closed_ms, sent_ms, bills, before_kib, closed_kib, calls })
}

/// Calls since they were last asked for.
struct Counted {
    counting: Arc<Counting>,
    before: BTreeMap<&'static str, u64>,
}

impl Counted {
    fn since(&mut self) -> BTreeMap<String, u64> {
        let now = self.counting.counted();
        let before = std::mem::replace(&mut self.before, now.clone());
        let since = now
            .into_iter()
            .map(|(what, count)| (what, count - before.get(what).copied().unwrap_or_default()));
        since.filter(|(_, count)| *count > 0).map(|(what, count)| (what.to_owned(), count)).collect()
    }
}

/// Orders come and are put into their groups, a thousand at a time.
async fn contribute(wiring: &Wiring, orders: u32, worker: &Worker) -> anyhow::Result<()> {
    let flow = &wiring.flows.named(FLOW).context("the flow")?.flow;
    let intake = Intake::new(wiring.stores.queue.clone(), wiring.stores.ledger.clone(), wiring.clock.clone());
    let numbers: Vec<_> = (0..orders).collect();
    for some in numbers.chunks(1_000) {
        let item =
            |number: &u32| work::item(flow, order(*number), false, wiring.clock.now(), wiring.rng.as_ref());
        intake.take(KINGDEE, &some.iter().map(item).collect::<Vec<_>>()).await?;
        drain(worker, wiring).await?;
    }
    Ok(())
}

/// Works until the queue is empty.
async fn drain(worker: &Worker, wiring: &Wiring) -> anyhow::Result<()> {
    loop {
        match worker.work(&|| true).await? {
            Worked::Batch(turns) => {
                let failed = turns.iter().find(|turn| turn.outcome.name() == "failed");
                ensure!(failed.is_none(), "{:?}", failed.map(|turn| &turn.outcome));
            }
            Worked::Idle(_) => {
                let depth = wiring.stores.queue.depth(KINGDEE).await?;
                if depth.waiting + depth.in_flight == 0 {
                    return Ok(());
                }
                wiring.clock.sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Every order is in one seal, each bill is there once, and together they come to what the orders do.
async fn check_sums(vendors: &Vendors, wiring: &Wiring, orders: u32) -> anyhow::Result<()> {
    let mut members = 0;
    for group in 0..GROUPS {
        let seals = wiring.stores.groups.seals(&GroupId::new(FLOW, format!("R{group:03}"))).await?;
        ensure!(seals.len() == 1 && seals[0].is_queued, "R{group:03} has {} seals", seals.len());
        members += seals[0].members.len();
    }
    ensure!(members == orders as usize, "{members} members of {orders}");
    let (mut quantity, mut amount) = (Decimal::ZERO, Decimal::ZERO);
    for (number, count) in vendors.kingdee.creates() {
        ensure!(count == 1, "{number} was made {count} times");
        for order in vendors.kingdee.orders(&number) {
            for line in order.body["material_entity"].as_array().context("lines")? {
                let read = |name: &str| line[name].as_str().and_then(|text| text.parse::<Decimal>().ok());
                let (of_line, price) = (read("qty").context("qty")?, read("taxprice").context("taxprice")?);
                quantity += of_line;
                amount += (of_line * price).round_dp(2);
            }
        }
    }
    let cents: i64 = (0..i64::from(orders)).map(|number| number + 20).sum();
    ensure!(quantity == Decimal::from(orders) * Decimal::TEN, "{quantity} pieces");
    ensure!(amount == Decimal::new(cents, 2), "{amount} of {}", Decimal::new(cents, 2));
    Ok(())
}

fn ms(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}
