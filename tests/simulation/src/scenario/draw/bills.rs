//! What a seed draws of sales that become bills.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use relay_decorator::{Port, Side};
use relay_simulators::Fault;

use super::super::{Change, Conditions, Drawing, PROCESSES, REFUSED, Scenario, Terms, Vendor, What};
use super::{BATCH, Draw, FLOOD, MEETING, THEMES, Theme};

/// Sets these seeds apart from those of documents.
const APART: u64 = 0xB111_5000_0000_0000;

const FLOWS: [&str; 6] = ["sales", "sales-by-day", "sales-by-warehouse", "receipts", "numbers", "bills-told"];
/// Those that no other flow refers to: without one of the others nothing would start.
const BY_THEMSELVES: [&str; 4] = ["sales-by-warehouse", "receipts", "numbers", "bills-told"];
const TARGETS: [&str; 3] = ["kingdee", "sharecrm", "http"];

/// Where a process dies: at each step of a closing, of a contribution, of a document that is split, of a bill's life and of an
/// outcome that is told.
const DEADLY: [(Port, &str); 12] = [
    (Port::Groups, "put"),
    (Port::Groups, "members"),
    (Port::Groups, "seal"),
    (Port::Groups, "seal"),
    (Port::Groups, "queued"),
    (Port::Groups, "looked"),
    (Port::Queue, "send"),
    (Port::Queue, "send"),
    (Port::Queue, "delete"),
    (Port::Ledger, "write"),
    (Port::Ledger, "write"),
    (Port::Lookups, "wait"),
];

/// Longer than a message is in flight, where a process works as Lambda does too.
const LONGER_THAN_IN_FLIGHT: Duration = Duration::from_secs(1_000);

impl Scenario {
    pub(super) fn of_bills(seed: u64) -> Self {
        let mut dice = StdRng::seed_from_u64(seed ^ APART);
        let minutes =
            if dice.random_ratio(1, 12) { 1_440 } else { [20, 45, 60, 90, 180][dice.random_range(0..5)] };
        let lasts = Duration::from_secs(minutes * 60);
        let (receiver_replaces, refuses_duplicates) = (dice.random_ratio(1, 2), dice.random_ratio(2, 3));
        let mut draw = Draw { dice, lasts, receiver_replaces, refuses_duplicates };
        let scarce = draw.chance(1, 8);
        let mut conditions = Conditions {
            drawing: Drawing::Bills,
            v2: true,
            lasts,
            edits: draw.chance(1, 2),
            refuses_duplicates,
            lag: Duration::ZERO,
            look: Duration::from_secs(if minutes > 100 { 60 } else { draw.dice.random_range(3..40) }),
            // Only who pushes as Lambda does puts documents off.
            by_events: std::array::from_fn::<_, PROCESSES, _>(|_| draw.chance(1, 3) || scarce),
            receiver_replaces,
            scarce,
            redelivers: draw.chance(1, 3),
            bills: Some(draw.terms()),
        };
        let themes: Vec<Theme> = THEMES.into_iter().filter(|_| draw.chance(2, 5)).collect();
        let mut events = draw.sales();
        for theme in themes {
            let count = draw.below(12) + 2;
            events.extend((0..count).map(|_| draw.of_theme_of_bills(theme)));
        }
        let mut events: Vec<_> = events.into_iter().map(|what| (draw.time(), what)).collect();
        if draw.chance(1, 2) {
            events.extend(draw.meeting_of_bills());
        }
        if scarce {
            let begins = draw.time();
            events.extend((0..FLOOD).map(|place| (begins, draw.sale(MEETING + place))));
        }
        // Last, so that whatever else a seed draws stays as it was.
        if draw.chance(1, 8) {
            events.extend(draw.overtaken());
        }
        if let Some(terms) = &mut conditions.bills {
            events.extend(draw.apart(seed).more_of_bills(terms));
        }
        Self::new(seed, conditions, events)
    }
}

