use std::time::Duration;

use async_trait::async_trait;
use relay_core::checkpoint::{Checkpoint, Checkpoints as _};
use relay_core::quota::{Ask, Grant, Limit, Quotas, Used, Window};
use relay_core::{StoreError, StoreErrorKind};

use crate::Aws;

/// What the names of their checkpoints begin with.
const NAMES: &str = "quota/";

/// So often is it tried to write what others write too.
const TRIES: u32 = 8;

/// By the clocks of the machines, which AWS keeps within milliseconds of each other.
#[async_trait]
impl Quotas for Aws {
    async fn ask(&self, name: &str, limit: Limit, ask: &Ask) -> Result<Grant, StoreError> {
        let name = format!("{NAMES}{name}");
        for _ in 0..TRIES {
            let stored = self.get(&name).await?;
            // What cannot be read was noted by another program, and begins anew.
            let mut window: Window = stored
                .as_ref()
                .and_then(|stored| serde_json::from_str(&stored.value).ok())
                .unwrap_or_default();
            let now = u64::try_from(self.clock.now().timestamp_millis()).unwrap_or_default();
            let (grant, is_to_be_kept) = window.ask(Duration::from_millis(now), limit, ask);
            let text = serde_json::to_string(&window).unwrap_or_default();
            let revision = stored.map(|stored| stored.revision);
            if !is_to_be_kept || self.put(&name, &text, revision, None).await? {
                return Ok(grant);
            }
        }
        let reason = "others asked at the same time, again and again";
        Err(StoreError::new("asking for permits", reason).of_kind(StoreErrorKind::Busy))
    }

    async fn used(&self) -> Result<Vec<(String, Used)>, StoreError> {
        let now = u64::try_from(self.clock.now().timestamp_millis()).unwrap_or_default();
        let used = |(name, stored): (String, Checkpoint)| {
            let window: Window = serde_json::from_str(&stored.value).unwrap_or_default();
            let name = name.strip_prefix(NAMES)?.to_owned();
            Some((name, window.used(Duration::from_millis(now))))
        };
        Ok(self.list(NAMES).await?.into_iter().filter_map(used).collect())
    }
}
