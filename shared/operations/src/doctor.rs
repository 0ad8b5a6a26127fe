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

use crate::explain::Connect;
use crate::language::{Language, Said};
use crate::{Operations, both};

/// One thing that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tried {
    /// The vendor, `store` or `clock`.
    pub of: String,
    /// What was tried.
    pub what: Said,
    /// How it went.
    pub went: Went,
    /// What was found, or what is wrong.
    pub message: Said,
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
    fn new(of: &str, what: Said, went: Went, message: Said) -> Self {
        Self { of: of.to_owned(), what, went, message, look_at: Vec::new() }
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
        let what = Said::new("写入一个值再删掉", "a value is written and removed");
        match written.await {
            Ok(()) => {
                let message = Said::new("能写入,也能删掉", "it takes and gives up a value");
                Tried::new("store", what, Went::Well, message)
            }
            Err(error) => Tried::new("store", what, Went::Wrong, Said::same(error.to_string())),
        }
    }

    /// What is wrong with the settings of a vendor; `None` where nothing is.
    fn settings_of(&self, connector: &dyn Connector, uses: &Uses) -> Option<Vec<Tried>> {
        let problems = connector.check(self.settings, uses).err()?.problems;
        let wrong = |problem: String| {
            let named = connector.settings().iter().filter(|setting| problem.starts_with(setting.name));
            let look_at = named.filter(|setting| !setting.found.is_empty()).map(place).collect();
            let tried = Tried::new(
                connector.system().name(),
                Said::new("设置", "its settings"),
                Went::Wrong,
                Said::same(problem),
            );
            Tried { look_at, ..tried }
        };
        Some(problems.into_iter().map(wrong).collect())
    }

    async fn vendor(&self, connector: &dyn Connector, connect: Connect<'_>) -> Vec<Tried> {
        let system = connector.system();
        let connection = match connect(system) {
            Ok(connection) => connection,
            Err(why) => {
                let what = Said::new("连接", "the connection");
                return vec![Tried::new(system.name(), what, Went::Wrong, Said::same(why))];
            }
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
                        let what = both!("为 {} 读取", "reading for {}", routed.flow.name());
                        tried.push(Tried::new(
                            system.name(),
                            what,
                            Went::Wrong,
                            Said::same(format!("{error:#}")),
                        ));
                    }
                }
            }
            let target = routed.flow.target();
            let way = (target.document.name, target.route.or(target.document.routes.first().copied()));
            if routed.system == system && !targets.contains(&way) {
                targets.push(way);
                tried.extend(self.try_target(connector, connection.as_ref(), routed).await);
            }
        }
        // Of pushes nothing is to be tried that differs by what they are called.
        let mut told: Vec<Tried> = Vec::with_capacity(tried.len());
        for each in tried {
            if !told.contains(&each) {
                told.push(each);
            }
        }
        told
    }

    /// One harmless read of a source.
    async fn try_source(
        &self,
        connector: &dyn Connector,
        connection: &dyn Connection,
        query: &Query,
    ) -> Vec<Tried> {
        let (system, document) = (connector.system(), query.document);
        let what = match query.route.as_deref() {
            Some(route) => both!("{}(经 {route})", "{} over {route}", document.name),
            None => Said::same(document.name),
        };
        let (page, deadline) = (PageOf { number: 0, size: 1 }, self.patience());
        let read: Result<usize, Failure> = match document.role {
            Role::Pushed => {
                let message = Said::new(
                    "推送用设置里的密钥验证;密钥对不对,要等第一次推送",
                    "pushes are verified with the secret that is set; whether it is the vendor's shows the first push",
                );
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
                    let span = Span { start: end - LOOK, end };
                    let mut read = Ok(0);
                    for query in &query.one_by_one() {
                        let of_one = windows.window(query, span, page, deadline).await;
                        read = read.and_then(|rows| of_one.map(|page| rows + page.rows.len()));
                    }
                    let skew = windows.time(query).skew();
                    let mut tried =
                        vec![told(connector, what, &Said::new("读了一分钟", "a minute was read"), read)];
                    tried.extend(skew.map(|skew| clock_is_off(system, skew)));
                    return tried;
                }
                (_, Some(lists)) => lists.list(query, page, deadline).await.map(|page| page.rows.len()),
                _ => return Vec::new(),
            },
        };
        vec![told(connector, what, &Said::new("读到了", "it was read"), read)]
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
            let (what, well) =
                (both!("对照 {name}", "the look-up {name}"), Said::new("有应答", "it answers"));
            tried.push(told(connector, what, &well, answer));
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
        let what = match route {
            Some(route) => {
                both!("{}(经 {route},什么都不发送)", "{} over {route} (nothing is sent)", document.name)
            }
            None => both!("{}(什么都不发送)", "{} (nothing is sent)", document.name),
        };
        match target.find(&delivery, self.patience()).await {
            Ok(Found::There(_) | Found::NotThere) => {
                let well = Said::new("能按单号查询", "it can be asked for a number");
                tried.push(told(connector, what, &well, Ok(0)));
            }
            Err(failure) => tried.push(told(connector, what, &Said::same(""), Err(failure))),
            Ok(Found::CannotBeAsked) => {
                let (answers, _) = unsent(target.deliver(&[delivery], self.patience())).await;
                let failure = answers.into_iter().find_map(Result::err);
                tried.push(match failure {
                    Some(failure) if !failure.message.contains(UNSENT) => {
                        told(connector, what, &Said::same(""), Err(failure))
                    }
                    _ => {
                        let message = Said::new(
                            "它没有可查的;不发送就能试的(设置、登录)都没问题",
                            "it can be asked nothing; the way to a push is free as far as can be told without one (settings, \
                             log-in)",
                        );
                        Tried::new(system.name(), what, Went::Untried, message)
                    }
                });
            }
        }
        tried
    }
}

