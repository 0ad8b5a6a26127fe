use ::kingdee::Client;
use async_trait::async_trait;
use clock::Deadline;
use mapping::Mapped;
use serde_json::Value;
use vendor::{Failure, Found, lenient};

use super::Target;

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
        document: &'static str,
        mapped: &Mapped,
        replaced: Option<&str>,
        deadline: Deadline,
    ) -> Result<Option<String>, Failure> {
        let Some(id) = replaced else {
            return self.client.save(document, &mapped.body, deadline).await.map(Some);
        };
        // A bill is changed by giving its id; without one, saving makes a second bill.
        let mut body = mapped.body.clone();
        if let Value::Object(fields) = &mut body {
            fields.insert("id".to_owned(), Value::from(id));
        }
        self.client.save(document, &body, deadline).await.map(Some)
    }

    async fn find(
        &self,
        document: &'static str,
        mapped: &Mapped,
        deadline: Deadline,
    ) -> Result<Found, Failure> {
        let Some(billno) = lenient::field(&mapped.body, "billno") else { return Ok(Found::CannotBeAsked) };
        Ok(self.client.find(document, &billno, deadline).await?.map_or(Found::NotThere, Found::There))
    }

    async fn lookup(&self, table: &str, code: &str, deadline: Deadline) -> Result<Option<String>, Failure> {
        self.client.lookup(table, code, deadline).await
    }

    fn replaces(&self, _document: &'static str) -> bool {
        self.edits
    }
}
