//! What is sent, and under which Message-ID.

use relay_connector::{Delivery, Request, Told, lenient};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::client::OPERATION;
use crate::settings::Settings;

/// A reply has a few lines; of what a broken server sends no more is read.
const LARGEST_ANSWER: usize = 64 * 1024;

/// The headers of a request that are the log-in's.
pub(crate) const USER: &str = "x-user";
pub(crate) const PASSWORD: &str = "x-password";

/// A mail, as the transport takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Letter {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) message_id: String,
    /// The Message-ID of the version before.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) follows: Option<String>,
}

impl Letter {
    pub(crate) fn of(settings: &Settings, delivery: &Delivery<'_>) -> Self {
        let field = |name| lenient::field(delivery.body, name).unwrap_or_default();
        Self {
            from: settings.from.clone(),
            to: field("to"),
            subject: field("subject"),
            text: field("text"),
            message_id: message_id(settings, delivery),
            follows: delivery.replaces.map(str::to_owned),
        }
    }
}

/// The same for every try of one version of a document, and for nothing else: it is made of what tells the document from
/// others, of what it says, and of the version that it follows, so that a document that goes back to what it said before is news.
fn message_id(settings: &Settings, delivery: &Delivery<'_>) -> String {
    let told = json!([delivery.key, delivery.body, delivery.follows.map(|at| at.timestamp_millis())]);
    let digest = Sha256::digest(told.to_string());
    let domain = settings.from.rsplit('@').next().unwrap_or_default().trim_end_matches('>');
    format!("<{}@{domain}>", hex::encode(&digest[..16]))
}

/// What the archive is told of it.
fn told(settings: &Settings, letter: &Letter) -> Told {
    let password = settings.login.iter().map(|(_, password)| password.expose_secret().to_owned());
    let told = Told {
        operation: OPERATION.to_owned(),
        parameters: Vec::new(),
        body: json!(letter).to_string(),
        hidden: Vec::new(),
    };
    told.hiding(password)
}

pub(crate) fn send(settings: &Settings, letter: &Letter) -> Request {
    let body = json!(letter).to_string().into_bytes();
    let mut request =
        Request::post(settings.server.clone(), "application/json", body).answer_up_to(LARGEST_ANSWER);
    if let Some((user, password)) = &settings.login {
        request = request.header(USER, user.as_str()).header(PASSWORD, password.expose_secret());
    }
    request.told(told(settings, letter))
}
