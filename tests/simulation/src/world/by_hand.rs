//! What a person does in Kingdee, beside the relay.

use std::collections::{BTreeMap, BTreeSet};

use relay_operations::which::Which;
use relay_simulators::kingdee::Saved;
use serde_json::{Value, json};

use super::World;
use super::books::{Pile, sale_of};
use super::operator::operations;
use crate::scenario::Hand;

/// The bills of sales.
const BILLS: &str = "sal_outbound";

/// So many failures a person has asked for at once.
const ASKED: usize = 200;

/// What a person has done to the bills of sales.
#[derive(Debug, Default)]
pub struct ByHand {
    /// Of each sale whose bill was deleted or unaudited: how many versions of it there were, and what the last one said.
    pub undone: BTreeMap<String, (usize, Value)>,
    /// Sales of which a bill was made by hand.
    pub made: BTreeSet<String>,
    /// Numbers of bills that were audited by hand.
    pub audited: BTreeSet<String>,
    /// Bills that were deleted.
    pub deleted: Vec<Saved>,
    /// Numbers of those of them that the ledger knew, until a replay wants them there or a sale is cancelled.
    pub stays_deleted: BTreeSet<String>,
}

impl World {
    /// A person does something to the newest bill of a sale.
    pub(super) fn by_hand(&self, sale: usize, how: Hand) -> anyhow::Result<()> {
        let id = format!("S{sale}");
        let kingdee = &self.vendors.kingdee;
        let mut bills = kingdee.saved_of(BILLS).into_iter().filter(|bill| sale_of(&bill.number) == id);
        let bill = bills.rfind(|bill| !bill.number.contains("-R"));
        let versions = self.books.state().pile(Pile::Sales).get(sale).cloned().unwrap_or_default().versions;
        match (how, bill) {
            (Hand::Makes, None) => {
                let body = json!({ "bill_no": id, "bill_date": "2026-11-22", "remark": "by hand" });
                kingdee.keep(BILLS, &id, &body);
                self.books.state().by_hand.made.insert(id);
            }
            (Hand::Audits, Some(bill)) if !bill.is_audited => {
                kingdee.set_audited(BILLS, &bill.id, true);
                self.books.state().by_hand.audited.insert(bill.number);
            }
            (Hand::Unaudits, Some(bill)) if bill.is_audited => {
                kingdee.set_audited(BILLS, &bill.id, false);
                self.undone(id, &versions);
            }
            (Hand::Deletes, Some(bill)) => {
                kingdee.remove(BILLS, &bill.id);
                let entry = self.entry("sales", &id)?;
                let known = entry.filter(|entry| entry.attempts.is_none() && entry.unanswered.is_none());
                let is_known = known
                    .and_then(|entry| entry.delivered)
                    .is_some_and(|delivered| delivered.target_id.as_deref() == Some(&bill.id));
                let is_cancelled = versions.iter().any(|version| version["status"] == "cancelled");
                let mut books = self.books.state();
                if is_known && !is_cancelled {
                    books.by_hand.stays_deleted.insert(bill.number.clone());
                }
                books.by_hand.deleted.push(bill);
                drop(books);
                self.undone(id, &versions);
            }
            _ => {}
        }
        Ok(())
    }

    fn undone(&self, id: String, versions: &[Value]) {
        let last = versions.last().cloned().unwrap_or_default();
        self.books.state().by_hand.undone.insert(id, (versions.len(), last));
    }

    /// A person has the targets asked for what failed.
    pub(super) fn recheck(&self) -> anyhow::Result<impl Future<Output = ()> + 'static> {
        let wiring = self.plain_wiring()?;
        Ok(async move {
            let connect = |system| wiring.connection(system).map_err(|error| format!("{error:#}"));
            _ = operations(&wiring).recheck(&Which::default(), ASKED, &connect).await;
        })
    }
}