impl Draw {
    fn terms(&mut self) -> Terms {
        let groups_in_kingdee = self.chance(1, 2);
        let differences: [&str; 2] = match groups_in_kingdee {
            // Kingdee takes no bill in which signs are mixed.
            true => ["\"red\"", "{ return = \"kingdee.sal_inbound_save\" }"],
            false => ["\"supplement\"", "\"red\""],
        };
        Terms {
            audits: self.chance(3, 4),
            changes: self.one_of(&["refuse", "edit", "reopen", "reopen", "offset", "offset"]),
            when_cancelled: self.one_of(&["refuse", "delete", "unaudit+delete", "unaudit+delete", "offset"]),
            groups_in_kingdee,
            close: self.one_of(&[
                "{ after = \"day\", wait = \"10m\" }",
                "{ every = \"3m\" }",
                "{ every = \"10m\" }",
                "{ size = 3, every = \"1h\" }",
            ]),
            difference: self.one_of(&differences),
            max_lines: self.one_of(&[1, 2, 500]),
            told_by_version: self.chance(1, 2),
            parcels: None,
        }
    }

    pub(super) fn sale(&mut self, sale: usize) -> What {
        What::Sale { sale, says: self.dice.random(), is_bad: false }
    }

    fn sales(&mut self) -> Vec<What> {
        let count = self.below(20) + 3;
        let known = count.div_ceil(3).max(2);
        (0..count).flat_map(|_| self.sale_or_receipt(known)).collect()
    }

    fn sale_or_receipt(&mut self, known: usize) -> Vec<What> {
        let sale = self.below(known);
        match self.below(14) {
            0..=3 => vec![self.sale(sale)],
            4 | 5 => vec![self.sale(sale), self.sale(sale)],
            6 => vec![self.sale(sale), self.sale(sale), What::SaleChange { sale, how: Change::Back }],
            7 | 8 => vec![self.sale(sale), What::SaleChange { sale, how: Change::Deleted }],
            9 => vec![self.sale(sale), self.sale(sale), What::SaleAgain { sale, back: self.below(3) }],
            10 => vec![What::SaleFlap { sale, says: self.dice.random() }],
            11 => {
                let bad = What::Sale { sale, says: self.dice.random(), is_bad: true };
                vec![bad, What::AddMaterial, What::ReplayAll]
            }
            12 => vec![What::CloseGroups, self.sale(sale)],
            _ => vec![What::Receipt { receipt: self.below(known), sale }, self.sale(sale)],
        }
    }

