//! Every connection that the flows need, tried without writing anything to a vendor: settings, log-in, signature, one
//! harmless read, the vendors' clocks; and whether the store takes a value.

use chrono::TimeDelta;
use relay_connector::record::{UNSENT, unsent};
use relay_connector::{Connection, Connector, Delivery, Failure, Found, PageOf, Query, Role, Span, Uses};
use relay_core::System;
use relay_job::{Needs, Routed, known_codes};
use relay_mapping::LookupTable;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::Operations;
use crate::explain::Connect;

/// One thing that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tried {
    /// The vendor, `store` or `clock`.
    pub of: String,
    /// What was tried.
    pub what: String,
    /// How it went.
    pub went: Went,
    /// What was found, or what is wrong.
    pub message: String,
    /// What a person can look at: settings, each with the place in the vendor's console where its value stands.
    pub look_at: Vec<String>,
}

/// How a try went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Went {
    /// It works.
    Well,
    /// It does not.
    Wrong,
    /// It cannot be tried without writing.
    Untried,
}

impl Tried {
    fn new(of: &str, what: impl Into<String>, went: Went, message: impl Into<String>) -> Self {
        Self { of: of.to_owned(), what: what.into(), went, message: message.into(), look_at: Vec::new() }
    }
}

/// A code and a number that no vendor has.
const NOBODYS: &str = "relay-doctor";

/// How long a window is that is read to see whether one can be.
const LOOK: TimeDelta = TimeDelta::minutes(1);

impl Operations<'_> {
    /// Tries every connection that the flows need, and the store.
    pub async fn doctor(&self, connect: Connect<'_>) -> Vec<Tried> {
        let mut tried = vec![self.store_takes_a_value().await];
        let mut needs = Needs::sources(self.flows.iter());
        for routed in self.flows.iter() {
            needs.target(routed.flow.target().document, routed.flow.target().route);
            routed.flow.tables().into_iter().for_each(|lookup| needs.lookup(&lookup.table, self.flows));
        }
        for connector in self.connectors {
            let Some(uses) = needs.connectors.get(&connector.system()) else { continue };
            match self.settings_of(*connector, uses) {
                Some(wrong) => tried.extend(wrong),
                None => tried.extend(self.vendor(*connector, connect).await),
            }
        }
        tried
    }

    async fn store_takes_a_value(&self) -> Tried {
        let checkpoints = self.stores.checkpoints.as_ref();
        let name = format!("doctor/{}", self.rng.uuid());
        let written = async {
            checkpoints.put(&name, "{}", None, None).await?;
            checkpoints.remove(&name).await
        };
        match written.await {
            Ok(()) => Tried::new(
                "store",
                "a value is written and removed",
                Went::Well,
                "it takes and gives up a value",
            ),
            Err(error) => {
                Tried::new("store", "a value is written and removed", Went::Wrong, error.to_string())
            }
        }
    }

    /// What is wrong with the settings of a vendor; `None` where nothing is.
    fn settings_of(&self, connector: &dyn Connector, uses: &Uses) -> Option<Vec<Tried>> {
        let problems = connector.check(self.settings, uses).err()?.problems;
        let wrong = |problem: String| {
            let named = connector.settings().iter().filter(|setting| problem.starts_with(setting.name));
            let look_at = named.filter(|setting| !setting.found.is_empty()).map(place).collect();
            let tried = Tried::new(connector.system().name(), "its settings", Went::Wrong, problem);
            Tried { look_at, ..tried }
        };
        Some(problems.into_iter().map(wrong).collect())
    }

    async fn vendor(&self, connector: &dyn Connector, connect: Connect<'_>) -> Vec<Tried> {
        let system = connector.system();
        let connection = match connect(system) {
            Ok(connection) => connection,
            Err(why) => return vec![Tried::new(system.name(), "the connection", Went::Wrong, why)],
        };
        let mut tried = Vec::new();
        tried.extend(self.try_lookups(connector, connection.as_ref()).await);
        let mut sources = Vec::<Query>::new();
        let mut targets = Vec::new();
        for routed in self.flows.iter() {
            if routed.source_system() == system {
                match routed.query(&self.flow_settings) {
                    Ok(query) if sources.contains(&query) => {}
                    Ok(query) => {
                        tried.extend(self.try_source(connector, connection.as_ref(), &query).await);
                        sources.push(query);
                    }
                    Err(error) => {
                        let what = format!("reading for {}", routed.flow.name());
                        tried.push(Tried::new(system.name(), what, Went::Wrong, format!("{error:#}")));
                    }
                }
            }
            let document = routed.flow.target().document;
            if routed.system == system && !targets.contains(&document.name) {
                targets.push(document.name);
                tried.extend(self.try_target(connector, connection.as_ref(), routed).await);
            }
        }
        tried
    }

    /// One harmless read of a source.
    async fn try_source(
        &self,
        connector: &dyn Connector,
        connection: &dyn Connection,
        query: &Query,
    ) -> Vec<Tried> {
        let (system, document) = (connector.system(), query.document);
        let route = query.route.as_deref().map(|route| format!(" over {route}")).unwrap_or_default();
        let what = format!("{}{route}", document.name);
        let (page, deadline) = (PageOf { number: 0, size: 1 }, self.patience());
        let read: Result<usize, Failure> = match document.role {
            Role::Pushed => {
                let message = "pushes are verified with the secret that is set; whether it is the vendor's shows the first push";
                return vec![Tried::new(system.name(), what, Went::Untried, message)];
            }
            Role::Pool => match connection.pools() {
                // What is pulled waits there until it is acknowledged.
                Some(pools) => pools.pull(query, deadline).await.map(|rows| rows.len()),
                None => return Vec::new(),
            },
            _ => match (connection.windows(), connection.lists()) {
                (Some(windows), _) if document.max_span.is_some() => {
                    let end = windows.time(query).now().unwrap_or_else(|| self.clock.now());
                    let read = windows.window(query, Span { start: end - LOOK, end }, page, deadline).await;
                    let skew = windows.time(query).skew();
                    let read = read.map(|page| page.rows.len());
                    let mut tried = vec![told(connector, what, "a minute was read", read)];
                    tried.extend(skew.map(|skew| clock_is_off(system, skew)));
                    return tried;
                }
                (_, Some(lists)) => lists.list(query, page, deadline).await.map(|page| page.rows.len()),
                _ => return Vec::new(),
            },
        };
        vec![told(connector, what, "it was read", read)]
    }

    /// One harmless question to each table of a vendor that flows look codes up in: a code that it does not have.
    async fn try_lookups(&self, connector: &dyn Connector, connection: &dyn Connection) -> Vec<Tried> {
        let system = connector.system();
        let mut tried = Vec::new();
        for (name, table) in known_codes::tables(self.flows) {
            let answer = match (&table, connection.target(), connection.lists()) {
                (LookupTable::Vendor(table), Some(target), _) if System::of_document(table) == system => {
                    target.lookup(table, NOBODYS, self.patience()).await.map(|_| 0)
                }
                (LookupTable::Listed { document, .. }, _, Some(lists))
                    if System::of_document(document.name) == system =>
                {
                    let route = document.routes.first().map(|route| (*route).to_owned());
                    let query = Query { document, route, params: Vec::new() };
                    let page = PageOf { number: 0, size: 1 };
                    lists.list(&query, page, self.patience()).await.map(|page| page.rows.len())
                }
                _ => continue,
            };
            tried.push(told(connector, format!("the look-up {name}"), "it answers", answer));
        }
        tried
    }

    /// One harmless question to a target: a number that it does not have; where it can be asked nothing, the log-in alone.
    async fn try_target(
        &self,
        connector: &dyn Connector,
        connection: &dyn Connection,
        routed: &Routed,
    ) -> Vec<Tried> {
        let (system, document) = (connector.system(), routed.flow.target().document);
        let Some(target) = connection.target() else { return Vec::new() };
        let mut tried = Vec::new();
        let body = nobodys(document);
        let route = routed.flow.target().route;
        let delivery = Delivery { route, ..Delivery::of(document, &[], &body) };
        let what = format!("{} (nothing is sent)", document.name);
        match target.find(&delivery, self.patience()).await {
            Ok(Found::There(_) | Found::NotThere) => {
                tried.push(told(connector, what, "it can be asked for a number", Ok(0)));
            }
            Err(failure) => tried.push(told(connector, what, "", Err(failure))),
            Ok(Found::CannotBeAsked) => {
                let (answers, _) = unsent(target.deliver(&[delivery], self.patience())).await;
                let failure = answers.into_iter().find_map(Result::err);
                tried.push(match failure {
                    Some(failure) if !failure.message.contains(UNSENT) => {
                        told(connector, what, "", Err(failure))
                    }
                    _ => {
                        let message = "it can be asked nothing; the way to a push is free as far as can be told \
                                       without one (settings, log-in)";
                        Tried::new(system.name(), what, Went::Untried, message)
                    }
                });
            }
        }
        tried
    }
}

