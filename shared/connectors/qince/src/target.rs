//! Qince as a target of flows: direct orders, deliveries, and the states that are written back.

use async_trait::async_trait;
use relay_connector::{Delivery, Document, Failure, Found, Quota, Target};
use relay_core::clock::Deadline;

use crate::client::Client;

#[async_trait]
impl Target for Client {
    /// One call for each. What the answer says of the document is not documented, so it is known by our number.
    async fn deliver(
        &self,
        batch: &[Delivery<'_>],
        deadline: Deadline,
    ) -> Vec<Result<Option<String>, Failure>> {
        let mut delivered = Vec::with_capacity(batch.len());
        for delivery in batch {
            let sent = self.call(delivery.document.name, delivery.body, delivery.purpose, deadline).await;
            delivered.push(sent.map(|_| delivery.number()));
        }
        delivered
    }

    /// No public query finds a document by our number.
    async fn find(&self, _delivery: &Delivery<'_>, _deadline: Deadline) -> Result<Found, Failure> {
        Ok(Found::CannotBeAsked)
    }

    fn quota(&self, _document: &'static Document) -> Option<&Quota> {
        Some(&self.quota)
    }

    fn way_to_change(&self, document: &'static Document) -> Option<&'static str> {
        let way = "a flow that sends `operate_type` 2 edits the order of that order_no";
        (document.name == "qince.addPurchase").then_some(way)
    }
}
