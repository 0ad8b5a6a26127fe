//! One invocation: the event, and what is told of it.

use std::io::Write;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use lambda_runtime::LambdaEvent;
use metrics_cloudwatch_embedded::Collector;
use serde_json::Value;
use tracing::Instrument as _;
use wiring::Function;

use crate::{Host, metrics};

/// What Lambda gives a function, less the time of one call to a vendor: nothing is begun that could be cut off.
const ONE_CALL: Duration = Duration::from_secs(35);

const A_DAY: Duration = Duration::from_secs(86_400);

/// Works one event of Lambda's under a span that names the request, and writes to `lines` what was counted meanwhile.
///
/// # Errors
/// What the function fails with.
pub async fn work<F: Function>(
    host: &mut Host<F>,
    event: LambdaEvent<Value>,
    collector: &Collector,
    lines: impl Write,
) -> anyhow::Result<Value> {
    let (event, context) = event.into_parts();
    collector.set_property("requestId", context.request_id.as_str());
    let span = tracing::info_span!("invocation", request_id = context.request_id);
    let answer = async {
        let answer = host.invoke(event, deadline(context.deadline())).await;
        answer.inspect_err(|error| tracing::error!(error = format!("{error:#}"), "the event was not worked"))
    };
    metrics::written(collector, lines, answer.instrument(span)).await
}

/// Until when something may be begun. `cargo lambda watch` always names ten minutes past 1970, and means none.
fn deadline(lambda: SystemTime) -> Option<DateTime<Utc>> {
    let is_real = lambda.duration_since(SystemTime::UNIX_EPOCH).is_ok_and(|since| since > A_DAY);
    is_real.then(|| DateTime::from(lambda) - ONE_CALL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_call_to_a_vendor_has_its_time() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let expected = DateTime::from_timestamp(1_700_000_000, 0);
        assert_eq!(deadline(at(1_700_000_035)), expected);
    }

    #[test]
    fn what_cargo_lambda_says_is_no_deadline() {
        assert_eq!(deadline(SystemTime::UNIX_EPOCH + Duration::from_millis(600_000)), None);
    }
}