fn told(connector: &dyn Connector, what: Said, well: &Said, read: Result<usize, Failure>) -> Tried {
    let failure = match read {
        Ok(0) => return Tried::new(connector.system().name(), what, Went::Well, well.clone()),
        Ok(rows) => {
            let chinese = format!("{}:{rows} 行", well.told(Language::Chinese));
            let unit = if rows == 1 { "row" } else { "rows" };
            let message = Said::new(chinese, format!("{well}: {rows} {unit}"));
            return Tried::new(connector.system().name(), what, Went::Well, message);
        }
        Err(failure) => failure,
    };
    let tried = Tried::new(connector.system().name(), what, Went::Wrong, Said::same(failure.in_full()));
    let settings = connector.settings().iter().filter(|setting| !setting.found.is_empty());
    // Those that must be set are what a vendor knows us by.
    let look_at = settings.filter(|setting| setting.is_secret || !setting.has_default()).map(place).collect();
    Tried { look_at, ..tried }
}

fn place(setting: &relay_connector::Setting) -> String {
    format!("{}: {} ({})", setting.name, setting.expects, setting.found)
}

fn clock_is_off(system: System, skew: TimeDelta) -> Tried {
    let seconds = skew.num_seconds().abs();
    let message = match skew > TimeDelta::zero() {
        true => both!(
            "本机的钟比厂商的快 {seconds} 秒:请校时(NTP)",
            "this machine's clock is {seconds} s ahead of the vendor's: set it (NTP)"
        ),
        false => both!(
            "本机的钟比厂商的慢 {seconds} 秒:请校时(NTP)",
            "this machine's clock is {seconds} s behind the vendor's: set it (NTP)"
        ),
    };
    Tried::new("clock", both!("与 {system} 的钟相比", "beside that of {system}"), Went::Wrong, message)
}

/// A document of that kind that nobody has.
fn nobodys(document: &relay_connector::Document) -> Value {
    let needed = document.fields().iter().filter(|field| field.is_required()).map(|field| field.name);
    let fields: Map<String, Value> =
        needed.chain(document.number()).map(|name| (name.to_owned(), Value::from(NOBODYS))).collect();
    Value::Object(fields)
}
