//! What reads and writes leave to each other.

use super::*;

#[test]
fn reads_keep_their_time_beside_a_backlog_of_writes_in_other_processes() {
    let limit = limit(WDT.0, WDT.1);
    let mut processes = [Process::new("pusher", Use::Push, 10), Process::new("other pusher", Use::Push, 10)];
    let mut window = Window::default();
    let mut longest = 0;
    let mut reader = Process::new("poller", Use::Read, 1);
    let mut due = 30_000;
    for now in (1_000..900_000).step_by(20) {
        processes.iter_mut().for_each(|process| process.turn(&mut window, limit, now));
        // Four calls every minute.
        if now >= due {
            let before = reader.calls.len();
            reader.turn(&mut window, limit, now);
            if reader.calls.len() > before {
                longest = longest.max(now - due);
                due += 15_000;
                reader.permits = 0;
            }
        }
    }
    assert!(reader.calls.len() >= 55, "{} reads", reader.calls.len());
    assert!(longest <= 5_000, "{longest} ms");
    let pushes: usize = processes.iter().map(|process| process.calls.len()).sum();
    assert!(pushes >= 580, "{pushes} writes");
}

#[test]
fn writes_are_not_starved_by_reads() {
    let limit = limit(WDT.0, WDT.1);
    let mut processes = [Process::new("poller", Use::Read, 10), Process::new("pusher", Use::Push, 10)];
    run(&mut processes, limit, 600);
    let [reads, pushes] = [0, 1].map(|place: usize| processes[place].calls.len());
    assert!(pushes >= 60, "{pushes} writes beside {reads} reads");
    assert!(reads >= 300, "{reads} reads beside {pushes} writes");
}

/// How many permits are given at that second, in all, of whoever asks again and again.
fn taken(window: &mut Window, second: u64, limit: Limit, purpose: Use) -> u32 {
    let mut count = 0;
    for process in 0..limit.calls.get() {
        // At no pace, so that the calls of the period alone count.
        (window.reads_from, window.writes_from) = (0, 0);
        let holder = format!("{second} {purpose:?} {process}");
        let ask = Ask { holder, purpose, wanted: 1, beside: Vec::new(), begun: Vec::new() };
        if let Grant::Permits { count: given, .. } = window.ask(Duration::from_secs(second), limit, &ask).0 {
            count += given;
        }
    }
    count
}

#[test]
fn writes_leave_as_many_calls_as_were_read_in_the_period_before_and_all_where_nothing_is_read() {
    let limit = limit(WDT.0, WDT.1);
    let mut window = Window::default();
    let ask = |purpose, begun: Vec<(Duration, Use)>| Ask {
        holder: "reader".to_owned(),
        purpose,
        wanted: 10,
        beside: Vec::new(),
        begun,
    };
    // Twenty reads, ten at a time, which are told when the next are asked for.
    for (second, before) in [(100, 0), (120, 10), (140, 10)] {
        let begun = vec![(Duration::from_secs(20), Use::Read); before];
        window.ask(Duration::from_secs(second), limit, &ask(Use::Read, begun));
    }
    // Nobody uses the last of them.
    window.permits.clear();
    let (mut later, mut much_later) = (window.clone(), window.clone());
    // The first ten have left the period.
    assert_eq!(taken(&mut window, 170, limit, Use::Push), 30);
    // The others too, and nothing was read since; one place is left for whoever reads next.
    assert_eq!(taken(&mut later, 190, limit, Use::Push), 49);
    // Nobody has read for longer than is believed.
    assert_eq!(taken(&mut much_later, 1_000, limit, Use::Push), 50);
}
