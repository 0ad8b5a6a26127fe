//! The groups that this process has opened.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use relay_core::StoreError;
use relay_core::groups::GroupId;

use super::UNTIL;
use super::rows::{key, open_id};
use crate::Aws;
use crate::item::number;

/// For so long a group is opened at a time. The process that has opened it relies on that for less.
const OPENED: Duration = Duration::from_secs(60);
const RELIED_ON: Duration = Duration::from_secs(45);

/// More groups than these are not remembered at once.
const REMEMBERED: usize = 10_000;

/// The groups that this process has opened, and until when it relies on that.
#[derive(Default)]
pub(crate) struct Opened(Mutex<HashMap<GroupId, DateTime<Utc>>>);

impl Opened {
    fn is_open(&self, group: &GroupId, now: DateTime<Utc>) -> bool {
        // A clock that was set back relies on nothing that it opened before.
        let is_near = |until: &DateTime<Utc>| now < *until && *until <= now + RELIED_ON;
        self.lock().get(group).is_some_and(is_near)
    }

    fn note(&self, group: &GroupId, now: DateTime<Utc>) {
        let mut opened = self.lock();
        if opened.len() >= REMEMBERED {
            opened.retain(|_, until| *until > now);
        }
        opened.insert(group.clone(), now + RELIED_ON);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<GroupId, DateTime<Utc>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Aws {
    /// Has a group open for as long as a write takes.
    pub(super) async fn keep_open(&self, group: &GroupId) -> Result<(), StoreError> {
        let now = self.clock.now();
        if !self.opened.is_open(group, now) {
            self.open_group(group, now).await?;
            self.opened.note(group, now);
        }
        Ok(())
    }

    /// Opens a group for a while. What another has opened for longer stays so.
    async fn open_group(&self, group: &GroupId, now: DateTime<Utc>) -> Result<(), StoreError> {
        let call = self.groups_call("opening a group", "dynamodb:UpdateItem");
        let update = self
            .dynamodb()
            .update_item()
            .table_name(call.name)
            .set_key(Some(key(&open_id(&group.flow), &group.group)))
            .update_expression("SET #until = :until, since = if_not_exists(since, :now)")
            .condition_expression("attribute_not_exists(#until) OR #until < :until")
            .expression_attribute_names("#until", UNTIL)
            .expression_attribute_values(":until", number((now + OPENED).timestamp_millis()))
            .expression_attribute_values(":now", number(now.timestamp_millis()));
        call.done_where_it_may(update.send().await).map(drop)
    }
}
