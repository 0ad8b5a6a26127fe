//! Signed pushes of direct orders, from sixteen clients at once: each is on disk before it is answered.

#![expect(clippy::disallowed_methods, reason = "a benchmark times by the machine's own time")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::ensure;
use benchmarks::house;
use chrono::TimeDelta;
use futures::future::try_join_all;
use relay_connector::{HttpTransport, Request, Transport as _};
use relay_core::clock::{Clock as _, SystemClock};
use relay_simulators::Vendors;
use relay_simulators::qince::{Digest, PushStyle, SignedPush, read_reply};
use url::Url;

use crate::rival::Rival;
use crate::running::{LOG, Running, free_port};
use crate::score::Took;

/// So many push at once.
pub(crate) const CLIENTS: usize = 16;

/// Refused by each, before the clock runs.
const WRONG: [Digest; 2] = [Digest::Wrong, Digest::Tampered];

/// What taking so many took, and the processor time of who took them.
pub(crate) async fn take(rival: &Rival, count: u32, folder: &Path) -> anyhow::Result<Took> {
    let now = SystemClock.now();
    let settings = house::settings(&[], folder, now);
    let qince = &Vendors::new(Arc::new(SystemClock), 1).qince;
    let orders = qince.orders(count, now - TimeDelta::hours(1), now);
    let pushes: Vec<_> = orders.iter().map(|order| qince.push(order, &PushStyle::default())).collect();

    let port = free_port()?;
    let mut running = Running::start(rival.receiver(port, folder, &settings).await?, &folder.join(LOG))?;
    rival.takes_requests(&mut running, port, folder)?;
    let client = Client {
        http: HttpTransport::new(),
        url: format!("http://127.0.0.1:{port}/qince/direct-orders").parse()?,
    };
    for digest in WRONG {
        let push = qince.push(&qince.order(now), &PushStyle { digest, ..PushStyle::default() });
        ensure!(!client.is_taken(&push).await?, "{} takes a {digest:?} digest", rival.name());
    }

    let before = running.quiet()?;
    let began = Instant::now();
    client.push_all(&pushes).await?;
    let time = began.elapsed();
    let processor = running.processor_time()?.saturating_sub(before);
    drop(running);
    let kept = rival.pushes_kept(folder).await?;
    ensure!(kept == u64::from(count), "{} has kept {kept} of {count} pushes", rival.name());
    Ok(Took { time, processor })
}

struct Client {
    http: HttpTransport,
    url: Url,
}

impl Client {
    async fn push_all(&self, pushes: &[SignedPush]) -> anyhow::Result<()> {
        let next = AtomicUsize::new(0);
        let clients = (0..CLIENTS).map(|_| async {
            while let Some(push) = pushes.get(next.fetch_add(1, Ordering::Relaxed)) {
                ensure!(self.is_taken(push).await?, "a push is refused");
            }
            Ok(())
        });
        try_join_all(clients).await.map(drop)
    }

    async fn is_taken(&self, push: &SignedPush) -> anyhow::Result<bool> {
        let request = Request::post(self.url.clone(), &push.content_type, push.body.clone());
        let answer = self.http.send(request).await?;
        read_reply(push, answer.status, &answer.body).map_err(anyhow::Error::msg)
    }
}
