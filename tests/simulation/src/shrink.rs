//! The shortest list of events that still fails.

use crate::run::run;
use crate::scenario::{Event, Scenario};

/// Leaves out events, ever fewer at a time, as long as one of the same rules does not hold (delta debugging, after Zeller).
/// `told` is told how many are left.
///
/// # Errors
/// When a run cannot be made.
pub fn shrink(scenario: &Scenario, rule: &str, told: &dyn Fn(usize)) -> anyhow::Result<Scenario> {
    let mut left = scenario.events.clone();
    let mut parts = 2;
    while left.len() > 1 {
        let size = left.len().div_ceil(parts);
        let without = |from: usize| -> Vec<Event> {
            let outside = |place: &usize| *place < from || *place >= from + size;
            (0..left.len()).filter(outside).map(|place| left[place].clone()).collect()
        };
        let mut shorter = None;
        for from in (0..left.len()).step_by(size) {
            let candidate = scenario.with_events(without(from));
            if fails(&candidate, rule)? {
                shorter = Some(candidate.events);
                break;
            }
        }
        match shorter {
            Some(events) => {
                left = events;
                parts = (parts - 1).max(2);
                told(left.len());
            }
            None if size == 1 => break,
            None => parts = (parts * 2).min(left.len()),
        }
    }
    Ok(scenario.with_events(left))
}

fn fails(scenario: &Scenario, rule: &str) -> anyhow::Result<bool> {
    Ok(run(scenario, false)?.violations.iter().any(|violation| violation.rule == rule))
}
