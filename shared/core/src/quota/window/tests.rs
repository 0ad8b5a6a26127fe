mod reads;

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::*;

fn limit(calls: u32, seconds: u64) -> Limit {
    Limit { calls: NonZeroU32::new(calls).unwrap(), period: Duration::from_secs(seconds), at_once: None }
}

const WDT: (u32, u64) = (50, 60);
const SHARECRM: (u32, u64) = (80, 20);
const KINGDEE: (u32, u64) = (60, 60);
const FAST: (u32, u64) = (600, 60);

/// One process: it asks when it has no permit left, and calls as fast as it has permits.
struct Process {
    name: String,
    purpose: Use,
    /// How many calls it has to make at once.
    at_once: u32,
    permits: u32,
    until: u64,
    asks_at: u64,
    begun: Vec<u64>,
    /// Every call, with its time.
    calls: Vec<u64>,
    writes: usize,
    dies_at: Option<u64>,
}

impl Process {
    fn new(name: &str, purpose: Use, at_once: u32) -> Self {
        Self {
            name: name.to_owned(),
            purpose,
            at_once,
            permits: 0,
            until: 0,
            asks_at: 0,
            begun: Vec::new(),
            calls: Vec::new(),
            writes: 0,
            dies_at: None,
        }
    }

    fn turn(&mut self, window: &mut Window, limit: Limit, now: u64) {
        if now < self.asks_at || self.dies_at.is_some_and(|dies| now >= dies) {
            return;
        }
        if self.permits == 0 || now >= self.until {
            let begun = self.begun.iter().map(|at| (Duration::from_millis(now - at), self.purpose)).collect();
            let ask = Ask {
                holder: self.name.clone(),
                purpose: self.purpose,
                wanted: self.at_once,
                beside: Vec::new(),
                begun,
            };
            let (grant, is_written) = asked(window, now, limit, &ask);
            self.writes += usize::from(is_written);
            match grant {
                Grant::Permits { count, valid } => {
                    self.begun.clear();
                    self.permits = count;
                    self.until = now + millis(valid);
                }
                Grant::Wait(wait) => {
                    self.permits = 0;
                    self.asks_at = now + millis(wait);
                    return;
                }
            }
        }
        while self.permits > 0 && self.dies_at.is_none() {
            self.permits -= 1;
            self.begun.push(now);
            self.calls.push(now);
        }
    }
}

/// Asks as a store does: what is not to be kept has not happened.
fn asked(window: &mut Window, now: u64, limit: Limit, ask: &Ask) -> (Grant, bool) {
    let mut after = window.clone();
    let (grant, is_to_be_kept) = after.ask(Duration::from_millis(now), limit, ask);
    if is_to_be_kept {
        *window = after;
    }
    (grant, is_to_be_kept)
}

/// Runs processes side by side, and tells every call's time.
fn run(processes: &mut [Process], limit: Limit, seconds: u64) -> Vec<u64> {
    let mut window = Window::default();
    for now in (1_000..1_000 + seconds * 1_000).step_by(20) {
        // Who looks first changes.
        let first = usize::try_from(now / 20).unwrap() % processes.len();
        for place in 0..processes.len() {
            processes[(first + place) % processes.len()].turn(&mut window, limit, now);
        }
    }
    let mut calls: Vec<u64> = processes.iter().flat_map(|process| process.calls.iter().copied()).collect();
    calls.sort_unstable();
    calls
}

fn most_in_a_period(calls: &[u64], limit: Limit) -> usize {
    let within =
        |from: usize| calls[from..].iter().take_while(|at| **at < calls[from] + limit.millis()).count();
    (0..calls.len()).map(within).max().unwrap_or_default()
}

