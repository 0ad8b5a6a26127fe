//! Reading whole lists: shops, warehouses, carriers, suppliers.

use async_trait::async_trait;
use relay_connector::{Failure, Lists, Page, PageOf, Query};
use relay_core::clock::Deadline;
use serde_json::Value;

use crate::client::Client;
use crate::read::Asked;

#[async_trait]
impl Lists for Client {
    async fn list(&self, query: &Query, page: PageOf, deadline: Deadline) -> Result<Page, Failure> {
        let asked = Asked::by(query)?;
        self.read(asked.route, asked.endpoint, asked.parameters()?, page, deadline).await
    }
}

impl Client {
    /// Reads all rows of a list, page by page.
    ///
    /// # Errors
    /// What the vendor's answer to any of its pages means.
    pub(crate) async fn whole_list(&self, query: &Query, deadline: Deadline) -> Result<Vec<Value>, Failure> {
        let mut rows = Vec::new();
        let mut total = None;
        for number in 0.. {
            let page = self.list(query, PageOf { number, size: u32::MAX }, deadline).await?;
            let page_rows = page.rows.len() as u64;
            rows.extend(page.rows);
            total = total.or(page.total);
            let is_last = match (query.document.pages, total) {
                (None, _) => true,
                (Some(_), Some(total)) => page_rows == 0 || rows.len() as u64 >= total,
                (Some(pages), None) => page_rows < u64::from(pages.cap),
            };
            if is_last {
                break;
            }
        }
        Ok(rows)
    }
}
