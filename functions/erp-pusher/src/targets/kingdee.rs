use ::kingdee::Client;
use async_trait::async_trait;
use mapping::Mapped;
use serde_json::Value;
use vendor::{Failure, lenient};

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
    ) -> Result<Option<String>, Failure> {
        let Some(id) = replaced else { return self.client.save(document, &mapped.body).await.map(Some) };
        // A bill is changed by giving its id; without one, saving makes a second bill.
        let mut body = mapped.body.clone();
        if let Value::Object(fields) = &mut body {
            fields.insert("id".to_owned(), Value::from(id));
        }
        self.client.save(document, &body).await.map(Some)
    }

    async fn find(&self, document: &'static str, mapped: &Mapped) -> Result<Option<String>, Failure> {
        match lenient::field(&mapped.body, "billno") {
            Some(billno) => self.client.find(document, &billno).await,
            None => Ok(None),
        }
    }

    async fn lookup(&self, table: &str, code: &str) -> Result<Option<String>, Failure> {
        self.client.lookup(table, code).await
    }

    fn replaces(&self) -> bool {
        self.edits
    }
}
