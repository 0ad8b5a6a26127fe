//! When the last backup was made, and what is to be known of a store that is one.

use chrono::{DateTime, Utc};
use relay_job::backups::{self, Backup, Restored};

use crate::language::Said;
use crate::log::Did;
use crate::times::{shown, size, span};
use crate::{OperationError, Operations, both};

impl Operations<'_> {
    /// The last backup of this store, and the one that it is itself.
    pub(crate) async fn backups(&self) -> Result<(Option<Backup>, Option<Restored>), OperationError> {
        let checkpoints = self.stores.checkpoints.as_ref();
        let last = backups::last(checkpoints).await?;
        Ok((last, backups::restored(checkpoints, self.clock.now()).await?))
    }

    /// Notes a backup that was made, also in the audit trail.
    ///
    /// # Errors
    /// A store that does not answer.
    pub async fn note_backup(&self, backup: &Backup) -> Result<(), OperationError> {
        backups::note(self.stores.checkpoints.as_ref(), backup).await?;
        self.note(Did::of("backup", &backup.file)).await;
        Ok(())
    }
}

/// When the last backup was made, and where it lies.
#[must_use]
pub fn last_in_words(last: Option<&Backup>, now: DateTime<Utc>) -> Said {
    let Some(Backup { at, file, bytes }) = last else {
        return Said::new("还没有用 `relay backup` 备份过", "none by `relay backup` yet");
    };
    let (ago, at, size) = (span((now - *at).to_std().unwrap_or_default()), shown(*at), size(*bytes));
    both!("{at}({ago} 以前),{size},{file}", "{at} ({ago} ago), {size}, {file}")
}

/// What is to be known of a store that is a backup.
#[must_use]
pub fn restored_in_words(restored: Restored) -> Said {
    let at = shown(restored.at);
    let (begun, until) = match (restored.begun, restored.asked_until()) {
        (Some(begun), Some(until)) => {
            let (begun, until) = (shown(begun), shown(until));
            (both!("{begun} 起运行", "and runs since {begun}"), both!("到 {until} 为止", "until {until}"))
        }
        _ => (both!("还没有运行过", "and did not run yet"), both!("启动后十四天里", "for 14 days")),
    };
    Said::new(
        format!(
            "这个存储是 {at} 的备份,{}。备份以后送达的它不知道:{},每张单据发送前先按单号问目标。备份以后来过的推送它没有:请核对(文档「备份和恢复」)",
            begun.told(crate::language::Language::Chinese),
            until.told(crate::language::Language::Chinese)
        ),
        format!(
            "This store is the backup of {at}, {begun}. It does not know what was delivered since: {until} each document is asked for \
             by its number in its target before it is sent. It lacks what was pushed since: compare that (docs: restoring a backup)"
        ),
    )
}