    fn kill_at(&mut self, (port, operation): (Port, &'static str)) -> What {
        let (slot, side) = (self.below(PROCESSES), self.one_of(&[Side::Before, Side::After]));
        What::KillAt { slot, port, operation, side, down: self.span() }
    }

    fn of_theme_of_bills(&mut self, theme: Theme) -> What {
        match theme {
            Theme::Deaths if self.chance(1, 2) => {
                let call = self.one_of(&DEADLY);
                self.kill_at(call)
            }
            Theme::Stops if self.chance(1, 2) => {
                let (port, operation) = self.one_of(&DEADLY);
                let (slot, side) = (self.below(PROCESSES), self.one_of(&[Side::Before, Side::After]));
                What::StopAt { slot, port, operation, side, lasts: self.span() }
            }
            Theme::People => self.of_people_of_bills(),
            Theme::Stores if self.chance(1, 4) => {
                let What::Store { slot, side, kind, calls, .. } = self.of_theme(theme) else {
                    return What::Resume;
                };
                What::Store { slot, port: Port::Groups, side, kind, calls }
            }
            Theme::Vendors => loop {
                let trouble = self.trouble();
                let (What::Trouble { vendor, .. } | What::Once { vendor, .. }) = trouble else { continue };
                if vendor != Vendor::Wangdian {
                    return trouble;
                }
            },
            theme => self.of_theme(theme),
        }
    }

    fn of_people_of_bills(&mut self) -> What {
        match self.below(11) {
            0 | 1 => What::ReplayAll,
            2 => What::Resume,
            3 => What::Redrive,
            4 => What::Settle,
            5 => What::FlowAway { flow: self.one_of(&BY_THEMSELVES), lasts: self.span() },
            6 => What::FlowChanged { flow: self.one_of(&FLOWS) },
            7 => What::Paused { name: self.one_of(&TARGETS), lasts: self.span() },
            8 => What::Paused { name: self.one_of(&FLOWS), lasts: self.span() },
            9 => What::CloseGroups,
            _ => {
                let vendor = self.one_of(&[Vendor::Kingdee, Vendor::Sharecrm]);
                What::WrongSecret { vendor, lasts: self.span() }
            }
        }
    }

    /// One stands still before or after it puts a sale into its group, for longer than the message is its own, while the other process
    /// goes on with that sale, and with a newer version of it.
    fn overtaken(&mut self) -> Vec<(Duration, What)> {
        let (begins, sale) = (self.time(), MEETING + FLOOD);
        let (slot, side) = (self.below(PROCESSES), self.one_of(&[Side::Before, Side::Before, Side::After]));
        let (port, operation, lasts) = (Port::Groups, "put", LONGER_THAN_IN_FLIGHT);
        let stands_still = What::StopAt { slot, port, operation, side, lasts };
        // So that the other does not take it first.
        let waits = What::Stop { slot: (slot + 1) % PROCESSES, lasts: Duration::from_secs(110) };
        // Both versions come before: a push that finds nobody comes again when all is over.
        let after = [(0, self.sale(sale)), (1, self.sale(sale)), (2, stands_still), (2, waits)];
        after.map(|(after, what)| (begins + Duration::from_secs(after), what)).into()
    }

    /// Things that meet, which drawn one by one would hardly ever.
    fn meeting_of_bills(&mut self) -> Vec<(Duration, What)> {
        let seconds = Duration::from_secs;
        let (begins, sale) = (self.time(), MEETING);
        let kingdee = |fault, per_mille, lasts| What::Trouble {
            vendor: Vendor::Kingdee,
            fault,
            per_mille,
            lasts: seconds(lasts),
        };
        let after: Vec<(u64, What)> = match self.below(6) {
            5 => {
                // One stands still in the midst of a closing, and more comes: for less than its lease lasts, or more.
                let sales: Vec<_> =
                    (0..3).map(|place| (place, self.sale(MEETING + place as usize))).collect();
                let late: Vec<_> =
                    (0..4).map(|place| (62 + place, self.sale(MEETING + place as usize))).collect();
                let stops: Vec<_> = (0..PROCESSES)
                    .map(|slot| {
                        let operation = self.one_of(&["members", "seals", "seal", "queued", "looked"]);
                        let (port, side) = (Port::Groups, self.one_of(&[Side::Before, Side::After]));
                        let lasts = seconds(self.one_of(&[40, 70, 200]));
                        (29, What::StopAt { slot, port, operation, side, lasts })
                    })
                    .collect();
                [sales, stops, vec![(30, What::CloseGroups)], late].concat()
            }
            0 => {
                // A group is closed by one that dies of it, and more comes before the next looks at it.
                let call = self.one_of(&DEADLY[2..7]);
                let sales: Vec<_> =
                    (0..4).map(|place| (place, self.sale(MEETING + place as usize))).collect();
                let deaths = [(30, self.kill_at(call)), (31, self.kill_at(call))];
                let late = [(95, self.sale(MEETING)), (96, self.sale(MEETING + 4))];
                let close = [(32, What::CloseGroups), (110, What::CloseGroups)];
                [sales, deaths.into(), late.into(), close.into()].concat()
            }
            1 => {
                // Answers are lost while a bill is saved, audited, reopened.
                let lost = kingdee(Fault::LostAnswer, 500, 300);
                vec![(0, self.sale(sale)), (60, lost), (61, self.sale(sale)), (240, self.sale(sale))]
            }
            2 => {
                // A bill is saved and its audit is refused; its sale changes, or is cancelled, meanwhile.
                let refusal = kingdee(Fault::InnerRefusal(REFUSED.to_owned()), 500, 400);
                let change = self.one_of(&[Change::Back, Change::Deleted]);
                let changed = What::SaleChange { sale, how: change };
                vec![(0, refusal), (1, self.sale(sale)), (100, self.sale(sale)), (300, changed)]
            }
            3 => {
                // A sale that leaves a warehouse while its parts are on their way.
                let lost = kingdee(self.one_of(&[Fault::LostRequest, Fault::LostAnswer]), 700, 120);
                let mut events = vec![(0, lost)];
                events.extend((0..6).map(|place| (place * 25, self.sale(sale))));
                events
            }
            _ => {
                // A batch that takes longer than its messages are in flight.
                let slow = Fault::Slow(seconds(self.one_of(&[20, 25, 28])));
                let sales = (0..BATCH).map(|place| (1, self.sale(MEETING + place)));
                [vec![(0, kingdee(slow, 1_000, 900))], sales.collect()].concat()
            }
        };
        after.into_iter().map(|(after, what)| (begins + seconds(after), what)).collect()
    }
}
