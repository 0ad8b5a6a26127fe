//! The calls of an account in the last period, and who may make the next. Pure.

mod limit;
mod stored;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Ask, Grant, Limit, Use, Used};

/// How long it is believed that an account reads: until then pushes leave room for it.
const READS: u64 = 600_000;

/// How long after a read the next is expected, of those that are made one after the other.
const NEXT_READ: u64 = 5_000;

/// How long somebody who was refused is taken to wait, after the time when he is to ask again.
const PATIENCE: u64 = 5_000;

/// In milliseconds.
const MINUTE: u64 = 60_000;

/// So long permits are good for that a quiet account gives to be kept; in milliseconds.
const KEPT: u64 = MINUTE;

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
    /// What was read in the period of late that had the most of it.
    most_reads: Option<Reads>,
    /// When reading began after a time without, for a period: how much of it there will be is not known by then.
    reads_since: Option<Moment>,
    /// When the next may read, and write: a backlog does not take the whole period's calls at once, and have everybody wait
    /// for the next period.
    reads_from: Moment,
    writes_from: Moment,
}

/// Calls that began until then: how many to read, and how many to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Begun(Moment, u32, u32);

/// So many reads in the period until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Reads(u32, Moment);

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
        let since = settled.waits_since(now, holder, ask.purpose);
        let asked = Asked { holder, purpose: ask.purpose, since, beside: &ask.beside };
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
        let is_to_be_kept = settled.note_waiting(now, limit, wait, &asked, need);
        if is_to_be_kept {
            *self = settled;
        }
        (Grant::Wait(Duration::from_millis(wait)), is_to_be_kept)
    }

    /// Whether writes take what there is: the whole lump would be longer in coming than it takes at the limit's pace, so
    /// that the room that is there would be lost.
    fn is_worth_taking(&self, now: Moment, limit: Limit, asked: &Asked<'_>, room: u32, need: u32) -> bool {
        room >= need.div_ceil(2) && self.time_until(now, limit, asked, need) > limit.pause_after(need)
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
            if !self.is_read_at(now) {
                self.reads_since = Some(now);
            }
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
    /// have lapsed whether they were used: perhaps at the last moment. Whoever has no permits any more was refused
    /// since, and tells again what was counted then.
    fn settle(&mut self, now: Moment, limit: Limit, holder: &str, begun: &[(Duration, Use)]) {
        let over = limit.on_the_way() + limit.millis();
        // What lies further ahead than permits are good for was noted by another run of the machine, where nothing tells one
        // run from another: it would count until this one has lasted as long.
        let ahead = now + limit.millis().max(KEPT);
        let is_near = |until: Moment| until + over > now && until <= ahead;
        let mut known = self.permits.iter().filter(|permits| permits.holder == holder);
        if let Some((purpose, count)) = known.next().map(|permits| (permits.purpose, permits.count)) {
            let unused = count.saturating_sub(u32::try_from(begun.len()).unwrap_or(u32::MAX));
            let from = self.from(purpose);
            *from = from.saturating_sub(limit.pause_after(unused));
            for (age, purpose) in begun {
                self.count(now.saturating_sub(millis(*age)), limit, *purpose);
            }
            self.note_reads(limit);
        }
        self.permits.retain(|permits| permits.holder != holder && is_near(permits.until));
        self.begun.retain(|Begun(at, ..)| at + limit.millis() > now && *at <= ahead);
        self.read_at = self.read_at.filter(|read_at| *read_at <= ahead);
        self.most_reads = self.most_reads.filter(|Reads(_, noted)| *noted <= ahead);
        self.reads_since = self.reads_since.filter(|since| *since <= now && since + limit.millis() > now);
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

    /// Notes how many reads there were in the period until the last of them, where there were no more in one of late.
    fn note_reads(&mut self, limit: Limit) {
        let Some(Begun(last, ..)) = self.begun.iter().rfind(|Begun(_, reads, _)| *reads > 0) else { return };
        let (last, within) = (*last, |Begun(at, ..): &&Begun| at + limit.millis() > *last);
        let reads = self.begun.iter().filter(within).map(|Begun(_, reads, _)| reads).sum();
        if self.most_reads.is_none_or(|Reads(most, noted)| reads >= most || noted + limit.millis() <= last) {
            self.most_reads = Some(Reads(reads, last));
        }
    }

    /// How many calls of a period writes leave for reads, of which there are so many in it: as many as were read of late, so
    /// that those that come again on their schedule find their places.
    fn kept_for_reads(&self, at: Moment, limit: Limit, asked: &Asked<'_>, reads: u32) -> u32 {
        if !self.is_read_at(at) {
            return reads;
        }
        let are_going_on = self.read_at.is_some_and(|read_at| at.saturating_sub(read_at) < NEXT_READ)
            || self.is_waited_for(asked, |other| other == Use::Read);
        // Where they come once in a longer time than the period, their places are kept while they are made.
        let of_late = |Reads(_, noted): &Reads| are_going_on || noted + limit.millis() > at;
        let most = self.most_reads.filter(of_late).map_or(0, |Reads(most, _)| most);
        let kept =
            most.max(reads + limit.left_for_reads(are_going_on)).max(self.foreseen_reads(at, limit, reads));
        kept.min(limit.most_reads()).max(reads)
    }

    /// Whether the account is one that is read.
    fn is_read_at(&self, at: Moment) -> bool {
        self.read_at.is_some_and(|read_at| at.saturating_sub(read_at) < READS)
    }

    /// How many reads the first period will have, if they go on as they have begun.
    fn foreseen_reads(&self, at: Moment, limit: Limit, reads: u32) -> u32 {
        let lasts =
            self.reads_since.map(|since| at.saturating_sub(since)).filter(|lasts| *lasts < limit.millis());
        let foreseen = lasts.map(|lasts| u64::from(reads) * limit.millis() / lasts.max(1));
        foreseen.map_or(0, |foreseen| u32::try_from(foreseen).unwrap_or(u32::MAX))
    }

    /// Whether somebody waits for such calls beside who asks.
    fn is_waited_for(&self, asked: &Asked<'_>, is_such: impl Fn(Use) -> bool) -> bool {
        let mut others = self.waiting.iter().map(|other| other.purpose).chain(asked.beside.iter().copied());
        others.any(is_such)
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
        if asked.purpose == Use::Read {
            let is_shared = self.is_waited_for(asked, |other| other != Use::Read);
            let most = if is_shared { limit.most_reads().max(1) } else { calls };
            return calls.saturating_sub(reads + writes).min(most.saturating_sub(reads));
        }
        calls.saturating_sub(writes + self.kept_for_reads(at, limit, asked, reads))
    }

    /// When the next of them may begin.
    fn from(&mut self, purpose: Use) -> &mut Moment {
        if purpose == Use::Read { &mut self.reads_from } else { &mut self.writes_from }
    }

    /// How long until it is worth asking again: until a part of the lump may begin, where the whole is much longer in coming.
    fn wait(&self, now: Moment, limit: Limit, asked: &Asked<'_>, need: u32) -> u64 {
        let (whole, part) =
            (self.time_until(now, limit, asked, need), self.time_until(now, limit, asked, need.div_ceil(2)));
        if whole > part + limit.pause_after(need) { part } else { whole }
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
        let moments = moments.chain(self.most_reads.map(|Reads(_, noted)| noted)).chain(self.reads_since);
        let ends = moments.map(|at| at + limit.millis()).chain([self.reads_from, self.writes_from]);
        let ends = ends.chain(self.read_at.map(|read_at| read_at + NEXT_READ));
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
    beside: &'a [Use],
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
