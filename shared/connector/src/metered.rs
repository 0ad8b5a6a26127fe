//! What is counted of the calls to a vendor: how many, how long they took, what they failed with.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use relay_core::clock::Clock;

use crate::calls;
use crate::failure::{Class, Failure};
use crate::record;
use crate::transport::{Request, Response, Transport, TransportError};

/// A transport that counts the calls to one vendor, and their time, and notes them for the archive. It sends nothing whose deadline is over.
pub struct Metered {
    vendor: &'static str,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
}

impl Metered {
    /// Counts what goes to `vendor` over `transport`.
    #[must_use]
    pub fn new(vendor: &'static str, transport: Arc<dyn Transport>, clock: Arc<dyn Clock>) -> Self {
        Self { vendor, transport, clock }
    }
}

#[async_trait]
impl Transport for Metered {
    async fn send(&self, mut request: Request) -> Result<Response, TransportError> {
        if request.deadline.is_over(self.clock.as_ref()) {
            return Err(TransportError::OutOfTime);
        }
        let told = request.told.take();
        if !record::sends() {
            let unsent = Err(TransportError::NotSent(record::UNSENT.to_owned()));
            record::note(self.vendor, told, &unsent, Duration::ZERO);
            return unsent;
        }
        let (began, at) = (self.clock.monotonic(), self.clock.now());
        let operation = told.as_ref().map(|told| told.operation.clone());
        let answer = self.transport.send(request).await;
        let took = self.clock.monotonic().saturating_sub(began);
        record::note(self.vendor, told, &answer, took);
        calls::called(self.vendor, operation.as_deref(), answer.is_ok(), at);
        metrics::counter!("vendor_calls", "vendor" => self.vendor).increment(1);
        metrics::histogram!("vendor_latency", "vendor" => self.vendor).record(millis(took));
        answer
    }
}

/// Counts a failure where no more is done about it: a token that is renewed at once is none, nor is a call that was not
/// made for lack of time.
pub fn count_failure(failure: &Failure) {
    if failure.class == Class::OutOfTime {
        return;
    }
    if record::sends() {
        calls::failed(failure.vendor, &failure.operation, failure.class.name());
    }
    metrics::counter!("vendor_errors", "vendor" => failure.vendor, "class" => failure.class.name())
        .increment(1);
}

pub(crate) fn millis(span: Duration) -> u32 {
    u32::try_from(span.as_millis()).unwrap_or(u32::MAX)
}
