//! What a seed draws of bills by dice of its own, so that whatever else it draws stays as it was.

use std::time::Duration;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use relay_decorator::{Port, Side};
use relay_simulators::Fault;

use super::super::{Change, Hand, PROCESSES, Parcels, REFUSED, Says, Terms, Vendor, What};
use super::{Draw, FLOOD, MEETING};

/// Sets these dice apart from those of everything else that a seed of bills draws.
const APART: u64 = 0x000D_1CE0_0000_0000;

/// Sales from this number on are of one of these meetings.
const SALES: usize = MEETING + FLOOD + 1;

type Events = Vec<(Duration, What)>;

impl Draw {
    /// One with dice of its own.
    pub(super) fn apart(&self, seed: u64) -> Self {
        Self { dice: StdRng::seed_from_u64(seed ^ APART), ..*self }
    }

    pub(super) fn more_of_bills(&mut self, terms: &mut Terms) -> Events {
        let mut events = Events::new();
        if self.chance(1, 2) {
            terms.parcels = Some(self.parcels(terms));
            events.extend(self.sales_of_parcels());
        }
        if self.chance(1, 3) {
            events.extend(self.receipts_of_changes());
        }
        if self.chance(1, 3) {
            events.extend(self.asked_while_closing());
        }
        if self.chance(1, 3) {
            events.extend(self.by_hand());
        }
        if self.chance(1, 3) {
            events.extend(self.flows_say_otherwise(terms));
        }
        events
    }

    fn parcels(&mut self, terms: &Terms) -> Parcels {
        match self.below(5) {
            0..=2 => {
                let undoes = terms.when_cancelled != "refuse" && self.chance(2, 3);
                Parcels::Bills { withdrawn: if undoes { terms.when_cancelled } else { "fail" } }
            }
            part => Parcels::Groups { twelfths: part == 4 },
        }
    }

    /// Sales that lose all of their lines, and get some again, before they are cancelled and after it.
    fn sales_of_parcels(&mut self) -> Events {
        let count = self.below(3) + 1;
        let mut events = Events::new();
        for sale in (0..count).map(|place| SALES + place) {
            let mut at = self.time();
            events.push((at, self.sale(sale)));
            for _ in 0..self.below(5) + 1 {
                at += self.span().min(Duration::from_secs(900));
                let how = self.one_of(&[Change::Emptied, Change::Emptied, Change::Deleted, Change::Back]);
                let is_new = self.chance(1, 3);
                events.push((at, if is_new { self.sale(sale) } else { What::SaleChange { sale, how } }));
            }
        }
        if self.chance(1, 2) {
            let fault = self.one_of(&[Fault::LostAnswer, Fault::LostRequest]);
            let vendor = self.one_of(&[Vendor::Kingdee, Vendor::Http]);
            events.push((self.time(), What::Trouble { vendor, fault, per_mille: 400, lasts: self.span() }));
        }
        events
    }

    /// Receipts that come again and again while the bill that they refer to is changed.
    fn receipts_of_changes(&mut self) -> Events {
        let (begins, sale) = (self.time(), SALES + 3);
        let receipt = |draw: &mut Self| What::Receipt { receipt: SALES + draw.below(4), sale };
        let mut events = vec![(0, self.sale(sale)), (2, receipt(self))];
        let (mut at, turns) = (20, self.below(3) + 1);
        for _ in 0..turns {
            let change = self.one_of(&[Change::Back, Change::Deleted]);
            let is_new = self.chance(2, 3);
            events.push((at, if is_new { self.sale(sale) } else { What::SaleChange { sale, how: change } }));
            let until = at + 60;
            while at < until {
                at += self.dice_of(1, 15);
                events.push((at, receipt(self)));
            }
        }
        events.into_iter().map(|(after, what)| (begins + Duration::from_secs(after), what)).collect()
    }

    /// A person asks for groups while who closes them stands still, behind its look at what is open or behind what it has read.
    fn asked_while_closing(&mut self) -> Events {
        let (begins, sale) = (self.time(), SALES + 4);
        let mut events = vec![(0, self.sale(sale)), (1, self.sale(sale + 1)), (20, What::CloseGroups)];
        for slot in 0..PROCESSES {
            let operation = self.one_of(&["open", "members", "seals", "seal", "queued", "looked"]);
            let (port, side) = (Port::Groups, self.one_of(&[Side::Before, Side::After]));
            let lasts = Duration::from_secs(self.one_of(&[30, 60, 90]));
            events.push((21, What::StopAt { slot, port, operation, side, lasts }));
        }
        for _ in 0..self.below(3) + 1 {
            let late = self.dice_of(22, 140);
            events.push((late, self.sale(sale + 2)));
            events.push((late + self.dice_of(1, 40), What::CloseGroups));
        }
        events.into_iter().map(|(after, what)| (begins + Duration::from_secs(after), what)).collect()
    }

