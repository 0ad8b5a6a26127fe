//! The line of those who wait for a call.

use std::collections::{BTreeMap, VecDeque};

use super::Use;

/// Where both wait, so many of the more urgent go first, and then one of the less.
const BEFORE_OTHERS: usize = 3;

/// Who waits.
#[derive(Default)]
pub(super) struct Line {
    lanes: BTreeMap<Use, Lane>,
    tickets: u64,
}

#[derive(Default)]
struct Lane {
    waiting: VecDeque<u64>,
    /// How many went by while something less urgent was waiting.
    in_a_row: usize,
}

impl Line {
    /// Takes the last place, and gives the ticket for it.
    pub(super) fn join(&mut self, purpose: Use) -> u64 {
        self.tickets += 1;
        self.lanes.entry(purpose).or_default().waiting.push_back(self.tickets);
        self.tickets
    }

    /// How many wait of that use, or of a more urgent one.
    pub(super) fn waiting(&self, purpose: Use) -> usize {
        self.lanes.range(..=purpose).map(|(_, lane)| lane.waiting.len()).sum()
    }

    /// Whether one of those may begin.
    pub(super) fn is_somebody_due(&self, purpose: Use, may_begin: impl Fn(Use) -> bool) -> bool {
        self.lanes.range(..=purpose).any(|(other, lane)| !lane.waiting.is_empty() && may_begin(*other))
    }

    /// How many calls go before this one, as far as is known now. Those that may not begin yet hold up nobody.
    pub(super) fn ahead_of(&self, purpose: Use, ticket: u64, may_begin: impl Fn(Use) -> bool) -> usize {
        let Some(lane) = self.lanes.get(&purpose) else { return 0 };
        let place = lane.waiting.iter().take_while(|other| **other != ticket).count();
        let due = || self.lanes.iter().filter(|(other, lane)| !lane.waiting.is_empty() && may_begin(**other));
        let more_urgent: usize = due()
            .filter(|(other, _)| **other < purpose)
            .map(|(_, other)| other.waiting.len().min(other.turns_left() + place * BEFORE_OTHERS))
            .sum();
        let less_urgent: usize =
            due().filter(|(other, _)| **other > purpose).map(|(_, other)| other.waiting.len()).sum();
        let left = lane.turns_left();
        let turns = if place < left { 0 } else { 1 + (place - left) / BEFORE_OTHERS };
        place + more_urgent + less_urgent.min(turns)
    }

    /// Gives a place up.
    pub(super) fn leave(&mut self, purpose: Use, ticket: u64) {
        if let Some(lane) = self.lanes.get_mut(&purpose) {
            lane.waiting.retain(|other| *other != ticket);
        }
    }

    /// A call was allowed.
    pub(super) fn count(&mut self, purpose: Use) {
        let is_awaited = self.beside(purpose).any(|other| other > purpose);
        if let Some(lane) = self.lanes.get_mut(&purpose) {
            lane.in_a_row = if is_awaited { lane.in_a_row + 1 } else { 0 };
        }
        self.lanes.range_mut(..purpose).for_each(|(_, lane)| lane.in_a_row = 0);
    }

    /// For what other calls somebody waits.
    pub(super) fn beside(&self, purpose: Use) -> impl Iterator<Item = Use> {
        let others =
            self.lanes.iter().filter(move |(other, lane)| **other != purpose && !lane.waiting.is_empty());
        others.map(|(other, _)| *other)
    }
}

impl Lane {
    /// How many more go before it is the turn of something less urgent.
    fn turns_left(&self) -> usize {
        BEFORE_OTHERS.saturating_sub(self.in_a_row)
    }
}
