//! A day of a flow, all sides together.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use relay_connector::quota::at_most;
use relay_core::quota::Use;
use relay_core::{Entry, EntryId, StoreError, pause};
use relay_job::{Routed, watermark};
use serde_json::Value;

use crate::codes::Codes;
use crate::report::Sides;
use crate::sum::{Place, Sum};
use crate::target::{Asked, Asking, Listed};
use crate::units::Unit;
use crate::verdict::{AtSource, AtTarget, Facts, InLedger, Judged, Verdict};
use crate::{Day, Reconciler, days, ledger, source};

/// So many entries are read of the ledger at once.
const AT_ONCE: usize = 100;

/// Up to when what the source shows must have come here.
pub(crate) struct Due {
    /// How far the source was read.
    read_until: Option<DateTime<Utc>>,
    /// How many documents wait for the target.
    waiting: u64,
    /// Why nothing is delivered.
    paused: Option<String>,
    now: DateTime<Utc>,
}

impl Due {
    /// Why a document that changed then may still be on its way.
    pub(crate) fn why_not(&self, changed: Option<DateTime<Utc>>) -> Option<String> {
        if let Some(why) = &self.paused {
            return Some(format!("paused: {why}"));
        }
        let changed = changed.unwrap_or(self.now);
        match self.read_until {
            Some(until) if until >= changed => {}
            _ => return Some("the flow has not read so far yet".to_owned()),
        }
        // Whatever its age: it may have been read just now.
        (self.waiting > 0)
            .then(|| format!("{} documents wait for the target, perhaps this one too", self.waiting))
    }
}

