use chrono::DateTime;
use relay_core::clock::{SeededRng, SimulatedClock};
use relay_core::{StoreError, StoreErrorKind};

use super::*;
use crate::{Request, Response, Transport, TransportError};

const MINUTE: Duration = Duration::from_secs(60);

/// A second, and what its calls are counted coarser by.
const SECOND: Duration = Duration::from_millis(1_020);

/// What a quota is built on: of processes that share their budgets, each with a name of its own.
pub(super) fn surroundings(clock: Arc<dyn Clock>, quotas: Arc<dyn Quotas>, process: u64) -> Surroundings {
    let (transport, rng) = (Arc::new(NoTransport), Arc::new(SeededRng::new(process)));
    Surroundings { quotas, ..Surroundings::unshared(transport, clock, rng) }
}

struct NoTransport;

#[async_trait::async_trait]
impl Transport for NoTransport {
    async fn send(&self, _request: Request) -> Result<Response, TransportError> {
        panic!("a quota sends nothing")
    }
}

/// The same budget, of so many processes.
fn processes(count: u64, calls: u32, period: Duration) -> (Arc<SimulatedClock>, Vec<Arc<Quota>>) {
    let start = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
    let clock = Arc::new(SimulatedClock::starting_at(start));
    let quotas = Arc::new(UnsharedQuotas::new(clock.clone()));
    let calls = NonZeroU32::new(calls).unwrap();
    let process = |number| {
        let surroundings = surroundings(clock.clone(), quotas.clone(), number);
        Arc::new(Quota::new("v", &["account"], calls, period, &surroundings))
    };
    (clock.clone(), (0..count).map(process).collect())
}

fn quota(calls: u32, period: Duration) -> (Arc<SimulatedClock>, Arc<Quota>) {
    let (clock, mut quotas) = processes(1, calls, period);
    (clock, quotas.remove(0))
}

pub(super) async fn wait(quota: &Quota, purpose: Use) {
    quota.wait(purpose, Deadline::NONE).await.unwrap();
}

/// A clock whose hands only the test moves, for those who wait at the same time.
struct Still(SimulatedClock, Notify);

