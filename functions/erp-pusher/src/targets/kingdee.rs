use ::kingdee::Client;
use async_trait::async_trait;
use clock::Deadline;
use mapping::Mapped;
use serde_json::Value;
use vendor::{Failure, Found, lenient};

use super::{Repeat, Target};

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
        _deadline: Deadline,
    ) -> Result<Option<String>, Failure> {
        let Some(id) = replaced else { return self.client.save(document, &mapped.body).await.map(Some) };
        // A bill is changed by giving its id; without one, saving makes a second bill.
        let mut body = mapped.body.clone();
        if let Value::Object(fields) = &mut body {
            fields.insert("id".to_owned(), Value::from(id));
        }
        self.client.save(document, &body).await.map(Some)
    }

    async fn find(
        &self,
        document: &'static str,
        mapped: &Mapped,
        _deadline: Deadline,
    ) -> Result<Found, Failure> {
        let Some(billno) = self.number(document, mapped) else { return Ok(Found::CannotBeAsked) };
        Ok(self.client.find(document, &billno).await?.map_or(Found::NotThere, Found::There))
    }

    async fn lookup(&self, table: &str, code: &str, _deadline: Deadline) -> Result<Option<String>, Failure> {
        self.client.lookup(table, code).await
    }

    fn repeat(&self, _document: &'static str) -> Repeat {
        if self.edits { Repeat::Replaces } else { Repeat::Doubles }
    }

    fn can_be_asked(&self, _document: &'static str) -> bool {
        true
    }

    fn number(&self, _document: &'static str, mapped: &Mapped) -> Option<String> {
        lenient::field(&mapped.body, "billno")
    }
}
