use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use relay_connector::{
    Class, Failure, Metered, OutOfTime, Quota, Request, Surroundings, Transport as _, Use, VendorTime,
    count_failure,
};
use relay_core::clock::{Clock, Deadline};

use crate::admission::{Daily, Walks};
use crate::catalog::Endpoint;
use crate::envelope::Envelope;
use crate::error::{self, Rejected, VENDOR};
use crate::parameters::Parameters;
use crate::settings::{Route, Settings};
use crate::{direct, qimen};

const MINUTE: Duration = Duration::from_secs(60);

/// One seller account of 旺店通, over both routes.
///
/// Reading is in `windows.rs`, `lists.rs` and `pools.rs`, delivering in `target.rs`.
pub struct Client {
    settings: Settings,
    transport: Metered,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) quota: Quota,
    pub(crate) daily: Vec<Daily>,
    pub(crate) walks: Walks,
    times: [VendorTime; 2],
}

impl Client {
    /// A client of that account. Both routes share one allowance: what the vendor's limit counts by (account, interface or
    /// address) is not known.
    #[must_use]
    pub fn new(settings: Settings, surroundings: &Surroundings) -> Self {
        let Surroundings { transport, clock, .. } = surroundings.clone();
        let quota = Quota::new(VENDOR, &[&settings.sid], settings.calls_per_minute, MINUTE, surroundings);
        let transport = Metered::new(VENDOR, transport, clock.clone());
        let times = [(); 2].map(|()| VendorTime::new(VENDOR, clock.clone()));
        let daily = Daily::all(&settings, surroundings);
        Self { settings, transport, clock, quota, daily, walks: Walks::new(surroundings), times }
    }

    /// The seller account.
    pub(crate) fn sid(&self) -> &str {
        &self.settings.sid
    }

    /// What lies between two calls when there is always one more to make.
    pub(crate) fn interval(&self) -> Duration {
        MINUTE / self.settings.calls_per_minute.get()
    }

    /// The vendor's time, as the servers of that route tell it.
    pub(crate) fn time_of(&self, route: Route) -> &VendorTime {
        let [direct, qimen] = &self.times;
        match route {
            Route::Direct => direct,
            Route::Qimen => qimen,
        }
    }

    /// Makes one call and opens its answer. Nothing is sent after the deadline. One that may have been refused for our
    /// clock is made once more by the vendor's.
    ///
    /// # Errors
    /// What the answer, or the lack of one, means.
    pub(crate) async fn call(
        &self,
        route: Route,
        endpoint: &Endpoint,
        parameters: Parameters,
        purpose: Use,
        deadline: Deadline,
    ) -> Result<Envelope, Rejected> {
        let call =
            |correction| self.call_by(correction, route, endpoint, parameters.clone(), purpose, deadline);
        let outcome = self.time_of(route).signed(Rejected::is_of_us, call).await;
        outcome.inspect_err(|rejected| count_failure(&rejected.failure))
    }

    /// The time by which calls of that route are signed.
    pub(crate) fn now(&self, route: Route) -> DateTime<Utc> {
        self.clock.now() + self.time_of(route).correction()
    }

    async fn call_by(
        &self,
        correction: TimeDelta,
        route: Route,
        endpoint: &Endpoint,
        parameters: Parameters,
        purpose: Use,
        deadline: Deadline,
    ) -> Result<Envelope, Rejected> {
        let operation = endpoint.operation(route);
        let in_turn = self.quota.wait(purpose, deadline).await;
        in_turn.map_err(|OutOfTime| Failure::out_of_time(VENDOR, operation))?;
        // The sign holds the time, which must be that of the sending, not of the asking.
        let request =
            self.request(route, endpoint, parameters, self.clock.now() + correction)?.within(deadline);
        let began = self.clock.monotonic();
        let outcome = match self.transport.send(request).await {
            Ok(response) => {
                // A page of something that stands between may bear any time.
                let dated = (200..300).contains(&response.status);
                let as_of = dated.then(|| self.time_of(route).note(began, response.date)).flatten();
                let opened = error::judge(operation, &response);
                opened
                    .map(|envelope| envelope.told_as_of(as_of))
                    .map_err(|rejected| rejected.naming_secret(route))
            }
            Err(error) => Err(Failure::transport(VENDOR, operation, &error).into()),
        };
        let code = match &outcome {
            Ok(envelope) => envelope.code(),
            Err(rejected) => rejected.failure.code.clone(),
        };
        let duration_ms = self.clock.monotonic().saturating_sub(began).as_millis();
        let code = relay_connector::failure::code_for_logs(code.as_deref());
        tracing::debug!(endpoint = operation, code, duration_ms, "called 旺店通");
        outcome
    }

    fn request(
        &self,
        route: Route,
        endpoint: &Endpoint,
        parameters: Parameters,
        now: DateTime<Utc>,
    ) -> Result<Request, Failure> {
        let Settings { sid, direct, qimen, .. } = &self.settings;
        let request = match route {
            Route::Direct => direct
                .as_ref()
                .map(|account| direct::request(account, sid, endpoint.php, parameters, now))
                .ok_or("no account for the direct route: set WDT_APPKEY and WDT_APPSECRET, or let the flow go over \
                        `route = \"qimen\"`"),
            Route::Qimen => qimen
                .as_ref()
                .map(|account| qimen::request(account, sid, endpoint.qimen_method, parameters, now))
                .ok_or("no account for the Qimen route: set QIMEN_APP_KEY and QIMEN_APP_SECRET, or let the flow go \
                        over `route = \"direct\"`"),
        };
        request.map_err(|message| {
            let class = Class::Paused { until: None };
            Failure::in_our_words(VENDOR, endpoint.operation(route), class, None, message)
        })
    }
}
