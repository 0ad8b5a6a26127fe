//! Which flows of a query share the next window.

use std::time::Duration;

use chrono::{DateTime, SubsecRound as _, Utc};

use crate::window::{self, Position, Window};

/// A window, and for whom it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// What is read.
    pub window: Window,
    /// The places of the flows that it is read for, among those that were asked about.
    pub flows: Vec<usize>,
}

/// The next window of flows that stand at these positions; `None` when all of them have read up to the horizon.
///
/// Flows that are a window apart at most are brought together, the last of them first: then they read as one. A flow that
/// is further behind waits until the others have caught up, for it may have a month to read.
///
/// A window holds nothing of what a flow has read already or does not want: it is read for the flows that stand at its
/// beginning, and ends where the next flow stands.
#[must_use]
pub fn next(positions: &[Position], horizon: DateTime<Utc>, max_span: Duration) -> Option<Turn> {
    let is_due = |position: &&Position| window::next(**position, horizon, max_span).is_some();
    let due: Vec<Place> = positions.iter().filter(is_due).map(|position| Place::of(*position)).collect();
    let front = due.iter().max()?.reached;
    let first = due.iter().filter(|place| place.reached + max_span >= front).min()?;

    let is_first = |position: Position| Place::of(position) == *first;
    let (flows, at): (Vec<usize>, Vec<Position>) =
        positions.iter().copied().enumerate().filter(|(_, position)| is_first(*position)).unzip();
    let mut window = window::next(*at.first()?, horizon, max_span)?;
    let ahead = positions.iter().map(|position| Place::of(*position).reached);
    if let Some(ahead) = ahead.filter(|reached| *reached > first.reached).min() {
        window.end = window.end.min(ahead);
    }
    Some(Turn { window, flows })
}

/// A position, for comparing: to the second, and of two at the same second the flow that begins there comes first. It has
/// no overlap, so that it is given nothing of what was before its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    reached: DateTime<Utc>,
    has_begun: bool,
}

impl Place {
    fn of(position: Position) -> Self {
        let has_begun = matches!(position, Position::ReadUntil(_));
        Self { reached: position.reached().trunc_subsecs(0), has_begun }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::OVERLAP;

    const HOUR: Duration = Duration::from_secs(3_599);

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(&format!("2026-11-22T{text}Z")).unwrap().to_utc()
    }

    fn turn(positions: &[Position]) -> Option<(Vec<usize>, DateTime<Utc>, DateTime<Utc>)> {
        next(positions, at("12:00:00"), HOUR).map(|Turn { window, flows }| (flows, window.start, window.end))
    }

    fn read(text: &str) -> Position {
        Position::ReadUntil(at(text))
    }

    fn start(text: &str) -> Position {
        Position::Start(at(text))
    }

    #[test]
    fn flows_that_stand_together_read_together() {
        let both = [read("11:55:00"), read("11:55:00")];
        assert_eq!(turn(&both), Some((vec![0, 1], at("11:53:00"), at("12:00:00"))));
        assert_eq!(turn(&[start("11:00:00"); 2]), Some((vec![0, 1], at("11:00:00"), at("11:59:59"))));
        assert_eq!(turn(&[read("12:00:00"); 2]), None);
        assert_eq!(turn(&[]), None);
    }

    #[test]
    fn one_that_is_a_little_behind_is_brought_up_to_the_other() {
        let apart = [read("11:55:00"), read("11:30:00")];
        assert_eq!(turn(&apart), Some((vec![1], at("11:28:00"), at("11:55:00"))));
    }

    #[test]
    fn one_that_is_far_behind_waits_until_the_others_have_caught_up() {
        let apart = [read("11:55:00"), start("02:00:00"), read("11:55:00")];
        assert_eq!(turn(&apart), Some((vec![0, 2], at("11:53:00"), at("12:00:00"))));
        let apart = [read("12:00:00"), start("02:00:00"), read("12:00:00")];
        assert_eq!(turn(&apart), Some((vec![1], at("02:00:00"), at("02:59:59"))));
    }

    #[test]
    fn a_flow_is_given_nothing_of_what_was_before_its_start() {
        let one_begins = [read("11:00:00"), start("11:30:00")];
        assert_eq!(turn(&one_begins), Some((vec![0], at("10:58:00"), at("11:30:00"))));
        let one_begins = [read("11:30:00"), Position::Start(at("11:30:00") + Duration::from_millis(600))];
        assert_eq!(turn(&one_begins), Some((vec![1], at("11:30:00"), at("12:00:00"))));
    }

    /// Whatever the positions, every second from where each flow stands is read for it, and the end is reached.
    #[test]
    fn no_second_is_left_out_and_every_turn_comes_further() {
        let times = ["02:00:00", "10:59:59", "11:00:00", "11:58:30", "12:00:00"].map(at);
        let positions: Vec<Position> =
            times.iter().flat_map(|time| [Position::Start(*time), Position::ReadUntil(*time)]).collect();
        for (one, two, three) in triples(&positions) {
            let mut flows = [one, two, three];
            let mut turns = 0;
            while let Some(Turn { window, flows: of }) = next(&flows, at("12:00:00"), HOUR) {
                for place in of {
                    match flows[place] {
                        Position::Start(start) => assert!(window.start == start && window.end >= start),
                        Position::ReadUntil(until) => {
                            assert!(window.start == until - OVERLAP && window.end > until);
                        }
                    }
                    flows[place] = Position::ReadUntil(window.end);
                }
                turns += 1;
                assert!(turns < 40, "{one:?}, {two:?}, {three:?} come no further");
            }
            assert_eq!(flows, [read("12:00:00"); 3]);
        }
    }

    fn triples(positions: &[Position]) -> impl Iterator<Item = (Position, Position, Position)> {
        let pairs = positions.iter().flat_map(move |one| positions.iter().map(move |two| (*one, *two)));
        pairs.flat_map(move |(one, two)| positions.iter().map(move |three| (one, two, *three)))
    }
}
