//! Bills that live, parts, links, and what is told of them.

use relay_core::{Entry, FailureClass};
use relay_simulators::kingdee::Saved;
use relay_simulators::sharecrm::Push;
use serde_json::Value;

use super::evidence::Judge;
use super::groups::is_same;
use crate::scenario::{Terms, What};
use crate::world::books::{Pile, Pushed, sale_of};
use crate::world::operator::{BY_DAY, PARCELS};

pub(super) const SALES: &str = "sales";
pub(super) const BY_WAREHOUSE: &str = "sales-by-warehouse";
pub(super) const RECEIPTS: &str = "receipts";
const NUMBERS: &str = "numbers";
const BILLS_TOLD: &str = "bills-told";
pub(super) const WAREHOUSES: [&str; 2] = ["WH01", "WH02"];

impl Judge<'_> {
    /// What the flows of bills say.
    pub(super) fn terms(&self) -> Terms {
        self.scenario().conditions.bills.clone().unwrap_or_default()
    }

    pub(super) fn bills(&mut self) -> anyhow::Result<()> {
        let sales = self.world.books.state().pile(Pile::Sales).to_vec();
        for sale in sales.iter().filter_map(Pushed::newest) {
            self.life(&sale)?;
            self.parcels(&sale)?;
            self.parts(&sale)?;
            self.told_of(&sale)?;
            self.closed(&sale)?;
        }
        let receipts = self.world.books.state().pile(Pile::Receipts).to_vec();
        for receipt in receipts.iter().filter_map(Pushed::newest) {
            self.receipt(&receipt)?;
        }
        self.audits();
        self.bills_told()
    }

    /// Whether a bill is audited is asked before its audit is repeated.
    fn audits(&mut self) {
        // A network that delivers twice, and a process that stands still before its call, ask nobody. And whoever has received a
        // message anew, because the clock was set, asks while the call of the one before is still on its way.
        let happens = |what: fn(&What) -> bool| self.scenario().events.iter().any(|event| what(&event.what));
        let is_doubled = happens(|what| what.doubles_calls_of("kingdee"));
        let is_overtaken = happens(What::ends_flights);
        let mut again = self.world.vendors.kingdee.audited_again();
        // A person may do so between the question and the audit.
        again.retain(|number| !self.world.books.state().by_hand.audited.contains(number));
        if !again.is_empty() && !is_doubled && !is_overtaken && !self.stops() {
            self.violated("nothing is audited blindly", format!("{again:?}"));
        }
    }

    /// What was found by a re-check was made by a person: not by us, and not by another version. One that was refused when it was
    /// sent again, after an answer was lost, is there all the same.
    fn closed(&mut self, newest: &Value) -> anyhow::Result<()> {
        let id = newest["id"].as_str().unwrap_or_default();
        let made = self.world.books.state().by_hand.made.contains(id);
        let parts = WAREHOUSES.map(|warehouse| format!("{id}/{warehouse}"));
        let keys = || std::iter::once(id).chain(parts.iter().map(String::as_str));
        for (flow, key) in
            [SALES, BY_WAREHOUSE, PARCELS].iter().flat_map(|flow| keys().map(|key| (*flow, key)))
        {
            let settled = self.world.entry(flow, key)?.and_then(|entry| entry.settled);
            let is_closed = settled.is_some_and(|settled| settled.by == "relay");
            if is_closed && !(made && (flow, key) == (SALES, id)) && !self.scenario().loses_answers() {
                let found = format!("{flow} {key}: nobody has made it by hand");
                self.violated("what a re-check closes, a person has made", found);
            }
        }
        Ok(())
    }

    /// A receipt bears the id of a bill of its sale.
    fn receipt(&mut self, newest: &Value) -> anyhow::Result<()> {
        let (id, sale) =
            (newest["id"].as_str().unwrap_or_default(), newest["sale"].as_str().unwrap_or_default());
        let records = self.world.vendors.sharecrm.records();
        let record = records.get(&("erpReceiptObj".to_owned(), id.to_owned()));
        let fields = record.and_then(|record| record.current()).map(|data| &data["masterFieldVal"]);
        self.ledger_knows(RECEIPTS, id, record.is_some())?;
        let kingdee = &self.world.vendors.kingdee;
        let by_hand = self.world.books.state().by_hand.deleted.clone();
        let bills = [kingdee.saved_of("sal_outbound"), kingdee.deleted("sal_outbound"), by_hand].concat();
        let is_its = |fields: &Value| {
            let is_bill = |bill: &Saved| sale_of(&bill.number) == sale && fields["sale_id"] == bill.id;
            fields["note"] == newest["note"] && bills.iter().any(is_bill)
        };
        if !fields.is_some_and(is_its)
            && !self.is_excused(RECEIPTS, id, |document| is_same(document, newest))?
        {
            let found = format!("{RECEIPTS} {id}: the CRM has {fields:?}, the newest is {newest}");
            self.violated("newest version at each target", found);
        }
        let waits = |class: &FailureClass| matches!(class, FailureClass::Waiting | FailureClass::Mapping);
        let entry = self.world.entry(RECEIPTS, id)?;
        let is_waiting = entry.iter().flat_map(Entry::failures).any(|failed| waits(&failed.class));
        let delivered = self.world.entry(SALES, sale)?.and_then(|entry| entry.delivered);
        if is_waiting && delivered.is_some_and(|delivered| delivered.target_id.is_some()) {
            let found = format!("{RECEIPTS} {id}: {}, and {sale} is there", self.told(RECEIPTS, id)?);
            self.violated("what waits for a bill goes on with it", found);
        }
        Ok(())
    }

    /// What became of a sale stands in the CRM.
    fn told_of(&mut self, newest: &Value) -> anyhow::Result<()> {
        let id = newest["id"].as_str().unwrap_or_default();
        let records = self.world.vendors.sharecrm.records();
        let history = |record: &str| -> Vec<(String, String)> {
            let record = records.get(&("erpNumberObj".to_owned(), record.to_owned()));
            let said = |push: &Push| {
                let fields = &push.data["masterFieldVal"];
                Some((fields["version"].as_str()?.to_owned(), fields["state"].as_str()?.to_owned()))
            };
            record.iter().flat_map(|record| &record.history).filter_map(said).collect()
        };
        let told = |record: &str| history(record).pop();
        if self.terms().told_by_version {
            let delivered = self.world.books.state().delivered.clone();
            for (_, _, version) in delivered.iter().filter(|(flow, key, _)| flow == SALES && key == id) {
                let version = version.as_deref().unwrap_or_default();
                let key = format!("{SALES}/{id}/{version}");
                if told(&format!("{id}@{version}")).is_none() && !self.is_excused(NUMBERS, &key, |_| true)? {
                    let found = format!("{NUMBERS} {key}: it was delivered, and the CRM does not know it");
                    self.violated("each delivery is told, and nothing else", found);
                }
            }
            return Ok(());
        }
        let Some(entry) = self.world.entry(SALES, id)? else { return Ok(()) };
        let Some(delivered) =
            entry.delivered.as_ref().filter(|_| entry.failed.is_none() && entry.settled.is_none())
        else {
            return Ok(());
        };
        let wanted = (delivered.version.clone().unwrap_or_default(), "delivered".to_owned());
        let (told, key) = (told(id), format!("{SALES}/{id}"));
        // Whoever stood still within a call, and dies when it has made it, has told an older one after the newest, and nobody of it.
        let is_overtaken = history(id).contains(&wanted) && self.scenario().dies_upon_waking();
        if told.as_ref() != Some(&wanted) && !is_overtaken && !self.is_excused(NUMBERS, &key, |_| true)? {
            let found = format!(
                "{NUMBERS} {key}: the CRM has {told:?}, the ledger {wanted:?}; of what was told it has {}",
                self.told(NUMBERS, &key)?
            );
            self.violated("each delivery is told, and nothing else", found);
        }
        Ok(())
    }

    /// Each bill of a group that was delivered is told to the address once.
    fn bills_told(&mut self) -> anyhow::Result<()> {
        let delivered = self.world.books.state().delivered.clone();
        let received = self.world.vendors.http.received();
        let bills = delivered.iter().filter(|(flow, key, _)| flow == BY_DAY && key.starts_with('@'));
        for (_, bill, _) in bills {
            let times =
                received.iter().filter(|told| told.path == "/told" && told.body["id"] == *bill).count();
            let key = format!("{BY_DAY}/{}", bill.replace('/', "%2F"));
            let is_once = times == 1 || times > 1 && self.scenario().conditions.receiver_replaces;
            if !is_once && !self.is_excused(BILLS_TOLD, &key, |_| true)? {
                let found = format!("{BILLS_TOLD} {bill}: told {times} times");
                self.violated("each delivery is told, and nothing else", found);
            }
        }
        Ok(())
    }
}
