//! Trades of the simulated 旺店通 to the simulated Kingdee: polled, their codes looked up, saved once, and remembered.

#![expect(clippy::disallowed_methods, reason = "a benchmark times by the machine's own time")]

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::ensure;
use benchmarks::house;
use chrono::TimeDelta;
use relay_connector::{HttpTransport, Request, Transport as _};
use relay_core::clock::{Clock as _, SystemClock};
use relay_simulators::Vendors;
use relay_simulators::wangdian::TradeMix;

use crate::rival::Rival;
use crate::running::{LOG, Running, free_port};
use crate::score::Took;

/// How often the vendors' books are looked at.
const LOOK: Duration = Duration::from_millis(2);

/// Nobody takes that long.
const PATIENCE: Duration = Duration::from_secs(300);

/// What carrying so many took, from the first call to 旺店通 to the last order in Kingdee; and the processor time of who
/// carried them, its start included, but for Node-RED's.
pub(crate) async fn carry(rival: &Rival, count: u32, folder: &Path) -> anyhow::Result<Took> {
    let (vendors, start) = (Vendors::new(Arc::new(SystemClock), 1), SystemClock.now() - TimeDelta::hours(1));
    vendors.load_master_data();
    vendors.wangdian.set_calls_a_minute(None);
    let (from, to) = (start + TimeDelta::minutes(1), start + TimeDelta::minutes(58));
    vendors.wangdian.generate_trades(count, from, to, TradeMix::default());
    let served = vendors.serve_on_loopback().await?;
    let addresses = served.base_urls();
    let addresses: Vec<_> = addresses.iter().map(|(name, url)| (*name, url.as_str())).collect();
    let settings = house::settings(&addresses, folder, start);

    let port = free_port()?;
    let mut running = Running::start(rival.carrier(port, folder, &settings)?, &folder.join(LOG))?;
    let before = match rival {
        Rival::NodeRed { .. } => {
            rival.takes_requests(&mut running, port, folder)?;
            let before = running.quiet()?;
            begin(port).await?;
            before
        }
        _ => Duration::ZERO,
    };
    let time = carried(&vendors, count)?;
    let processor = running.quiet()?.saturating_sub(before);
    drop(running);
    is_once(&vendors, count)?;
    let done = rival.trades_done(folder).await?;
    ensure!(done == u64::from(count), "{} knows {done} of {count} trades to be done", rival.name());
    Ok(Took { time, processor })
}

/// Has Node-RED begin.
async fn begin(port: u16) -> anyhow::Result<()> {
    let url = format!("http://127.0.0.1:{port}/carry").parse()?;
    let answer = HttpTransport::new().send(Request::post(url, "application/json", b"{}".to_vec())).await?;
    ensure!(answer.status == 202, "Node-RED does not begin: {}", answer.status);
    Ok(())
}

/// Waits until every order is in Kingdee, and tells how long after the first call to 旺店通.
fn carried(vendors: &Vendors, count: u32) -> anyhow::Result<Duration> {
    let waited = Instant::now();
    let mut began = None;
    loop {
        thread::sleep(LOOK);
        if began.is_none() && !vendors.wangdian.calls().is_empty() {
            began = Some(Instant::now());
        }
        let saved = vendors.kingdee.calls().get("sal_order_save").copied().unwrap_or_default();
        if let Some(began) = began
            && saved >= u64::from(count)
            && vendors.kingdee.creates().len() as u64 >= u64::from(count)
        {
            return Ok(began.elapsed());
        }
        ensure!(waited.elapsed() < PATIENCE, "{saved} of {count} trades are in Kingdee");
    }
}

/// Each trade is there once, and was sent once.
fn is_once(vendors: &Vendors, count: u32) -> anyhow::Result<()> {
    let (creates, calls) = (vendors.kingdee.creates(), vendors.kingdee.calls());
    let sent = calls.get("sal_order_save").copied().unwrap_or_default();
    let is_once = creates.len() as u64 == u64::from(count) && creates.values().all(|times| *times == 1);
    ensure!(is_once && sent == u64::from(count), "{} of {count} trades in {sent} calls", creates.len());
    Ok(())
}
