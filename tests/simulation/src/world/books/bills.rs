//! What must be true of bills at every moment.

use std::collections::{BTreeMap, BTreeSet};

use futures::FutureExt as _;
use relay_core::groups::{GroupId, group_of_bill};
use serde_json::Value;

use super::{Books, Pile, State, Violation};
use crate::trace::clock;
use crate::world::operator::BY_DAY;

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
}

/// The sale that a bill of that number is of: `S3` of `S3`, `S3-R1` and `S3-B2`.
#[must_use]
pub fn sale_of(number: &str) -> &str {
    number.split_once('-').map_or(number, |(sale, _)| sale)
}

impl Books {
    pub(super) fn look_at_bills(&self, state: &mut State, called: &str) {
        if called.starts_with("POST /jdy/v2/") {
            self.look_at_sales(state);
            let numbers = ["sal_order", "sal_inbound"].map(|kind| self.vendors.kingdee.saved_of(kind));
            let numbers = numbers.into_iter().flatten().map(|saved| saved.number);
            numbers.for_each(|number| self.look_at_bill(state, &number));
        } else if called.contains("/receive/bills") {
            for received in self.vendors.http.received() {
                self.look_at_bill(state, received.body["id"].as_str().unwrap_or_default());
            }
        } else {
            self.look_at_told(state);
        }
    }

    /// No older version over a newer: a bill that is changed tells of later versions.
    fn look_at_sales(&self, state: &mut State) {
        for saved in self.vendors.kingdee.saved_of("sal_outbound") {
            let (sale, note) = (sale_of(&saved.number), note(&saved.body["remark"]));
            let is_new = state.seen.notes.insert((sale.to_owned(), note.to_owned()));
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

    /// What is sent of a group stands in one of its seals.
    fn look_at_bill(&self, state: &mut State, number: &str) {
        let Some(name) = number.strip_prefix("D-").filter(|_| state.seen.of_groups.insert(number.to_owned()))
        else {
            return;
        };
        let group = group_of_bill(name).map(|(group, _)| GroupId::new(BY_DAY, group));
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
            if text("state") == "delivered" && !versions.filter(is_it).any(has_come) {
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