impl Reconciler<'_> {
    /// Compares a day of a flow. `known` are the keys that our ledger has of that day.
    ///
    /// # Errors
    /// A store that does not answer. A vendor that does not is told in the answer.
    pub async fn day(
        &self,
        routed: &Routed,
        day: NaiveDate,
        known: &[String],
        codes: &mut Codes<'_>,
    ) -> Result<Day, StoreError> {
        // On the heap: whoever waits for a permit carries all of it.
        at_most(Use::Reconcile, Box::pin(self.compared(routed, day, known, codes))).await
    }

    /// How many windows a day of a flow's source has.
    #[must_use]
    pub fn windows(&self, routed: &Routed, day: NaiveDate) -> usize {
        match routed.flow.source().document.role {
            relay_connector::Role::Windowed => source::windows(routed, day, self.clock.now()).len(),
            _ => 0,
        }
    }

    async fn compared(
        &self,
        routed: &Routed,
        day: NaiveDate,
        known: &[String],
        codes: &mut Codes<'_>,
    ) -> Result<Day, StoreError> {
        let mut report = Day::new(routed.flow.name(), day, self.clock.now());
        let rows = match self.rows(routed, day).await? {
            Ok(rows) => {
                report.source = Some(Sum::nothing());
                Some(rows)
            }
            Err(why) => {
                report.could_not(&why);
                None
            }
        };
        let due = self.due(routed).await?;
        let mut asking = Asking::of(self, routed.system).await?;
        if routed.flow.group().is_some() {
            self.grouped(routed, rows, known, codes, &due, &mut asking, &mut report).await?;
            return Ok(report.close());
        }
        let is_asked = rows.is_some();
        let mut units = Vec::new();
        for row in rows.into_iter().flatten() {
            match self.units(routed, row, codes).await? {
                Ok(made) => units.extend(made),
                Err(why) => {
                    report.judged("?", None, &Place::default(), Judged::why(Verdict::Explained, why), None);
                }
            }
        }
        let shown: HashSet<_> = units.iter().map(|unit| unit.id.key.clone()).collect();
        let others = known.iter().filter(|key| !shown.contains(*key));
        units.extend(others.map(|key| Unit::of_ledger(routed, key)));
        self.judge(routed, units, is_asked, &due, &mut asking, &mut report).await?;
        Ok(report.close())
    }

    pub(crate) async fn due(&self, routed: &Routed) -> Result<Due, StoreError> {
        let (checkpoints, now) = (self.stores.checkpoints.as_ref(), self.clock.now());
        let depth = self.stores.queue.depth(routed.system).await?;
        let flow = pause::current(checkpoints, pause::Scope::Flow(routed.flow.name()), now).await?;
        let paused = match flow {
            Some(pause) => Some(pause),
            None => pause::current(checkpoints, routed.system, now).await?,
        };
        Ok(Due {
            read_until: watermark::read(checkpoints, routed.flow.name()).await?,
            waiting: depth.waiting + depth.in_flight,
            paused: paused.map(|pause| pause.reason),
            now,
        })
    }

    pub(crate) async fn entries(&self, ids: &[EntryId]) -> Result<HashMap<EntryId, Entry>, StoreError> {
        let mut entries = HashMap::new();
        for ids in ids.chunks(AT_ONCE) {
            entries.extend(self.stores.ledger.read(ids).await?);
        }
        Ok(entries)
    }

    /// Judges documents of the target, each by what three sides say of it.
    pub(crate) async fn judge(
        &self,
        routed: &Routed,
        units: Vec<Unit>,
        is_asked: bool,
        due: &Due,
        asking: &mut Asking,
        report: &mut Day,
    ) -> Result<(), StoreError> {
        let ids: Vec<_> = units.iter().map(|unit| unit.id.clone()).collect();
        let entries = self.entries(&ids).await?;
        let expected = units.iter().filter_map(|unit| unit.made.as_ref().ok());
        let listed = asking.listed(self, routed.flow.target().document, expected).await;
        let mut numbers = HashSet::new();
        for unit in units {
            let entry = entries.get(&unit.id);
            let number = self.judge_one(routed, unit, entry, is_asked, due, asking, &listed, report).await?;
            numbers.extend(number);
        }
        if !self.tolerances.takes_extra() {
            self.extra(routed, &listed, &numbers, report).await?;
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "a document, and what of the day it is judged by")]
    async fn judge_one(
        &self,
        routed: &Routed,
        unit: Unit,
        entry: Option<&Entry>,
        is_asked: bool,
        due: &Due,
        asking: &mut Asking,
        listed: &Listed,
        report: &mut Day,
    ) -> Result<Option<String>, StoreError> {
        let measures = &unit.document.measures;
        let mut says = ledger::says(entry);
        let there = entry.and_then(Entry::there);
        let made_number = || {
            let made = unit.made.as_ref().ok()?;
            relay_connector::lenient::field(made, unit.document.number()?)
        };
        let number = there.and_then(|there| there.number.clone()).or_else(made_number);

        let is_edited = entry
            .and_then(|entry| entry.edited.as_ref())
            .is_some_and(|edit| Some(&edit.of) == unit.hash.as_ref());
        let is_newer = match (&unit.hash, there) {
            (Some(hash), Some(there)) => {
                there.hash != *hash && !is_edited && !self.is_older(routed, &unit, entry)
            }
            _ => false,
        };
        let at_source = match (&unit.not_taken, &unit.row) {
            (Some(why), _) => AtSource::NotTaken(why.clone()),
            (None, Some(_)) => AtSource::Has { is_newer },
            (None, None) if is_asked => AtSource::MovedOn,
            (None, None) => AtSource::NotAsked,
        };
        // What was sent is what the flow makes of it today, or else what the archive has of it.
        let is_as_made = there.is_some_and(|there| Some(&there.body_hash) == unit.body_hash.as_ref());
        let mut sent = None;
        if let (Some(entry), Some(number)) =
            (entry, number.as_deref().filter(|_| there.is_some() && !is_as_made))
        {
            let history = self.stores.archive.read(&entry.id, &entry.archive).await?;
            sent = unit.document.number().and_then(|field| ledger::sent(&history, field, number));
        }
        let made = unit.made.as_ref().ok();
        let delivered = if is_as_made { made } else { sent.as_ref() };
        let expected = if is_newer || there.is_none() { made } else { delivered };
        if says == InLedger::Nothing && unit.not_taken.is_none() {
            let history = self.stores.archive.read(&unit.id, &[]).await?;
            says = ledger::left_alone(&history).map_or(says, InLedger::Explains);
        }
        let changed = unit.row.as_ref().and_then(|row| {
            let version = routed.flow.version(row);
            days::time_of(version.as_deref(), Some(routed.flow.version_kind(row)))
        });
        let on_its_way = due.why_not(changed.or_else(|| Some(days::ends(report.day))));
        let is_worth_asking = match (&says, &unit.not_taken) {
            (InLedger::Delivered { .. }, _) => true,
            (InLedger::Nothing, None) => on_its_way.is_none(),
            (InLedger::Nothing, Some(_)) => number.as_deref().is_some_and(|it| listed.rows.contains_key(it)),
            (InLedger::Explains(_), _) => false,
        };
        let target = match is_worth_asking {
            true => {
                let (document, route) = (unit.document, unit.route);
                let asked = Asked { document, route, number: number.as_deref(), expected };
                asking.ask(self, &asked, listed).await
            }
            false => AtTarget::NotAsked,
        };

        let sides = Sides {
            source: (unit.row.is_some() && unit.not_taken.is_none())
                .then(|| made.map_or_else(Sum::unknown, |made| Sum::of(made, measures, None))),
            ledger: there.map(|_| delivered.map_or_else(Sum::unknown, |sent| Sum::of(sent, measures, None))),
            target: held(&target, |shown| Sum::of(shown, measures, expected)),
        };
        let may_be_moved = routed.flow.life().is_some_and(relay_mapping::Life::moves_date);
        let facts = Facts {
            document: unit.document,
            source: at_source,
            ledger: says,
            target,
            expected,
            sent: delivered,
            on_its_way,
            may_be_moved,
        };
        let judged = facts.judge(self.tolerances);
        report.add(&unit.place, &sides);
        report.judged(&unit.id.key, number.as_deref(), &unit.place, judged, unit.row);
        Ok(number)
    }

    /// Whether what the source shows is known to be older than what was delivered: its answer lags behind.
    fn is_older(&self, routed: &Routed, unit: &Unit, entry: Option<&Entry>) -> bool {
        let Some((row, there)) = unit.row.as_ref().zip(entry.and_then(Entry::there)) else { return false };
        let version = routed.flow.version(row);
        let kind = Some(routed.flow.version_kind(row));
        let stamp = relay_core::ledger::Stamp { version: version.as_deref(), kind, received_at: None };
        stamp.is_older_than(there.stamp())
    }

    /// What the target's list shows and nobody here knows.
    async fn extra(
        &self,
        routed: &Routed,
        listed: &Listed,
        numbers: &HashSet<String>,
        report: &mut Day,
    ) -> Result<(), StoreError> {
        let strange = listed.rows.keys().filter(|number| !numbers.contains(*number));
        let ids: Vec<_> = strange.map(|number| EntryId::new(routed.flow.name(), number)).collect();
        let by_key = self.entries(&ids).await?;
        let strange: Vec<_> =
            ids.into_iter().filter(|id| !by_key.contains_key(id)).map(|id| id.key).collect();
        let known = self.stores.ledger.known(&strange).await?;
        for number in strange.iter().filter(|number| !known.contains(*number)) {
            let measures = &routed.flow.target().document.measures;
            for row in listed.rows.get(number).into_iter().flatten() {
                let id = relay_connector::lenient::field(row, "id").unwrap_or_default();
                let why = format!("the target has it (id {id}), and nothing here tells of it");
                let sides = Sides { target: Some(Sum::of(row, measures, None)), ..Sides::default() };
                report.add(&Place::default(), &sides);
                report.judged(
                    number,
                    Some(number),
                    &Place::default(),
                    Judged::why(Verdict::Extra, why),
                    None,
                );
            }
        }
        Ok(())
    }
}

/// What the target holds of a document, summed; `None` where it was not asked.
pub(crate) fn held(target: &AtTarget, sum: impl Fn(&Value) -> Sum) -> Option<Sum> {
    let AtTarget::Holds(held) = target else { return None };
    let mut total = Sum::nothing();
    for there in held {
        total += &if there.is_alike { sum(&there.shown) } else { Sum::unknown() };
    }
    Some(total)
}
