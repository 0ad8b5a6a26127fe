//! One seed from beginning to verdict.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::judge::{self, Violation};
use crate::scenario::{Drawing, Scenario};
use crate::trace::{Trace, clock};
use crate::world::Director;

/// How long after the faults everything is quiet, at the latest: a push that was refused comes again at half past one, a
/// day's quota begins anew at midnight, a pause is asked after every half an hour, and a queue gives a message of a dead
/// function out again after twelve minutes.
pub const BOUND: Duration = Duration::from_secs(30 * 3_600);

/// How often it is looked whether all is quiet.
const LOOK: Duration = Duration::from_secs(600);

/// As long as a poll, a pull and what they bring take at least.
const SETTLE: Duration = Duration::from_secs(1_800);

/// As long as it takes at the most until a list is read again: it is read by the hour, and a clock that was an hour ahead says
/// that it was read an hour later than it was.
const LISTS: Duration = Duration::from_secs(9_000);

/// What became of one seed.
#[derive(Debug)]
pub struct Outcome {
    /// The rules that did not hold.
    pub violations: Vec<Violation>,
    /// The sum of everything that happened.
    pub sum: u64,
    /// What happened, in words, where they were kept.
    pub words: Vec<String>,
    /// How long it took, by the simulated clock.
    pub simulated: Duration,
    /// How long after the faults all was quiet.
    pub quiet_after: Duration,
    /// Steps of tasks.
    pub steps: u64,
    /// Faults that vendors committed, by vendor and name.
    pub faults: BTreeMap<String, u64>,
    /// Documents that were made, all versions together.
    pub documents: usize,
}

/// Plays a scenario, and judges it.
///
/// # Errors
/// When its files cannot be made or read; never for what the relay does.
pub fn run(scenario: &Scenario, in_words: bool) -> anyhow::Result<Outcome> {
    let trace = Arc::new(Trace::new(in_words));
    let mut director = Director::new(scenario, trace.clone())?;
    let calm = scenario.conditions.lasts;
    director.run_until(calm)?;
    director.calm()?;
    let mut now = calm + SETTLE;
    director.run_until(now)?;
    let mut violations = judge::failures(&director.world)?;
    director.mend()?;
    let bound = calm + BOUND;
    now += if scenario.drawing() == Drawing::Lists { LISTS } else { SETTLE };
    director.run_until(now)?;
    while !judge::is_quiet(&director.world)? && now < bound {
        now += LOOK;
        director.run_until(now)?;
    }
    if !judge::is_quiet(&director.world)? {
        let queued = director.world.queued()?;
        let found = format!("{queued} messages are left at {}", clock(now));
        violations.push(Violation { rule: "quiet in time", found });
    }
    violations.extend(judge::last(&director.world)?);
    let vendors = &director.world.vendors;
    let of = |name: &str, faults: &relay_simulators::Faults| {
        let name = name.to_owned();
        faults.happened().into_iter().map(move |(fault, count)| (format!("{name} {fault}"), count))
    };
    let faults = of("wangdian", &vendors.wangdian.faults)
        .chain(of("kingdee", &vendors.kingdee.faults))
        .chain(of("sharecrm", &vendors.sharecrm.faults))
        .chain(of("qince", &vendors.qince.faults))
        .chain(of("http", &vendors.http.faults))
        .collect();
    let books = director.world.books.state();
    let versions =
        books.orders.iter().chain(books.pushed()).map(|pushed| pushed.versions.len()).sum::<usize>();
    let rows = books.rows.values().map(|row| row.says.len()).sum::<usize>();
    let documents = versions + rows + books.trades.len() + vendors.wangdian.stock().len();
    drop(books);
    Ok(Outcome {
        violations,
        sum: trace.sum(),
        words: trace.words(),
        simulated: now,
        quiet_after: now - calm,
        steps: director.steps(),
        faults,
        documents,
    })
}
