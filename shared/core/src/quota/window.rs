//! The calls of an account in the last period, and who may make the next. Pure.

mod stored;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Ask, Grant, Limit, Use, Used};

/// So many permits are given at once at least, where the limit has room for them: each time is a write to a store.
const LUMP: u32 = 10;

/// Calls are counted by parts of the period, as if all of a part had begun at its end: so many parts a period has.
const PARTS: u64 = 64;

/// How long it is believed that an account reads: until then pushes leave room for it.
const READS: u64 = 600_000;

/// How long somebody who was refused is taken to wait, after the time when he is to ask again.
const PATIENCE: u64 = 5_000;

/// In milliseconds.
const MINUTE: u64 = 60_000;

/// So long permits are good for that a quiet account gives to be kept; in milliseconds.
const KEPT: u64 = MINUTE;

/// The calls of a shorter period keep a pace; in milliseconds.
const PACED: u64 = 3_600_000;

/// Milliseconds since a moment that all who share the window count from.
type Moment = u64;

/// The calls of an account in the last period, the permits for more, and who waits.
///
/// It never holds more than the limit in any period, at whatever moment within its time a permit is used.
///
/// It is written as briefly as it can be ([`stored`]): what a store is paid for a write goes by its length.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "stored::Form", into = "stored::Form")]
pub struct Window {
    /// Calls that have begun, oldest first.
    begun: Vec<Begun>,
    permits: Vec<Permits>,
    waiting: Vec<Waiting>,
    /// When something was read last.
    read_at: Option<Moment>,
    /// When the next may read, and write: a backlog does not take the whole period's calls at once, and have everybody wait
    /// for the next period.
    reads_from: Moment,
    writes_from: Moment,
}

/// Calls that began until then: how many to read, and how many to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Begun(Moment, u32, u32);

/// Permits that somebody may still use.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Permits {
    holder: String,
    purpose: Use,
    count: u32,
    until: Moment,
}

/// Somebody who was refused.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Waiting {
    holder: String,
    purpose: Use,
    wanted: u32,
    since: Moment,
    until: Moment,
}

impl Limit {
    /// How many permits are given at once at most: enough for a second.
    #[must_use]
    pub fn lump(self) -> u32 {
        let calls = self.calls.get();
        let in_a_second = u64::from(calls) * 1_000 / self.millis();
        let lump = u32::try_from(in_a_second).unwrap_or(calls).max(LUMP).min((calls / 4).max(1));
        self.at_once.map_or(lump, |most| lump.min(most.get()))
    }

    /// How long permits are good for: as long as so many calls take at the limit's pace.
    fn valid(self) -> u64 {
        let at_pace = u64::from(self.lump()) * self.millis() / u64::from(self.calls.get());
        at_pace.max(self.millis().min(1_000))
    }

    /// How soon after so many calls others may begin: a little sooner than at the limit's pace, which the limit itself holds.
    /// At once where a day's calls are counted: whoever has some calls to make in an evening is not to wait until morning.
    fn pause_after(self, calls: u32) -> u64 {
        if self.millis() >= PACED {
            return 0;
        }
        u64::from(calls) * self.millis() * 9 / 10 / u64::from(self.calls.get())
    }

    fn part(self) -> u64 {
        (self.millis() / PARTS).max(1)
    }

    /// One call may take so much longer on its way than another: the vendor counts by when they arrive.
    fn on_the_way(self) -> u64 {
        self.part() / 2
    }

    /// What a quiet time is worth: one lump more, unless so many at once are too many.
    fn credit(self) -> u64 {
        if self.at_once.is_some() { 0 } else { self.pause_after(self.lump()) }
    }

    /// What writes leave for reads, so that one of these need not wait for a place.
    fn left_for_reads(self) -> u32 {
        (self.calls.get() / 50).max(1)
    }

    fn millis(self) -> u64 {
        millis(self.period).max(1)
    }
}

impl Window {
    /// What is used of it, for whoever looks.
    #[must_use]
    pub fn used(&self, now: Duration) -> Used {
        let now = millis(now);
        let begun = self.begun.iter().filter(|Begun(at, ..)| at + MINUTE > now);
        let begun: u32 = begun.map(|Begun(_, reads, writes)| reads + writes).sum();
        let permits = self.permits.iter().filter(|permits| permits.until > now);
        let waiting = self.waiting.iter().filter(|waiting| waiting.until > now);
        Used {
            last_minute: begun + permits.map(|permits| permits.count).sum::<u32>(),
            waiting: waiting.map(|waiting| waiting.wanted).sum(),
        }
    }

