use async_trait::async_trait;
use relay_connector::{Document, Repeat};
use relay_connector::{Failure, Found};
use relay_core::clock::Deadline;
use relay_kingdee::Client;
use relay_mapping::Mapped;
use serde_json::Value;

use super::{Target, number};

/// 金蝶云·星辰 as a target.
pub(super) struct Kingdee {
    pub(super) client: Client,
    /// Whether a newer version may change the bill of the older one (`KINGDEE_EDITS`).
    pub(super) edits: bool,
}

#[async_trait]
impl Target for Kingdee {
    async fn deliver(
        &self,
        document: &'static Document,
        mapped: &Mapped,
        replaced: Option<&str>,
        deadline: Deadline,
    ) -> Result<Option<String>, Failure> {
        let Some(id) = replaced else {
            return self.client.save(document.name, &mapped.body, deadline).await.map(Some);
        };
        // A bill is changed by giving its id; without one, saving makes a second bill.
        let mut body = mapped.body.clone();
        if let Value::Object(fields) = &mut body {
            fields.insert("id".to_owned(), Value::from(id));
        }
        self.client.save(document.name, &body, deadline).await.map(Some)
    }

    async fn find(
        &self,
        document: &'static Document,
        mapped: &Mapped,
        deadline: Deadline,
    ) -> Result<Found, Failure> {
        let Some(billno) = number(document, mapped) else { return Ok(Found::CannotBeAsked) };
        Ok(self.client.find(document.name, &billno, deadline).await?.map_or(Found::NotThere, Found::There))
    }

    async fn lookup(&self, table: &str, code: &str, deadline: Deadline) -> Result<Option<String>, Failure> {
        self.client.lookup(table, code, deadline).await
    }

    fn repeat(&self, document: &'static Document) -> Repeat {
        if self.edits { Repeat::Replaces } else { document.repeat() }
    }
}
