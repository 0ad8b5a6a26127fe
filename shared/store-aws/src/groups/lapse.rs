//! Groups that are billed, and of which nothing has come for as long as the ledger remembers documents, are forgotten.
//!
//! A row that keeps the number of the last seal is written first; from then on no seal up to that number counts. Members and
//! seals are deleted after that, and last the row that lists the group as sealed: by that row whoever comes after a crash
//! finds what is left to delete. A member that is put meanwhile stays.

use chrono::{DateTime, Utc};
use futures::future::try_join_all;
use relay_core::groups::{Contribution, GroupId, Seal};
use relay_core::{EntryId, StoreError, codec};

use super::rows::{
    MEMBER, PART, ROW, SEAL, VALUE, decode, document_key, group_id, key, open_id, seal_row, sealed_id,
};
use super::{GROUP, PUT_AT, QUEUED};
use crate::Aws;
use crate::item::{ID, Item, number, number_of, text, text_of};

/// So many groups are looked at in one go, and so many of them forgotten.
const LOOKED_AT: usize = 100;
const AT_ONCE: usize = 5;

/// So many rows are read at once, and so many deleted side by side.
const PAGE: usize = 500;
const SIDE_BY_SIDE: usize = 10;

/// The number that no seal has.
const LAPSED: u32 = 0;

/// Whether a row keeps the number of a group that has lapsed.
pub(super) fn is_lapsed(row: &Item) -> bool {
    text_of(row, ROW) == Some(&seal_row(LAPSED))
}

