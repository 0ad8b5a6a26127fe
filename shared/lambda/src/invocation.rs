//! One invocation: the event, and what is told of it.

use std::io::Write;
use std::time::Duration;

use chrono::{DateTime, Utc};
use lambda_runtime::LambdaEvent;
use metrics_cloudwatch_embedded::Collector;
use serde_json::Value;
use tracing::Instrument as _;
use wiring::Function;

use crate::{Host, metrics};

/// What Lambda gives a function, less the time of one call to a vendor: nothing is begun that could be cut off.
const ONE_CALL: Duration = Duration::from_secs(35);

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
    let deadline = DateTime::<Utc>::from(context.deadline()) - ONE_CALL;
    collector.set_property("requestId", context.request_id.as_str());
    let span = tracing::info_span!("invocation", request_id = context.request_id);
    let answer = async {
        let answer = host.invoke(event, Some(deadline)).await;
        answer.inspect_err(|error| tracing::error!(error = format!("{error:#}"), "the event was not worked"))
    };
    metrics::written(collector, lines, answer.instrument(span)).await
}
