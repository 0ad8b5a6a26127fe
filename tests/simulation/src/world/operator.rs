//! What a person asks and does, on a look at the store that no fault disturbs.

use std::collections::BTreeSet;
use std::future::Future;

use futures::FutureExt as _;
use relay_core::archive::Event;
use relay_core::groups::{Contribution, GroupId, Seal};
use relay_core::{Entry, EntryId};
use relay_host::{Wiring, settings};
use relay_operations::Operations;
use serde_json::Value;

use super::World;
use crate::scenario::Parcels;

/// The flow that has groups.
pub const BY_DAY: &str = "sales-by-day";

/// The flow of parcels, which has groups where the seed says so.
pub const PARCELS: &str = "parcels";

/// A group, as the store has it.
#[derive(Debug)]
pub struct Group {
    /// Which.
    pub id: GroupId,
    /// What its members bring.
    pub members: Vec<Contribution>,
    /// What was sealed.
    pub seals: Vec<Seal>,
}

/// What nobody sends again without a look at the target, or because it goes on by itself.
const LEFT_ALONE: [&str; 4] = ["unknown", "crossed", "settled", "waiting"];

impl World {
    /// Does something as a person does, at once: the store is asked without a wait.
    fn operate<T>(&self, work: impl AsyncFnOnce(&Operations<'_>) -> T) -> anyhow::Result<T> {
        let wiring = self.plain_wiring()?;
        let operations = operations(&wiring);
        work(&operations).now_or_never().ok_or_else(|| anyhow::anyhow!("an operation waits on an idle store"))
    }

    /// Asks a port, which answers at once.
    fn at_once<T, E>(asked: impl Future<Output = Result<T, E>>) -> anyhow::Result<T>
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        let answer = asked.now_or_never().ok_or_else(|| anyhow::anyhow!("an idle store is waited for"))?;
        Ok(answer?)
    }