#[async_trait::async_trait]
impl Clock for Still {
    fn now(&self) -> DateTime<chrono::Utc> {
        self.0.now()
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    async fn sleep(&self, duration: Duration) {
        let until = self.monotonic() + duration;
        while self.monotonic() < until {
            self.1.notified().await;
        }
    }

    async fn elapse(&self, duration: Duration) {
        self.sleep(duration).await;
    }
}

impl Still {
    /// Lets everybody who is due do what he is due for.
    async fn advance(&self, duration: Duration) {
        self.0.advance(duration);
        self.1.notify_waiters();
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }
}

/// A quota of one call a second, whose first second is taken.
async fn one_a_second() -> (Arc<Still>, Arc<Quota>) {
    let clock = Arc::new(Still(SimulatedClock::starting_at(DateTime::UNIX_EPOCH), Notify::new()));
    let surroundings = surroundings(clock.clone(), Arc::new(UnsharedQuotas::new(clock.clone())), 1);
    let second = Duration::from_secs(1);
    let quota = Arc::new(Quota::new("v", &["account"], NonZeroU32::MIN, second, &surroundings));
    wait(&quota, Use::Push).await;
    (clock, quota)
}

type Log = Arc<Mutex<Vec<String>>>;

/// Somebody who waits for one call and notes it.
async fn one(quota: &Arc<Quota>, log: &Log, name: String, purpose: Use) -> tokio::task::JoinHandle<()> {
    let (quota, log) = (quota.clone(), log.clone());
    let waiting = tokio::spawn(async move {
        wait(&quota, purpose).await;
        log.lock().unwrap().push(name);
    });
    tokio::task::yield_now().await;
    waiting
}

#[tokio::test]
async fn a_backlog_uses_the_limit_and_no_period_has_more() {
    for (calls, seconds) in [(50, 60), (80, 20), (600, 60)] {
        let period = Duration::from_secs(seconds);
        let (clock, quota) = quota(calls, period);
        let began = clock.monotonic();
        let mut made = Vec::new();
        while clock.monotonic() < began + 10 * period {
            wait(&quota, Use::Push).await;
            made.push(clock.monotonic());
        }
        assert_limit(&made, calls, period);
        assert!(made.len() * 100 >= calls as usize * 950, "{calls} in {seconds} s: {}", made.len());
    }
}

fn assert_limit(made: &[Duration], calls: u32, period: Duration) {
    let most = made.iter().map(|from| made.iter().filter(|at| (*from..*from + period).contains(at)).count());
    let most = most.max().unwrap_or_default();
    assert!(most <= calls as usize, "{most} of {calls} in {period:?}");
}

#[tokio::test]
async fn processes_of_one_account_stay_within_its_limit_together() {
    let (clock, quotas) = processes(3, 60, MINUTE);
    let mut made = Vec::new();
    for round in 0..300 {
        wait(&quotas[round % 3], Use::Push).await;
        made.push(clock.monotonic());
    }
    assert_limit(&made, 60, MINUTE);
}

#[tokio::test]
async fn a_process_that_is_begun_anew_has_no_new_budget() {
    let period = Duration::from_secs(20);
    let start = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
    let clock = Arc::new(SimulatedClock::starting_at(start));
    let quotas = Arc::new(UnsharedQuotas::new(clock.clone()));
    let mut made = Vec::new();
    for life in 0..60 {
        let surroundings = surroundings(clock.clone(), quotas.clone(), life);
        let quota = Quota::new("v", &["account"], NonZeroU32::new(20).unwrap(), period, &surroundings);
        for _ in 0..3 {
            wait(&quota, Use::Push).await;
            made.push(clock.monotonic());
        }
    }
    assert_limit(&made, 20, period);
}

#[tokio::test]
async fn other_accounts_have_budgets_of_their_own() {
    let (clock, mine) = quota(1, MINUTE);
    let surroundings = surroundings(clock.clone(), mine.quotas.clone(), 9);
    let other = Quota::new("v", &["other"], NonZeroU32::MIN, MINUTE, &surroundings);
    let began = clock.monotonic();
    wait(&mine, Use::Push).await;
    wait(&other, Use::Push).await;
    assert_eq!(clock.monotonic(), began);
}

#[tokio::test]
async fn where_the_vendor_counts_by_seconds_too_few_go_at_once() {
    let (clock, quota) = quota(100, MINUTE);
    let quota = Arc::into_inner(quota).unwrap().at_once(NonZeroU32::new(4).unwrap());
    let mut made = Vec::new();
    for _ in 0..40 {
        wait(&quota, Use::Push).await;
        made.push(clock.monotonic());
    }
    assert_limit(&made, 5, Duration::from_secs(1));
}

#[tokio::test]
async fn a_clock_that_is_set_neither_stops_calls_nor_lets_more_through() {
    for hours in [-1, 1] {
        let (clock, quota) = quota(4, MINUTE);
        wait(&quota, Use::Push).await;
        clock.set(clock.now() + chrono::TimeDelta::hours(hours));
        let set = clock.monotonic();
        for _ in 0..8 {
            wait(&quota, Use::Push).await;
        }
        let taken = (clock.monotonic() - set).as_secs();
        assert!((100..140).contains(&taken), "{hours} hours: {taken} s");
    }
}

/// Budgets that cannot be asked a few times.
struct Failing(Mutex<u32>, UnsharedQuotas);

#[async_trait::async_trait]
impl Quotas for Failing {
    async fn ask(&self, name: &str, limit: Limit, ask: &Ask) -> Result<Grant, StoreError> {
        let fails = {
            let mut left = self.0.lock().unwrap();
            let fails = *left > 0;
            *left = left.saturating_sub(1);
            fails
        };
        if fails {
            return Err(StoreError::new("asking", "throttled").of_kind(StoreErrorKind::Throttled));
        }
        self.1.ask(name, limit, ask).await
    }

