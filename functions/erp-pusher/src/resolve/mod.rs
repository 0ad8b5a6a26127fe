//! Resolve: what a document needs to know of its codes: from the look-up store, from the ledger, or asked of the vendor and
//! remembered.

mod entries;
mod listed;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::FutureExt as _;
use relay_core::clock::{Clock, Deadline};
use relay_core::ordered;
use relay_core::{EntryId, Ledger, Lookups, Outcome, UnknownCode};
use relay_job::{Flows, Parts, known_codes};
use relay_mapping::{LookupKey, LookupTable};
use tokio::sync::Mutex as AsyncMutex;

use crate::batch::Held;
use crate::stop::Stop;
use crate::targets::Targets;
use crate::waiting::Waiting;
use listed::Listings;

/// Ids of base data hardly ever change; within a day a mistake in them heals by itself.
const REMEMBERED: Duration = Duration::from_secs(20 * 3600);

/// The store is not asked for every document: an id stays in the process for so long, and what a person imports takes
/// effect as soon as it is over.
const AT_HAND: Duration = Duration::from_secs(60);

/// How long a miss is remembered for a document whose turn ran out of time over its codes: it is to come to an end, be
/// all of them misses.
const MISSED: TimeDelta = TimeDelta::minutes(15);

pub(crate) struct Resolver {
    lookups: Arc<dyn Lookups>,
    ledger: Arc<dyn Ledger>,
    /// The look-ups that flows name.
    tables: BTreeMap<String, LookupTable>,
    flows: Arc<Flows>,
    targets: Targets,
    listings: Listings,
    waiting: Arc<Waiting>,
    clock: Arc<dyn Clock>,
    at_hand: Mutex<AtHand>,
    missed: Mutex<BTreeMap<LookupKey, DateTime<Utc>>>,
    asking: Asking<LookupKey, Option<Told>>,
    /// The bills whose lines are being asked for, by where they are remembered.
    asking_bills: Asking<(String, String), ()>,
}

/// What is being asked for, each by one at a time.
type Asking<K, T> = Mutex<BTreeMap<K, Arc<AsyncMutex<T>>>>;

/// What the target said of a code, for those who waited for it.
#[derive(Clone)]
struct Told {
    id: Option<String>,
    /// When it was asked, by the monotonic clock.
    asked_at: Duration,
}

/// Ids that were found, all forgotten together so that they never become many.
#[derive(Default)]
struct AtHand {
    ids: Arc<BTreeMap<LookupKey, String>>,
    until: DateTime<Utc>,
}

impl Resolver {
    pub(crate) fn new(parts: &Parts, waiting: Arc<Waiting>) -> Self {
        let tables = known_codes::tables(&parts.flows);
        let (connections, clock) = (parts.connections.clone(), parts.clock.clone());
        Self {
            lookups: parts.stores.lookups.clone(),
            ledger: parts.stores.ledger.clone(),
            listings: Listings::new(connections.clone(), clock.clone(), tables.values()),
            tables,
            flows: parts.flows.clone(),
            targets: Targets(connections),
            waiting,
            clock,
            at_hand: Mutex::default(),
            missed: Mutex::default(),
            asking: Mutex::default(),
            asking_bills: Mutex::default(),
        }
    }

    /// Resolves what can be resolved. A code that the target does not know is left out: the mapping names it. Misses are
    /// not remembered once the document's turn is over, so that a replay after the code was created finds it.
    ///
    /// Many codes that nobody has asked for yet take minutes under the target's quota. When time is up, what was found by
    /// then is kept, and the next turn goes on from there: each turn asks for one at least.
    ///
    /// What failed for a code that is found is sent again, but for the document that needs it now.
    pub(crate) async fn resolve(
        &self,
        wanted: BTreeSet<LookupKey>,
        document: &EntryId,
        held: &Held<'_>,
    ) -> Result<BTreeMap<LookupKey, String>, Stop> {
        let ids = self.ids(&wanted, document, held).await?;
        lock(&self.missed).retain(|key, _| !wanted.contains(key));
        Ok(ids)
    }