    /// Gives permits, or tells when to ask again. Says too whether it is to be kept: a refusal changes nothing but
    /// the line of those who wait, and whoever is refused tells the next time again what calls it has begun.
    pub fn ask(&mut self, now: Duration, limit: Limit, ask: &Ask) -> (Grant, bool) {
        let (now, holder) = (millis(now), ask.holder.as_str());
        let mut settled = self.clone();
        settled.settle(now, limit, holder, &ask.begun);
        let asked =
            Asked { holder, purpose: ask.purpose, since: settled.waits_since(now, holder, ask.purpose) };
        let wanted = ask.wanted.clamp(1, limit.lump());
        // Writes come in lumps; a read takes what there is.
        let need = if ask.purpose == Use::Read { 1 } else { wanted };
        let ahead = settled.waiting.iter().filter(|other| asked.is_behind(other)).map(|other| other.wanted);
        let room = settled.room(now, limit, &asked).saturating_sub(ahead.sum());
        if room >= need || settled.is_worth_taking(now, limit, &asked, room, need) {
            let to_keep = settled.to_keep(now, limit, &asked, room).filter(|to_keep| *to_keep > wanted);
            let (count, valid) = match to_keep {
                Some(to_keep) => (to_keep, limit.valid().max(KEPT)),
                None => (room.min(wanted), limit.valid()),
            };
            settled.give(now, limit, &asked, count, valid);
            *self = settled;
            return (Grant::Permits { count, valid: Duration::from_millis(valid) }, true);
        }
        let wait = settled.wait(now, limit, &asked, need);
        let is_to_be_kept = self.note_waiting(now, limit, wait, &asked, need);
        (Grant::Wait(Duration::from_millis(wait)), is_to_be_kept)
    }

    /// Whether writes take what there is: the whole lump would be longer in coming than it takes at the limit's pace, so
    /// that the room that is there would be lost. Not while somebody reads, whose next read that room is for.
    fn is_worth_taking(&self, now: Moment, limit: Limit, asked: &Asked<'_>, room: u32, need: u32) -> bool {
        room >= need.div_ceil(2)
            && self.time_until(now, limit, asked, need) > limit.pause_after(need)
            && !self.is_read(now, limit)
    }

    /// Whether somebody is reading.
    fn is_read(&self, now: Moment, limit: Limit) -> bool {
        self.read_at.is_some_and(|read_at| now.saturating_sub(read_at) < limit.valid())
    }

    /// How many permits a quiet account gives to a writer to be kept for the calls that come later: of calls that come alone
    /// each would ask for its own, which is a write to a store. It is quiet where nobody waits, the pace leaves room for
    /// them, and half of the limit is free beside them.
    fn to_keep(&self, now: Moment, limit: Limit, asked: &Asked<'_>, room: u32) -> Option<u32> {
        let count = limit.lump().min(room.saturating_sub(limit.calls.get() / 2));
        let is_at_pace =
            self.writes_from.max(now.saturating_sub(limit.credit())) + limit.pause_after(count) <= now;
        let is_quiet = asked.purpose != Use::Read && self.waiting.is_empty() && is_at_pace;
        (is_quiet && count > 0).then_some(count)
    }

    fn give(&mut self, now: Moment, limit: Limit, asked: &Asked<'_>, count: u32, valid: u64) {
        self.waiting.retain(|waiting| !asked.is(waiting));
        if asked.purpose == Use::Read {
            self.read_at = Some(now);
        }
        // After a quiet time two lumps may go one after the other.
        let earliest = now.saturating_sub(limit.credit());
        let from = self.from(asked.purpose);
        *from = (*from).max(earliest) + limit.pause_after(count);
        let (holder, purpose, until) = (asked.holder.to_owned(), asked.purpose, now + valid);
        self.permits.push(Permits { holder, purpose, count, until });
    }

    /// Counts what the holder has begun, gives back what it has not, and forgets what is over. Nobody knows of permits that
    /// have lapsed whether they were used: perhaps at the last moment.
    fn settle(&mut self, now: Moment, limit: Limit, holder: &str, begun: &[(Duration, Use)]) {
        let mut known = self.permits.iter().filter(|permits| permits.holder == holder);
        if let Some((purpose, count)) = known.next().map(|permits| (permits.purpose, permits.count)) {
            let unused = count.saturating_sub(u32::try_from(begun.len()).unwrap_or(u32::MAX));
            let from = self.from(purpose);
            *from = from.saturating_sub(limit.pause_after(unused));
        }
        let over = limit.on_the_way() + limit.millis();
        // What lies further ahead than permits are good for was noted by another run of the machine, where nothing tells one
        // run from another: it would count until this one has lasted as long.
        let ahead = now + limit.millis().max(KEPT);
        let is_near = |until: Moment| until + over > now && until <= ahead;
        self.permits.retain(|permits| permits.holder != holder && is_near(permits.until));
        for (age, purpose) in begun {
            self.count(now.saturating_sub(millis(*age)), limit, *purpose);
        }
        self.begun.retain(|Begun(at, ..)| at + limit.millis() > now && *at <= ahead);
        // One that waits until long after the period was noted by another run of the machine.
        self.waiting.retain(|waiting| waiting.until > now && waiting.until <= now + 3 * limit.millis());
    }

