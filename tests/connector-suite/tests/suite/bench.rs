//! A vendor's simulator, and a connection to it whose every call is noted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use relay_connector::{
    Connection, Delivery, Document, Failure, Found, HttpTransport, Page, PageOf, Query, Request, Response,
    Role, Settings, Span, Surroundings, Token, TokenStore, Transport, TransportError,
};
use relay_core::clock::{Clock, Deadline, SeededRng, SimulatedClock};
use relay_mail::smtp::Smtp;
use relay_simulators::{Fault, Served, Vendors, settings_in_process};
use serde_json::Value;

use crate::vendor::{Push, Read, Signed, Trial, Vendor, Write};

/// As many rows as a page holds.
pub(crate) const FIRST_PAGE: PageOf = PageOf { number: 0, size: u32::MAX };

/// What became of one document.
pub(crate) type Outcome = Result<Option<String>, Failure>;

/// One vendor, simulated, and us.
pub(crate) struct Bench {
    /// The vendor's clock.
    pub(crate) clock: Arc<SimulatedClock>,
    /// Ours.
    pub(crate) machine: Arc<MachineClock>,
    pub(crate) vendors: Arc<Vendors>,
    pub(crate) sent: Arc<Noted>,
    pub(crate) connection: Arc<dyn Connection>,
    vendor: &'static dyn Vendor,
    surroundings: Surroundings,
    settings: BTreeMap<String, String>,
    /// Holds the sockets, where there are some.
    _served: Option<Served>,
}

impl Bench {
    /// Sunday, 2026-11-22, 21:00 in China, when every vendor takes everything, without sockets.
    pub(crate) fn of(vendor: &'static dyn Vendor) -> Self {
        Self::with(vendor, &[])
    }

    /// The same, with these settings.
    pub(crate) fn with(vendor: &'static dyn Vendor, settings: &[(&str, &str)]) -> Self {
        let (clock, vendors) = simulated();
        let transport = vendors.transport();
        Self::between(vendor, clock, vendors, transport, settings, None)
    }

    /// The same over sockets, with the transport that the program uses.
    pub(crate) async fn over_sockets(vendor: &'static dyn Vendor) -> Self {
        let (clock, vendors) = simulated();
        let served = vendors.serve_on_loopback().await.unwrap();
        let addresses = served.base_urls();
        let addresses: Vec<_> = addresses.iter().map(|(name, url)| (*name, url.as_str())).collect();
        let transport = Arc::new(Smtp::beside(Arc::new(HttpTransport::new()), clock.clone()));
        Self::between(vendor, clock, vendors, transport, &addresses, Some(served))
    }

    fn between(
        vendor: &'static dyn Vendor,
        clock: Arc<SimulatedClock>,
        vendors: Arc<Vendors>,
        transport: Arc<dyn Transport>,
        settings: &[(&str, &str)],
        served: Option<Served>,
    ) -> Self {
        let machine = Arc::new(MachineClock { vendors: clock.clone(), ahead: Mutex::default() });
        let sent = Arc::new(Noted {
            transport,
            clock: clock.clone(),
            calls: Mutex::default(),
            answers: Mutex::default(),
        });
        let chosen = vendor.interface().iter().chain(settings).copied();
        let given = settings_in_process().into_iter().chain(chosen);
        let settings: BTreeMap<_, _> =
            given.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let surroundings = Surroundings {
            tokens: Arc::new(SharedTokens { clock: clock.clone(), tokens: Mutex::default() }),
            ..Surroundings::unshared(sent.clone(), machine.clone(), Arc::new(SeededRng::new(7)))
        };
        let connection =
            vendor.connector().connect(&settings.clone().into_iter().collect(), &surroundings).unwrap();
        Self { clock, machine, vendors, sent, connection, vendor, surroundings, settings, _served: served }
    }

    /// One more process that is connected, with the same settings and the same store of tokens.
    pub(crate) fn connected_anew(&self) -> Arc<dyn Connection> {
        let settings: Settings = self.settings.clone().into_iter().collect();
        self.vendor.connector().connect(&settings, &self.surroundings).unwrap()
    }

    /// The vendor misbehaves so at the next call of that operation.
    pub(crate) fn inject(&self, operation: &str, fault: Fault) {
        self.vendor.faults(&self.vendors).unwrap().inject_for(operation, fault);
    }

