//! What the vendor takes at certain hours and so often a day alone, kept on our side: what it would answer is not known.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use relay_connector::{Class, Failure, OutOfTime, Quota, Span, Surroundings, Use};
use relay_core::clock::Deadline;

use crate::catalog::{Endpoint, Walk, endpoints};
use crate::client::Client;
use crate::error::VENDOR;
use crate::read::Asked;
use crate::settings::{Route, Settings};

const DAY: Duration = Duration::from_secs(86_400);

/// A call is not waited for longer than this where a day's calls may be used up.
const PATIENCE: Duration = Duration::from_secs(5);

/// A window is read within this time: a run of the poller takes no longer.
const LONGEST_WALK: Duration = Duration::from_secs(900);

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
                let after = daily.quota.outlook(Use::Push, 1).await.max(PATIENCE);
                Err(later(endpoint, after, message))
            }
        }
    }
}

impl Client {
    /// Lets a window be read, where the vendor lets its query through so often a day: those walks are begun in even
    /// distances, and all pages of one, however often they are asked for, are one walk.
    ///
    /// # Errors
    /// To be tried later, without a call, where the next walk is not due.
    pub(crate) async fn may_walk(
        &self,
        asked: &Asked<'_>,
        span: Span,
        deadline: Deadline,
    ) -> Result<(), Failure> {
        let endpoint = asked.endpoint;
        let is_by_number =
            |walk: &Walk| asked.query.params.iter().any(|(name, _)| walk.by.contains(&name.as_str()));
        let Some(walk) = endpoint.walk.filter(is_by_number) else { return Ok(()) };
        let walks = self.walks.of(self.sid(), endpoint, &walk, &asked.query.params);
        if walks.goes_on(span, self.clock.monotonic()) {
            return Ok(());
        }
        let patience = Deadline::within(self.clock.as_ref(), PATIENCE).or_sooner(deadline);
        match walks.quota.wait(Use::Read, patience).await {
            Ok(()) => {
                walks.begin(span, self.clock.monotonic());
                Ok(())
            }
            Err(OutOfTime) if deadline.is_over(self.clock.as_ref()) => {
                Err(Failure::out_of_time(VENDOR, endpoint.php))
            }
            Err(OutOfTime) => {
                let after = walks.quota.outlook(Use::Read, 1).await.max(PATIENCE);
                let (by, a_day) = (walk.by.join(" or "), walk.a_day);
                let message =
                    format!("by {by} the vendor lets itself be asked {a_day} times a day: it waits");
                Err(later(endpoint, after, message))
            }
        }
    }
}

/// The walks of each query that the vendor lets through so often a day.
pub(crate) struct Walks {
    surroundings: Surroundings,
    queries: Mutex<BTreeMap<String, Arc<WalksOfQuery>>>,
}

/// The walks of one query.
struct WalksOfQuery {
    quota: Quota,
    /// The window of the last one, and when it began.
    last: Mutex<Option<(Span, Duration)>>,
}

impl Walks {
    pub(crate) fn new(surroundings: &Surroundings) -> Self {
        Self { surroundings: surroundings.clone(), queries: Mutex::default() }
    }

    /// Those of the query with these parameters: kept, because what a permit was used for is told with the next.
    fn of(
        &self,
        sid: &str,
        endpoint: &Endpoint,
        walk: &Walk,
        params: &[(String, String)],
    ) -> Arc<WalksOfQuery> {
        let mut params: Vec<_> = params.iter().map(|(name, value)| format!("{name}={value}")).collect();
        params.sort_unstable();
        let asked = params.join("&");
        let new = || {
            let of_query = [sid, endpoint.php, &asked];
            let every = DAY / walk.a_day.get();
            let quota = Quota::new(VENDOR, &of_query, NonZeroU32::MIN, every, &self.surroundings);
            Arc::new(WalksOfQuery { quota, last: Mutex::default() })
        };
        let mut queries = self.queries.lock().unwrap_or_else(PoisonError::into_inner);
        queries.entry(asked.clone()).or_insert_with(new).clone()
    }
}

impl WalksOfQuery {
    /// Whether a page of that window belongs to the walk that was begun last.
    fn goes_on(&self, span: Span, now: Duration) -> bool {
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|(walked, began)| walked == span && now.saturating_sub(began) < LONGEST_WALK)
    }

    fn begin(&self, span: Span, now: Duration) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((span, now));
    }
}

fn later(endpoint: &Endpoint, after: Duration, message: String) -> Failure {
    let class = Class::NotYet { after };
    Failure::in_our_words(VENDOR, endpoint.php, class, None, message)
}
