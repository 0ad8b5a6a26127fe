use ::kingdee::Client;
use async_trait::async_trait;
use mapping::Mapped;
use vendor::{Failure, lenient};

use super::Target;

#[async_trait]
impl Target for Client {
    async fn deliver(&self, document: &'static str, mapped: &Mapped) -> Result<Option<String>, Failure> {
        self.save(document, &mapped.body).await.map(Some)
    }

    async fn find(&self, document: &'static str, mapped: &Mapped) -> Result<Option<String>, Failure> {
        match lenient::field(&mapped.body, "billno") {
            Some(billno) => Client::find(self, document, &billno).await,
            None => Ok(None),
        }
    }

    async fn lookup(&self, table: &str, code: &str) -> Result<Option<String>, Failure> {
        Client::lookup(self, table, code).await
    }

    /// Saving a bill a second time makes a second bill, or is refused.
    fn replaces(&self) -> bool {
        false
    }
}
