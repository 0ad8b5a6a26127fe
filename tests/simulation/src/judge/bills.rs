//! Bills that live, parts, links, and what is told of them.

use std::collections::BTreeMap;

use relay_core::{Entry, FailureClass};
use relay_simulators::kingdee::Saved;
use relay_simulators::sharecrm::Push;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::evidence::Judge;
use super::groups::{Sums, is_same};
use crate::scenario::{Terms, What};
use crate::world::books::{Pile, Pushed, decimal, sale_of};
use crate::world::operator::BY_DAY;

const SALES: &str = "sales";
const BY_WAREHOUSE: &str = "sales-by-warehouse";
pub(super) const RECEIPTS: &str = "receipts";
const NUMBERS: &str = "numbers";
const BILLS_TOLD: &str = "bills-told";
const WAREHOUSES: [&str; 2] = ["WH01", "WH02"];

impl Judge<'_> {
    /// What the flows of bills say.
    pub(super) fn terms(&self) -> Terms {
        self.scenario().conditions.bills.clone().unwrap_or_default()
    }

    pub(super) fn bills(&mut self) -> anyhow::Result<()> {
        let sales = self.world.books.state().pile(Pile::Sales).to_vec();
        for sale in sales.iter().filter_map(Pushed::newest) {
            self.life(&sale)?;
            self.parts(&sale)?;
            self.told_of(&sale)?;
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
        let again = self.world.vendors.kingdee.audited_again();
        if !again.is_empty() && !is_doubled && !is_overtaken && !self.stops() {
            self.violated("nothing is audited blindly", format!("{again:?}"));
        }
    }

    /// The bills of a sale come to what it says, one of them says it, and all of them count.
    fn life(&mut self, newest: &Value) -> anyhow::Result<()> {
        let id = newest["id"].as_str().unwrap_or_default();
        let bills = self.world.vendors.kingdee.saved_of("sal_outbound");
        let bills: Vec<Saved> = bills.into_iter().filter(|saved| sale_of(&saved.number) == id).collect();
        let mut numbers = BTreeMap::<&str, usize>::new();
        bills.iter().for_each(|bill| *numbers.entry(&bill.number).or_default() += 1);
        if let Some((number, count)) = numbers.iter().find(|(_, count)| **count > 1)
            && !self.is_told_doubled(SALES, id)?
        {
            let told = self.told(SALES, id)?;
            self.violated(
                "one document per number",
                format!("{SALES} {number}: there {count} times, {told}"),
            );
        }
        self.ledger_knows(SALES, id, !bills.is_empty())?;
        if self.is_excused(SALES, id, |document| is_same(document, newest))? {
            return Ok(());
        }
        let mut sums = Sums::default();
        bills.iter().for_each(|bill| sums.extend(&Sums::of_body(&bill.body, 1)));
        let is_cancelled = newest["status"] == "cancelled";
        let wanted = if is_cancelled { Sums::default() } else { self.sums_of(newest, true) };
        let says_it = |bill: &Saved| bill.body["remark"] == newest["note"];
        let shown: Vec<_> = bills
            .iter()
            .map(|bill| format!("{} {} {:?}", bill.number, bill.body["remark"], bill.steps))
            .collect();
        if sums != wanted || !is_cancelled && !bills.iter().any(says_it) {
            let found = format!(
                "{SALES} {id}: the bills {shown:?} come to {sums:?}, the newest is {newest}; the ledger has {}",
                self.told(SALES, id)?
            );
            self.violated("newest version at each target", found);
        }
        if self.terms().audits
            && let Some(bill) = bills.iter().find(|bill| !bill.is_audited)
        {
            let found = format!("{SALES} {}: {:?}", bill.number, bill.steps);
            self.violated("each step has one effect", found);
        }
        Ok(())
    }

    /// Each warehouse has an order with its lines alone; one that has no lines any more is told.
    fn parts(&mut self, newest: &Value) -> anyhow::Result<()> {
        let id = newest["id"].as_str().unwrap_or_default();
        if self.is_excused(BY_WAREHOUSE, id, |document| is_same(document, newest))? {
            return Ok(());
        }
        for warehouse in WAREHOUSES {
            let (number, key) = (format!("{id}-{warehouse}"), format!("{id}/{warehouse}"));
            let bills = self.world.vendors.kingdee.saved("pur_order", &number);
            if bills.len() > 1 && !self.is_told_doubled(BY_WAREHOUSE, &key)? {
                let found = format!("{BY_WAREHOUSE} {number}: made {} times", bills.len());
                self.violated("one document per number", found);
            }
            self.ledger_knows(BY_WAREHOUSE, &key, !bills.is_empty())?;
            let mut wanted = BTreeMap::<String, Decimal>::new();
            let items = newest["items"].as_array().into_iter().flatten();
            for item in items.filter(|item| item["warehouse"] == warehouse) {
                let good = item["sku"].as_str().unwrap_or_default();
                let good = self.world.vendors.kingdee.id_of("material", good).unwrap_or_default();
                *wanted.entry(good).or_default() += decimal(&item["quantity"]);
            }
            let mut has = BTreeMap::<String, Decimal>::new();
            let lines = bills.iter().flat_map(|bill| bill.body["material_entity"].as_array());
            for line in lines.flatten() {
                let good = line["material_id"].as_str().unwrap_or_default().to_owned();
                *has.entry(good).or_default() += decimal(&line["qty"]);
            }
            // A part that has lost its lines is told once, and not with every version that follows.
            let is_told = |document: &Value| {
                is_same(document, newest) || wanted.is_empty() && document["items"] == json!([])
            };
            if has != wanted && !self.is_excused(BY_WAREHOUSE, &key, is_told)? {
                let found = format!(
                    "{BY_WAREHOUSE} {number}: Kingdee has {has:?}, the newest is {newest}; the ledger has {}",
                    self.told(BY_WAREHOUSE, &key)?
                );
                self.violated("newest version at each target", found);
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
        let bills = [kingdee.saved_of("sal_outbound"), kingdee.deleted("sal_outbound")].concat();
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