    /// How many calls of that operation came in.
    pub(crate) fn calls(&self, operation: &str) -> u64 {
        self.vendor.calls(&self.vendors, operation)
    }

    /// Whether this much time is left from now on.
    pub(crate) fn within(&self, time: Duration) -> Deadline {
        Deadline::within(self.machine.as_ref(), time)
    }

    /// One page of what is read, whichever way that is.
    pub(crate) async fn page(&self, read: &Read, page: PageOf) -> Result<Page, Failure> {
        self.page_before(read, page, Deadline::NONE).await
    }

    pub(crate) async fn page_before(
        &self,
        read: &Read,
        page: PageOf,
        deadline: Deadline,
    ) -> Result<Page, Failure> {
        self.page_of(self.connection.as_ref(), read, page, deadline).await
    }

    pub(crate) async fn page_of(
        &self,
        connection: &dyn Connection,
        read: &Read,
        page: PageOf,
        deadline: Deadline,
    ) -> Result<Page, Failure> {
        let query = self.query(read);
        match query.document.role {
            Role::Windowed => {
                let span = self.span(query.document);
                connection.windows().unwrap().window(&query, span, page, deadline).await
            }
            Role::Pool => {
                let rows = connection.pools().unwrap().pull(&query, deadline).await?;
                Ok(Page { rows, total: None, as_of: None })
            }
            Role::Listed => connection.lists().unwrap().list(&query, page, deadline).await,
            Role::Pushed | Role::Own | Role::Target => panic!("{} is not read", read.document),
        }
    }

    pub(crate) fn query(&self, read: &Read) -> Query {
        Query {
            document: document(self.vendor, read.document),
            route: read.route.map(str::to_owned),
            params: Vec::new(),
        }
    }

    /// The longest window that ends now, by the vendor's clock.
    fn span(&self, document: &Document) -> Span {
        let end = self.clock.now();
        Span { start: end - TimeDelta::from_std(document.max_span.unwrap()).unwrap(), end }
    }

    /// Delivers documents together.
    pub(crate) async fn deliver(&self, write: impl Into<Trial>, bodies: &[Value]) -> Vec<Outcome> {
        self.deliver_before(write, bodies, Deadline::NONE).await
    }

    pub(crate) async fn deliver_before(
        &self,
        write: impl Into<Trial>,
        bodies: &[Value],
        deadline: Deadline,
    ) -> Vec<Outcome> {
        self.deliver_over(self.connection.as_ref(), write, bodies, deadline).await
    }

    pub(crate) async fn deliver_over(
        &self,
        connection: &dyn Connection,
        write: impl Into<Trial>,
        bodies: &[Value],
        deadline: Deadline,
    ) -> Vec<Outcome> {
        let write = write.into();
        let params = params(&write);
        let batch: Vec<_> = bodies.iter().map(|body| self.delivery(write, &params, body)).collect();
        let outcomes = connection.target().unwrap().deliver(&batch, deadline).await;
        assert_eq!(outcomes.len(), bodies.len(), "{}: an outcome for each", write.document);
        outcomes
    }

    /// Delivers one document.
    pub(crate) async fn deliver_one(&self, write: impl Into<Trial>, body: &Value) -> Outcome {
        self.deliver(write, std::slice::from_ref(body)).await.remove(0)
    }

    /// Asks for a document by its number.
    pub(crate) async fn find(
        &self,
        write: impl Into<Trial>,
        body: &Value,
        deadline: Deadline,
    ) -> Result<Found, Failure> {
        let write = write.into();
        let params = params(&write);
        let delivery = self.delivery(write, &params, body);
        self.connection.target().unwrap().find(&delivery, deadline).await
    }

    /// How often the books say that the document was written.
    pub(crate) fn written(&self, write: &Write, body: &Value) -> usize {
        (write.written)(&self.vendors, body)
    }

    fn delivery<'b>(&self, write: Trial, params: &'b [(String, String)], body: &'b Value) -> Delivery<'b> {
        let route = write.route;
        Delivery { route, ..Delivery::of(document(self.vendor, write.document), params, body) }
    }