#[test]
fn a_backlog_uses_the_limit_and_never_more_whoever_and_however_many_they_are() {
    for (calls, seconds) in [WDT, SHARECRM, KINGDEE, FAST] {
        let limit = limit(calls, seconds);
        for count in [1, 3] {
            let names: Vec<String> = (0..count).map(|number| format!("p{number}")).collect();
            let mut processes: Vec<Process> =
                names.iter().map(|name| Process::new(name, Use::Push, 10)).collect();
            let made = run(&mut processes, limit, seconds * 10);
            let wanted = usize::try_from(calls).unwrap() * 10;
            let most = most_in_a_period(&made, limit);
            assert!(most <= limit.calls.get() as usize, "{calls} in {seconds} s: {most} at {count}");
            assert!(
                made.len() * 100 >= wanted * 95,
                "{calls} in {seconds} s, {count}: {} of {wanted}",
                made.len()
            );
            let writes: usize = processes.iter().map(|process| process.writes).sum();
            // Where several wait, each tells the others so once.
            let most = if count == 1 { made.len() / 10 } else { made.len() * 3 / 10 };
            assert!(writes <= most + 10, "{writes} writes for {} calls of {count}", made.len());
        }
    }
}

#[test]
fn at_random_it_is_never_exceeded() {
    for seed in 0..300 {
        let mut dice = StdRng::seed_from_u64(seed);
        let limit = limit(dice.random_range(1..120), dice.random_range(1..90));
        let purposes = [Use::Read, Use::Push, Use::Replay, Use::Backfill, Use::Reconcile];
        let mut window = Window::default();
        // Permits that are used at any moment within their time, or never; of whoever dies nobody hears.
        let mut plans: BTreeMap<String, (Use, Vec<u64>)> = BTreeMap::new();
        let (mut now, mut calls, mut lives) = (10_000_u64, Vec::new(), 0);
        for _ in 0..400 {
            now += dice.random_range(0..limit.millis() / 8 + 2);
            if dice.random_ratio(1, 20) {
                lives += 1;
            }
            let holder = format!("p{}.{lives}", dice.random_range(0..4));
            let (purpose, made) = plans.remove(&holder).unwrap_or((Use::Push, Vec::new()));
            let begun: Vec<u64> = made.into_iter().filter(|at| *at <= now).collect();
            let told = begun.iter().map(|at| (Duration::from_millis(now - at), purpose)).collect();
            let (purpose, wanted) = (purposes[dice.random_range(0..5)], dice.random_range(0..30));
            let ask = Ask { holder: holder.clone(), purpose, wanted, beside: Vec::new(), begun: told };
            let planned = match asked(&mut window, now, limit, &ask).0 {
                Grant::Permits { count, valid } => {
                    calls.extend(begun);
                    let used = dice.random_range(0..=count);
                    (0..used).map(|_| now + dice.random_range(0..=millis(valid))).collect()
                }
                Grant::Wait(_) => begun,
            };
            plans.insert(holder, (purpose, planned));
        }
        calls.extend(plans.into_values().flat_map(|(_, made)| made));
        calls.sort_unstable();
        let most = most_in_a_period(&calls, limit);
        assert!(most <= limit.calls.get() as usize, "seed {seed}: {most} of {limit:?}");
    }
}

#[test]
fn what_is_told_once_more_after_a_refusal_is_counted_once() {
    let limit = limit(20, 60);
    let mut window = Window::default();
    let at = Duration::from_secs;
    let ask = |holder: &str, begun: Vec<(Duration, Use)>| Ask {
        holder: holder.to_owned(),
        purpose: Use::Push,
        wanted: 5,
        beside: Vec::new(),
        begun,
    };
    for (second, holder) in [(100, "one"), (100, "two"), (114, "three"), (128, "four")] {
        let given = window.ask(at(second), limit, &ask(holder, Vec::new())).0;
        assert!(matches!(given, Grant::Permits { count: 5, .. }), "{holder}: {given:?}");
    }
    for second in [130, 131, 150] {
        let begun = vec![(at(second - 101), Use::Push); 5];
        let (refused, _) = window.ask(at(second), limit, &ask("one", begun));
        assert!(matches!(refused, Grant::Wait(_)), "{second}: {refused:?}");
    }
    assert_eq!(window.begun.iter().map(|Begun(_, _, writes)| writes).sum::<u32>(), 5);
    // When they have left the period, and not only when their permits would have.
    let (given, _) = window.ask(at(163), limit, &ask("one", vec![(at(62), Use::Push); 5]));
    assert!(matches!(given, Grant::Permits { count: 5, .. }), "{given:?}");
}

