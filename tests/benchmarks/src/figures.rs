//! Several runs, as min, median and max.

use std::time::Duration;

/// How fast something is, over several runs.
pub struct Rate {
    what: &'static str,
    a_second: Vec<u128>,
}

impl Rate {
    /// Nothing measured yet.
    #[must_use]
    pub fn of(what: &'static str) -> Self {
        Self { what, a_second: Vec::new() }
    }

    /// One more run: so many, in that time.
    pub fn add(&mut self, count: u32, took: Duration) {
        self.a_second.push(u128::from(count) * 1_000_000_000 / took.as_nanos().max(1));
        self.a_second.sort_unstable();
    }

    /// The median of the runs, 0 without any.
    fn median(&self) -> u128 {
        self.a_second.get(self.a_second.len() / 2).copied().unwrap_or_default()
    }
}

/// Prints rates as a table, the last of them the yardstick that the others are compared with.
pub fn print(title: &str, rates: &[&Rate]) {
    println!("{title:<52} {:>9} {:>9} {:>9} {:>9}", "min/s", "median/s", "max/s", "yardstick");
    let yardstick = rates.last().map_or(1, |rate| rate.median().max(1));
    for rate in rates {
        let (min, max) = (rate.a_second.first(), rate.a_second.last());
        let [min, max] = [min, max].map(|rate| rate.copied().unwrap_or_default());
        let share = format!("{} %", rate.median() * 100 / yardstick);
        println!("{:<52} {min:>9} {:>9} {max:>9} {share:>9}", rate.what, rate.median());
    }
}
