//! Bills: saving one, asking whether one is there, and Kingdee as a target of flows.

use async_trait::async_trait;
use relay_connector::{Class, Delivery, Document, Failure, Found, Quota, Repeat, Target, Use, lenient};
use relay_core::clock::Deadline;
use serde_json::Value;

use crate::client::Client;
use crate::envelope::saved_id;
use crate::{VENDOR, catalog, lists};

impl Client {
    /// Saves a bill, such as `sal_order_save`, exactly as `body` gives it, and returns its record id (19 digits).
    ///
    /// # Errors
    /// [`Class::Exists`] where the vendor says that something is there already: the bill, as a rule, which
    /// [`Client::find`] tells; but a good that is on two lines too. [`Class::Refused`] without sending
    /// anything where the document is no target of the [`catalog`], or has no `billno`.
    pub async fn save(&self, document: &str, body: &Value, deadline: Deadline) -> Result<String, Failure> {
        self.save_for(Use::Push, document, body, deadline).await
    }

    async fn save_for(
        &self,
        purpose: Use,
        document: &str,
        body: &Value,
        deadline: Deadline,
    ) -> Result<String, Failure> {
        let refused = |message: String| Failure::new(VENDOR, document, Class::Refused, None, message);
        let path = catalog::target_path(document)
            .ok_or_else(|| refused("is no document of the catalog that can be saved".to_owned()))?;
        let billno = lenient::field(body, "billno").ok_or_else(|| {
            refused(
                "the document has no billno: without our own number a lost answer cannot be asked after"
                    .to_owned(),
            )
        })?;
        match self.call(path, body, purpose, deadline).await {
            Ok(data) => match saved_id(&data) {
                Some(id) => Ok(id),
                None => self.saved_without_id(document, path, &billno, deadline).await,
            },
            Err(failure) => Err(failure),
        }
    }

    async fn saved_without_id(
        &self,
        document: &str,
        path: &str,
        billno: &str,
        deadline: Deadline,
    ) -> Result<String, Failure> {
        let unknown = |why: String| {
            let message = format!("success without an id for bill {billno}, and {why}");
            Failure::new(VENDOR, path, Class::Unknown, None, message)
        };
        match self.find(document, billno, deadline).await {
            Ok(Some(id)) => Ok(id),
            Ok(None) => Err(unknown("the list does not show it yet".to_owned())),
            // Whatever stopped the question, the bill itself may be there.
            Err(failure) => Err(unknown(failure.in_full())),
        }
    }

    /// The record id of the bill with our number, asked of the list that belongs to `document` (such as
    /// `sal_order_save`), if it is there.
    ///
    /// # Errors
    /// Where the bills cannot be listed: nothing is said about the bill then.
    pub async fn find(
        &self,
        document: &str,
        billno: &str,
        deadline: Deadline,
    ) -> Result<Option<String>, Failure> {
        let refused = |message| Failure::new(VENDOR, document, Class::Refused, None, message);
        let (list, path) =
            catalog::list_of(document).ok_or_else(|| refused("is no document that can be listed"))?;
        let request = lists::request(list, &[("search", billno)]);
        let is_ours = |row: &Value| {
            let numbers = ["billno", "bill_no", "number"];
            numbers.iter().any(|name| lenient::field(row, name).as_deref() == Some(billno)).then_some(0)
        };
        let row = self.search(path, request, is_ours, deadline).await?;
        // That it is there is what counts: a row without an id is known by its number.
        Ok(row.map(|row| lenient::field(&row, "id").unwrap_or_else(|| billno.to_owned())))
    }

    async fn deliver_one(&self, delivery: &Delivery<'_>, deadline: Deadline) -> Result<String, Failure> {
        let Delivery { document, purpose, .. } = *delivery;
        let Some(id) = delivery.replaces else {
            return self.save_for(purpose, document.name, delivery.body, deadline).await;
        };
        // A bill is changed by giving its id; without one, saving makes a second bill.
        let mut body = delivery.body.clone();
        if let Value::Object(fields) = &mut body {
            fields.insert("id".to_owned(), Value::from(id));
        }
        self.save_for(purpose, document.name, &body, deadline).await
    }
}

#[async_trait]
impl Target for Client {
    async fn deliver(
        &self,
        batch: &[Delivery<'_>],
        deadline: Deadline,
    ) -> Vec<Result<Option<String>, Failure>> {
        let mut delivered = Vec::with_capacity(batch.len());
        for delivery in batch {
            delivered.push(self.deliver_one(delivery, deadline).await.map(Some));
        }
        delivered
    }

    async fn find(&self, delivery: &Delivery<'_>, deadline: Deadline) -> Result<Found, Failure> {
        let Some(billno) = delivery.number() else { return Ok(Found::CannotBeAsked) };
        let found = Client::find(self, delivery.document.name, &billno, deadline).await?;
        Ok(found.map_or(Found::NotThere, Found::There))
    }

    async fn lookup(&self, table: &str, code: &str, deadline: Deadline) -> Result<Option<String>, Failure> {
        Client::lookup(self, table, code, deadline).await
    }

    fn quota(&self, _document: &'static Document) -> Option<&Quota> {
        Some(&self.quota)
    }

    /// A bill whose id is given with it is changed.
    fn repeat(&self, document: &'static Document) -> Repeat {
        if self.settings.edits { Repeat::Replaces } else { document.repeat() }
    }

    fn way_to_change(&self, _document: &'static Document) -> Option<&'static str> {
        (!self.settings.edits).then_some("KINGDEE_EDITS=on")
    }
}
