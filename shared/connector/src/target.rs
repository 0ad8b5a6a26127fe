//! Delivering to a vendor.

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use relay_core::clock::Deadline;
use serde_json::Value;

use crate::{Class, Document, Failure, Found, Page, PageOf, Quota, Repeat, Step, Use, lenient};

/// A document on its way to its target.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'a> {
    /// What tells it from all others that go there: its flow and its key. Empty of what is only asked for.
    pub key: &'a str,
    /// What it is there.
    pub document: &'static Document,
    /// The route, where the vendor has several; `None` for its usual one.
    pub route: Option<&'static str>,
    /// Request parameters beside it, in the vendor's spelling.
    pub params: &'a [(String, String)],
    /// The document in the target's form.
    pub body: &'a Value,
    /// The target's id of the older version whose place this one takes.
    pub replaces: Option<&'a str>,
    /// When the target took the version before it, as far as the ledger knows: content that comes back is no repeat of what
    /// went out then.
    pub follows: Option<DateTime<Utc>>,
    /// How urgent its call is.
    pub purpose: Use,
}

impl<'a> Delivery<'a> {
    /// A document that takes no other's place, and follows upon none, over the usual route.
    #[must_use]
    pub fn of(document: &'static Document, params: &'a [(String, String)], body: &'a Value) -> Self {
        Self {
            key: "",
            document,
            route: None,
            params,
            body,
            replaces: None,
            follows: None,
            purpose: Use::Push,
        }
    }

    /// Our number of the document, where its form has a field for it.
    #[must_use]
    pub fn number(&self) -> Option<String> {
        lenient::field(self.body, self.document.number()?)
    }
}

/// A document as its target shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct There {
    /// The target's own id of it.
    pub id: String,
    /// What the target shows of it: of fields that have the name of one in the document that is pushed, the content too.
    pub shown: Value,
    /// Whether its content is shown in the form in which it is pushed, so that the two can be compared.
    pub is_alike: bool,
}

/// A system that takes documents.
#[async_trait]
pub trait Target: Send + Sync {
    /// Delivers documents of one kind with equal parameters, up to the batch cap of their row, and gives for each the
    /// target's own id of it or why it was not taken. A lost answer makes all of them unknown. Nothing is sent after the
    /// deadline ([`Class::OutOfTime`]).
    async fn deliver(
        &self,
        batch: &[Delivery<'_>],
        deadline: Deadline,
    ) -> Vec<Result<Option<String>, Failure>>;

    /// Asks for a document by our number.
    ///
    /// # Errors
    /// Where nothing can be said about the document.
    async fn find(&self, delivery: &Delivery<'_>, deadline: Deadline) -> Result<Found, Failure>;

    /// Reads all that it holds under our number of a document, for a reconciliation: more than one where it is there twice.
    /// `None` where it cannot be asked for such documents.
    ///
    /// # Errors
    /// Where nothing can be said about the document.
    async fn held(
        &self,
        _delivery: &Delivery<'_>,
        _deadline: Deadline,
    ) -> Result<Option<Vec<There>>, Failure> {
        Ok(None)
    }

    /// Reads a page of what it holds of such documents with a date from the first to the last of these days, as its list shows
    /// them; `None` where it has no such list.
    ///
    /// # Errors
    /// What the vendor's answer means.
    async fn dated(
        &self,
        _document: &'static Document,
        _days: (NaiveDate, NaiveDate),
        _page: PageOf,
        _deadline: Deadline,
    ) -> Result<Option<Page>, Failure> {
        Ok(None)
    }

    /// Asks for the id of a code; `None` where the table holds no such code.
    ///
    /// # Errors
    /// What the vendor's answer means; refused where there is no such table.
    async fn lookup(&self, table: &str, _code: &str, _deadline: Deadline) -> Result<Option<String>, Failure> {
        Err(Failure::new("look-up", table, Class::Refused, None, "there is no such look-up table"))
    }

    /// Takes a step in the life of a document that is there, by the target's id of it. After [`Class::Unknown`] its
    /// [`Target::stage`] tells whether it was taken.
    ///
    /// # Errors
    /// What the vendor's answer means; refused where the document's row has no such step.
    async fn step(
        &self,
        document: &'static Document,
        _id: &str,
        step: Step,
        _deadline: Deadline,
    ) -> Result<(), Failure> {
        let message = format!("there is no such step: {step:?}");
        Err(Failure::in_our_words("step", document.name, Class::Refused, None, message))
    }

    /// The last step that a document has taken, by the target's id of it; `None` where it is not there.
    ///
    /// # Errors
    /// What the vendor's answer means; refused where it cannot be asked for.
    async fn stage(
        &self,
        document: &'static Document,
        _id: &str,
        _deadline: Deadline,
    ) -> Result<Option<Step>, Failure> {
        Err(Failure::in_our_words("stage", document.name, Class::Refused, None, "it cannot be asked for"))
    }

    /// The lines of a document that is there ([`crate::Push::entries`]), by the target's id of it; `None` where it is not there.
    ///
    /// # Errors
    /// What the vendor's answer means; refused where its lines are not told.
    async fn lines(
        &self,
        document: &'static Document,
        _id: &str,
        _deadline: Deadline,
    ) -> Result<Option<Vec<Value>>, Failure> {
        Err(Failure::in_our_words("lines", document.name, Class::Refused, None, "its lines are not told"))
    }

    /// The quota that a push of that document goes under; `None` where nobody counts.
    fn quota(&self, _document: &'static Document) -> Option<&Quota> {
        None
    }

    /// What delivering a document again does, in the same or a newer version, without the id of what is there.
    fn repeat(&self, document: &'static Document) -> Repeat {
        document.repeat()
    }

    /// Whether delivering a newer version with the id of what is there ([`Delivery::replaces`]) changes that. Without the
    /// id, [`Target::repeat`] tells what comes of it.
    fn changes(&self, _document: &'static Document) -> bool {
        false
    }

    /// What a person can do to let a newer version of this document change the one that is there.
    fn way_to_change(&self, _document: &'static Document) -> Option<&'static str> {
        None
    }
}
