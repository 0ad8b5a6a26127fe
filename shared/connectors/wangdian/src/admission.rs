//! What the vendor takes at certain hours and so often a day alone, kept on our side: what it would answer is not known.

use std::time::Duration;

use relay_connector::{Class, Failure, OutOfTime, Quota, Surroundings, Use};
use relay_core::clock::Deadline;

use crate::catalog::{Endpoint, endpoints};
use crate::client::Client;
use crate::error::VENDOR;
use crate::settings::{Route, Settings};

const DAY: Duration = Duration::from_secs(86_400);

/// A call is not waited for longer than this where a day's calls may be used up.
const PATIENCE: Duration = Duration::from_secs(5);

/// The calls of a day, of an interface that has fewer than the account.
pub(crate) struct Daily {
    php: &'static str,
    quota: Quota,
}

impl Daily {
    /// Of every interface that has one.
    pub(crate) fn all(settings: &Settings, surroundings: &Surroundings) -> Vec<Self> {
        let daily = |endpoint: &'static Endpoint| {
            let calls = endpoint.document.push?.calls_a_day?;
            let quota = Quota::new(VENDOR, &[&settings.sid, endpoint.php], calls, DAY, surroundings);
            Some(Self { php: endpoint.php, quota })
        };
        endpoints().filter_map(daily).collect()
    }
}

impl Client {
    /// Waits for a call of the day's, where the interface counts them.
    ///
    /// # Errors
    /// To be tried later, without a call, at other hours than the vendor's and when the day's calls are used up. Other
    /// documents are not held up.
    pub(crate) async fn admitted(&self, endpoint: &Endpoint, deadline: Deadline) -> Result<(), Failure> {
        let Some(push) = endpoint.document.push else { return Ok(()) };
        let wait = push.hours.map_or(Duration::ZERO, |hours| hours.wait(self.now(Route::Direct)));
        if let (Some(hours), false) = (push.hours, wait.is_zero()) {
            let message = format!(
                "the vendor takes this from {}:00 to {}:00 in China: it waits",
                hours.from, hours.until
            );
            return Err(later(endpoint, wait, message));
        }
        let Some(daily) = self.daily.iter().find(|daily| daily.php == endpoint.php) else { return Ok(()) };
        let patience = Deadline::within(self.clock.as_ref(), PATIENCE).or_sooner(deadline);
        match daily.quota.wait(Use::Push, patience).await {
            Ok(()) => Ok(()),
            Err(OutOfTime) if deadline.is_over(self.clock.as_ref()) => {
                Err(Failure::out_of_time(VENDOR, endpoint.php))
            }
            Err(OutOfTime) => {
                let calls = push.calls_a_day.map_or(0, std::num::NonZeroU32::get);
                let message = format!("the {calls} calls of this interface in a day are used up: it waits");
                Err(later(endpoint, DAY / 48, message))
            }
        }
    }
}

fn later(endpoint: &Endpoint, after: Duration, message: String) -> Failure {
    let class = Class::NotYet { after };
    Failure::in_our_words(VENDOR, endpoint.php, class, None, message)
}