    async fn used(&self) -> Result<Vec<(String, relay_core::quota::Used)>, StoreError> {
        Ok(Vec::new())
    }
}

#[tokio::test]
async fn a_budget_that_cannot_be_asked_is_asked_again_and_no_call_is_made_meanwhile() {
    let clock = Arc::new(SimulatedClock::starting_at(DateTime::UNIX_EPOCH));
    let failing = Arc::new(Failing(Mutex::new(3), UnsharedQuotas::new(clock.clone())));
    let surroundings = surroundings(clock.clone(), failing, 1);
    let quota = Quota::new("v", &["account"], NonZeroU32::new(60).unwrap(), MINUTE, &surroundings);
    let began = clock.monotonic();
    wait(&quota, Use::Push).await;
    assert_eq!(clock.monotonic() - began, 3 * AGAIN);
    let short = Deadline::within(clock.as_ref(), Duration::from_millis(100));
    assert_eq!(quota.wait(Use::Push, short).await, Ok(()));
}

#[tokio::test]
async fn calls_of_one_use_are_made_in_the_order_they_came() {
    let (clock, quota) = one_a_second().await;
    let log = Log::default();
    for number in 0..5 {
        one(&quota, &log, format!("push {number}"), Use::Push).await;
    }
    for _ in 0..5 {
        clock.advance(SECOND).await;
    }
    assert_eq!(*log.lock().unwrap(), ["push 0", "push 1", "push 2", "push 3", "push 4"]);
}

#[tokio::test]
async fn reads_go_before_a_backlog_of_pushes_and_starve_none() {
    let (clock, quota) = one_a_second().await;
    let log = Log::default();
    for number in 0..3 {
        one(&quota, &log, format!("push {number}"), Use::Push).await;
    }
    for number in 0..8 {
        one(&quota, &log, format!("read {number}"), Use::Read).await;
    }
    for _ in 0..11 {
        clock.advance(SECOND).await;
    }
    let expected = [
        "read 0", "read 1", "read 2", "push 0", "read 3", "read 4", "read 5", "push 1", "read 6", "read 7",
        "push 2",
    ];
    assert_eq!(*log.lock().unwrap(), expected);
}

#[tokio::test]
async fn whoever_looks_out_has_permits_at_hand_or_is_told_when_there_will_be_some() {
    let (clock, quota) = quota(60, MINUTE);
    assert_eq!(quota.at_hand(Use::Push), 0, "nobody has asked");
    assert_eq!(quota.outlook(Use::Push, 4).await, Duration::ZERO);
    // Nobody else uses the account: it gives more, to keep.
    assert_eq!((quota.at_hand(Use::Push), quota.at_hand(Use::Replay)), (10, 0));
    wait(&quota, Use::Push).await;
    assert_eq!(quota.at_hand(Use::Push), 9);
    let mut made = 1;
    let told = loop {
        let told = quota.outlook(Use::Push, 10).await;
        if !told.is_zero() {
            break told;
        }
        wait(&quota, Use::Push).await;
        made += 1;
        assert!(made <= 60, "it has an end");
    };
    let began = clock.monotonic();
    assert_eq!(quota.outlook(Use::Push, 10).await, told, "it is known, and not asked for again");
    clock.advance(told);
    assert_eq!(quota.outlook(Use::Push, 10).await, Duration::ZERO);
    assert!(quota.at_hand(Use::Push) > 0 && clock.monotonic() == began + told, "nobody has waited");
}

#[tokio::test]
async fn whoever_stops_waiting_leaves_no_hole() {
    let (clock, quota) = one_a_second().await;
    let log = Log::default();
    let first = one(&quota, &log, "gone".to_owned(), Use::Push).await;
    one(&quota, &log, "second".to_owned(), Use::Push).await;
    one(&quota, &log, "third".to_owned(), Use::Push).await;
    first.abort();
    clock.advance(Duration::ZERO).await;
    clock.advance(SECOND).await;
    clock.advance(SECOND).await;
    assert_eq!(*log.lock().unwrap(), ["second", "third"]);
}

#[tokio::test]
async fn a_turn_that_would_come_after_the_deadline_is_given_up_at_once() {
    let (clock, quota) = one_a_second().await;
    let log = Log::default();
    let within = |millis| Deadline::within(clock.as_ref(), Duration::from_millis(millis));
    assert_eq!(quota.wait(Use::Push, within(0)).await, Err(OutOfTime));
    assert_eq!(quota.wait(Use::Push, within(1_000)).await, Err(OutOfTime));
    for number in 0..3 {
        one(&quota, &log, format!("push {number}"), Use::Push).await;
    }
    assert_eq!(quota.wait(Use::Push, within(3_900)).await, Err(OutOfTime), "three are ahead");
    let in_time = quota.clone();
    let deadline = within(1_100);
    let read = tokio::spawn(async move { in_time.wait(Use::Read, deadline).await });
    tokio::task::yield_now().await;
    clock.advance(SECOND).await;
    assert_eq!(read.await.unwrap(), Ok(()));
}