    async fn ids(
        &self,
        wanted: &BTreeSet<LookupKey>,
        document: &EntryId,
        held: &Held<'_>,
    ) -> Result<BTreeMap<LookupKey, String>, Stop> {
        let mut ids = known(&self.at_hand(), wanted);
        let left: Vec<_> = wanted.iter().filter(|key| !ids.contains_key(key)).collect();
        if left.is_empty() {
            return Ok(ids);
        }
        let mut stored =
            known_codes::stored(self.lookups.as_ref(), self.ledger.as_ref(), &self.tables, &left).await?;
        for key in left {
            let id = match stored.remove(key) {
                Some(id) => Some(id),
                None if !known_codes::can_be_asked(self.tables.get(&key.table)) || self.has_missed(key) => {
                    None
                }
                None => self.ask_once(key, document, held).await?,
            };
            if let Some(id) = id {
                // A bill may be taken back for another, and its lines change: the ledger is asked each time.
                let is_of_bill = |table: &LookupTable| {
                    matches!(table, LookupTable::Delivered { .. } | LookupTable::Line { .. })
                };
                if !self.tables.get(&key.table).is_some_and(is_of_bill) {
                    Arc::make_mut(&mut lock(&self.at_hand).ids).insert(key.clone(), id.clone());
                }
                ids.insert(key.clone(), id);
            }
        }
        Ok(ids)
    }

    fn has_missed(&self, key: &LookupKey) -> bool {
        lock(&self.missed).get(key).is_some_and(|until| self.clock.now() < *until)
    }

    /// Documents that need the same code at the same time ask for it once.
    async fn ask_once(
        &self,
        key: &LookupKey,
        document: &EntryId,
        held: &Held<'_>,
    ) -> Result<Option<String>, Stop> {
        let came_at = self.clock.monotonic();
        let told = lock(&self.asking).entry(key.clone()).or_default().clone();
        let id = {
            let mut told = told.lock().await;
            match told.clone().filter(|told| told.asked_at >= came_at) {
                Some(Told { id, .. }) => Ok(id),
                None => {
                    let asked_at = self.clock.monotonic();
                    let id = self.ask_while(key, document, held).await;
                    *told = id.as_ref().ok().map(|id| Told { id: id.clone(), asked_at });
                    id
                }
            }
        };
        drop(told);
        lock(&self.asking).retain(|_, told| Arc::strong_count(told) > 1);
        id
    }

    /// Asks, and says after the answer whether time is up: sending the document is a call more.
    async fn ask_while(
        &self,
        key: &LookupKey,
        document: &EntryId,
        held: &Held<'_>,
    ) -> Result<Option<String>, Stop> {
        let deadline = held.keep().await?;
        let id = self.ask(key, document, deadline).await?;
        if id.is_none() {
            lock(&self.missed).insert(key.clone(), self.clock.now() + MISSED);
        }
        if held.goes_on() { Ok(id) } else { Err(Stop::Ended(Outcome::AT_ONCE)) }
    }

    /// The ids that were found of late.
    pub(crate) fn at_hand(&self) -> Arc<BTreeMap<LookupKey, String>> {
        let now = self.clock.now();
        let mut at_hand = lock(&self.at_hand);
        if at_hand.until <= now {
            *at_hand = AtHand { ids: Arc::default(), until: now + AT_HAND };
        }
        at_hand.ids.clone()
    }

    async fn ask(
        &self,
        key: &LookupKey,
        document: &EntryId,
        deadline: Deadline,
    ) -> Result<Option<String>, Stop> {
        let table = self.tables.get(&key.table);
        // It is remembered with the other lines of its bill, until the bill changes.
        let is_line = matches!(table, Some(LookupTable::Line { .. }));
        let id = match table {
            Some(table @ LookupTable::Line { flow, by }) => self.line(key, table, flow, by, deadline).await?,
            Some(LookupTable::Listed { document, by, result }) => {
                self.listings.find(document, by, result, &key.key, deadline).await?
            }
            _ => self.targets.of_table(&key.table)?.lookup(&key.table, &key.key, deadline).await?,
        };
        if let Some(id) = &id {
            // Before it is stored: where this fails, the code is asked for once more, and so this is done once more. And after
            // that, for who has failed for it in between.
            let code = UnknownCode { table: key.table.clone(), code: key.key.clone() };
            self.waiting.arrived(&code, Some(document)).boxed().await?;
            if !is_line {
                let expires_at = self.clock.now() + REMEMBERED;
                self.lookups.put(&key.table, &key.key, id, Some(expires_at)).await?;
            }
            self.waiting.arrived(&code, Some(document)).boxed().await?;
        }
        Ok(id)
    }
}

/// Those of the ids that are wanted.
fn known(ids: &BTreeMap<LookupKey, String>, wanted: &BTreeSet<LookupKey>) -> BTreeMap<LookupKey, String> {
    let known = wanted.iter().filter_map(|key| ids.get_key_value(key));
    ordered::map(known.map(|(key, id)| (key.clone(), id.clone())))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
