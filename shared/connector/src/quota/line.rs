//! The line of those who wait for a call.

use std::collections::VecDeque;
use std::time::Duration;

use super::Use;

/// Where both wait, so many reads go first, and then one push.
const READS_BEFORE_A_PUSH: usize = 3;

/// Who waits, and when the next call is allowed. All times are the clock's monotonic ones: a machine's clock that is set
/// neither stops the calls nor lets more of them through.
#[derive(Default)]
pub(super) struct Line {
    /// When the calls made so far are paid for. The next is allowed a burst's credit before that.
    pub(super) paid_at: Duration,
    reads: VecDeque<u64>,
    pushes: VecDeque<u64>,
    tickets: u64,
    /// How many reads went by while a push was waiting.
    reads_in_a_row: usize,
}

impl Line {
    fn lane(&mut self, purpose: Use) -> &mut VecDeque<u64> {
        match purpose {
            Use::Read => &mut self.reads,
            Use::Push => &mut self.pushes,
        }
    }

    /// Takes the last place, and gives the ticket for it.
    pub(super) fn join(&mut self, purpose: Use) -> u64 {
        self.tickets += 1;
        let ticket = self.tickets;
        self.lane(purpose).push_back(ticket);
        ticket
    }

    /// How many calls go before this one, as far as is known now.
    pub(super) fn ahead_of(&mut self, purpose: Use, ticket: u64) -> usize {
        let place = self.lane(purpose).iter().take_while(|other| **other != ticket).count();
        let reads_left = READS_BEFORE_A_PUSH.saturating_sub(self.reads_in_a_row);
        match purpose {
            Use::Read if place < reads_left => place,
            Use::Read => place + self.pushes.len().min(1 + (place - reads_left) / READS_BEFORE_A_PUSH),
            Use::Push => place + self.reads.len().min(reads_left + place * READS_BEFORE_A_PUSH),
        }
    }

    /// Gives a place up.
    pub(super) fn leave(&mut self, purpose: Use, ticket: u64) {
        self.lane(purpose).retain(|other| *other != ticket);
    }

    /// A call was allowed.
    pub(super) fn count(&mut self, purpose: Use) {
        self.reads_in_a_row = match purpose {
            Use::Read if !self.pushes.is_empty() => self.reads_in_a_row + 1,
            _ => 0,
        };
    }
}
