//! What the judge goes by, whatever a document is.

use relay_core::{Entry, Failed, FailureClass};
use serde_json::Value;

use super::Violation;
use crate::scenario::Scenario;
use crate::world::World;

/// So many permits a process has in hand at once.
const IN_HAND: u64 = 10;

pub(super) struct Judge<'a> {
    pub(super) world: &'a World,
    pub(super) violations: Vec<Violation>,
}

impl<'a> Judge<'a> {
    pub(super) fn of(world: &'a World) -> Self {
        Self { world, violations: Vec::new() }
    }

    pub(super) fn violated(&mut self, rule: &'static str, found: String) {
        self.violations.push(Violation { rule, found });
    }

    /// A process that stands still between its last look and its call is behind when it wakes, and nobody can keep its call
    /// back: it is told (`crossed`), or sent once more. Until then an older version may stand over a newer one.
    pub(super) fn stops(&self) -> bool {
        self.scenario().stops()
    }

    pub(super) fn scenario(&self) -> &Scenario {
        &self.world.scenario
    }

    /// Whether the version stands as failed, or a person has dealt with the document.
    pub(super) fn is_excused(
        &self,
        flow: &str,
        key: &str,
        is_newest: impl Fn(&Value) -> bool,
    ) -> anyhow::Result<bool> {
        let Some(entry) = self.world.entry(flow, key)? else { return Ok(false) };
        let failed = entry
            .failures()
            .any(|failed| is_newest(&failed.document) || failed.class == FailureClass::Crossed);
        let settled = entry.settled.as_ref().is_some_and(|settled| is_newest(&settled.version.document));
        Ok(failed || settled)
    }

    /// Whether a person is told that the target may hold a document twice. Whoever stands still within a call makes it upon waking,
    /// when another has long made the same, and so does whoever receives it anew because a clock was set; where the target takes a
    /// number twice, nobody can keep that back.
    pub(super) fn is_told_doubled(&self, flow: &str, key: &str) -> anyhow::Result<bool> {
        let scenario = self.scenario();
        let crosses = scenario.stops() || scenario.events.iter().any(|event| event.what.sets_clock_forward());
        let takes_twice = !scenario.conditions.refuses_duplicates;
        let is_told = |entry: &Entry| entry.failures().any(Failed::is_doubled);
        Ok(crosses && takes_twice && self.world.entry(flow, key)?.is_some_and(|entry| is_told(&entry)))
    }

    /// What the ledger says of a document, in short.
    pub(super) fn told(&self, flow: &str, key: &str) -> anyhow::Result<String> {
        let Some(entry) = self.world.entry(flow, key)? else { return Ok("nothing of it".to_owned()) };
        let delivered = entry.delivered.as_ref().and_then(|delivered| delivered.version.as_deref());
        let failures = entry.failures().map(|failed| format!("{} of {}", failed.class, failed.document));
        let tried = entry.attempts.as_ref().map(|attempts| (attempts.count, attempts.message.as_str()));
        Ok(format!("{delivered:?}, as tried {tried:?}, and as failed {:?}", failures.collect::<Vec<_>>()))
    }

    /// What a target has stands in the ledger as delivered, or as failed, or settled.
    pub(super) fn ledger_knows(&mut self, flow: &str, key: &str, is_there: bool) -> anyhow::Result<()> {
        let entry = self.world.entry(flow, key)?;
        let knows =
            |entry: &Entry| entry.delivered.is_some() || entry.failed.is_some() || entry.settled.is_some();
        if is_there && !entry.as_ref().is_some_and(knows) {
            self.violated("the ledger knows what was delivered", format!("{flow} {key}: {entry:?}"));
        }
        Ok(())
    }

    /// What a person has entered by hand is not entered again by the relay, whatever comes after it.
    pub(super) fn settled(&mut self) -> anyhow::Result<()> {
        let settled = self.world.books.state().settled.clone();
        for (flow, key) in settled {
            if let Some(delivered) = self.world.entry(&flow, &key)?.and_then(|entry| entry.delivered) {
                let found = format!("{flow} {key}: version {:?} was sent after it", delivered.version);
                self.violated("what a person settled keeps its place", found);
            }
        }
        Ok(())
    }

    /// Counted by the vendors: a call above the limit that no fault has refused.
    pub(super) fn quotas(&mut self) {
        // A process that stands still between its permit and its call makes the call when it wakes.
        let late = if self.stops() { IN_HAND } else { 0 };
        for (vendor, calls) in self.world.vendors.refused_for_quota() {
            // A network that delivers twice makes calls that nobody has made.
            let is_doubled = self.scenario().events.iter().any(|event| event.what.doubles_calls_of(vendor));
            if calls > late && !is_doubled {
                self.violated("quota never exceeded", format!("{vendor}: {calls} calls above its limit"));
            }
        }
    }
}
