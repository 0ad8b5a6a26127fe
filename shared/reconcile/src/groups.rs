//! A day of a flow with groups: its documents are compared through the bills that they are in.

use std::collections::{BTreeMap, BTreeSet};

use relay_core::groups::{GroupId, Seal, marked, unmarked};
use relay_core::{Entry, EntryId, StoreError};
use relay_job::Routed;
use relay_mapping::{Brought, Context, Part};
use serde_json::{Value, json};

use crate::codes::Codes;
use crate::day::Due;
use crate::report::Sides;
use crate::sum::{Place, Sum};
use crate::target::Asking;
use crate::units::{Unit, not_taken, told};
use crate::verdict::{InLedger, Judged, Verdict};
use crate::{Day, Reconciler, days, ledger};

/// A member of a group, as its source has it today.
struct Member {
    key: String,
    row: Value,
    brought: Result<Brought, String>,
    not_taken: Option<String>,
}

impl Reconciler<'_> {
    #[expect(clippy::too_many_arguments, reason = "a day of a flow, and what it is judged by")]
    pub(crate) async fn grouped(
        &self,
        routed: &Routed,
        rows: Option<Vec<Value>>,
        known: &[String],
        codes: &mut Codes<'_>,
        due: &Due,
        asking: &mut Asking,
        report: &mut Day,
    ) -> Result<(), StoreError> {
        let flow = &routed.flow;
        let is_asked = rows.is_some();
        let mut members = Vec::new();
        for row in rows.into_iter().flatten() {
            let Ok(key) = flow.key(&row) else { continue };
            let withdrawn = || {
                flow.withdraws(&row).unwrap_or_default().then(|| "it is withdrawn from its group".to_owned())
            };
            let not_taken = not_taken(routed, &row).or_else(withdrawn);
            for (key, row) in self.of_row(routed, key, row, not_taken.is_none()).await? {
                let resolved = codes.resolve(flow.lookups(&row), &|| self.deadline).await?;
                let context = Context { settings: &self.settings.0, lookups: &resolved.ids };
                let brought = flow.contribution(&row, &context).map_err(|faults| told(&faults));
                members.push(Member { key, row, brought, not_taken: not_taken.clone() });
            }
        }
        let id = |key: &String| EntryId::new(flow.name(), key);
        let ids: BTreeSet<_> =
            members.iter().map(|member| id(&member.key)).chain(known.iter().map(id)).collect();
        let entries = self.entries(&ids.iter().cloned().collect::<Vec<_>>()).await?;

        let group_of = |entry: &Entry| {
            let there = entry.there()?.target_id.as_deref()?;
            unmarked(there).map(|group| GroupId::new(flow.name(), group))
        };
        let mut seals: BTreeMap<GroupId, Vec<Seal>> = BTreeMap::new();
        for group in entries.values().filter_map(group_of).collect::<BTreeSet<_>>() {
            let of_group = self.stores.groups.seals(&group).await?;
            seals.insert(group, of_group);
        }
        for member in members {
            let entry = entries.get(&id(&member.key));
            let of_group = entry.and_then(group_of).and_then(|group| seals.get(&group));
            let judged = self.member(routed, &member, entry, of_group.map(Vec::as_slice), due);
            let place = Place::of(&member.row, &flow.source().document.measures);
            if member.not_taken.is_none() {
                let measures = &flow.target().document.measures;
                let brought = member.brought.as_ref().ok().map(|brought| flow.brought_as_document(brought));
                let sum = brought.map_or_else(Sum::unknown, |brought| Sum::of(&brought, measures, None));
                report.add(&place, &Sides { source: Some(sum), ..Sides::default() });
            }
            report.judged(&member.key, None, &place, judged, Some(member.row));
        }
        self.bills(routed, seals, is_asked, codes, due, asking, report).await
    }

    /// The documents that a row becomes members as: its parts, where its flow splits it.
    async fn of_row(
        &self,
        routed: &Routed,
        key: String,
        row: Value,
        is_taken: bool,
    ) -> Result<Vec<(String, Value)>, StoreError> {
        let flow = &routed.flow;
        if is_taken
            && flow.split().is_some()
            && self.knows_parts(routed, &key).await?
            && let Ok(Some(divided)) = flow.divide(&row)
        {
            let of_part = |part: &Part| (flow.key_of_part(&key, &part.name), divided.document(part));
            return Ok(divided.parts().iter().map(of_part).collect());
        }
        Ok(vec![(key, row)])
    }

    /// What a member comes to: whether it is in a bill. What becomes of the bill is told of that.
    fn member(
        &self,
        routed: &Routed,
        member: &Member,
        entry: Option<&Entry>,
        seals: Option<&[Seal]>,
        due: &Due,
    ) -> Judged {
        if let Some(why) = &member.not_taken {
            return Judged::why(Verdict::Explained, why.as_str());
        }
        let version = routed.flow.version(&member.row);
        let changed = days::time_of(version.as_deref(), Some(routed.flow.version_kind(&member.row)));
        let never = |verdict: Verdict, why: &str| match due.why_not(changed) {
            Some(way) => Judged::why(Verdict::NotDue, way),
            None => Judged::why(verdict, why),
        };
        match ledger::says(entry) {
            InLedger::Explains(why) => return Judged::why(Verdict::Explained, why),
            InLedger::Nothing => {
                return never(Verdict::Missing, "the source has it, and has never handed it over");
            }
            InLedger::Delivered { .. } => {}
        }
        let is_current = entry
            .and_then(Entry::there)
            .is_none_or(|there| there.hash == routed.flow.content_hash(&member.row));
        if !is_current {
            return never(Verdict::Different, "the source has a newer version, which was never handed over");
        }
        let sealed = seals
            .unwrap_or_default()
            .iter()
            .rev()
            .find_map(|seal| seal.members.iter().find(|sealed| sealed.key == member.key));
        let brings = member.brought.as_ref().ok().map(|brought| {
            brought.clone().contribution(&member.key, version.as_deref(), self.clock.now()).hash()
        });
        match sealed {
            Some(sealed) if brings.is_none_or(|hash| hash == sealed.hash) => {
                Judged::why(Verdict::Matched, "")
            }
            _ => Judged::why(Verdict::NotDue, "its group is open"),
        }
    }

    /// Compares the bills of groups with what the target holds.
    #[expect(clippy::too_many_arguments, reason = "a day's groups, and what they are judged by")]
    async fn bills(
        &self,
        routed: &Routed,
        seals: BTreeMap<GroupId, Vec<Seal>>,
        is_asked: bool,
        codes: &mut Codes<'_>,
        due: &Due,
        asking: &mut Asking,
        report: &mut Day,
    ) -> Result<(), StoreError> {
        let flow = &routed.flow;
        let mut units = Vec::new();
        for bill in seals.into_values().flatten().flat_map(|seal| seal.bills) {
            let document = json!(bill);
            let resolved = codes.resolve(flow.lookups(&document), &|| self.deadline).await?;
            let context = Context { settings: &self.settings.0, lookups: &resolved.ids };
            let unit = Unit::of_ledger(routed, &marked(&bill.name));
            units.push(match flow.bill(&document, &context) {
                Ok((document, mapped)) => Unit { document, ..unit.mapped(Ok(mapped)) },
                Err(faults) => unit.mapped(Err(told(&faults))),
            });
        }
        self.judge(routed, units, is_asked, due, asking, report).await
    }
}
