//! Whole: what the source of a document is told that was split. It hears nothing until every part has ended, and then of all of
//! them at once.
//!
//! **Nobody is missed.** Each part records its end first, and then looks at the others. Whichever of them ends last sees all.

use relay_connector::Verdict;
use relay_core::{Entry, EntryId, Outcome, StoreError, WorkItem};
use relay_mapping::Flow;

use crate::parts;
use crate::push::Pusher;

/// As many entries as the ledger reads at once.
const AT_ONCE: usize = 100;

/// What a row's source is told.
pub(crate) struct OfWhole<'i> {
    /// The key of the row's document, where it has parts.
    pub(crate) document: Option<&'i str>,
    pub(crate) verdict: Verdict,
}

impl Pusher {
    /// What a row's source is told when one of its messages has ended with that verdict; `None`: nothing yet.
    pub(crate) async fn of_whole<'i>(
        &self,
        item: &'i WorkItem,
        outcome: &Outcome,
        verdict: Verdict,
    ) -> Result<Option<OfWhole<'i>>, StoreError> {
        let of_itself = |verdict| Ok(Some(OfWhole { document: None, verdict }));
        let Some(routed) = self.flows.named(&item.flow).filter(|routed| routed.flow.split().is_some()) else {
            return of_itself(verdict);
        };
        let flow = &routed.flow;
        let document = match flow.part_of_key(&item.key) {
            Some((document, _)) => document,
            // Its parts may be on their way; of any other end, it has none.
            None if parts::is_to_divide(flow, item) && outcome.is_known_already() => item.key.as_str(),
            None => return of_itself(verdict),
        };
        let id = EntryId::new(&item.flow, document);
        let Some(entry) = self.ledger.read(std::slice::from_ref(&id)).await?.remove(&id) else {
            return Ok(None);
        };
        let verdict = self.verdict_on_parts(flow, &entry, item).await?;
        Ok(verdict.map(|verdict| OfWhole { document: Some(document), verdict }))
    }

    async fn verdict_on_parts(
        &self,
        flow: &Flow,
        entry: &Entry,
        item: &WorkItem,
    ) -> Result<Option<Verdict>, StoreError> {
        let Some(divided) = &entry.divided else { return Ok(None) };
        let without_lines = flow.divide(&item.document).ok().flatten();
        let without_lines = without_lines.map(|divided| flow.content_hash(&divided.without_lines()));
        // What was withdrawn by an earlier version is not what this one is told of.
        let is_of_version = |part: &str, says: &str| {
            divided.parts.contains_key(part)
                || without_lines.as_ref().is_some_and(|hash| hash.starts_with(says))
        };
        let says: Vec<_> = divided
            .all()
            .filter(|(part, says)| is_of_version(part, says))
            .map(|(part, says)| (EntryId::new(&item.flow, flow.key_of_part(&entry.id.key, part)), part, says))
            .collect();
        let mut refused = Vec::new();
        for some in says.chunks(AT_ONCE) {
            let ids: Vec<_> = some.iter().map(|(id, ..)| id.clone()).collect();
            let entries = self.ledger.read(&ids).await?;
            for (id, part, says) in some {
                match entries.get(id).and_then(|entry| entry.ended(says)) {
                    None => return Ok(None),
                    Some(Ok(())) => {}
                    Some(Err(failed)) => refused.push(format!("{part}: {}", failed.message)),
                }
            }
        }
        Ok(Some(if refused.is_empty() { Ok(()) } else { Err(refused.join("; ")) }))
    }
}
