//! The receivers as a target of flows.

use async_trait::async_trait;
use relay_connector::{Delivery, Document, Failure, Found, Quota, Repeat, Target, count_failure};
use relay_core::clock::Deadline;

use crate::catalog::POST;
use crate::client::Client;

#[async_trait]
impl Target for Client {
    /// One call for each. What has no id of the receiver's is known by our number.
    async fn deliver(
        &self,
        batch: &[Delivery<'_>],
        deadline: Deadline,
    ) -> Vec<Result<Option<String>, Failure>> {
        let mut delivered = Vec::with_capacity(batch.len());
        for delivery in batch {
            let sent = self.send(delivery, deadline).await.inspect_err(count_failure);
            delivered.push(sent.map(|id| id.or_else(|| delivery.number())));
        }
        delivered
    }

    /// There is no common way to ask a receiver, and none to ask a robot.
    async fn find(&self, _delivery: &Delivery<'_>, _deadline: Deadline) -> Result<Found, Failure> {
        Ok(Found::CannotBeAsked)
    }

    fn quota(&self, document: &'static Document) -> Option<&Quota> {
        self.quota_of(document.name)
    }

    fn repeat(&self, document: &'static Document) -> Repeat {
        match &self.settings.post {
            Some(post) if document.name == POST => post.repeat,
            _ => document.repeat(),
        }
    }

    fn way_to_change(&self, document: &'static Document) -> Option<&'static str> {
        let way = "set HTTP_POST_REPEAT to `replaces`, where the receiver keeps one document of each `id`";
        (document.name == POST).then_some(way)
    }
}
