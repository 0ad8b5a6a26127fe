//! What one seed draws.

mod bills;
mod lists;
mod more;
mod vendors;

use std::time::Duration;

use chrono::TimeDelta;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use relay_core::StoreErrorKind;
use relay_decorator::{Port, Side};
use relay_simulators::Fault;

use super::{Change, Conditions, Drawing, Event, PROCESSES, REFUSED, Scenario, Vendor, What};
use crate::world::books::Pile;

const FLOWS: [&str; 6] = [
    "trade-to-kingdee",
    "direct-order-to-sharecrm",
    "direct-order-to-wangdian",
    "stock-to-sharecrm",
    "shipping-to-sharecrm",
    "orders-to-http",
];
const TARGETS: [&str; 4] = ["kingdee", "sharecrm", "wangdian", "http"];

/// Documents from this number on belong to a meeting.
const MEETING: usize = 50;

/// Some minutes of a scarce quota.
const FLOOD: usize = 20;

/// As many documents as a worker receives at once.
const BATCH: usize = 10;

/// What a seed is about: one that has a little of everything finds less than one that has much of a few.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Theme {
    Vendors,
    Deaths,
    Stops,
    Clocks,
    Stores,
    People,
}

const THEMES: [Theme; 6] =
    [Theme::Vendors, Theme::Deaths, Theme::Stops, Theme::Clocks, Theme::Stores, Theme::People];

struct Draw {
    dice: StdRng,
    lasts: Duration,
    receiver_replaces: bool,
    refuses_duplicates: bool,
}

impl Scenario {
    /// What that seed draws.
    #[must_use]
    pub fn of(drawing: Drawing, seed: u64) -> Self {
        match drawing {
            Drawing::Documents => Self::of_documents(seed),
            Drawing::Bills => Self::of_bills(seed),
            Drawing::Lists => Self::of_lists(seed),
        }
    }

    fn of_documents(seed: u64) -> Self {
        let mut dice = StdRng::seed_from_u64(seed);
        // A whole day takes five times as long to run as an hour.
        let minutes =
            if dice.random_ratio(1, 12) { 1_440 } else { [20, 45, 60, 90, 180][dice.random_range(0..5)] };
        let mut conditions = Conditions {
            drawing: Drawing::Documents,
            v2: false,
            lasts: Duration::from_secs(minutes * 60),
            edits: dice.random_ratio(1, 2),
            refuses_duplicates: dice.random_ratio(2, 3),
            lag: Duration::from_secs(if dice.random_ratio(1, 3) { dice.random_range(1..60) } else { 0 }),
            look: Duration::from_secs(if minutes > 100 { 60 } else { dice.random_range(3..40) }),
            by_events: std::array::from_fn::<_, PROCESSES, _>(|_| dice.random_ratio(1, 3)),
            receiver_replaces: dice.random_ratio(1, 2),
            redelivers: dice.random_ratio(1, 3),
            // By dice of its own, so that whatever else a seed draws stays as it was.
            scarce: StdRng::seed_from_u64(!seed).random_ratio(1, 4),
            bills: None,
        };
        // Only who pushes as Lambda does puts documents off.
        conditions.by_events = conditions.by_events.map(|by_events| by_events || conditions.scarce);
        let themes: Vec<Theme> = THEMES.into_iter().filter(|_| dice.random_ratio(2, 5)).collect();
        let mut draw = Draw {
            dice,
            lasts: conditions.lasts,
            receiver_replaces: conditions.receiver_replaces,
            refuses_duplicates: conditions.refuses_duplicates,
        };
        let mut events = draw.documents();
        for theme in themes {
            let count = draw.below(12) + 2;
            events.extend((0..count).map(|_| draw.of_theme(theme)));
        }
        let mut events: Vec<(Duration, What)> = events.into_iter().map(|what| (draw.time(), what)).collect();
        if draw.chance(1, 2) {
            events.extend(draw.meeting());
        }
        if conditions.scarce {
            events.extend(draw.flood());
        }
        Self::new(seed, conditions, events)
    }