    /// Every document with a failed version.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn failures(&self) -> anyhow::Result<Vec<Entry>> {
        Self::at_once(self.watched.ledger.failed(None, 10_000, None))
    }

    /// Sends again what has failed, but for what may be there already or waits.
    pub(super) fn replay_all(&self) -> anyhow::Result<()> {
        let wanted =
            |entry: &Entry| entry.failures().all(|failed| !LEFT_ALONE.contains(&failed.class.code()));
        let entries: Vec<Entry> = self.failures()?.into_iter().filter(wanted).collect();
        self.say(|| format!("a person replays {}", entries.len()));
        self.books.state().by_hand.stays_deleted.clear();
        _ = self.operate(async |operations| operations.replay_entries(entries).await)?;
        Ok(())
    }

    /// Enters the first failed document by hand.
    pub(super) fn settle_one(&self) -> anyhow::Result<()> {
        let Some(Entry { id, delivered, .. }) = self.failures()?.into_iter().next() else { return Ok(()) };
        self.say(|| format!("a person settles {} {}", id.flow, id.key));
        let EntryId { flow, key } = &id;
        let done =
            self.operate(async |operations| operations.settle(flow, key, Some("by hand"), "sim").await)?;
        // What the target has keeps its place by that.
        if done.is_ok() && delivered.is_none() {
            self.books.state().settled.insert((id.flow, id.key));
        }
        Ok(())
    }

    /// Has every open group closed.
    pub(super) fn close_groups(&self) -> anyhow::Result<()> {
        for id in self.open_groups()? {
            let (flow, group) = (&id.flow, &id.group);
            let asked = self.operate(async |operations| operations.close_group(Some(flow), group).await)?;
            if asked.is_ok() {
                let members = Self::at_once(self.watched.groups.members(&id, None, 10_000))?;
                let brings = |member: Contribution| {
                    let hash = member.hash();
                    (member.key, (member.version, hash))
                };
                let had = members.into_iter().map(brings);
                self.books.state().asked.entry(id).or_default().extend(had);
            }
        }
        Ok(())
    }

    /// The groups with something that no seal may hold.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn open_groups(&self) -> anyhow::Result<Vec<GroupId>> {
        let mut open = Vec::new();
        for flow in self.grouped() {
            open.extend(Self::at_once(self.watched.groups.open(flow))?);
        }
        Ok(open.into_iter().map(|open| open.id).collect())
    }

    /// The flows that have groups.
    #[must_use]
    pub fn grouped(&self) -> Vec<&'static str> {
        let Some(terms) = &self.scenario.conditions.bills else { return Vec::new() };
        let parcels = matches!(terms.parcels, Some(Parcels::Groups { .. })).then_some(PARCELS);
        std::iter::once(BY_DAY).chain(parcels).collect()
    }

    /// Every group of a flow that has members or seals, each with them.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn groups(&self, flow: &str, names: BTreeSet<String>) -> anyhow::Result<Vec<Group>> {
        let sealed = Self::at_once(self.watched.groups.sealed(flow, 1_000))?;
        let open = self.open_groups()?.into_iter().filter(|id| id.flow == flow).map(|id| id.group);
        let names: BTreeSet<String> =
            names.into_iter().chain(open).chain(sealed.into_iter().map(|(id, _)| id.group)).collect();
        let group = |name: String| {
            let id = GroupId::new(flow, name);
            let members = Self::at_once(self.watched.groups.members(&id, None, 10_000))?;
            let seals = Self::at_once(self.watched.groups.seals(&id))?;
            Ok(Group { id, members, seals })
        };
        names.into_iter().map(group).collect()
    }

    pub(super) fn pause(&self, name: &str) -> anyhow::Result<()> {
        self.say(|| format!("a person pauses {name}"));
        _ = self.operate(async |operations| operations.pause(name, "a simulation", "sim", None).await)?;
        Ok(())
    }

    pub(super) fn resume(&self, name: &str) -> anyhow::Result<()> {
        self.say(|| format!("a person resumes {name}"));
        _ = self.operate(async |operations| operations.resume(name).await)?;
        Ok(())
    }

    pub(super) fn redrive(&self) -> anyhow::Result<u64> {
        let moved = self.operate(async |operations| operations.redrive(None, None).await)??;
        Ok(moved.values().sum())
    }

    /// What the ledger knows of a document.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn entry(&self, flow: &str, key: &str) -> anyhow::Result<Option<Entry>> {
        let id = EntryId::new(flow, key);
        Ok(Self::at_once(self.watched.ledger.read(std::slice::from_ref(&id)))?.remove(&id))
    }

    /// The bodies of the calls that the archive has of a document.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn archived(&self, flow: &str, key: &str) -> anyhow::Result<Vec<Value>> {
        let id = EntryId::new(flow, key);
        let history = Self::at_once(self.watched.archive.read(&id, &[]))?;
        let bodies = history.into_iter().filter_map(|record| match record.event {
            Event::Called(exchange) => serde_json::from_str(&exchange.body).ok(),
            _ => None,
        });
        Ok(bodies.collect())
    }

    /// Messages that wait, are in flight, or are dead.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn queued(&self) -> anyhow::Result<u64> {
        let mut messages = 0;
        for system in relay_connectors::targets() {
            let depth = Self::at_once(self.watched.queue.depth(system))?;
            messages += depth.waiting + depth.in_flight + Self::at_once(self.watched.queue.dead(system))?;
        }
        Ok(messages)
    }
}

pub(super) fn operations(wiring: &Wiring) -> Operations<'_> {
    Operations {
        stores: &wiring.stores,
        flows: &wiring.flows,
        active: &wiring.active,
        catalog: &wiring.catalog,
        connectors: relay_connectors::CONNECTORS,
        settings: &wiring.settings,
        room: None,
        by: "operator".to_owned(),
        flow_settings: settings::open_to_flows(&wiring.settings),
        clock: wiring.clock.clone(),
        rng: wiring.rng.clone(),
    }
}
