use std::sync::Arc;

use ::wangdian::{Client, catalog};
use async_trait::async_trait;
use clock::Deadline;
use mapping::Mapped;
use vendor::{Class, Failure, Found, lenient};

use super::{Repeat, Target, no_tables};

/// 旺店通 as a target. The client is shared with the sources, for they share one quota.
pub(super) struct Wangdian(pub(super) Arc<Client>);

#[async_trait]
impl Target for Wangdian {
    async fn deliver(
        &self,
        document: &'static str,
        mapped: &Mapped,
        _replaced: Option<&str>,
        _deadline: Deadline,
    ) -> Result<Option<String>, Failure> {
        let endpoint = catalog::endpoint(document).ok_or_else(|| {
            Failure::new("旺店通", document, Class::Refused, None, "is no document of the catalog")
        })?;
        self.0.push(endpoint, &mapped.params, &mapped.body).await?;
        Ok(lenient::field(&mapped.body, "tid"))
    }

    /// Orders can be asked for by our tid; other documents are kept apart by their own `outer_no`.
    async fn find(
        &self,
        document: &'static str,
        mapped: &Mapped,
        _deadline: Deadline,
    ) -> Result<Found, Failure> {
        match lenient::field(&mapped.body, "tid") {
            Some(tid) if document == "wangdian.trade_push" => match self.0.find_trade(&tid).await {
                // Not being allowed to ask is no reason not to push: the same tid again updates the same order.
                Err(failure) if matches!(failure.class, Class::Refused | Class::Paused { .. }) => {
                    tracing::warn!(%failure, "cannot ask whether the order has arrived, pushing it again");
                    Ok(Found::CannotBeAsked)
                }
                answer => Ok(answer?.map_or(Found::NotThere, Found::There)),
            },
            _ => Ok(Found::CannotBeAsked),
        }
    }

    async fn lookup(&self, table: &str, _code: &str, _deadline: Deadline) -> Result<Option<String>, Failure> {
        Err(no_tables("旺店通", table))
    }

    fn repeat(&self, _document: &'static str) -> Repeat {
        Repeat::Replaces
    }

    fn can_be_asked(&self, document: &'static str) -> bool {
        document == "wangdian.trade_push"
    }

    fn number(&self, _document: &'static str, mapped: &Mapped) -> Option<String> {
        lenient::field(&mapped.body, "tid")
    }
}