    fn new(seed: u64, conditions: Conditions, mut events: Vec<(Duration, What)>) -> Self {
        events.sort_by_key(|(at, _)| *at);
        let events = events.into_iter().enumerate().map(|(id, (at, what))| Event { id, at, what }).collect();
        Self { seed, conditions, events }
    }
}

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        self.dice.random_range(0..bound)
    }

    fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        let place = self.below(choices.len());
        choices[place].clone()
    }

    fn chance(&mut self, of: u32, in_all: u32) -> bool {
        self.dice.random_ratio(of, in_all)
    }

    /// Often within a few minutes of each other, so that things meet.
    fn time(&mut self) -> Duration {
        let whole = u64::try_from(self.lasts.as_millis()).unwrap_or(u64::MAX);
        let part = if self.chance(1, 2) { whole.min(900_000) } else { whole };
        Duration::from_millis(self.dice.random_range(0..part))
    }

    /// Mostly short, now and then hours.
    fn span(&mut self) -> Duration {
        let seconds = match self.below(10) {
            0..=4 => self.dice.random_range(1..60),
            5..=7 => self.dice.random_range(60..600),
            8 => self.dice.random_range(600..3_600),
            _ => self.dice.random_range(3_600..14_400),
        };
        Duration::from_secs(seconds)
    }

    fn documents(&mut self) -> Vec<What> {
        let count = self.below(30) + 3;
        let known = count.div_ceil(3).max(2);
        (0..count).flat_map(|_| self.document(known)).collect()
    }

    fn document(&mut self, known: usize) -> Vec<What> {
        let of = |draw: &mut Self| draw.below(known);
        match self.below(13) {
            0 | 1 => vec![What::Order { order: of(self) }],
            2 => {
                let how = self.one_of(&[Change::Onward, Change::Onward, Change::Back, Change::Deleted]);
                let order = of(self);
                vec![What::Order { order }, What::OrderChange { order, how }]
            }
            3 => {
                let (order, back) = (of(self), self.below(3));
                let change = What::OrderChange { order, how: Change::Onward };
                vec![What::Order { order }, change, What::OrderAgain { order, back }]
            }
            4 | 5 => {
                // Together with the lag less than the delay and the overlap of the windows.
                let ago = Duration::from_secs(if self.chance(1, 3) { self.below(100) as u64 } else { 0 });
                vec![What::Trade { ago, is_audited: self.chance(9, 10) }]
            }
            6 => {
                let trade = of(self);
                vec![What::Trade { ago: Duration::ZERO, is_audited: true }, What::TradeChange { trade }]
            }
            7 => vec![What::BadTrade, What::AddMaterial, What::ReplayAll],
            8 => vec![What::Stock { good: self.below(6), left: self.dice.random_range(0..500) }],
            9 => {
                let good = self.below(6);
                let left = [0, 1].map(|_| self.dice.random_range(0..500));
                left.map(|left| What::Stock { good, left }).into()
            }
            10 => vec![What::Shipment],
            11 => vec![What::JsonFlap { pile: Pile::Orders, document: known + self.below(3) }],
            _ => {
                let (document, back) = (of(self), self.below(3));
                let again = What::JsonAgain { pile: Pile::Orders, document, back };
                vec![
                    What::Json { pile: Pile::Orders, document },
                    What::Json { pile: Pile::Orders, document },
                    again,
                ]
            }
        }
    }

    /// Things that meet, which drawn one by one would hardly ever.
    fn meeting(&mut self) -> Vec<(Duration, What)> {
        let seconds = Duration::from_secs;
        let begins = self.time();
        let trouble = |vendor, fault, per_mille, lasts| What::Trouble {
            vendor,
            fault,
            per_mille,
            lasts: seconds(lasts),
        };
        let after: Vec<(u64, What)> = match self.below(5) {
            0 => {
                // The answer to one of three versions is lost.
                let lost = trouble(Vendor::Http, Fault::LostAnswer, 400, 60);
                vec![(0, lost), (1, What::JsonFlap { pile: Pile::Orders, document: MEETING + self.below(3) })]
            }
            1 => {
                // What was lost on its way and is then refused for good stands between what is there and its like.
                let (vendor, order) = (self.one_of(&[Vendor::Wangdian, Vendor::Sharecrm]), MEETING);
                let change = |how| What::OrderChange { order, how };
                let refusal = trouble(vendor, Fault::InnerRefusal(REFUSED.to_owned()), 1_000, 400);
                vec![
                    (0, What::Order { order }),
                    (120, trouble(vendor, Fault::LostAnswer, 1_000, 60)),
                    (121, change(Change::Onward)),
                    (180, refusal),
                    (700, change(Change::Back)),
                ]
            }
            2 => {
                // A machine that is a little ahead reads on to where the next trades will be.
                let ahead = TimeDelta::seconds(self.dice.random_range(150..400));
                let trade = |place: u64| (place * 30, What::Trade { ago: Duration::ZERO, is_audited: true });
                let clock = What::ClockSet { ahead, lasts: seconds(600) };
                [vec![(0, clock)], (1..20).map(trade).collect()].concat()
            }
            _ => {
                // A batch that takes longer than its messages are in flight.
                let slow = Fault::Slow(seconds(self.one_of(&[20, 25, 28])));
                let many = |of: fn(usize) -> What| (0..BATCH).map(|place| (1, of(MEETING + place))).collect();
                let (vendor, documents): (_, Vec<(u64, What)>) = match self.below(3) {
                    0 => (Vendor::Http, many(|document| What::Json { pile: Pile::Orders, document })),
                    1 => (Vendor::Sharecrm, many(|order| What::Order { order })),
                    _ => (Vendor::Kingdee, many(|_| What::Trade { ago: Duration::ZERO, is_audited: true })),
                };
                [vec![(0, trouble(vendor, slow, 1_000, 900))], documents].concat()
            }
        };
        after.into_iter().map(|(after, what)| (begins + seconds(after), what)).collect()
    }

    /// More trades than their quota takes, while the ledger fails now and then: what was put off is sent, and comes again.
    fn flood(&mut self) -> Vec<(Duration, What)> {
        let begins = self.time();
        let trade = What::Trade { ago: Duration::ZERO, is_audited: true };
        let trades = (0..FLOOD).map(|_| (begins, trade.clone()));
        let failures = (1..60).map(|turn| {
            let (side, kind) = (Side::Before, StoreErrorKind::Throttled);
            let slot = turn as usize % PROCESSES;
            let failing = What::Store { slot, port: Port::Ledger, side, kind, calls: 1 };
            (begins + turn * Duration::from_secs(13), failing)
        });
        trades.chain(failures).collect()
    }

    fn of_theme(&mut self, theme: Theme) -> What {
        let slot = self.below(PROCESSES);
        match theme {
            Theme::Vendors => self.trouble(),
            Theme::Deaths => {
                let steps = self.one_of(&[1, 3, 10, 30, 100, 300, 1_000]);
                What::Kill { slot, steps: self.dice.random_range(0..steps) + 1, down: self.span() }
            }
            Theme::Stops => What::Stop { slot, lasts: self.span() },
            Theme::Clocks => {
                let by = self.one_of(&[-3_600, -300, -30, 30, 300, 3_600]);
                What::ClockSet { ahead: TimeDelta::seconds(by), lasts: self.span() }
            }
            Theme::Stores => {
                let port = self.one_of(&[
                    Port::Queue,
                    Port::Queue,
                    Port::Ledger,
                    Port::Ledger,
                    Port::Checkpoints,
                    Port::Lookups,
                    Port::Archive,
                ]);
                let side = self.one_of(&[Side::Before, Side::After]);
                let kind = self.one_of(&[
                    StoreErrorKind::Busy,
                    StoreErrorKind::Throttled,
                    StoreErrorKind::Full,
                    StoreErrorKind::Other,
                ]);
                let most = self.one_of(&[2, 5, 40]);
                What::Store { slot, port, side, kind, calls: self.dice.random_range(1..most) }
            }
            Theme::People => self.of_people(),
        }
    }

    fn of_people(&mut self) -> What {
        match self.below(11) {
            0 | 1 => What::ReplayAll,
            2 => What::Resume,
            3 => What::Redrive,
            4 => What::Settle,
            5 => What::FlowAway { flow: self.one_of(&FLOWS), lasts: self.span() },
            6 => What::FlowChanged { flow: self.one_of(&FLOWS) },
            7 => What::Paused { name: self.one_of(&TARGETS), lasts: self.span() },
            8 => What::Paused { name: self.one_of(&FLOWS), lasts: self.span() },
            9 => What::Upgrade,
            _ => {
                let vendor = self.one_of(&[Vendor::Wangdian, Vendor::Kingdee, Vendor::Sharecrm]);
                What::WrongSecret { vendor, lasts: self.span() }
            }
        }
    }
}