#[test]
fn what_is_less_urgent_comes_after_what_is_more_urgent() {
    let limit = limit(KINGDEE.0, KINGDEE.1);
    let mut processes = [Process::new("replays", Use::Replay, 10), Process::new("pushes", Use::Push, 10)];
    run(&mut processes, limit, 600);
    let [replays, pushes] = [0, 1].map(|place: usize| processes[place].calls.len());
    assert!(pushes > replays, "{pushes} pushes, {replays} replays");
}

#[test]
fn the_permits_of_one_that_has_died_lapse() {
    let limit = limit(KINGDEE.0, KINGDEE.1);
    let mut window = Window::default();
    let ask = |holder: &str| Ask {
        holder: holder.to_owned(),
        purpose: Use::Push,
        wanted: 10,
        beside: Vec::new(),
        begun: Vec::new(),
    };
    let at = Duration::from_secs;
    for dies in ["one", "two"] {
        let (given, _) = window.ask(at(100), limit, &ask(dies));
        assert_eq!(given, Grant::Permits { count: 10, valid: at(10) });
    }
    let (next, _) = window.ask(at(100), limit, &ask("lives"));
    let Grant::Wait(wait) = next else { panic!("{next:?}") };
    assert!(wait <= at(10), "{wait:?}");
    let mut now = at(100) + wait;
    for _ in 0..4 {
        let (then, _) = window.ask(now, limit, &ask("lives"));
        assert!(matches!(then, Grant::Permits { .. }), "{then:?}");
        now += at(10);
    }
}

#[test]
fn what_was_not_used_is_free_again() {
    let limit = limit(20, 60);
    let mut window = Window::default();
    let at = Duration::from_secs;
    let ask = |begun: Vec<(Duration, Use)>| Ask {
        holder: "p".to_owned(),
        purpose: Use::Push,
        wanted: 5,
        beside: Vec::new(),
        begun,
    };
    assert!(matches!(window.ask(at(100), limit, &ask(vec![])).0, Grant::Permits { count: 5, .. }));
    let used = vec![(at(1), Use::Push)];
    assert!(matches!(window.ask(at(103), limit, &ask(used)).0, Grant::Permits { count: 5, .. }));
    assert_eq!(window.begun.iter().map(|Begun(_, _, writes)| writes).sum::<u32>(), 1);
}

/// On macOS, and where /proc is closed to a program, nothing tells one run of the machine from another.
#[test]
fn what_another_run_of_the_machine_has_noted_uses_nothing_up() {
    for (calls, seconds) in [WDT, SHARECRM, KINGDEE, FAST, (10_000, 86_400)] {
        let limit = limit(calls, seconds);
        let mut window = Window::default();
        let weeks = 30 * 86_400_000;
        // As many as there may be, some of them begun and some yet to begin.
        let mut before = Process::new("before", Use::Push, calls);
        for now in 0..seconds.min(120) * 10 {
            before.turn(&mut window, limit, weeks + now * 100);
        }
        assert!(!before.calls.is_empty());
        let ask = Ask {
            holder: "after".to_owned(),
            purpose: Use::Push,
            wanted: 1,
            beside: Vec::new(),
            begun: Vec::new(),
        };
        let (grant, _) = asked(&mut window, 60_000, limit, &ask);
        assert!(matches!(grant, Grant::Permits { .. }), "{calls} in {seconds} s: {grant:?}");
    }
}