    /// A person who does in Kingdee what the relay does not expect, and has the targets asked for what failed.
    fn by_hand(&mut self) -> Events {
        let (begins, sale) = (self.time(), SALES + 8);
        let at = |seconds| begins + Duration::from_secs(seconds);
        let how = self.one_of(&[Hand::Deletes, Hand::Deletes, Hand::Unaudits, Hand::Audits, Hand::Makes]);
        let mut events = match how {
            // What failed for a good that Kingdee does not know is made there by hand.
            Hand::Makes => {
                let bad = What::Sale { sale, says: self.dice_of(0, 1_000), is_bad: true };
                vec![(at(0), bad), (at(100), What::ByHand { sale, how }), (at(120), What::Recheck)]
            }
            _ => {
                let refusal = Fault::InnerRefusal(REFUSED.to_owned());
                let fault = self.one_of(&[refusal.clone(), refusal, Fault::LostAnswer]);
                let (vendor, lasts) = (Vendor::Kingdee, Duration::from_secs(200));
                let trouble = What::Trouble { vendor, fault, per_mille: 500, lasts };
                let begins_with = [(at(0), self.sale(sale)), (at(0), self.sale(sale + 1))];
                let troubled = self.chance(1, 2).then_some((at(0), trouble));
                let hand =
                    [(at(150), What::ByHand { sale, how }), (at(150), What::ByHand { sale: sale + 1, how })];
                begins_with.into_iter().chain(troubled).chain(hand).collect()
            }
        };
        for place in 0..self.below(4) {
            let after = 210 + place as u64 * 100 + self.dice_of(0, 90);
            let sale = sale + self.below(2);
            let what = match self.below(6) {
                0 | 1 => self.sale(sale),
                2 => What::SaleChange { sale, how: self.one_of(&[Change::Back, Change::Deleted]) },
                3 => What::ReplayAll,
                4 => What::Recheck,
                _ => What::ByHand { sale, how: self.one_of(&[Hand::Deletes, Hand::Unaudits, Hand::Audits]) },
            };
            events.push((at(after), what));
        }
        events.push((at(205), What::Recheck));
        events
    }

    /// A flow goes about its documents otherwise while some are on their way, and what failed is sent again.
    fn flows_say_otherwise(&mut self, terms: &Terms) -> Events {
        let (begins, sale) = (self.time(), SALES + 11);
        let mut says = vec![("sales-by-warehouse", Says::Split), ("sales-by-warehouse", Says::Split)];
        // A group that is closed after its day has one.
        says.extend((!terms.close.contains("after")).then_some(("sales-by-day", Says::ByShop)));
        let word = self.one_of(&["refuse", "edit", "reopen", "offset"]);
        says.push(if terms.audits || self.chance(1, 2) {
            ("sales", Says::Changes(word))
        } else {
            ("sales", Says::Audit)
        });
        let (flow, says) = self.one_of(&says);
        let mut events = Vec::new();
        let fault =
            self.one_of(&[Fault::LostAnswer, Fault::LostRequest, Fault::InnerRefusal(REFUSED.to_owned())]);
        if self.chance(1, 2) {
            let (vendor, lasts) = (Vendor::Kingdee, Duration::from_secs(300));
            events.push((0, What::Trouble { vendor, fault, per_mille: 400, lasts }));
        }
        let mut at = 1;
        for _ in 0..self.below(2) + 1 {
            for _ in 0..self.below(6) + 2 {
                let sale = sale + self.below(3);
                let is_new = self.chance(5, 6);
                events.push((
                    at,
                    if is_new { self.sale(sale) } else { What::SaleChange { sale, how: Change::Back } },
                ));
                at += self.dice_of(0, 60);
            }
            events.push((at, What::FlowSays { flow, says }));
            at += self.dice_of(1, 30);
        }
        for _ in 0..self.below(5) {
            let sale = sale + self.below(3);
            let what = self.one_of(&[What::ReplayAll, What::SaleAgain { sale, back: 1 }]);
            let is_new = self.chance(1, 2);
            events.push((at, if is_new { self.sale(sale) } else { what }));
            at += self.dice_of(1, 120);
        }
        events.into_iter().map(|(after, what)| (begins + Duration::from_secs(after), what)).collect()
    }

    fn dice_of(&mut self, least: u64, most: u64) -> u64 {
        least + self.below((most - least) as usize) as u64
    }
}
