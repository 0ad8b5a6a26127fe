//! The programs that work a store: each `relay serve` says each minute that it runs, and takes that back as it stops.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use relay_core::{Checkpoints, StoreError};
use serde::{Deserialize, Serialize};

use crate::both;
use crate::language::Said;
use crate::times::shown;
use crate::{OperationError, Operations};

/// What the names of the checkpoints begin with.
const NAME: &str = "running/";

/// How often a program says that it runs.
pub const SAYS_EVERY: Duration = Duration::from_secs(50);

/// One that has said nothing for longer does not run any more, or cannot reach the store.
const SILENT: TimeDelta = TimeDelta::minutes(3);

/// One that is silent for longer is forgotten.
const FORGOTTEN: TimeDelta = TimeDelta::days(30);

/// A `relay serve`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// The machine that it runs on.
    pub host: String,
    /// Its process there.
    pub process: u32,
    /// Its version.
    pub version: String,
    /// Since when it runs.
    pub since: DateTime<Utc>,
    /// When it said so last.
    pub seen: DateTime<Utc>,
}

impl Program {
    fn name(&self) -> String {
        format!("{NAME}{}/{}", self.host, self.process)
    }

    /// Says that it runs, as of that time; programs that were not stopped in good order long ago are forgotten.
    ///
    /// # Errors
    /// A store that does not answer.
    pub async fn says_so(&self, checkpoints: &dyn Checkpoints, now: DateTime<Utc>) -> Result<(), StoreError> {
        for (name, other) in list(checkpoints).await? {
            // What ran on this machine before this one is over.
            let is_before =
                other.host == self.host && other.process != self.process && is_silent(&other, now);
            if is_before || now - other.seen > FORGOTTEN {
                checkpoints.remove(&name).await?;
            }
        }
        let (name, value) = (self.name(), serde_json::json!(Self { seen: now, ..self.clone() }).to_string());
        let revision = checkpoints.get(&name).await?.map(|known| known.revision);
        checkpoints.put(&name, &value, revision, None).await.map(drop)
    }

    /// Takes back that it runs.
    ///
    /// # Errors
    /// A store that does not answer.
    pub async fn is_over(&self, checkpoints: &dyn Checkpoints) -> Result<(), StoreError> {
        checkpoints.remove(&self.name()).await
    }

    /// Whether it has said nothing for too long.
    #[must_use]
    pub fn is_silent(&self, now: DateTime<Utc>) -> bool {
        is_silent(self, now)
    }

    /// That it runs, for people.
    #[must_use]
    pub fn told(&self, now: DateTime<Utc>) -> Said {
        let Self { host, process, version, since, seen } = self;
        let (since, last) = (shown(*since), shown(*seen));
        match self.is_silent(now) {
            false => both!(
                "`relay serve` {version} 自 {since} 起在 {host} 运行(进程 {process})",
                "`relay serve` {version} runs on {host} since {since} (process {process})"
            ),
            true => both!(
                "{host} 上的 `relay serve`(进程 {process})从 {last} 起没有消息,也没有正常停止:它还在运行吗?",
                "`relay serve` on {host} (process {process}) has said nothing since {last}, and was not stopped in good order: does it run?"
            ),
        }
    }
}

fn is_silent(program: &Program, now: DateTime<Utc>) -> bool {
    now - program.seen > SILENT
}

async fn list(checkpoints: &dyn Checkpoints) -> Result<Vec<(String, Program)>, StoreError> {
    let noted = checkpoints.list(NAME).await?;
    // One that another version of the program has written says nothing to this one.
    Ok(noted
        .into_iter()
        .filter_map(|(name, noted)| Some((name, serde_json::from_str(&noted.value).ok()?)))
        .collect())
}

impl Operations<'_> {
    /// The programs that work this store, and those that were not stopped in good order.
    pub(super) async fn programs(&self) -> Result<Vec<Program>, OperationError> {
        let listed = list(self.stores.checkpoints.as_ref()).await?;
        Ok(listed.into_iter().map(|(_, program)| program).collect())
    }
}
