//! One invocation: the event, and what is told of it.

use std::io::Write;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use lambda_runtime::LambdaEvent;
use metrics_cloudwatch_embedded::Collector;
use relay_core::clock::{Clock, Deadline};
use relay_job::Job;
use serde_json::Value;
use tracing::Instrument as _;

use crate::lambda::metrics::Scope;
use crate::lambda::{Host, metrics};

/// What Lambda gives a function, less the time of one call to a vendor: nothing is begun that could be cut off.
const ONE_CALL: Duration = Duration::from_secs(35);

const A_DAY: Duration = Duration::from_secs(86_400);

/// Works one event of Lambda's under a span that names the request, and writes to `lines` what was counted meanwhile.
///
/// # Errors
/// What the function fails with.
pub async fn work<F: Job>(
    host: &mut Host<F>,
    event: LambdaEvent<Value>,
    collector: &Collector,
    scope: Scope,
    lines: impl Write,
) -> anyhow::Result<Value> {
    let (event, context) = event.into_parts();
    collector.set_property(metrics::REQUEST, context.request_id.as_str());
    let span = tracing::info_span!("invocation", request_id = context.request_id);
    let clock = host.clock();
    let deadline = deadline(context.deadline(), clock.as_ref());
    let answer = async {
        let answer = host.invoke(event, deadline).await;
        answer.inspect_err(|error| tracing::error!(error = format!("{error:#}"), "the event was not worked"))
    };
    metrics::written(collector, scope, clock.as_ref(), lines, answer.instrument(span)).await
}

/// Until when something may be begun. `cargo lambda watch` always names ten minutes past 1970, and means none.
fn deadline(lambda: SystemTime, clock: &dyn Clock) -> Deadline {
    let is_real = lambda.duration_since(SystemTime::UNIX_EPOCH).is_ok_and(|since| since > A_DAY);
    let left = DateTime::<Utc>::from(lambda) - ONE_CALL - clock.now();
    if is_real { Deadline::within(clock, left.to_std().unwrap_or_default()) } else { Deadline::NONE }
}

#[cfg(test)]
mod tests {
    use relay_core::clock::SimulatedClock;

    use super::*;

    #[test]
    fn the_last_call_to_a_vendor_has_its_time() {
        let clock = SimulatedClock::starting_at(DateTime::from_timestamp(1_700_000_000, 0).unwrap());
        let at =
            |seconds| deadline(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds), &clock).left(&clock);
        assert_eq!(at(1_700_000_095), Some(Duration::from_secs(60)));
        assert_eq!(at(1_700_000_030), Some(Duration::ZERO), "no time for another call");
    }

    #[test]
    fn what_cargo_lambda_says_is_no_deadline() {
        let clock = SimulatedClock::starting_at(DateTime::UNIX_EPOCH);
        let told = SystemTime::UNIX_EPOCH + Duration::from_millis(600_000);
        assert_eq!(deadline(told, &clock), Deadline::NONE);
    }
}
