//! Vendors whose pools are told nothing: what is read here goes with the process, and a pool drops a row that is
//! acknowledged.

use std::sync::Arc;

use async_trait::async_trait;
use relay_connector::{
    Connection, Failure, Lists, Pools, Query, Target, Unacknowledged as Refused, Verdict, Webhook, Windows,
};
use relay_core::clock::Deadline;
use serde_json::Value;

/// A vendor that hears of no row that it may forget it.
pub(super) struct Unacknowledged(pub(super) Arc<dyn Connection>);

impl Connection for Unacknowledged {
    fn windows(&self) -> Option<&dyn Windows> {
        self.0.windows()
    }

    fn lists(&self) -> Option<&dyn Lists> {
        self.0.lists()
    }

    fn pools(&self) -> Option<&dyn Pools> {
        self.0.pools().map(|_| -> &dyn Pools { self })
    }

    fn webhook(&self) -> Option<&dyn Webhook> {
        self.0.webhook()
    }

    fn target(&self) -> Option<&dyn Target> {
        self.0.target()
    }
}

#[async_trait]
impl Pools for Unacknowledged {
    async fn pull(&self, query: &Query, deadline: Deadline) -> Result<Vec<Value>, Failure> {
        match self.0.pools() {
            Some(pools) => pools.pull(query, deadline).await,
            None => Ok(Vec::new()),
        }
    }

    fn most(&self, query: &Query) -> Option<usize> {
        self.0.pools()?.most(query)
    }

    async fn divided(&self, query: &Query, deadline: Deadline) -> Result<Vec<Query>, Failure> {
        match self.0.pools() {
            Some(pools) => pools.divided(query, deadline).await,
            None => Ok(Vec::new()),
        }
    }

    async fn acknowledge(
        &self,
        _query: &Query,
        _rows: &[(&Value, Verdict)],
        _deadline: Deadline,
    ) -> Result<Vec<Refused>, Failure> {
        Ok(Vec::new())
    }
}
