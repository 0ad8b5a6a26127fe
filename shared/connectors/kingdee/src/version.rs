//! What the two interfaces of 星辰 differ in: session, signature, envelope, paths.

use std::borrow::Cow;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use relay_connector::{Document, Failure, Pass, Rejection, Request, Response, Token};
use relay_core::clock::Deadline;
use serde_json::{Map, Value};

use crate::client::Client;

/// A business call, before an interface has given it its form.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    /// The path, without host and leading slash.
    pub(crate) path: &'static str,
    pub(crate) content: Content<'a>,
}

#[derive(Clone, Copy)]
pub(crate) enum Content<'a> {
    /// What is asked for.
    Question(&'a Map<String, Value>),
    /// What is to be done.
    Order(&'a Value),
}

/// A call's content, ready to be sent.
#[derive(Clone, Copy)]
pub(crate) enum Form<'a> {
    /// What is asked for.
    Question(&'a Map<String, Value>),
    /// What is to be done, as JSON.
    Order(&'a str),
}

/// Where a document is called.
#[derive(Clone, Copy)]
pub(crate) struct Endpoint {
    /// The call that lists or saves it.
    pub(crate) path: &'static str,
    /// The call that gives one of them whole, by its id, where that is what is read, or can be.
    pub(crate) detail: Option<&'static str>,
    /// What the interface calls this kind of document (`entity_number`) where it takes a step in its life.
    pub(crate) entity: Option<&'static str>,
}

/// What an answer says.
pub(crate) enum Answer {
    /// What the call asked for.
    Data(Value),
    /// Why there is nothing.
    Refusal(Refusal),
}

/// The vendor said no, in its own JSON.
pub(crate) struct Refusal {
    pub(crate) code: Option<String>,
    /// Everything that it says.
    pub(crate) message: String,
    /// Whether it complains about the document's content, not about the call.
    pub(crate) is_about_the_document: bool,
}

/// One interface.
#[async_trait]
pub(crate) trait Version: Send + Sync {
    /// The documents that it knows.
    fn documents(&self) -> &'static [Document];

    /// Where a document of [`Version::documents`] is called, by its name without the vendor's.
    fn endpoint(&self, document: &str) -> Option<Endpoint>;

    /// The settings that say who we are, for whoever has to check them.
    fn credentials(&self) -> &'static str;

    /// Fetches a token, with what calls carry besides it.
    async fn log_in(&self, client: &Client, deadline: Deadline) -> Result<Token, Rejection>;

    /// Whether what came with a token is for the account that the settings name.
    fn accepts(&self, client: &Client, facts: &str) -> Result<(), Failure>;

    /// The request of a call, signed for that time where it is to be.
    fn request(
        &self,
        client: &Client,
        pass: &Pass<String>,
        path: &'static str,
        form: Form<'_>,
        now: DateTime<Utc>,
    ) -> Result<Request, Failure>;

    /// What an answer says; `None` where it is none of the vendor's.
    fn answer(&self, response: &Response) -> Option<Answer>;

    /// The call that gives a good whole, by its id.
    fn material_detail(&self) -> &'static str;

    /// What the parameter that holds the size of a page is called.
    fn page_size(&self) -> &'static str;

    /// A document in the form in which it is saved, or why it has none.
    fn saved_as<'a>(&self, document: &Document, body: &'a Value) -> Result<Cow<'a, Value>, String>;

    /// The id of the record that was saved.
    fn saved_id(&self, data: &Value) -> Option<String>;

    /// Whether a list can be searched for this text.
    fn can_search(&self, text: &str) -> Result<(), String>;
}
