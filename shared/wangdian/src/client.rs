use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clock::Clock;
use vendor::{Class, Failure, Metered, Quota, Request, Transport, count_failure};

use crate::catalog::Endpoint;
use crate::envelope::Envelope;
use crate::error::{self, VENDOR};
use crate::parameters::Parameters;
use crate::settings::{Route, Settings};
use crate::{direct, qimen};

const MINUTE: Duration = Duration::from_secs(60);

/// One seller account of 旺店通, over both routes.
///
/// Reading is in `query.rs` and `pool.rs`, writing in `push.rs`, asking after what was written in `find.rs`.
pub struct Client {
    settings: Settings,
    transport: Metered,
    clock: Arc<dyn Clock>,
    quota: Quota,
}

impl Client {
    /// A client of that account. Both routes share one allowance, without bursts: what the vendor's limit counts
    /// by (account, interface or address) is not known.
    #[must_use]
    pub fn new(settings: Settings, transport: Arc<dyn Transport>, clock: Arc<dyn Clock>) -> Self {
        let quota = Quota::new(VENDOR, settings.calls_per_minute, MINUTE, NonZeroU32::MIN, clock.clone());
        let transport = Metered::new(VENDOR, transport, clock.clone());
        Self { settings, transport, clock, quota }
    }

    /// What lies between two calls when there is always one more to make.
    #[must_use]
    pub fn pace(&self) -> Duration {
        MINUTE / self.settings.calls_per_minute.get()
    }

    /// The time by which calls are signed.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Makes one call and opens its answer.
    ///
    /// # Errors
    /// What the answer, or the lack of one, means.
    pub(crate) async fn call(
        &self,
        route: Route,
        endpoint: &Endpoint,
        parameters: Parameters,
    ) -> Result<Envelope, Failure> {
        self.quota.wait().await;
        // The sign holds the time, which must be that of the sending, not of the asking.
        let began = self.clock.now();
        let request = self.request(route, endpoint, parameters, began)?;
        let operation = endpoint.operation(route);
        let outcome = match self.transport.send(request).await {
            Ok(response) => {
                error::judge(operation, &response).map_err(|failure| error::naming_secret(failure, route))
            }
            Err(error) => Err(Failure::transport(VENDOR, operation, &error)),
        };
        let code = match &outcome {
            Ok(envelope) => envelope.code(),
            Err(failure) => failure.code.clone(),
        };
        let duration_ms = (self.clock.now() - began).num_milliseconds();
        let code = vendor::failure::code_for_logs(code.as_deref());
        tracing::debug!(endpoint = operation, code, duration_ms, "called 旺店通");
        outcome.inspect_err(count_failure)
    }

    fn request(
        &self,
        route: Route,
        endpoint: &Endpoint,
        parameters: Parameters,
        now: DateTime<Utc>,
    ) -> Result<Request, Failure> {
        match (route, &self.settings.qimen) {
            (Route::Direct, _) => Ok(direct::request(&self.settings, endpoint.php, parameters, now)),
            (Route::Qimen, Some(gateway)) => {
                Ok(qimen::request(gateway, &self.settings.sid, endpoint.qimen_method, parameters, now))
            }
            (Route::Qimen, None) => {
                let message = "no account for the Qimen route: set QIMEN_APP_KEY and QIMEN_APP_SECRET, \
                               or let the flow read over `route = \"direct\"`";
                let class = Class::Paused { until: None };
                Err(Failure::in_our_words(VENDOR, endpoint.qimen_method, class, None, message))
            }
        }
    }
}
