//! How a scenario is drawn.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use relay_simulators::Fault;

use crate::scenario::{Change, Event, Push, Scenario, VENDORS, Vendor, What};

/// Things happen for so long.
const DAY: Duration = Duration::from_secs(100);

const FUNCTIONS: [&str; 4] = ["ErpPusher", "TradePoller", "StockSyncer", "WebhookReceiver"];

/// A call that a function is killed in is kept up for so long.
const KEPT_UP: Duration = Duration::from_secs(8);

struct Draw(StdRng);

impl Scenario {
    /// What that seed draws.
    pub(crate) fn of(seed: u64) -> Self {
        let mut draw = Draw(StdRng::seed_from_u64(seed));
        let (refuses_duplicates, trades) = (draw.chance(1, 3), draw.0.random_range(4..12));
        let rates = VENDORS.into_iter().flat_map(|vendor| draw.rates(vendor)).collect();
        let documents = draw.0.random_range(40..80);
        let mut happens: Vec<What> = (0..documents).map(|_| draw.document()).collect();
        happens.extend(FUNCTIONS.map(|function| draw.kill(function)));
        // The pusher is where most can go wrong.
        for _ in 0..draw.0.random_range(3..7) {
            let fault = draw.one_of(&[Fault::Slow(KEPT_UP), Fault::LateAnswer(KEPT_UP)]);
            happens.push(What::KillInCall(draw.one_of(&VENDORS), fault));
        }
        for _ in 0..draw.0.random_range(1..4) {
            happens.push(draw.trouble());
        }
        let mut events: Vec<Event> =
            happens.into_iter().map(|what| Event { at: draw.up_to(DAY), what }).collect();
        events.sort_by_key(|event| event.at);
        Self { refuses_duplicates, trades, rates, events }
    }
}

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        self.0.random_range(0..bound)
    }

    fn chance(&mut self, of: u32, in_all: u32) -> bool {
        self.0.random_ratio(of, in_all)
    }

    fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }

    fn up_to(&mut self, longest: Duration) -> Duration {
        Duration::from_millis(self.0.random_range(0..u64::try_from(longest.as_millis()).unwrap()))
    }

    fn document(&mut self) -> What {
        let order = self.below(8);
        match self.below(16) {
            0..=5 => What::Push(order, Push::Next),
            6 => What::Push(order, Push::Back),
            7 => What::Push(order, Push::Deleted),
            8 => What::Push(order, Push::Again(self.below(3))),
            9 => What::Push(order, Push::Redelivered),
            // As late as rows may show that a poll is still to find.
            10 => What::Change(Change::Trade(self.up_to(Duration::from_secs(100)))),
            11 => What::Change(Change::TradeChanged(self.below(8))),
            12..=14 => What::Change(Change::Stock(self.below(6), self.0.random_range(0..500))),
            _ => What::Change(Change::Shipment),
        }
    }

    fn kill(&mut self, function: &'static str) -> What {
        let longest = self.one_of(&[10, 50, 500]);
        What::Kill(function, self.up_to(Duration::from_millis(longest)))
    }

    fn trouble(&mut self) -> What {
        let fault = self.one_of(&[
            Fault::Status(503),
            Fault::LostRequest,
            Fault::RateLimited,
            Fault::LostAnswer,
            Fault::HtmlRedirect,
        ]);
        What::Trouble(self.one_of(&VENDORS), fault, self.up_to(Duration::from_secs(20)))
    }

    /// Three faults all day long.
    fn rates(&mut self, vendor: Vendor) -> Vec<(Vendor, Fault, u32)> {
        let faults = faults(vendor);
        let drawn = (0..3).map(|_| (vendor, self.one_of(&faults), self.one_of(&[20, 60, 150])));
        drawn.collect()
    }
}

/// Nothing that a vendor does by itself until the next day, or that makes two documents where it takes a number twice.
fn faults(vendor: Vendor) -> Vec<Fault> {
    let mut faults = vec![
        Fault::LostAnswer,
        Fault::LostAnswer,
        Fault::LostRequest,
        Fault::RateLimited,
        Fault::Status(502),
        Fault::Status(503),
        Fault::Slow(Duration::from_secs(2)),
        Fault::LateAnswer(Duration::from_secs(3)),
        // Longer than an answer is waited for.
        Fault::LateAnswer(Duration::from_secs(45)),
        Fault::Garbage,
        Fault::StringNumbers,
        Fault::IntNumbers,
        Fault::LeaveOutEmptyLists,
    ];
    faults.extend(match vendor {
        Vendor::Wangdian => vec![Fault::MovingPages, Fault::ErrorsUnderCodeZero, Fault::LyingCount],
        Vendor::Kingdee => vec![Fault::ExpireTokens],
        Vendor::Sharecrm => vec![Fault::ExpireTokens, Fault::ServiceException],
    });
    faults
}
