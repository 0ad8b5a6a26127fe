//! Lines of bills that other flows have delivered: their ids in the target, which is asked for the bill once.

use std::sync::Arc;

use chrono::TimeDelta;
use relay_connector::Failure;
use relay_core::StoreError;
use relay_core::clock::Deadline;
use relay_job::entries::{self, There, Told};
use relay_mapping::{LookupKey, LookupTable};

use super::{REMEMBERED, Resolver, lock};
use crate::stop::Stop;

/// A line that a person has added in the meantime is found after so long.
const JUST_NOW: TimeDelta = TimeDelta::minutes(1);

impl Resolver {
    /// Asks for the bill whose line is looked up, and remembers all of its lines; `None` where it has no such line, or is not there.
    pub(super) async fn line(
        &self,
        key: &LookupKey,
        table: &LookupTable,
        flow: &str,
        by: &[String],
        deadline: Deadline,
    ) -> Result<Option<String>, Stop> {
        let (Some((bill, line)), Some(routed)) = (table.line_of(&key.key), self.flows.named(flow)) else {
            return Ok(None);
        };
        let Some(there) = entries::bill(self.ledger.as_ref(), flow, &bill.key).await? else {
            return Ok(None);
        };
        let document = routed.flow.target().document;
        let Some(list) = document.push.and_then(|push| push.entries) else {
            let message =
                "the ids of its lines are not told over this interface: `relay flows check` says what to do";
            let refused = relay_connector::Class::Refused;
            return Err(Failure::in_our_words("lines", document.name, refused, None, message).into());
        };
        // Whoever wants another line of it at the same time waits, and finds what this one was told.
        let row = (key.table.clone(), bill.key);
        let asking = lock(&self.asking_bills).entry(row.clone()).or_default().clone();
        let told = {
            let _asks = asking.lock().await;
            match self.just_told(&row, &there).await? {
                Some(told) => Some(told),
                None => {
                    let lines = self.targets.get(routed.system)?.lines(document, &there.id, deadline).await?;
                    let now = self.clock.now();
                    let told = lines.map(|lines| Told::of(&there, &lines, list.id, by, now));
                    if let Some(told) = &told {
                        self.lookups.put(&row.0, &row.1, &told.to_text(), Some(now + REMEMBERED)).await?;
                    }
                    told
                }
            }
        };
        drop(asking);
        lock(&self.asking_bills).retain(|_, asking| Arc::strong_count(asking) > 1);
        Ok(told.and_then(|told| told.line(&line).map(str::to_owned)))
    }

    /// What the target has told of a bill just now: that a line is not in it is believed for no longer.
    async fn just_told(&self, row: &(String, String), there: &There) -> Result<Option<Told>, StoreError> {
        let told = self.lookups.get(std::slice::from_ref(row)).await?.remove(row);
        let told = told.and_then(|told| Told::remembered(&told, there));
        Ok(told.filter(|told| (self.clock.now() - told.at).abs() < JUST_NOW))
    }
}
