//! What the vendor takes at certain hours and so often a day alone, kept on our side: what it would answer is not known.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use relay_connector::{Class, Failure, OutOfTime, Quota, Surroundings, Use};
use relay_core::clock::Deadline;

use crate::catalog::{Endpoint, Walk, endpoints};
use crate::client::Client;
use crate::error::VENDOR;
use crate::read::Asked;
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
    pub(crate) async fn admitted(
        &self,
        endpoint: &Endpoint,
        route: Route,
        deadline: Deadline,
    ) -> Result<(), Failure> {
        let Some(push) = endpoint.document.push else { return Ok(()) };
        let wait = push.hours.map_or(Duration::ZERO, |hours| hours.wait(self.now(route)));
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

impl Client {
    /// Whether that query may be asked now: by a number of which the vendor lets so many questions through a day, it is
    /// asked in even distances.
    pub(crate) async fn may_walk(&self, asked: &Asked<'_>) -> bool {
        let endpoint = asked.endpoint;
        let Some(walk) = endpoint.walk else { return true };
        let Some(numbers) = numbers(&walk, &asked.query.params) else { return true };
        let quota = self.walks.of(self.sid(), endpoint, &walk, &numbers);
        quota.wait(Use::Read, Deadline::within(self.clock.as_ref(), PATIENCE)).await.is_ok()
    }
}

/// The questions by number of which the vendor lets so many through a day.
pub(crate) struct Walks {
    surroundings: Surroundings,
    quotas: Mutex<BTreeMap<String, Arc<Quota>>>,
}

impl Walks {
    pub(crate) fn new(surroundings: &Surroundings) -> Self {
        Self { surroundings: surroundings.clone(), quotas: Mutex::default() }
    }

    /// What is left of a question by these numbers: kept, because what a permit was used for is told with the next.
    fn of(&self, sid: &str, endpoint: &Endpoint, walk: &Walk, numbers: &str) -> Arc<Quota> {
        let mut quotas = self.quotas.lock().unwrap_or_else(PoisonError::into_inner);
        let of_query = [sid, endpoint.php, numbers];
        let every = DAY / walk.a_day.get();
        let new = || Arc::new(Quota::new(VENDOR, &of_query, NonZeroU32::MIN, every, &self.surroundings));
        quotas.entry(numbers.to_owned()).or_insert_with(new).clone()
    }
}

/// The numbers by which a query asks, where it does.
fn numbers(walk: &Walk, params: &[(String, String)]) -> Option<String> {
    let given = params.iter().filter(|(name, _)| walk.by.contains(&name.as_str()));
    let given: Vec<_> = given.map(|(name, value)| format!("{name}={value}")).collect();
    (!given.is_empty()).then(|| given.join("&"))
}

fn later(endpoint: &Endpoint, after: Duration, message: String) -> Failure {
    let class = Class::NotYet { after };
    Failure::in_our_words(VENDOR, endpoint.php, class, None, message)
}
