//! Lines of bills that other flows have delivered: their ids in the target, which is asked for the bill once.

use relay_connector::Failure;
use relay_core::clock::Deadline;
use relay_job::entries::{self, Told};
use relay_mapping::{LookupKey, LookupTable};

use super::{REMEMBERED, Resolver};
use crate::stop::Stop;

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
        let lines = self.targets.get(routed.system)?.lines(document, &there.id, deadline).await?;
        let Some(lines) = lines else { return Ok(None) };
        let told = Told::of(&there, &lines, list.id, by);
        let expires_at = self.clock.now() + REMEMBERED;
        self.lookups.put(&key.table, &bill.key, &told.to_text(), Some(expires_at)).await?;
        Ok(told.line(&line).map(str::to_owned))
    }
}
