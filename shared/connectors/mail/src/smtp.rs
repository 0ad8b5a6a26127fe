//! The transport that speaks SMTP: a mail is composed, and handed to the server over a connection of its own.
//!
//! Up to the end of the message nothing was sent, whatever happens. From then on only the server's reply tells.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use lettre::Message;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Mailboxes, MessageBuilder};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{Error, response};
use relay_connector::{Request, Response, Transport, TransportError};
use relay_core::clock::{Clock, timeout};
use url::Url;

use crate::request::{Letter, PASSWORD, USER};

/// How long a server may take until it has all but the message, and then again for its last reply.
const PATIENCE: Duration = Duration::from_secs(30);

/// A farewell is a courtesy.
const FAREWELL: Duration = Duration::from_secs(2);

/// Sends what goes to a mail server, and hands everything else on to the transport for HTTP.
pub struct Smtp {
    http: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
}

impl Smtp {
    /// Beside this transport.
    #[must_use]
    pub fn beside(http: Arc<dyn Transport>, clock: Arc<dyn Clock>) -> Self {
        Self { http, clock }
    }

    async fn mail(&self, request: &Request) -> Result<Response, TransportError> {
        let letter: Letter =
            serde_json::from_slice(&request.body).map_err(|error| not_sent(error.to_string()))?;
        let message = match composed(&letter, self.clock.now().into()) {
            Ok(message) => message,
            // As a server says it of an address that is none.
            Err(why) => return Ok(Response::new(553, why)),
        };
        let prepared = timeout(&*self.clock, PATIENCE, prepared(request, &message)).await;
        let mut connection = match prepared.map_err(|_| not_sent("the mail server is silent"))? {
            Ok(connection) => connection,
            Err(error) => return refused(&error).ok_or_else(|| not_sent(told(&error))),
        };
        let sent = timeout(&*self.clock, PATIENCE, connection.message(&message.formatted())).await;
        match sent.map_err(|_| TransportError::Lost("the mail server is silent".to_owned()))? {
            Ok(reply) => {
                _ = timeout(&*self.clock, FAREWELL, connection.quit()).await;
                Ok(answer(&reply))
            }
            Err(error) => refused(&error).ok_or_else(|| TransportError::Lost(told(&error))),
        }
    }
}

#[async_trait]
impl Transport for Smtp {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        if request.url.scheme().starts_with("smtp") {
            self.mail(&request).await
        } else {
            self.http.send(request).await
        }
    }
}

/// The mail as it travels, or which part of it is no address.
fn composed(letter: &Letter, now: SystemTime) -> Result<Message, String> {
    let from: Mailbox = letter.from.parse().map_err(|error| format!("MAIL_FROM is no address: {error}"))?;
    // As people write lists: semicolons, and the commas of Chinese.
    let list = letter.to.replace([';', '\u{ff1b}', '\u{ff0c}', '\u{3001}'], ",");
    let to: Mailboxes = list.parse().map_err(|error| format!("`to` holds what is no address: {error}"))?;
    let builder = Message::builder()
        .from(from)
        .mailbox(lettre::message::header::To::from(to))
        .subject(letter.subject.as_str())
        .date(now)
        .message_id(Some(letter.message_id.clone()))
        .header(ContentType::TEXT_PLAIN);
    let follows =
        |builder: MessageBuilder, id: &String| builder.in_reply_to(id.clone()).references(id.clone());
    let builder = letter.follows.iter().fold(builder, follows);
    builder.body(letter.text.clone()).map_err(|error| format!("it is no mail: {error}"))
}

/// A connection to which only the message is still to be given.
async fn prepared(request: &Request, message: &Message) -> Result<AsyncSmtpConnection, Error> {
    let mut connection = connected(&request.url).await?;
    if let (Some(user), Some(password)) = (header(request, USER), header(request, PASSWORD)) {
        let credentials = Credentials::new(user.to_owned(), password.to_owned());
        connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await?;
    }
    let envelope = message.envelope();
    connection.command(Mail::new(envelope.from().cloned(), Vec::new())).await?;
    for reader in envelope.to() {
        connection.command(Rcpt::new(reader.clone(), Vec::new())).await?;
    }
    connection.command(Data).await?;
    Ok(connection)
}

/// Encrypted as the address says: from the beginning, from STARTTLS on, or not at all.
async fn connected(url: &Url) -> Result<AsyncSmtpConnection, Error> {
    let host = url.host_str().unwrap_or_default();
    let server = (host.trim_matches(['[', ']']), url.port().unwrap_or(25));
    // What a machine says that has no name of its own (RFC 5321, 4.1.3); who logs in is known otherwise.
    let hello = ClientId::Ipv4(Ipv4Addr::LOCALHOST);
    let tls = || TlsParameters::new(host.to_owned());
    let from_the_beginning = if url.scheme() == "smtps" { Some(tls()?) } else { None };
    let mut connection =
        AsyncSmtpConnection::connect_tokio1(server, Some(PATIENCE), &hello, from_the_beginning, None).await?;
    if url.scheme() == "smtp" {
        connection.starttls(tls()?, &hello).await?;
    }
    Ok(connection)
}

fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn answer(reply: &response::Response) -> Response {
    let code: u16 = reply.code().into();
    Response::new(code, reply.message().collect::<Vec<_>>().join(" "))
}

/// The server's refusal, where it is one.
fn refused(error: &Error) -> Option<Response> {
    let code: u16 = error.status()?.into();
    Some(Response::new(code, told(error)))
}

fn told(error: &Error) -> String {
    error.to_string()
}

fn not_sent(why: impl Into<String>) -> TransportError {
    TransportError::NotSent(why.into())
}
