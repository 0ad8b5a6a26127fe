//! What is counted of the calls to a vendor: how many, how long they took, what they failed with.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use clock::Clock;

use crate::failure::Failure;
use crate::transport::{Request, Response, Transport, TransportError};

/// A transport that counts the calls to one vendor, and their time.
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
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let began = self.clock.now();
        let answer = self.transport.send(request).await;
        metrics::counter!("vendor_calls", "vendor" => self.vendor).increment(1);
        metrics::histogram!("vendor_latency", "vendor" => self.vendor)
            .record(whole_millis(self.clock.now() - began));
        answer
    }
}

/// Counts a failure where no more is done about it: a token that is renewed at once is none.
pub fn count_failure(failure: &Failure) {
    metrics::counter!("vendor_errors", "vendor" => failure.vendor, "class" => failure.class.name())
        .increment(1);
}

pub(crate) fn whole_millis(span: TimeDelta) -> u32 {
    u32::try_from(span.num_milliseconds().max(0)).unwrap_or(u32::MAX)
}
