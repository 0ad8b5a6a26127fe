//! What functions count, as lines that CloudWatch makes metrics of (embedded metric format).

use std::future::Future;
use std::io::Write;
use std::pin::pin;
use std::time::Duration;

use metrics::{Unit, describe_counter, describe_histogram};
use metrics_cloudwatch_embedded::{Builder, Collector};
use relay_core::clock::{Clock, Interval};

/// A line takes 100 values of one metric, and our own quotas let 60 calls to a vendor through in this time at most.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// Begins to collect what this process counts.
///
/// # Errors
/// When it does so already.
pub fn collect(namespace: &str) -> anyhow::Result<&'static Collector> {
    let collector = Builder::new().cloudwatch_namespace(namespace.to_owned()).init();
    let collector = collector.map_err(anyhow::Error::from_boxed)?;
    describe();
    Ok(collector)
}

/// Works, and writes what comes together meanwhile: at the end, and from time to time where that is far.
pub async fn written<T>(
    collector: &Collector,
    clock: &dyn Clock,
    mut lines: impl Write,
    work: impl Future<Output = T>,
) -> T {
    let mut due = Interval::new(clock, BETWEEN_LINES);
    let mut work = pin!(work);
    loop {
        tokio::select! {
            done = &mut work => {
                write(collector, &mut lines);
                return done;
            }
            () = due.tick() => write(collector, &mut lines),
        }
    }
}

fn write(collector: &Collector, lines: &mut impl Write) {
    let mut together = Vec::new();
    // All at once, so that no log line comes in between.
    if let Err(error) = collector.flush(&mut together).and_then(|()| lines.write_all(&together)) {
        tracing::error!(%error, "metrics are lost");
    }
}

/// The units, for whoever reads the metrics.
fn describe() {
    describe_counter!("documents", Unit::Count, "Documents whose turn it was, by outcome");
    describe_histogram!(
        "waited",
        Unit::Seconds,
        "How long a document that comes again has been in its queue"
    );
    describe_counter!("queued", Unit::Count, "Documents that a queue has taken");
    describe_histogram!("watermark_lag", Unit::Seconds, "How far behind now a flow has read");
    describe_counter!("vendor_calls", Unit::Count, "Calls to a vendor");
    describe_histogram!("vendor_latency", Unit::Milliseconds, "How long a vendor took to answer");
    describe_counter!("vendor_errors", Unit::Count, "Calls that failed, by what that means");
    describe_histogram!("quota_wait", Unit::Milliseconds, "How long a call waited for our own quota");
    describe_counter!(
        "acknowledgements_refused",
        Unit::Count,
        "Acknowledgements that a source refuses for good"
    );
    describe_counter!("pushes_refused", Unit::Count, "Pushes that were not taken, by reason");
}
