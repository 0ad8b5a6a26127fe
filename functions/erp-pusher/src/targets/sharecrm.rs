use async_trait::async_trait;
use relay_connector::Document;
use relay_connector::{Failure, Found, lenient};
use relay_core::clock::Deadline;
use relay_mapping::Mapped;
use relay_sharecrm::Client;

use super::{Target, no_tables};

#[async_trait]
impl Target for Client {
    /// The record's id is our own; what the push answers is only a trace.
    async fn deliver(
        &self,
        _document: &'static Document,
        mapped: &Mapped,
        _replaced: Option<&str>,
        deadline: Deadline,
    ) -> Result<Option<String>, Failure> {
        let trace_id = self.push(&mapped.body, deadline).await?;
        tracing::debug!(trace_id, "纷享销客 has accepted the push");
        Ok(lenient::field(&mapped.body, "id"))
    }

    /// The push interface cannot be asked; the same id again updates the same record.
    async fn find(
        &self,
        _document: &'static Document,
        _mapped: &Mapped,
        _deadline: Deadline,
    ) -> Result<Found, Failure> {
        Ok(Found::CannotBeAsked)
    }

    async fn lookup(&self, table: &str, _code: &str, _deadline: Deadline) -> Result<Option<String>, Failure> {
        Err(no_tables("纷享销客", table))
    }
}
