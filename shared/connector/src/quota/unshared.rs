//! Budgets of one process alone.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use relay_core::StoreError;
use relay_core::clock::Clock;
use relay_core::quota::{Ask, Grant, Limit, Quotas, Used, Window};

/// Budgets that no other process shares.
pub struct Unshared {
    clock: Arc<dyn Clock>,
    windows: Mutex<BTreeMap<String, Window>>,
}

impl Unshared {
    /// Budgets of which nothing is used.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, windows: Mutex::default() }
    }
}

#[async_trait]
impl Quotas for Unshared {
    async fn ask(&self, name: &str, limit: Limit, ask: &Ask) -> Result<Grant, StoreError> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows.entry(name.to_owned()).or_default();
        Ok(window.ask(self.clock.monotonic(), limit, ask).0)
    }

    async fn used(&self) -> Result<Vec<(String, Used)>, StoreError> {
        let windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.monotonic();
        Ok(windows.iter().map(|(name, window)| (name.clone(), window.used(now))).collect())
    }
}
