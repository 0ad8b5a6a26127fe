//! A mail server for submission: it wants a log-in, writes mails for one sender alone, and misbehaves on request.

mod session;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use relay_core::clock::Clock;
use serde_json::Value;

pub use session::Plain;
pub(crate) use session::listen;

use crate::call::{Call, Reply};
use crate::door::{Simulated, Traffic};
use crate::faults::{Fault, Faults};
use crate::limit::Limit;
use crate::lock;

/// Who logs in, and writes: for `MAIL_FROM`.
pub const FROM: &str = "relay@shop.example";
/// For `MAIL_PASSWORD`.
pub const PASSWORD: &str = "simulated-mail-password";

/// So many mails in a minute.
const PER_MINUTE: usize = 60;

/// The largest mail, in bytes.
const LARGEST: usize = 1024 * 1024;

/// The mail server.
pub struct Mail {
    /// What it gets wrong.
    pub faults: Faults,
    clock: Arc<dyn Clock>,
    traffic: Traffic,
    state: Mutex<State>,
}

struct State {
    taken: Vec<Taken>,
    limit: Limit,
    log_ins: u64,
    offers_tls: bool,
}

/// A mail that the server took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// When.
    pub at: DateTime<Utc>,
    /// Who gets it.
    pub to: Vec<String>,
    /// What it is about.
    pub subject: String,
    /// What it says.
    pub text: String,
    /// Its Message-ID.
    pub message_id: String,
    /// The Message-ID that it follows.
    pub follows: Option<String>,
}

type Refusal = (u16, String);

fn refuse<T>(code: u16, words: &str) -> Result<T, Refusal> {
    Err((code, words.to_owned()))
}

impl Mail {
    pub(crate) fn new(clock: Arc<dyn Clock>, seed: u64) -> Self {
        Self {
            faults: Faults::new(seed, "mail"),
            clock,
            traffic: Traffic::default(),
            state: Mutex::new(State {
                taken: Vec::new(),
                limit: Limit::new(PER_MINUTE, TimeDelta::minutes(1)),
                log_ins: 0,
                offers_tls: false,
            }),
        }
    }

    /// The mails that it took, in order.
    #[must_use]
    pub fn taken(&self) -> Vec<Taken> {
        lock(&self.state).taken.clone()
    }

    /// How often somebody tried to log in.
    #[must_use]
    pub fn log_ins(&self) -> u64 {
        lock(&self.state).log_ins
    }

    /// Says from now on that it can be talked to encrypted, which it cannot.
    pub fn lie_about_tls(&self) {
        lock(&self.state).offers_tls = true;
    }

    /// How many mails were brought.
    #[must_use]
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.traffic.calls()
    }

    fn log_in(&self, user: &str, password: &str) -> Result<(), Refusal> {
        lock(&self.state).log_ins += 1;
        if (user, password) == (FROM, PASSWORD) { Ok(()) } else { refuse(535, "5.7.8 authentication failed") }
    }

    fn sender(&self, from: &str) -> Result<(), Refusal> {
        if from == FROM { Ok(()) } else { refuse(553, "5.7.1 mail from must equal authorized user") }
    }

    fn reader(&self, to: &str, fault: Option<&Fault>) -> Result<(), Refusal> {
        if let Some(Fault::OuterRefusal(words)) = fault {
            return refuse(550, words);
        }
        let is_address =
            to.split_once('@').is_some_and(|(name, domain)| !name.is_empty() && domain.contains('.'));
        if is_address { Ok(()) } else { refuse(553, "5.1.3 bad recipient address") }
    }

    fn take(&self, mail: Taken, fault: Option<&Fault>) -> Result<(), Refusal> {
        let state = &mut *lock(&self.state);
        match fault {
            Some(Fault::InnerRefusal(words)) => return refuse(554, words),
            Some(Fault::RateLimited) => return refuse(450, "4.7.1 too many mails, come later"),
            _ if !state.limit.admits(mail.at) => return refuse(450, "4.7.1 too many mails, come later"),
            _ if mail.text.len() > LARGEST => return refuse(552, "5.3.4 message too large"),
            _ => state.taken.push(mail),
        }
        Ok(())
    }
}

/// In process, where a mail is one call: what it would be told over SMTP.
impl Simulated for Mail {
    fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    fn faults(&self) -> &Faults {
        &self.faults
    }

    fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    fn answer(&self, call: &Call, fault: Option<&Fault>) -> Reply {
        let taken = (|| {
            let letter = call.json().unwrap_or_default();
            let field = |name: &str| letter.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            let login = |name: &str| call.header(name).unwrap_or_default();
            self.log_in(login("x-user"), login("x-password"))?;
            self.sender(&field("from"))?;
            let to: Vec<_> = field("to").split(',').map(|to| to.trim().to_owned()).collect();
            to.iter().try_for_each(|to| self.reader(to, fault))?;
            let mail = Taken {
                at: call.at,
                to,
                subject: field("subject"),
                text: field("text"),
                message_id: field("message_id"),
                follows: letter.get("follows").and_then(Value::as_str).map(str::to_owned),
            };
            self.take(mail, fault)
        })();
        let (code, words) = taken.map_or_else(|refusal| refusal, |()| (250, "2.0.0 queued".to_owned()));
        Reply::text(code, &words)
    }

    fn timed_out(&self, _call: &Call) -> Reply {
        Reply::text(451, TIMED_OUT)
    }
}

const TIMED_OUT: &str = "4.3.0 timeout while the message was stored";