fn told(connector: &dyn Connector, what: String, well: &str, read: Result<usize, Failure>) -> Tried {
    let failure = match read {
        Ok(0) => return Tried::new(connector.system().name(), what, Went::Well, well),
        Ok(rows) => {
            return Tried::new(connector.system().name(), what, Went::Well, format!("{well}: {rows} rows"));
        }
        Err(failure) => failure,
    };
    let tried = Tried::new(connector.system().name(), what, Went::Wrong, failure.in_full());
    let settings = connector.settings().iter().filter(|setting| !setting.found.is_empty());
    // Those that must be set are what a vendor knows us by.
    let look_at = settings.filter(|setting| setting.is_secret || !setting.has_default()).map(place).collect();
    Tried { look_at, ..tried }
}

fn place(setting: &relay_connector::Setting) -> String {
    format!("{}: {} ({})", setting.name, setting.expects, setting.found)
}

fn clock_is_off(system: System, skew: TimeDelta) -> Tried {
    let (seconds, way) =
        (skew.num_seconds().abs(), if skew > TimeDelta::zero() { "ahead of" } else { "behind" });
    let message = format!("this machine's clock is {seconds} s {way} the vendor's: set it (NTP)");
    Tried::new("clock", format!("beside that of {system}"), Went::Wrong, message)
}

/// A document of that kind that nobody has.
fn nobodys(document: &relay_connector::Document) -> Value {
    let needed = document.fields().iter().filter(|field| field.is_required()).map(|field| field.name);
    let fields: Map<String, Value> =
        needed.chain(document.number()).map(|name| (name.to_owned(), Value::from(NOBODYS))).collect();
    Value::Object(fields)
}
