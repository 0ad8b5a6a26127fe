//! What follows from a limit: lumps, paces, and what is left for reads.

use super::{Limit, millis};

/// So many permits are given at once at least, where the limit has room for them: each time is a write to a store.
const LUMP: u32 = 10;

/// Calls are counted by parts of the period, as if all of a part had begun at its end: so many parts a period has.
const PARTS: u64 = 64;

/// The calls of a shorter period keep a pace; in milliseconds.
const PACED: u64 = 3_600_000;

impl Limit {
    /// How many permits are given at once at most: enough for a second.
    #[must_use]
    pub fn lump(self) -> u32 {
        let calls = self.calls.get();
        let in_a_second = u64::from(calls) * 1_000 / self.millis();
        let lump = u32::try_from(in_a_second).unwrap_or(calls).max(LUMP).min((calls / 4).max(1));
        self.at_once.map_or(lump, |most| lump.min(most.get()))
    }

    /// How long permits are good for: as long as so many calls take at the limit's pace.
    pub(super) fn valid(self) -> u64 {
        let at_pace = u64::from(self.lump()) * self.millis() / u64::from(self.calls.get());
        at_pace.max(self.millis().min(1_000))
    }

    /// How soon after so many calls others may begin: a little sooner than at the limit's pace, which the limit itself holds.
    /// At once where a day's calls are counted: whoever has some calls to make in an evening is not to wait until morning.
    pub(super) fn pause_after(self, calls: u32) -> u64 {
        if self.millis() >= PACED {
            return 0;
        }
        u64::from(calls) * self.millis() * 9 / 10 / u64::from(self.calls.get())
    }

    pub(super) fn part(self) -> u64 {
        (self.millis() / PARTS).max(1)
    }

    /// One call may take so much longer on its way than another: the vendor counts by when they arrive.
    pub(super) fn on_the_way(self) -> u64 {
        self.part() / 2
    }

    /// What a quiet time is worth: one lump more, unless so many at once are too many.
    pub(super) fn credit(self) -> u64 {
        if self.at_once.is_some() { 0 } else { self.pause_after(self.lump()) }
    }

    /// What writes leave for reads beyond what these use: for one, so that it need not wait for a place, and while they are
    /// made one after the other for half a lump.
    pub(super) fn left_for_reads(self, are_going_on: bool) -> u32 {
        if are_going_on { self.lump().div_ceil(2) } else { (self.calls.get() / 50).max(1) }
    }

    /// What reads take at most where writes wait: a quarter stays for these.
    pub(super) fn most_reads(self) -> u32 {
        self.calls.get() * 3 / 4
    }

    pub(super) fn millis(self) -> u64 {
        millis(self.period).max(1)
    }
}
