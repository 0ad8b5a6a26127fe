//! What a seed draws of whole lists, of the orders that Qince is asked for, and of what is written back to it.

use std::time::Duration;

use chrono::TimeDelta;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use relay_decorator::{Port, Side};
use relay_simulators::Fault;

use super::super::{Change, Conditions, Drawing, PROCESSES, REFUSED, Scenario, Table, Vendor, What};
use super::{BATCH, Draw, MEETING, THEMES, Theme};
use crate::world::books::Pile;

/// Sets these seeds apart from those of other drawings.
const APART: u64 = 0x1157_5000_0000_0000;

const FLOWS: [&str; 9] = [
    "shop-to-kingdee",
    "warehouse-to-kingdee",
    "supplier-to-kingdee",
    "shops-to-sharecrm",
    "carriers-to-sharecrm",
    "orders-to-sharecrm",
    "sales-to-http",
    "purchases-to-qince",
    "states-to-qince",
];
/// Those whose target takes one field more.
const CHANGEABLE: [&str; 6] = [
    "shops-to-sharecrm",
    "carriers-to-sharecrm",
    "orders-to-sharecrm",
    "sales-to-http",
    "purchases-to-qince",
    "states-to-qince",
];
const TARGETS: [&str; 4] = ["kingdee", "sharecrm", "qince", "http"];
const VENDORS: [Vendor; 8] = [
    Vendor::Wangdian,
    Vendor::Wangdian,
    Vendor::Kingdee,
    Vendor::Sharecrm,
    Vendor::Qince,
    Vendor::Qince,
    Vendor::Qince,
    Vendor::Http,
];
const LISTS: [Table; 4] = [Table::Shops, Table::Carriers, Table::Warehouses, Table::Suppliers];
const QUERIES: [Table; 2] = [Table::Orders, Table::Sales];

/// Where a process dies: as it queues what a list or a window has shown, and as it notes how far it has come.
const DEADLY: [(Port, &str); 6] = [
    (Port::Queue, "send"),
    (Port::Queue, "send"),
    (Port::Checkpoints, "put"),
    (Port::Checkpoints, "put"),
    (Port::Queue, "delete"),
    (Port::Ledger, "write"),
];

/// A list is read once in so many seconds.
const HOUR: u64 = 3_600;

/// As many rows as go back one after the other while a list is read.
const GOING_BACK: usize = 24;

impl Scenario {
    pub(super) fn of_lists(seed: u64) -> Self {
        let mut dice = StdRng::seed_from_u64(seed ^ APART);
        // A list is read by the hour: what takes less time meets one reading.
        let minutes = [90, 90, 150, 240][dice.random_range(0..4)];
        let lasts = Duration::from_secs(minutes * 60);
        let (receiver_replaces, refuses_duplicates) = (dice.random_ratio(1, 2), true);
        let mut draw = Draw { dice, lasts, receiver_replaces, refuses_duplicates };
        let scarce = draw.chance(1, 8);
        let conditions = Conditions {
            drawing: Drawing::Lists,
            v2: draw.chance(1, 2),
            lasts,
            edits: draw.chance(2, 3),
            refuses_duplicates,
            lag: Duration::ZERO,
            look: Duration::from_secs(draw.dice.random_range(10..60)),
            // Only who pushes as Lambda does puts documents off.
            by_events: std::array::from_fn::<_, PROCESSES, _>(|_| draw.chance(1, 3) || scarce),
            receiver_replaces,
            scarce,
            redelivers: draw.chance(1, 3),
            bills: None,
        };
        let themes: Vec<Theme> = THEMES.into_iter().filter(|_| draw.chance(2, 5)).collect();
        let mut events = draw.rows();
        for theme in themes {
            let count = draw.below(12) + 2;
            events.extend((0..count).map(|_| draw.of_theme_of_lists(theme)));
        }
        let mut events: Vec<_> = events.into_iter().map(|what| (draw.time_of(&what), what)).collect();
        if draw.chance(2, 3) {
            events.extend(draw.meeting_of_lists());
        }
        Self::new(seed, conditions, events)
    }
}

impl Draw {
    /// Before the first reading of the lists, at any time, or around a later reading.
    fn time_of(&mut self, what: &What) -> Duration {
        match self.below(4) {
            0 if matches!(what, What::Row { .. }) => Duration::ZERO,
            0 | 1 => self.time(),
            _ => self.reading(),
        }
    }

    /// Some minutes before and after a reading: a list that was read at the beginning is read an hour later.
    fn reading(&mut self) -> Duration {
        let hours = self.lasts.as_secs() / HOUR;
        let hour = self.dice.random_range(1..=hours) * HOUR;
        Duration::from_millis(self.dice.random_range((hour - 300) * 1_000..(hour + 600) * 1_000))
    }

    fn rows(&mut self) -> Vec<What> {
        let count = self.below(30) + 6;
        let known = count.div_ceil(4).max(2);
        (0..count).flat_map(|_| self.row_or_push(known)).collect()
    }

    fn row_or_push(&mut self, known: usize) -> Vec<What> {
        let (row, back) = (self.below(known), self.below(3));
        let (list, query) = (self.one_of(&LISTS), self.one_of(&QUERIES));
        let how = self.one_of(&[Change::Onward, Change::Onward, Change::Back, Change::Deleted]);
        let is = |table, how| What::Row { table, row, how };
        let json = |pile| What::Json { pile, document: row };
        let pile = self.one_of(&[Pile::Purchases, Pile::States]);
        match self.below(10) {
            0..=2 => vec![is(list, Change::Onward)],
            3 | 4 => vec![is(list, Change::Onward), is(list, how)],
            5 => vec![is(query, Change::Onward)],
            6 => vec![is(query, Change::Onward), is(query, how)],
            7 => vec![json(pile)],
            8 => vec![json(pile), json(pile), What::JsonAgain { pile, document: row, back }],
            // Of three of one second the last is the newest: none of them is pushed again an hour later.
            _ => vec![What::JsonFlap { pile: Pile::States, document: known + row }],
        }
    }