/// How often the budget was asked for calls that come alone, so many seconds after each other, and how many were made; and the
/// window that is left at that moment.
fn alone(limit: Limit, apart: u64, count: u64) -> (usize, Window, Duration) {
    let (mut window, mut asks, mut now) = (Window::default(), 0, Duration::from_secs(1_000));
    let (mut left, mut until, mut begun) = (0, Duration::ZERO, Vec::<Duration>::new());
    for _ in 0..count {
        now += Duration::from_secs(apart);
        if left == 0 || now >= until {
            let begun = begun.drain(..).map(|at| (now - at, Use::Push)).collect();
            let ask =
                Ask { holder: "p".to_owned(), purpose: Use::Push, wanted: 1, beside: Vec::new(), begun };
            let Grant::Permits { count, valid } = window.ask(now, limit, &ask).0 else {
                panic!("{window:?}")
            };
            (left, until, asks) = (count, now + valid, asks + 1);
        }
        left -= 1;
        begun.push(now);
    }
    (asks, window, now)
}

#[test]
fn calls_that_come_alone_share_a_write() {
    for ((calls, seconds), most) in [(WDT, 25), (SHARECRM, 25), (KINGDEE, 25), (FAST, 25)] {
        let (asks, ..) = alone(limit(calls, seconds), 8, 100);
        assert!(asks <= most, "{calls} in {seconds} s: {asks} asks for 100 calls");
    }
}

#[test]
fn of_what_is_kept_half_of_the_limit_is_left_to_others_at_once() {
    let limit = limit(WDT.0, WDT.1);
    let (_, mut window, now) = alone(limit, 8, 40);
    let mut others = 0;
    for other in 0..10 {
        let ask = Ask {
            holder: other.to_string(),
            purpose: Use::Read,
            wanted: 10,
            beside: Vec::new(),
            begun: Vec::new(),
        };
        if let Grant::Permits { count, .. } = window.ask(now, limit, &ask).0 {
            others += count;
        }
        // At the pace of reads, within half a minute.
        window.reads_from = 0;
    }
    assert!(others >= 25, "{others}");
}

#[test]
fn a_backlog_is_given_nothing_to_keep() {
    let limit = limit(WDT.0, WDT.1);
    let ask =
        Ask { holder: "p".to_owned(), purpose: Use::Push, wanted: 10, beside: Vec::new(), begun: Vec::new() };
    let (given, _) = Window::default().ask(Duration::from_secs(100), limit, &ask);
    assert_eq!(given, Grant::Permits { count: 10, valid: Duration::from_secs(12) });
}

#[test]
fn it_is_small_however_many_calls_it_counts() {
    let limit = limit(3_000, 60);
    let mut window = Window::default();
    for second in 0..120 {
        let begun = (0..49).map(|_| (Duration::from_millis(500), Use::Push)).collect();
        let ask = Ask { holder: "p".to_owned(), purpose: Use::Push, wanted: 50, beside: Vec::new(), begun };
        window.ask(Duration::from_secs(1_000_000 + second), limit, &ask);
    }
    let text = serde_json::to_string(&window).unwrap();
    assert!(text.len() < 900, "a write of 1 KB is paid for as one: {} bytes", text.len());
    assert_eq!(serde_json::from_str::<Window>(&text).unwrap(), window);
}

#[test]
fn what_earlier_versions_have_written_is_read() {
    let text = r#"{
        "begun": [[1764427000000, 1, 0], [1764427000937, 0, 2]],
        "permits": [{ "holder": "p", "purpose": "push", "count": 3, "until": 1764427010000 }],
        "waiting": [{ "holder": "q", "purpose": "read", "wanted": 1, "since": 1764427000000, "until": 1764427020000 }],
        "read_at": 1764427000000, "reads_from": 1764427000900, "writes_from": 0
    }"#;
    let window: Window = serde_json::from_str(text).unwrap();
    assert_eq!(window.begun, [Begun(1_764_427_000_000, 1, 0), Begun(1_764_427_000_937, 0, 2)]);
    assert_eq!((window.permits[0].count, window.waiting[0].since), (3, 1_764_427_000_000));
    let anew = serde_json::to_string(&window).unwrap();
    assert_eq!(serde_json::from_str::<Window>(&anew).unwrap(), window);
}
