//! Reads keep their schedule beside a backlog of writes, and a backlog uses the limit. The time is tokio's, which jumps to
//! whoever waits the least when nobody has anything to do.

use relay_core::clock::SystemClock;

use super::tests::{surroundings, wait};
use super::*;

const WDT: (usize, u64) = (50, 60);
const SHARECRM: (usize, u64) = (80, 20);
const KINGDEE: (usize, u64) = (60, 60);
const FAST: (usize, u64) = (600, 60);

/// So many writes are under way of each process, as fast as there are permits.
const SIDE_BY_SIDE: usize = 64;

/// What is counted begins so long after the backlog, and goes on for as long.
const COUNTED: Duration = Duration::from_secs(300);

/// Who uses an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    /// One process reads and writes.
    One,
    /// Each of three writes, and one of them reads.
    Three,
    /// One reads, and two others write.
    Apart,
}

/// What goes on: calls within a limit, each under way for so many milliseconds, and rounds of so many reads, one after
/// the other, every so many seconds.
#[derive(Debug, Clone, Copy)]
struct Day {
    limit: (usize, u64),
    who: Who,
    answer: u64,
    reads: usize,
    every: u64,
    /// The account is read for so long before the backlog comes.
    before: u64,
}

/// What came of it.
#[derive(Debug)]
struct Outcome {
    /// Since the backlog came.
    longest_round: Duration,
    reads: usize,
    writes: usize,
    /// Of a hundred calls that the limit allows, those that were made while they were counted.
    used: usize,
    most_in_a_period: usize,
}

type Calls = Arc<Mutex<Vec<(Duration, Use)>>>;

/// One of the processes that share an account.
#[derive(Clone)]
struct Process {
    quota: Arc<Quota>,
    answer: Duration,
    made: Calls,
}

impl Process {
    async fn call(&self, purpose: Use) {
        wait(&self.quota, purpose).await;
        self.made.lock().unwrap().push((SystemClock.monotonic(), purpose));
        SystemClock.sleep(self.answer).await;
    }

    async fn write(self, after: Duration) {
        SystemClock.sleep(after).await;
        loop {
            self.call(Use::Push).await;
        }
    }
}

impl Day {
    fn before(self) -> Duration {
        Duration::from_secs(self.before)
    }

    fn processes(self, made: &Calls) -> Vec<Process> {
        let clock = Arc::new(SystemClock);
        let quotas = Arc::new(UnsharedQuotas::new(clock.clone()));
        let calls = NonZeroU32::new(u32::try_from(self.limit.0).unwrap()).unwrap();
        let quota = |number| {
            let surroundings = surroundings(clock.clone(), quotas.clone(), number);
            Quota::new("v", &["account"], calls, Duration::from_secs(self.limit.1), &surroundings)
        };
        let process = |number| Process {
            quota: Arc::new(quota(number)),
            answer: Duration::from_millis(self.answer),
            made: made.clone(),
        };
        (0..3).map(process).collect()
    }

    /// Rounds until all is counted; tells how long the longest took that began beside the backlog.
    async fn read(self, reader: &Process) -> Duration {
        let began = SystemClock.monotonic();
        let mut longest = Duration::ZERO;
        while SystemClock.monotonic() < began + self.before() + 2 * COUNTED {
            let round = SystemClock.monotonic();
            for _ in 0..self.reads {
                reader.call(Use::Read).await;
            }
            let took = SystemClock.monotonic() - round;
            if round >= began + self.before() {
                longest = longest.max(took);
            }
            SystemClock.sleep(Duration::from_secs(self.every).saturating_sub(took)).await;
        }
        longest
    }

    async fn run(self) -> Outcome {
        let (calls, seconds) = self.limit;
        let made = Calls::default();
        let processes = self.processes(&made);
        let writers = match self.who {
            Who::One => &processes[..1],
            Who::Three => &processes[..],
            Who::Apart => &processes[1..],
        };
        let began = SystemClock.monotonic();
        let writing = writers.iter().flat_map(|process| vec![process.clone(); SIDE_BY_SIDE]);
        let writing: Vec<_> = writing.map(|process| tokio::spawn(process.write(self.before()))).collect();
        let longest_round = self.read(&processes[0]).await;
        writing.iter().for_each(tokio::task::JoinHandle::abort);
        let mut made = made.lock().unwrap().clone();
        made.sort_unstable();
        let end = |from: usize| made[from].0 + Duration::from_secs(seconds);
        let within = |from: usize| made[from..].iter().take_while(|(at, _)| *at < end(from)).count();
        let most_in_a_period = (0..made.len()).map(within).max().unwrap();
        let from = began + self.before() + COUNTED;
        made.retain(|(at, _)| (from..from + COUNTED).contains(at));
        let reads = made.iter().filter(|(_, purpose)| *purpose == Use::Read).count();
        let allowed = calls * usize::try_from(COUNTED.as_secs() / seconds).unwrap();
        let (used, writes) = (made.len() * 100 / allowed, made.len() - reads);
        Outcome { longest_round, reads, writes, used, most_in_a_period }
    }
}

async fn run(day: Day) -> Outcome {
    let outcome = day.run().await;
    println!("{day:?}: {outcome:?}");
    assert!(outcome.most_in_a_period <= day.limit.0, "{day:?}: {outcome:?}");
    outcome
}

#[tokio::test(start_paused = true)]
async fn rounds_of_five_reads_every_ten_seconds_keep_their_schedule_beside_a_backlog() {
    // From the first round on, too: a process that starts with a queue that is full.
    for before in [0, 60] {
        for limit in [WDT, SHARECRM, KINGDEE, FAST] {
            for (who, answer) in all_pairs([Who::One, Who::Three, Who::Apart], [50, 350]) {
                let day = Day { limit, who, answer, reads: 5, every: 10, before };
                let outcome = run(day).await;
                // Half of the time until the next.
                assert!(outcome.longest_round < Duration::from_secs(5), "{day:?}: {outcome:?}");
                assert!(outcome.used >= 85, "{day:?}: {outcome:?}");
            }
        }
    }
}

fn all_pairs<A: Copy, B: Copy, const N: usize, const M: usize>(first: [A; N], second: [B; M]) -> Vec<(A, B)> {
    first.into_iter().flat_map(|one| second.map(|other| (one, other))).collect()
}

#[tokio::test(start_paused = true)]
async fn reads_that_come_rarely_wait_for_no_more_than_a_lump_or_two() {
    for who in [Who::One, Who::Three, Who::Apart] {
        let day = Day { limit: WDT, who, answer: 350, reads: 5, every: 180, before: 60 };
        let outcome = run(day).await;
        assert!(outcome.longest_round < Duration::from_secs(24), "{day:?}: {outcome:?}");
        assert!(outcome.used >= 90, "{day:?}: {outcome:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn reads_without_an_end_leave_writes_their_share() {
    for who in [Who::One, Who::Three, Who::Apart] {
        let day = Day { limit: WDT, who, answer: 350, reads: 100, every: 10, before: 60 };
        let outcome = run(day).await;
        let Outcome { reads, writes, .. } = outcome;
        assert!(writes * 5 >= reads && reads > 2 * writes, "{day:?}: {outcome:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_backlog_alone_uses_the_limit_however_long_the_answers_take() {
    for limit in [WDT, SHARECRM, KINGDEE, FAST] {
        for who in [Who::One, Who::Three] {
            for answer in [50, 350, 1_000, 3_000] {
                let day = Day { limit, who, answer, reads: 0, every: 60, before: 60 };
                let outcome = run(day).await;
                assert!(outcome.used >= 95, "{day:?}: {outcome:?}");
            }
        }
    }
}