    fn of_theme_of_lists(&mut self, theme: Theme) -> What {
        let slot = self.below(PROCESSES);
        match theme {
            Theme::Vendors => {
                let vendor = self.one_of(&VENDORS);
                self.trouble_of(vendor)
            }
            Theme::Deaths if self.chance(2, 3) => {
                let (port, operation) = self.one_of(&DEADLY);
                let side = self.one_of(&[Side::Before, Side::After]);
                What::KillAt { slot, port, operation, side, down: self.span() }
            }
            Theme::Stops if self.chance(1, 2) => {
                let (port, operation) = self.one_of(&DEADLY);
                let side = self.one_of(&[Side::Before, Side::After]);
                What::StopAt { slot, port, operation, side, lasts: self.span() }
            }
            Theme::People => self.of_people_of_lists(),
            theme => self.of_theme(theme),
        }
    }

    fn of_people_of_lists(&mut self) -> What {
        match self.below(10) {
            0 | 1 => What::ReplayAll,
            2 => What::Resume,
            3 => What::Redrive,
            4 => What::Settle,
            5 => What::FlowAway { flow: self.one_of(&FLOWS), lasts: self.span() },
            6 => What::FlowChanged { flow: self.one_of(&CHANGEABLE) },
            7 => What::Paused { name: self.one_of(&TARGETS), lasts: self.span() },
            8 => What::Paused { name: self.one_of(&FLOWS), lasts: self.span() },
            _ => {
                let vendors = [Vendor::Wangdian, Vendor::Kingdee, Vendor::Sharecrm, Vendor::Qince];
                What::WrongSecret { vendor: self.one_of(&vendors), lasts: self.span() }
            }
        }
    }

    /// Things that meet, which drawn one by one would hardly ever.
    fn meeting_of_lists(&mut self) -> Vec<(Duration, What)> {
        let seconds = Duration::from_secs;
        let qince = |fault, per_mille, lasts| What::Trouble {
            vendor: Vendor::Qince,
            fault,
            per_mille,
            lasts: seconds(lasts),
        };
        let push = |pile, document| What::Json { pile, document };
        match self.below(6) {
            0..=2 => self.going_back(),
            3 => {
                // Answers are lost while orders are written, and their newer versions come.
                let (begins, lost) =
                    (self.time(), self.one_of(&[Fault::LostAnswer, Fault::ServiceException]));
                let pile = self.one_of(&[Pile::Purchases, Pile::States]);
                let pushes = (0..6).map(|place| (place * 20, push(pile, MEETING + place as usize % 2)));
                let after = [(0, qince(lost, 600, 90))].into_iter().chain(pushes);
                after.map(|(after, what)| (begins + seconds(after), what)).collect()
            }
            4 => {
                // What was lost on its way and is then refused for good; or a batch that takes longer than it is in flight.
                let begins = self.time();
                let is_refused = self.chance(1, 2);
                let fault = match is_refused {
                    true => Fault::InnerRefusal(REFUSED.to_owned()),
                    false => Fault::Slow(seconds(self.one_of(&[20, 25, 28]))),
                };
                let pile = self.one_of(&[Pile::Purchases, Pile::States]);
                let many = (0..BATCH).map(|place| (begins + seconds(1), push(pile, MEETING + place)));
                let again = (0..BATCH).map(|place| (begins + seconds(400), push(pile, MEETING + place)));
                let trouble = [(begins, qince(fault, 1_000, 300))].into_iter();
                trouble.chain(many).chain(again).collect()
            }
            _ => {
                // A machine that is a little ahead reads on to where the next orders will be.
                let begins = self.time();
                let ahead = TimeDelta::seconds(self.dice.random_range(150..400));
                let table = self.one_of(&QUERIES);
                let rows = (1..20).map(|place| {
                    let row = What::Row { table, row: MEETING + place, how: Change::Onward };
                    (begins + seconds(30 * place as u64), row)
                });
                let clock = (begins, What::ClockSet { ahead, lasts: seconds(600) });
                [clock].into_iter().chain(rows).collect()
            }
        }
    }

    /// Rows of a list have changed, and go back one after the other, while whoever reads them dies.
    fn going_back(&mut self) -> Vec<(Duration, What)> {
        let seconds = Duration::from_secs;
        let table = self.one_of(&LISTS);
        let row = |row: usize, how| What::Row { table, row: MEETING + row, how };
        let mut events = Vec::new();
        for place in 0..GOING_BACK {
            events.push((Duration::ZERO, row(place, Change::Onward)));
            events.push((seconds(HOUR - 600), row(place, Change::Onward)));
            events.push((seconds(HOUR - 60 + 20 * place as u64), row(place, Change::Back)));
        }
        for slot in 0..PROCESSES {
            let (port, operation) = self.one_of(&DEADLY[..4]);
            let side = self.one_of(&[Side::Before, Side::After]);
            let down = seconds(self.one_of(&[1, 30, 90]));
            events.push((seconds(HOUR - 90), What::KillAt { slot, port, operation, side, down }));
        }
        events
    }
}