impl Aws {
    /// Forgets groups of a flow, and says whether there may be more.
    pub(super) async fn forget_groups(&self, flow: &str) -> Result<bool, StoreError> {
        let call = self.groups_call("listing groups to forget", "dynamodb:Query");
        let due = self.clock.now() - self.names.ledger_kept;
        let listed = self.rows(call, &sealed_id(flow), "", None, LOOKED_AT).await?;
        let mut forgotten = 0;
        for row in listed.iter().filter_map(|row| text_of(row, ROW)) {
            let Some((at, group)) = row.split_once('#') else { continue };
            // They stand in the order of their first seals.
            if at.parse().is_ok_and(|at: i64| at > due.timestamp_millis()) {
                return Ok(false);
            }
            let group = GroupId::new(flow, group);
            let Some(last) = self.last_of_quiet(&group, due).await? else { continue };
            self.forget_group(&group, last, row).await?;
            forgotten += 1;
            if forgotten == AT_ONCE {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The number of the last seal of a group to which nothing has come since then, all of whose bills are queued; or which is
    /// half forgotten.
    async fn last_of_quiet(
        &self,
        group: &GroupId,
        due: DateTime<Utc>,
    ) -> Result<Option<Lapsing>, StoreError> {
        let call = self.groups_call("reading the seals of a group", "dynamodb:Query");
        let rows = self.rows(call, &group_id(group), SEAL, None, usize::MAX).await?;
        if let Some(lapsed) = rows.first().filter(|row| is_lapsed(row)) {
            let Seal { number, .. } = decode(call, lapsed, text_of(lapsed, VALUE).unwrap_or_default())?;
            let at = number_of(lapsed, PUT_AT).and_then(DateTime::from_timestamp_millis).unwrap_or_default();
            return Ok(Some(Lapsing { number, at, is_begun: true }));
        }
        let seals = relay_core::Groups::seals(self, group).await?;
        let is_quiet =
            seals.iter().all(|seal| seal.is_queued && seal.at <= due) && !self.is_listed_open(group).await?;
        let last = seals.last().filter(|_| is_quiet);
        Ok(last.map(|last| Lapsing { number: last.number, at: self.clock.now(), is_begun: false }))
    }

    async fn is_listed_open(&self, group: &GroupId) -> Result<bool, StoreError> {
        let call = self.groups_call("looking whether a group is open", "dynamodb:GetItem");
        let get = self.dynamodb().get_item().table_name(call.name).consistent_read(true);
        let get = get.set_key(Some(key(&open_id(&group.flow), &group.group)));
        Ok(get.send().await.map_err(|error| call.failed(&error))?.item.is_some())
    }

    async fn forget_group(&self, group: &GroupId, lapsing: Lapsing, listed: &str) -> Result<(), StoreError> {
        let id = group_id(group);
        if !lapsing.is_begun {
            let call = self.groups_call("noting a group that is forgotten", "dynamodb:PutItem");
            let lapsed = serde_json::json!(Seal::lapsed(lapsing.number, lapsing.at));
            let put = self.dynamodb().put_item().table_name(call.name).item(ID, text(&id));
            let put =
                put.item(ROW, text(seal_row(LAPSED))).item(VALUE, text(codec::pack(lapsed.to_string())));
            let put = put.item(QUEUED, number(1)).item(PUT_AT, number(lapsing.at.timestamp_millis()));
            put.send().await.map_err(|error| call.failed(&error))?;
        }
        self.forget_members(group, &id, lapsing.at).await?;
        for prefix in [PART, SEAL] {
            let call = self.groups_call("reading a group to forget", "dynamodb:Query");
            let rows = self.rows(call, &id, prefix, None, usize::MAX).await?;
            let old: Vec<_> = rows
                .iter()
                .filter_map(|row| text_of(row, ROW))
                .filter(|row| {
                    prefix == PART
                        || (seal_row(LAPSED)..=seal_row(lapsing.number)).contains(&(*row).to_owned())
                })
                .filter(|row| *row != seal_row(LAPSED))
                .map(|row| key(&id, row))
                .collect();
            self.delete_rows(&old).await?;
        }
        self.delete_rows(&[key(&sealed_id(&group.flow), listed)]).await
    }

    /// The members that were put before then, and the notes of their groups.
    async fn forget_members(
        &self,
        group: &GroupId,
        id: &str,
        before: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut start = None;
        loop {
            let call = self.groups_call("reading a group to forget", "dynamodb:Query");
            let rows = self.rows(call, id, MEMBER, start.take(), PAGE).await?;
            for some in rows.chunks(SIDE_BY_SIDE) {
                try_join_all(some.iter().map(|row| self.forget_member(group, row, before))).await?;
            }
            match rows.last().and_then(|last| text_of(last, ROW)) {
                Some(last) if rows.len() == PAGE => start = Some(key(id, last)),
                _ => return Ok(()),
            }
        }
    }

    async fn forget_member(
        &self,
        group: &GroupId,
        row: &Item,
        before: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let call = self.groups_call("forgetting a group's member", "dynamodb:DeleteItem");
        if number_of::<i64>(row, PUT_AT).is_some_and(|at| at >= before.timestamp_millis()) {
            return Ok(());
        }
        let member: Contribution = decode(call, row, text_of(row, VALUE).unwrap_or_default())?;
        let document = EntryId::new(&group.flow, member.key);
        let delete =
            self.dynamodb().delete_item().table_name(call.name).set_key(Some(document_key(&document)));
        let delete = delete
            .condition_expression("#group = :group")
            .expression_attribute_names("#group", GROUP)
            .expression_attribute_values(":group", text(&group.group));
        call.done_where_it_may(delete.send().await)?;
        let place = key(&group_id(group), text_of(row, ROW).unwrap_or_default());
        let delete = self.dynamodb().delete_item().table_name(call.name).set_key(Some(place));
        let delete = delete
            .condition_expression("attribute_not_exists(put_at) OR put_at < :before")
            .expression_attribute_values(":before", number(before.timestamp_millis()));
        call.done_where_it_may(delete.send().await).map(drop)
    }

    async fn delete_rows(&self, rows: &[Item]) -> Result<(), StoreError> {
        let call = self.groups_call("forgetting rows of a group", "dynamodb:DeleteItem");
        for some in rows.chunks(SIDE_BY_SIDE) {
            let deleted = some.iter().map(|row| {
                self.dynamodb().delete_item().table_name(call.name).set_key(Some(row.clone())).send()
            });
            try_join_all(deleted).await.map_err(|error| call.failed(&error))?;
        }
        Ok(())
    }
}

/// A group that is being forgotten.
struct Lapsing {
    /// The number of its last seal.
    number: u32,
    /// Since when: what is put later stays.
    at: DateTime<Utc>,
    is_begun: bool,
}
