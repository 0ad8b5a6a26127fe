//! The mail server as a target of flows.

use async_trait::async_trait;
use relay_connector::{Delivery, Document, Failure, Found, Quota, Target, count_failure};
use relay_core::clock::Deadline;

use crate::client::Client;

#[async_trait]
impl Target for Client {
    /// One call for each. A mail is known by its Message-ID.
    async fn deliver(
        &self,
        batch: &[Delivery<'_>],
        deadline: Deadline,
    ) -> Vec<Result<Option<String>, Failure>> {
        let mut delivered = Vec::with_capacity(batch.len());
        for delivery in batch {
            delivered.push(self.send(delivery, deadline).await.map(Some).inspect_err(count_failure));
        }
        delivered
    }

    /// No mail server tells what it has sent.
    async fn find(&self, _delivery: &Delivery<'_>, _deadline: Deadline) -> Result<Found, Failure> {
        Ok(Found::CannotBeAsked)
    }

    fn quota(&self, _document: &'static Document) -> Option<&Quota> {
        self.quota()
    }
}