    /// What we make of a push.
    pub(crate) fn verify(
        &self,
        push: &Push,
        data: &Value,
        signed: Signed,
    ) -> Result<relay_connector::Verified, relay_connector::PushRefused> {
        let request = (push.request)(&self.vendors, data, signed);
        let (method, path) = ("POST", request.path);
        let (headers, body) = (&request.headers, &request.body);
        let webhook = self.connection.webhook().unwrap();
        webhook.verify(&relay_connector::PushRequest { method, path, headers, body })
    }
}

/// The connector's document of that name.
pub(crate) fn document(vendor: &dyn Vendor, name: &str) -> &'static Document {
    vendor
        .documents()
        .iter()
        .find(|document| document.name == name)
        .unwrap_or_else(|| panic!("no document {name}"))
}

fn params(write: &Write) -> Vec<(String, String)> {
    write.params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn simulated() -> (Arc<SimulatedClock>, Arc<Vendors>) {
    let clock = Arc::new(SimulatedClock::starting_at(DateTime::from_timestamp(1_795_352_400, 0).unwrap()));
    (clock.clone(), Vendors::new(clock, 7))
}

/// Our clock: the vendor's, and so much ahead.
pub(crate) struct MachineClock {
    vendors: Arc<SimulatedClock>,
    ahead: Mutex<TimeDelta>,
}

impl MachineClock {
    /// Sets it ahead of the vendor's clock, or behind it.
    pub(crate) fn set_ahead(&self, ahead: TimeDelta) {
        *self.ahead.lock().unwrap() = ahead;
    }
}

#[async_trait]
impl Clock for MachineClock {
    fn now(&self) -> DateTime<Utc> {
        self.vendors.now() + *self.ahead.lock().unwrap()
    }

    fn monotonic(&self) -> Duration {
        self.vendors.monotonic()
    }

    async fn sleep(&self, duration: Duration) {
        self.vendors.sleep(duration).await;
    }

    async fn elapse(&self, duration: Duration) {
        self.vendors.elapse(duration).await;
    }
}

/// A transport that notes when what was sent.
pub(crate) struct Noted {
    transport: Arc<dyn Transport>,
    clock: Arc<SimulatedClock>,
    calls: Mutex<Vec<(Duration, String)>>,
    /// What answers in the vendor's place.
    answers: Mutex<Option<Answers>>,
}

/// Answers a request in a vendor's place.
pub(crate) type Answers = Arc<dyn Fn(&Request) -> Result<Response, TransportError> + Send + Sync>;

impl Noted {
    /// When each call began, by the monotonic clock, and its path.
    pub(crate) fn calls(&self) -> Vec<(Duration, String)> {
        self.calls.lock().unwrap().clone()
    }

    /// From now on this answers in the vendor's place.
    pub(crate) fn answered_by(&self, answers: Answers) {
        *self.answers.lock().unwrap() = Some(answers);
    }

    pub(crate) fn count(&self) -> usize {
        self.calls.lock().unwrap().len()
    }
}

#[async_trait]
impl Transport for Noted {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let call = (self.clock.monotonic(), request.url.path().to_owned());
        self.calls.lock().unwrap().push(call);
        let answers = self.answers.lock().unwrap().clone();
        match answers {
            Some(answers) => answers(&request),
            None => self.transport.send(request).await,
        }
    }
}

/// The store in which processes share their tokens.
struct SharedTokens {
    clock: Arc<SimulatedClock>,
    tokens: Mutex<BTreeMap<String, Shared>>,
}

#[derive(Default)]
struct Shared {
    token: Option<Token>,
    /// Until when somebody has the right to fetch one.
    claimed_until: Duration,
}

#[async_trait]
impl TokenStore for SharedTokens {
    async fn load(&self, name: &str) -> Result<Option<Token>, String> {
        Ok(self.tokens.lock().unwrap().get(name).and_then(|shared| shared.token.clone()))
    }

    async fn claim(&self, name: &str) -> Result<bool, String> {
        let (mut tokens, now) = (self.tokens.lock().unwrap(), self.clock.monotonic());
        let shared = tokens.entry(name.to_owned()).or_default();
        let is_free = shared.claimed_until <= now;
        if is_free {
            shared.claimed_until = now + Duration::from_secs(20);
        }
        Ok(is_free)
    }

    async fn save(&self, name: &str, token: &Token) -> Result<(), String> {
        let saved = Shared { token: Some(token.clone()), ..Shared::default() };
        self.tokens.lock().unwrap().insert(name.to_owned(), saved);
        Ok(())
    }
}
