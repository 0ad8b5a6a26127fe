use std::sync::Arc;

use async_trait::async_trait;
use relay_connector::{Class, Failure, Found};
use relay_connector::{Document, Repeat};
use relay_core::clock::Deadline;
use relay_mapping::Mapped;
use relay_wangdian::{Client, catalog};

use super::{Target, no_tables, number};

/// 旺店通 as a target. The client is shared with the sources, for they share one quota.
pub(super) struct Wangdian(pub(super) Arc<Client>);

#[async_trait]
impl Target for Wangdian {
    async fn deliver(
        &self,
        document: &'static Document,
        mapped: &Mapped,
        _replaced: Option<&str>,
        deadline: Deadline,
    ) -> Result<Option<String>, Failure> {
        let endpoint = catalog::endpoint(document.name).ok_or_else(|| {
            Failure::new("旺店通", document.name, Class::Refused, None, "is no document of the catalog")
        })?;
        self.0.push(endpoint, &mapped.params, &mapped.body, deadline).await?;
        Ok(number(document, mapped))
    }

    async fn find(
        &self,
        document: &'static Document,
        mapped: &Mapped,
        deadline: Deadline,
    ) -> Result<Found, Failure> {
        let Some(number) = number(document, mapped) else { return Ok(Found::CannotBeAsked) };
        match self.0.find(document.name, &number, deadline).await {
            // A question that is refused is no reason not to push what takes the place of what is there.
            Err(failure) if failure.class == Class::Refused && document.repeat() == Repeat::Replaces => {
                tracing::warn!(%failure, "cannot ask whether the document has arrived, pushing it again");
                Ok(Found::CannotBeAsked)
            }
            answer => answer,
        }
    }

    async fn lookup(&self, table: &str, _code: &str, _deadline: Deadline) -> Result<Option<String>, Failure> {
        Err(no_tables("旺店通", table))
    }
}
