//! What must be true of bills at every moment.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::FutureExt as _;
use relay_core::groups::{GroupId, group_of_bill};
use relay_simulators::kingdee::Saved;
use serde_json::Value;

use super::{Books, Pile, State, Violation};
use crate::trace::clock;
use crate::world::operator::{BY_DAY, PARCELS};

/// What was seen of bills so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The version that each bill of a sale tells of, by its id.
    versions: BTreeMap<String, usize>,
    /// What was ever in a bill of a sale: sale and note.
    notes: BTreeSet<(String, String)>,
    /// Bills of groups, by their numbers.
    of_groups: BTreeSet<String>,
    /// How many write-backs.
    told: usize,
    /// When each bill of a sale was seen first that counts no more, by its id: one that was deleted or taken back.
    gone: BTreeMap<String, Duration>,
    /// How often each receipt came.
    receipts: BTreeMap<String, usize>,
}

/// The sale that a bill of that number is of: `S3` of `S3`, `S3-R1` and `S3-B2`.
#[must_use]
pub fn sale_of(number: &str) -> &str {
    number.split_once('-').map_or(number, |(sale, _)| sale)
}

/// How long a turn takes from its look at a bill to its call, where nobody makes it wait.
const A_TURN: Duration = Duration::from_secs(10);

/// The number of the bill that takes back the one of that number: `S3-R1` of `S3`, `S3-R3` of `S3-B2`; nothing's of a red one.
fn red_of(number: &str) -> String {
    match number.split_once("-B") {
        Some((sale, place)) => format!("{sale}-R{}", place.parse::<u32>().unwrap_or_default() + 1),
        None => format!("{number}-R1"),
    }
}

/// What the numbers of the bills of a flow with groups begin with.
#[must_use]
pub fn prefix_of(flow: &str) -> &'static str {
    if flow == BY_DAY { "D-" } else { "P-" }
}

impl Books {
    pub(super) fn look_at_bills(&self, state: &mut State, called: &str) {
        if called.starts_with("POST /jdy/v2/") {
            self.look_at_sales(state);
            self.look_at_gone(state);
            let numbers = ["sal_order", "sal_inbound"].map(|kind| self.vendors.kingdee.saved_of(kind));
            let numbers = numbers.into_iter().flatten().map(|saved| saved.number);
            numbers.for_each(|number| self.look_at_bill(state, &number));
        } else if ["/receive/bills", "/receive/parcels"].iter().any(|path| called.contains(path)) {
            for received in self.vendors.http.received() {
                self.look_at_bill(state, received.body["id"].as_str().unwrap_or_default());
            }
        } else {
            self.look_at_told(state);
            self.look_at_receipts(state);
        }
    }

    /// Which bills of sales count no more.
    fn look_at_gone(&self, state: &mut State) {
        let bills = self.vendors.kingdee.saved_of("sal_outbound");
        let numbers: BTreeSet<&str> = bills.iter().map(|bill| bill.number.as_str()).collect();
        let is_taken_back = |number: &str| numbers.contains(red_of(number).as_str());
        let taken_back = bills.iter().filter(|bill| is_taken_back(&bill.number));
        let deleted = self.vendors.kingdee.deleted("sal_outbound");
        for bill in taken_back.chain(&deleted) {
            state.seen.gone.entry(bill.id.clone()).or_insert(self.timeline.now());
        }
    }

    /// A receipt refers to a bill that counts, or did so when its turn began.
    fn look_at_receipts(&self, state: &mut State) {
        let records = self.vendors.sharecrm.records();
        let receipts = records.iter().filter(|((object, _), _)| object == "erpReceiptObj");
        let (now, is_late) = (self.timeline.now(), self.stops || self.holds_up_receipts);
        for ((_, receipt), record) in receipts {
            let known = state.seen.receipts.insert(receipt.clone(), record.history.len());
            let Some(last) = record.history.get(known.unwrap_or_default()..).and_then(<[_]>::last) else {
                continue;
            };
            let sale_id = last.data["masterFieldVal"]["sale_id"].as_str().unwrap_or_default();
            let gone = state.seen.gone.get(sale_id).filter(|gone| **gone + A_TURN < now && !is_late);
            if let Some(gone) = gone {
                let found = format!(
                    "at {} receipt {receipt} refers to {sale_id}, which counts no more since {}",
                    clock(now),
                    clock(*gone)
                );
                state.violations.push(Violation { rule: "a receipt refers to the bill that counts", found });
            }
        }
    }

