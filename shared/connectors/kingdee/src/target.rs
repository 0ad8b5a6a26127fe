//! Documents: saving one, asking whether one is there, steps in its life, and Kingdee as a target of flows.

use async_trait::async_trait;
use chrono::NaiveDate;
use relay_connector::{
    Class, Delivery, Document, Failure, Found, Page, PageOf, Quota, Step, Target, There, Use, lenient,
};
use relay_core::clock::Deadline;
use serde_json::{Value, json};

use crate::client::Client;
use crate::version::{Call, Content, Endpoint};
use crate::{VENDOR, error, lists, v2};

impl Client {
    /// Saves a bill, such as `sal_order_save`, exactly as `body` gives it, and returns its record id (19 digits).
    ///
    /// # Errors
    /// [`Class::Exists`] where the vendor says that something is there already: the bill, as a rule, which
    /// [`Client::find`] tells; but a good that is on two lines too. [`Class::Refused`] without sending
    /// anything where the document is no target of this interface, or lacks the number by which it is asked after.
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
        let (row, Endpoint { path, .. }) = self.known(document)?;
        let push = row.push.ok_or_else(|| refused("is nothing that can be saved".to_owned()))?;
        let number = push.number.map(|name| (name, lenient::field(body, name)));
        if let Some((name, None)) = number {
            return Err(refused(format!(
                "the document has no {name}: without our own number a lost answer cannot be asked after"
            )));
        }
        let number = number.and_then(|(_, number)| number);
        if let Some(number) = number.as_deref().filter(|_| push.asked.is_some()) {
            self.version.can_search(number).map_err(refused)?;
        }
        let body = self.version.saved_as(row, body).map_err(refused)?;
        let data = self.call(Call { path, content: Content::Order(&body) }, purpose, deadline).await?;
        match (self.version.saved_id(&data), number) {
            (Some(id), _) => Ok(id),
            (None, Some(number)) if push.asked.is_some() => {
                self.saved_without_id(document, path, &number, deadline).await
            }
            (None, _) => Err(Failure::new(VENDOR, path, Class::Unknown, None, "success without an id")),
        }
    }

    async fn saved_without_id(
        &self,
        document: &str,
        path: &str,
        number: &str,
        deadline: Deadline,
    ) -> Result<String, Failure> {
        let unknown = |why: String| {
            let message = format!("success without an id for bill {number}, and {why}");
            Failure::new(VENDOR, path, Class::Unknown, None, message)
        };
        match self.find(document, number, deadline).await {
            Ok(Found::There(id)) => Ok(id),
            Ok(Found::NotThere) => Err(unknown("the list does not show it yet".to_owned())),
            Ok(Found::CannotBeAsked) => Err(unknown("the list does not tell its bills' numbers".to_owned())),
            // Whatever stopped the question, the bill itself may be there.
            Err(failure) => Err(unknown(failure.in_full())),
        }
    }

    /// Asks the list that belongs to `document` (such as `sal_order_save`) for the record id of the one with our number.
    /// [`Found::CannotBeAsked`] where none of its rows has that number, and not all of them say theirs.
    ///
    /// # Errors
    /// Where it cannot be asked for: nothing is said about it then.
    pub async fn find(&self, document: &str, number: &str, deadline: Deadline) -> Result<Found, Failure> {
        let refused = |message: String| Failure::new(VENDOR, document, Class::Refused, None, message);
        let asked = self.known(document)?.0.push.and_then(|push| push.asked);
        let asked = asked.ok_or_else(|| refused("is no document that can be asked for".to_owned()))?;
        let (list, Endpoint { path, .. }) = self.known(asked.document)?;
        self.version.can_search(number).map_err(refused)?;
        let request = lists::request(list, &[(asked.param, number)]);
        let says = |row: &Value| asked.holds.iter().any(|name| lenient::field(row, name).is_some());
        let is_ours =
            |row: &Value| asked.holds.iter().any(|name| lenient::field(row, name).as_deref() == Some(number));
        // A row that does not say its number may be ours.
        let rank = |row: &Value| if is_ours(row) { Some(0) } else { (!says(row)).then_some(1) };
        let row = self.search(path, request, rank, deadline).await?;
        Ok(match row {
            // That it is there is what counts: a row without an id is known by its number.
            Some(row) if is_ours(&row) => {
                Found::There(lenient::field(&row, "id").unwrap_or_else(|| number.to_owned()))
            }
            Some(_) => Found::CannotBeAsked,
            None => Found::NotThere,
        })
    }

    /// Whether the document is seen to have taken a step, of which the answer to it did not tell.
    async fn has_taken(&self, document: &'static Document, id: &str, step: Step, deadline: Deadline) -> bool {
        match self.stage_of(document, id, deadline).await {
            Ok(None) => step == Step::Delete,
            Ok(Some(stage)) => step != Step::Delete && stage.has_taken(step),
            Err(_) => false,
        }
    }

    async fn deliver_one(&self, delivery: &Delivery<'_>, deadline: Deadline) -> Result<String, Failure> {
        let Delivery { document, purpose, .. } = *delivery;
        let Some(id) = delivery.replaces else {
            return self.save_for(purpose, document.name, delivery.body, deadline).await;
        };
        // A bill is changed by giving its id.
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
        let can_be_asked = delivery.document.push.is_some_and(|push| push.asked.is_some());
        let Some(number) = delivery.number().filter(|_| can_be_asked) else {
            return Ok(Found::CannotBeAsked);
        };
        Client::find(self, delivery.document.name, &number, deadline).await
    }

    async fn held(&self, delivery: &Delivery<'_>, deadline: Deadline) -> Result<Option<Vec<There>>, Failure> {
        self.all_held(delivery, deadline).await
    }

    async fn dated(
        &self,
        document: &'static Document,
        days: (NaiveDate, NaiveDate),
        page: PageOf,
        deadline: Deadline,
    ) -> Result<Option<Page>, Failure> {
        self.page_of_days(document, days, page, deadline).await
    }

    async fn lookup(&self, table: &str, code: &str, deadline: Deadline) -> Result<Option<String>, Failure> {
        Client::lookup(self, table, code, deadline).await
    }

    /// V2's `common_operate`.
    async fn step(
        &self,
        document: &'static Document,
        id: &str,
        step: Step,
        deadline: Deadline,
    ) -> Result<(), Failure> {
        let refused = |message: String| Failure::new(VENDOR, document.name, Class::Refused, None, message);
        let (row, endpoint) = self.known(document.name)?;
        let is_known = row.push.is_some_and(|push| push.steps.contains(&step));
        let operation = match step {
            Step::Audit => "audit",
            Step::Unaudit => "unaudit",
            Step::Delete => "delete",
            Step::Save | Step::Submit => "",
        };
        let entity = endpoint.entity.filter(|_| is_known && !operation.is_empty());
        let entity = entity.ok_or_else(|| refused(format!("this interface knows no such step: {step:?}")))?;
        let order =
            json!({"ids": [id], "entity_number": entity, "operate_type": operation, "ignore_warn": false});
        let call = Call { path: v2::catalog::OPERATE, content: Content::Order(&order) };
        let done = self.call(call, Use::Push, deadline).await?;
        if v2::names(&done, id) || self.has_taken(document, id, step, deadline).await {
            return Ok(());
        }
        let message = format!("the answer to {operation} does not name the document (id {id})");
        Err(Failure::new(VENDOR, v2::catalog::OPERATE, Class::Unknown, None, message))
    }

    async fn stage(
        &self,
        document: &'static Document,
        id: &str,
        deadline: Deadline,
    ) -> Result<Option<Step>, Failure> {
        self.stage_of(document, id, deadline).await
    }

    /// V2's detail of the bill.
    async fn lines(
        &self,
        document: &'static Document,
        id: &str,
        deadline: Deadline,
    ) -> Result<Option<Vec<Value>>, Failure> {
        let refused = |message: &str| Failure::new(VENDOR, document.name, Class::Refused, None, message);
        let (row, endpoint) = self.known(document.name)?;
        let entries = row.push.and_then(|push| push.entries).zip(endpoint.detail);
        let (entries, detail) =
            entries.ok_or_else(|| refused("the lines of its bills are not told over this interface"))?;
        match self.whole(detail, id, deadline).await {
            Ok(mut bill) => Ok(Some(lenient::take_list(&mut bill, entries.list))),
            Err(failure) if error::says_not_there(&failure) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    fn quota(&self, _document: &'static Document) -> Option<&Quota> {
        Some(&self.quota)
    }

    /// A bill whose id is given with it is changed; without one, saving makes a second bill.
    fn changes(&self, _document: &'static Document) -> bool {
        self.settings.edits
    }

    fn way_to_change(&self, _document: &'static Document) -> Option<&'static str> {
        (!self.settings.edits).then_some("KINGDEE_EDITS=on")
    }
}
