//! What a vendor's file says of its vendor: how its simulator is loaded, which documents are tried, which cases it
//! cannot have.

use std::ops::Deref;
use std::time::Duration;

use relay_connector::{Connector, Document};
use relay_simulators::{Fault, Faults, Vendors};
use serde_json::Value;

/// A vendor under test.
pub(crate) trait Vendor: Sync {
    /// The connector.
    fn connector(&self) -> &'static dyn Connector;

    /// What it is called in this suite.
    fn name(&self) -> &'static str {
        self.connector().system().name()
    }

    /// The settings that choose one of the connector's interfaces; none where it has one alone.
    fn interface(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// The documents of that interface.
    fn documents(&self) -> &'static [Document] {
        let chosen = self.interface().iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.connector().documents_by(&chosen.collect())
    }

    /// The misbehaviour of its simulator; `None` where the vendor only calls us.
    fn faults<'v>(&self, vendors: &'v Vendors) -> Option<&'v Faults>;

    /// How many calls came in, by the simulator's names of them.
    fn calls(&self, vendors: &Vendors, operation: &str) -> u64;

    /// The cases that it cannot have: why, and which.
    fn left_out(&self) -> &'static [(&'static str, &'static [&'static str])];

    /// The documents that are not walked: why, and which.
    fn untried(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[]
    }

    /// What is read: every document, over each of its routes.
    fn reads(&self) -> &'static [Read] {
        &[]
    }

    /// What is delivered: every document; each is tried over all of its routes.
    fn writes(&self) -> &'static [Write] {
        &[]
    }

    /// What is pushed to us.
    fn pushes(&self) -> &'static [Push] {
        &[]
    }

    /// The vendor's tokens, where its calls carry one.
    fn tokens(&self) -> Option<Tokens> {
        None
    }

    /// The limits that the connector keeps.
    fn allowances(&self) -> &'static [Allowance] {
        &[]
    }

    /// Whether its calls are signed by the time that it tells, where our clock is far off.
    fn tells_the_time(&self) -> bool {
        true
    }

    /// Whether so many calls are bought for a day.
    fn is_limited_by_the_day(&self) -> bool {
        false
    }

    /// Whether a page of HTML may come in the place of its answers, as from a gateway.
    fn speaks_http(&self) -> bool {
        true
    }

    /// Whether its simulator listens on sockets too.
    fn listens(&self) -> bool {
        true
    }
}

/// A document that is read.
pub(crate) struct Read {
    /// Its name.
    pub(crate) document: &'static str,
    /// The route; `None` where there is one alone.
    pub(crate) route: Option<&'static str>,
    /// What the simulator calls the operation.
    pub(crate) operation: &'static str,
    /// Loads so many rows more, changed within the last minutes.
    pub(crate) load: fn(&Vendors, u32),
}

/// A document that is delivered.
pub(crate) struct Write {
    /// Its name.
    pub(crate) document: &'static str,
    /// Request parameters beside it.
    pub(crate) params: &'static [(&'static str, &'static str)],
    /// What the simulator calls the operation.
    pub(crate) operation: &'static str,
    /// A document that the vendor takes, whose number ends in this one.
    pub(crate) body: fn(&Vendors, u32) -> Value,
    /// Spoils a document so that the vendor refuses it; `None` where the simulator takes anything.
    pub(crate) spoil: Option<fn(&mut Value)>,
    /// How often the books say that this document was written.
    pub(crate) written: fn(&Vendors, &Value) -> usize,
    /// Whether the status alone tells what was done, whatever the body of the answer is.
    pub(crate) goes_by_status: bool,
    /// Whether the simulator refuses a number that is there already.
    pub(crate) refuses_again: bool,
}

/// A document on its way to its target, over one of its routes.
#[derive(Clone, Copy)]
pub(crate) struct Trial {
    write: &'static Write,
    /// The route; `None` for the usual one.
    pub(crate) route: Option<&'static str>,
}

impl Trial {
    /// The document over each of these routes; over the one that there is where none is named.
    pub(crate) fn over(write: &'static Write, routes: &'static [&'static str]) -> Vec<Self> {
        let over = |route| Self { write, route };
        match routes {
            [] => vec![over(None)],
            routes => routes.iter().map(|route| over(Some(*route))).collect(),
        }
    }
}

impl Deref for Trial {
    type Target = Write;

    fn deref(&self) -> &Write {
        self.write
    }
}

impl From<&'static Write> for Trial {
    fn from(write: &'static Write) -> Self {
        Self { write, route: None }
    }
}

/// A document that is pushed to us.
pub(crate) struct Push {
    /// Its name.
    pub(crate) document: &'static str,
    /// The data of a push, as the vendor's page shows it.
    pub(crate) data: fn(&Vendors) -> Value,
    /// A list that the data holds.
    pub(crate) list: &'static str,
    /// How far our clock may be off; `None` where the vendor signs no time that we go by.
    pub(crate) tolerated: Option<Duration>,
    /// The setting that limits how old a push may be, in minutes.
    pub(crate) age: &'static str,
    /// The push of that data.
    pub(crate) request: fn(&Vendors, &Value, Signed) -> Request,
}

/// How a push is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signed {
    /// By the vendor.
    Rightly,
    /// By the vendor, for the delivery after a failed one.
    Again,
    /// By somebody who does not know the secret.
    Wrongly,
    /// By the vendor, for other data.
    Tampered,
}

/// A push on the wire, by `POST`.
pub(crate) struct Request {
    /// The path.
    pub(crate) path: &'static str,
    /// The headers.
    pub(crate) headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: Vec<u8>,
}

/// The tokens that calls carry.
pub(crate) struct Tokens {
    /// What the simulator calls the operation that gives one out.
    pub(crate) operation: &'static str,
    /// How long the vendor takes one.
    pub(crate) life: Duration,
}

/// So many calls in any period.
pub(crate) struct Allowance {
    /// The settings that make it so many.
    pub(crate) settings: &'static [(&'static str, &'static str)],
    /// How many.
    pub(crate) calls: usize,
    /// The period.
    pub(crate) period: Duration,
    /// How the path of a call ends that counts; empty where each does.
    pub(crate) counts: &'static str,
    /// What happens to each call that is made: it makes others.
    pub(crate) before_each: Option<Fault>,
}