    /// No older version over a newer: a bill that is changed tells of later versions.
    fn look_at_sales(&self, state: &mut State) {
        for saved in self.vendors.kingdee.saved_of("sal_outbound") {
            let (sale, note) = (sale_of(&saved.number), note(&saved.body["remark"]));
            let is_new = state.seen.notes.insert((sale.to_owned(), note.to_owned()));
            self.stays_deleted(state, &saved);
            let Some(version) = place(state, sale, note).filter(|_| !saved.number.contains("-R")) else {
                continue;
            };
            let known = state.seen.versions.insert(saved.id.clone(), version);
            if let Some(known) = known.filter(|known| version < *known && !self.stops) {
                let found = format!(
                    "at {} Kingdee's bill {} went from version {known} to {version} ({is_new})",
                    clock(self.timeline.now()),
                    saved.number
                );
                state.violations.push(Violation { rule: "no older version over a newer", found });
            }
        }
    }

    /// What a person has deleted comes again by a replay alone, and nobody takes it back.
    fn stays_deleted(&self, state: &mut State, bill: &Saved) {
        let is_red_of = |number: &&String| red_of(number) == bill.number;
        let known = &state.by_hand.stays_deleted;
        let deleted = known.get(&bill.number).or_else(|| known.iter().find(is_red_of)).cloned();
        if let Some(number) = deleted {
            state.by_hand.stays_deleted.remove(&number);
            let found = format!(
                "at {} there is {}, and {number} was deleted by hand",
                clock(self.timeline.now()),
                bill.number
            );
            state.violations.push(Violation { rule: "what a person has deleted stays deleted", found });
        }
    }

    /// What is sent of a group stands in one of its seals.
    fn look_at_bill(&self, state: &mut State, number: &str) {
        let named = |flow: &'static str| Some((flow, number.strip_prefix(prefix_of(flow))?));
        let named = [BY_DAY, PARCELS].into_iter().find_map(named);
        let Some((flow, name)) = named.filter(|_| state.seen.of_groups.insert(number.to_owned())) else {
            return;
        };
        let group = group_of_bill(name).map(|(group, _)| GroupId::new(flow, group));
        let seals = group.and_then(|group| self.stores().groups.seals(&group).now_or_never()?.ok());
        let bills = seals.iter().flatten().flat_map(|seal| &seal.bills);
        if !bills.into_iter().any(|bill| bill.name == name) {
            let found = format!("at {} {number} is there, and no seal has it", clock(self.timeline.now()));
            state.violations.push(Violation { rule: "nothing is sent before it is sealed", found });
        }
    }

    /// What is told as delivered has come to Kingdee before.
    fn look_at_told(&self, state: &mut State) {
        let records = self.vendors.sharecrm.records();
        let told = records.iter().filter(|((object, _), _)| object == "erpNumberObj");
        let pushes: Vec<_> = told.flat_map(|(_, record)| &record.history).collect();
        if pushes.len() == std::mem::replace(&mut state.seen.told, pushes.len()) {
            return;
        }
        for fields in pushes.iter().map(|push| &push.data["masterFieldVal"]) {
            let text = |name: &str| fields[name].as_str().unwrap_or_default();
            let sales = state.pile(Pile::Sales);
            let versions = sales.iter().flat_map(|sale| &sale.versions);
            let is_it =
                |version: &&Value| version["id"] == text("sale") && version["updated_at"] == text("version");
            let has_come = |version: &Value| {
                let note = note(&version["note"]).to_owned();
                version["status"] == "cancelled"
                    || state.seen.notes.contains(&(text("sale").to_owned(), note))
            };
            let is_made = state.by_hand.made.contains(text("sale"));
            if text("state") == "delivered" && !is_made && !versions.filter(is_it).any(has_come) {
                let found = format!("at {}: {fields}", clock(self.timeline.now()));
                state.violations.push(Violation { rule: "each delivery is told, and nothing else", found });
            }
        }
    }
}

/// What a bill's remark has of its sale: what else the relay remarks stands behind it.
fn note(remark: &Value) -> &str {
    let remark = remark.as_str().unwrap_or_default();
    remark.split_once(';').or(remark.split_once(';')).map_or(remark, |(note, _)| note)
}

/// The version of a sale that has that note alone.
fn place(state: &State, sale: &str, note: &str) -> Option<usize> {
    let sale = state
        .pile(Pile::Sales)
        .iter()
        .find(|pushed| pushed.versions.first().is_some_and(|version| version["id"] == sale))?;
    let mut places = (0..sale.versions.len()).filter(|place| sale.versions[*place]["note"] == note);
    let place = places.next();
    place.filter(|_| places.next().is_none())
}