    fn count(&mut self, at: Moment, limit: Limit, purpose: Use) {
        let part = limit.part();
        let at = (at + limit.on_the_way()).div_ceil(part) * part;
        let place = self.begun.partition_point(|Begun(other, ..)| *other < at);
        if self.begun.get(place).is_none_or(|Begun(other, ..)| *other != at) {
            self.begun.insert(place, Begun(at, 0, 0));
        }
        let Begun(_, reads, writes) = &mut self.begun[place];
        *(if purpose == Use::Read { reads } else { writes }) += 1;
    }

    /// How many calls may begin at that moment, if nobody else asks before.
    fn room(&self, at: Moment, limit: Limit, asked: &Asked<'_>) -> u32 {
        let calls = limit.calls.get();
        let (mut reads, mut writes) = (0, 0);
        for Begun(_, read, written) in
            self.begun.iter().filter(|Begun(begun, ..)| begun + limit.millis() > at)
        {
            reads += read;
            writes += written;
        }
        for Permits { purpose, count, .. } in
            self.permits.iter().filter(|permits| permits.until + limit.on_the_way() + limit.millis() > at)
        {
            match purpose {
                Use::Read => reads += count,
                _ => writes += count,
            }
        }
        let from = if asked.purpose == Use::Read { self.reads_from } else { self.writes_from };
        // One that is long after now was noted by another run of the machine.
        if from > at && from <= at + limit.millis() {
            return 0;
        }
        let room = calls.saturating_sub(reads + writes);
        if asked.purpose == Use::Read {
            let is_awaited = self.waiting.iter().any(|other| other.purpose != Use::Read);
            let most = if is_awaited { (calls * 3 / 4).max(1) } else { calls };
            return room.min(most.saturating_sub(reads));
        }
        let reads = self.read_at.is_some_and(|read_at| at.saturating_sub(read_at) < READS);
        room.saturating_sub(if reads { limit.left_for_reads().min(calls - 1) } else { 0 })
    }

    /// When the next of them may begin.
    fn from(&mut self, purpose: Use) -> &mut Moment {
        if purpose == Use::Read { &mut self.reads_from } else { &mut self.writes_from }
    }

    /// How long until it is worth asking again: until a part of the lump may begin, where the whole is much longer in coming.
    fn wait(&self, now: Moment, limit: Limit, asked: &Asked<'_>, need: u32) -> u64 {
        let (whole, part) =
            (self.time_until(now, limit, asked, need), self.time_until(now, limit, asked, need.div_ceil(2)));
        let is_far = whole > part + limit.pause_after(need) && !self.is_read(now + part, limit);
        if is_far { part } else { whole }
    }

    /// How long until so many calls may begin. Who is only behind others looks again soon: it is not known how long they take.
    fn time_until(&self, now: Moment, limit: Limit, asked: &Asked<'_>, need: u32) -> u64 {
        let soon = limit.valid() / 4 + 1;
        if self.room(now, limit, asked) >= need {
            return soon;
        }
        let moments = self
            .begun
            .iter()
            .map(|Begun(at, ..)| *at)
            .chain(self.permits.iter().map(|permits| permits.until));
        let ends = moments.map(|at| at + limit.millis()).chain([self.reads_from, self.writes_from]);
        let mut changes: Vec<Moment> = ends.filter(|change| *change > now).collect();
        changes.sort_unstable();
        let first = changes.into_iter().find(|at| self.room(*at, limit, asked) >= need);
        first.map_or(soon, |at| at - now)
    }

    fn waits_since(&self, now: Moment, holder: &str, purpose: Use) -> Moment {
        let mut known =
            self.waiting.iter().filter(|other| other.holder == holder && other.purpose == purpose);
        known.next().map_or(now, |waiting| waiting.since)
    }

    /// Notes who waits, where others use the account too: alone, nobody has to be told.
    fn note_waiting(&mut self, now: Moment, limit: Limit, wait: u64, asked: &Asked<'_>, need: u32) -> bool {
        let mut others = self.permits.iter().map(|permits| &permits.holder);
        let is_alone = others.all(|holder| holder == asked.holder)
            && self.waiting.iter().all(|other| other.holder == asked.holder);
        let is_known = self.waiting.iter().any(|waiting| asked.is(waiting) && waiting.until >= now + wait);
        if is_alone || is_known {
            return false;
        }
        self.waiting.retain(|waiting| waiting.until > now && !asked.is(waiting));
        self.waiting.push(Waiting {
            holder: asked.holder.to_owned(),
            purpose: asked.purpose,
            wanted: need,
            since: asked.since,
            // Long enough that he need not be noted again each time.
            until: now + wait + 2 * limit.valid() + PATIENCE,
        });
        true
    }
}

/// Who asks.
struct Asked<'a> {
    holder: &'a str,
    purpose: Use,
    since: Moment,
}

impl Asked<'_> {
    fn is(&self, waiting: &Waiting) -> bool {
        waiting.holder == self.holder && waiting.purpose == self.purpose
    }

    /// Whether the other goes first: what is more urgent, and of one kind who has waited longer.
    fn is_behind(&self, other: &Waiting) -> bool {
        other.holder != self.holder
            && (other.purpose < self.purpose || other.purpose == self.purpose && other.since < self.since)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
