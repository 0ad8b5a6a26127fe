//! Guard, resolve, map: what a document's turn comes to, before it is done.

use std::collections::BTreeMap;
use std::time::Duration;

use relay_connector::Found;
use relay_core::clock::Deadline;
use relay_core::{EntryId, Outcome, Skip};
use relay_job::Routed;
use relay_mapping::{Context, Fault, Flow, Life, Mapped};
use serde_json::Value;

use crate::batch::Held;
use crate::contribute::{self, Contributed};
use crate::document::Documents;
use crate::guard;
use crate::life::{Goes, Living};
use crate::map::{Plan, faults, lacks_id, unknown_codes, waits};
use crate::parts;
use crate::stop::Stop;
use crate::withdraw::{self, Withdrawn};
use crate::work::Work;

/// What was read of the ledger longer ago than this is read again before a document is sent.
const CURRENT: Duration = Duration::from_secs(10);

/// What a document's turn comes to, before it is done.
pub(crate) enum Planned<'a> {
    /// It is sent before that time.
    Send(Plan<'a>, Deadline),
    /// Its bill has a life.
    Live(Box<Living<'a>>),
    /// It goes into its group.
    Contribute(Box<Contributed>),
    /// Its parts are queued in its place.
    Divide(&'a Routed),
    /// It is a part that its document has no lines for any more.
    Withdraw(Box<Withdrawn<'a>>),
}

/// What is sent, and lives where its flow says so.
fn living<'a>(flow: &'a Flow, plan: Plan<'a>, deadline: Deadline) -> Planned<'a> {
    match flow.life() {
        Some(life) => Planned::Live(Box::new(Living::new(life, plan, None))),
        None => Planned::Send(plan, deadline),
    }
}

impl Documents {
    /// Guard, resolve, map: what is to be sent, and until when that may begin.
    pub(crate) async fn planned<'a>(
        &'a self,
        work: &mut Work<'_>,
        held: &Held<'_>,
    ) -> Result<Planned<'a>, Stop> {
        let routed = guard::admit(&self.flows, work, self.now())?;
        if let Some(wait) = guard::waits(work, self.now()) {
            return Err(Stop::Ended(Outcome::Postponed { wait }));
        }
        if contribute::is_bill(&routed.flow, work.item) {
            return self.planned_bill(routed, work, held).await;
        }
        self.own.check(work).await?;
        self.is_split_no_more(&routed.flow, work).await?;
        if parts::is_to_divide(&routed.flow, work.item) {
            self.may_be_there_as_a_whole(routed, work, held).await?;
            return Ok(Planned::Divide(routed));
        }
        let part = routed.flow.part_of_key(&work.item.key).map(|(_, part)| part);
        if let Some(part) = part.as_deref().filter(|_| routed.flow.is_without_lines(&work.item.document)) {
            return match self.goes(routed, work)? {
                Some(goes) => self.planned_to_go(routed, Some(part), goes, work, held).await,
                None => self.withdrawn(routed, part, work, held).await,
            };
        }
        if routed.flow.group().is_some() {
            return self.contributed(routed, work, held).await.map(Box::new).map(Planned::Contribute);
        }
        let alert = match routed.flow.source().damp {
            Some(damp) => Some(self.damping.judge(work, damp, self.now()).await?),
            None => None,
        };
        let document = alert.as_ref().unwrap_or(&work.item.document);
        if routed.flow.cancels(document).map_err(|fault| faults(vec![fault]))? {
            return self.planned_to_go(routed, part.as_deref(), Goes::Cancelled, work, held).await;
        }
        let id = work.known.entry.id.clone();
        let mapped = self.mapped(&routed.flow, document, &id, held).await?;
        self.seen.note(&routed.flow, document).await;
        let mapped = match mapped {
            Ok(mapped) => part.iter().fold(mapped, |mapped, part| routed.flow.numbered(mapped, part)),
            Err(found) => return Err(self.unmapped(&routed.flow, work, found).await),
        };
        let deadline = held.keep().await?;
        self.guard_again(work).await?;
        let target = self.targets.get(work.system)?;
        let plan = Plan::new(target, routed.flow.target().document, mapped);
        self.own.note(work, &plan, &self.ledger_writer).await?;
        Ok(living(&routed.flow, plan, deadline))
    }

    /// Stops a document that was tried as a whole, before its flow split its documents, unless nothing of it came to the target.
    async fn may_be_there_as_a_whole(
        &self,
        routed: &Routed,
        work: &Work<'_>,
        held: &Held<'_>,
    ) -> Result<(), Stop> {
        let entry = &work.known.entry;
        if entry.divided.is_some() || !work.repeated || routed.flow.group().is_some() {
            return Ok(());
        }
        let lookups = self.resolver.at_hand();
        let context = Context { settings: &self.settings, lookups: &lookups };
        let number = routed.flow.number_of_whole(&work.item.document, &context);
        let target = self.targets.get(work.system)?;
        let asked = number.map(|number| Plan::new(target, routed.flow.target().document, number));
        let deadline = held.keep().await?;
        let was_tried = entry.attempts.is_some() || entry.unanswered.is_some();
        match (withdraw::find(asked.as_ref(), deadline).await?, work.waits_for_itself(self.now())) {
            (Found::There(id), _) => Err(parts::is_whole(work, Some(&id))),
            (Found::CannotBeAsked, _) if was_tried => Err(parts::is_whole(work, None)),
            (Found::NotThere, Some(wait)) => Err(Stop::Ended(Outcome::Postponed { wait })),
            (Found::CannotBeAsked | Found::NotThere, _) => Ok(()),
        }
    }

    /// Stops a part that was queued, or has failed, when its flow still split its documents.
    async fn is_split_no_more(&self, flow: &Flow, work: &Work<'_>) -> Result<(), Stop> {
        let Some((document, part)) = flow.former_part_of_key(&work.item.key) else { return Ok(()) };
        let whole = self.ledger_writer.entry(EntryId::new(&work.item.flow, document)).await?;
        let is_part = whole.divided.is_some_and(|divided| divided.all().any(|(known, _)| known == part));
        if is_part { Err(parts::split_no_more(work, document, &part)) } else { Ok(()) }
    }

    /// A document whose bill is to go: what is in it does not matter, unless its bill may be there under a number that only it
    /// tells.
    async fn planned_to_go<'a>(
        &'a self,
        routed: &'a Routed,
        part: Option<&str>,
        goes: Goes,
        work: &mut Work<'_>,
        held: &Held<'_>,
    ) -> Result<Planned<'a>, Stop> {
        let (flow, document, entry) = (&routed.flow, &work.item.document, &work.known.entry);
        let is_known = entry.there().is_some() || !entry.bills.is_empty();
        let may_be_there = entry.attempts.is_some() || entry.unanswered.is_some();
        let id = entry.id.clone();
        let without_lines = part.filter(|_| flow.is_without_lines(document));
        let mapped = if without_lines.is_none() && !is_known && may_be_there {
            let mapped = self.mapped(flow, document, &id, held).await?;
            mapped.map(|mapped| part.into_iter().fold(mapped, |mapped, part| flow.numbered(mapped, part)))
        } else {
            self.with_ids(flow, document, &id, held, |context| {
                let frame = flow.frame(document, context)?;
                let number = without_lines.and_then(|part| flow.number_of_part(document, part, context));
                Ok(Mapped { body: number.map_or(Value::Null, |number| number.body), ..frame })
            })
            .await?
        };
        let mapped = match mapped {
            Ok(mapped) => mapped,
            Err(found) => match self.number_alone(flow, document, part).filter(|_| may_be_there && !is_known)
            {
                Some(number) => number,
                None => return Err(self.unmapped(flow, work, found).await),
            },
        };
        self.guard_again(work).await?;
        let target = self.targets.get(work.system)?;
        let plan = Plan::new(target, flow.target().document, mapped);
        let Some(life) = flow.life() else { return Err(Stop::Ended(Outcome::Skipped(Skip::Filtered))) };
        Ok(Planned::Live(Box::new(Living::new(life, plan, Some(goes)))))
    }

    /// By its number alone a bill can be asked for and deleted, whatever else of its document cannot be mapped. One that takes it back
    /// says more.
    fn number_alone(&self, flow: &Flow, document: &Value, part: Option<&str>) -> Option<Mapped> {
        flow.life().filter(|life| !life.takes_back())?;
        let lookups = self.resolver.at_hand();
        let context = Context { settings: &self.settings, lookups: &lookups };
        match part {
            Some(part) => flow.number_of_part(document, part, &context),
            None => flow.number_of_whole(document, &context),
        }
    }

    /// The bill of a group: its lines are mapped already, each with its member.
    async fn planned_bill<'a>(
        &'a self,
        routed: &'a Routed,
        work: &mut Work<'_>,
        held: &Held<'_>,
    ) -> Result<Planned<'a>, Stop> {
        let (settings, lookups) = (&self.settings, &BTreeMap::new());
        let bill = routed.flow.bill(&work.item.document, &Context { settings, lookups });
        let (document, mapped) = bill.map_err(faults)?;
        let deadline = held.keep().await?;
        self.guard_again(work).await?;
        let plan = Plan::new(self.targets.get(work.system)?, document, mapped);
        self.own.note(work, &plan, &self.ledger_writer).await?;
        Ok(living(&routed.flow, plan, deadline))
    }

    /// Why the bill of a part goes that its document has no lines for any more; `None`: it has none, or it is for a person to undo.
    fn goes(&self, routed: &Routed, work: &Work<'_>) -> Result<Option<Goes>, Stop> {
        let flow = &routed.flow;
        let is_cancelled = flow.cancels(&work.item.document).map_err(|fault| faults(vec![fault]))?;
        let by_flow = flow.life().and_then(Life::when_withdrawn).map(|_| Goes::Withdrawn);
        let goes = if is_cancelled { Some(Goes::Cancelled) } else { by_flow };
        Ok(goes.filter(|_| withdraw::may_be_there(&work.known.entry)))
    }

    /// A part that its document has no lines for any more: it leaves its group, or a person undoes what the target has of it.
    async fn withdrawn<'a>(
        &'a self,
        routed: &Routed,
        part: &str,
        work: &mut Work<'_>,
        held: &Held<'_>,
    ) -> Result<Planned<'a>, Stop> {
        let deadline = held.keep().await?;
        self.guard_again(work).await?;
        if routed.flow.group().is_some() {
            // Nothing of it was ever sent to the target: what is known of it, the groups know.
            return self.leaving(work, Skip::Withdrawn).await.map(Box::new).map(Planned::Contribute);
        }
        let lookups = self.resolver.at_hand();
        let context = Context { settings: &self.settings, lookups: &lookups };
        let number = routed.flow.number_of_part(&work.item.document, part, &context);
        let target = self.targets.get(work.system)?;
        let asked = number.map(|number| Plan::new(target, routed.flow.target().document, number));
        Ok(Planned::Withdraw(Box::new(Withdrawn { asked, deadline })))
    }

    /// What a document brings into its group.
    async fn contributed(
        &self,
        routed: &Routed,
        work: &mut Work<'_>,
        held: &Held<'_>,
    ) -> Result<Contributed, Stop> {
        let (flow, document) = (&routed.flow, &work.item.document);
        if flow.withdraws(document).map_err(|fault| faults(vec![fault]))? {
            held.keep().await?;
            self.guard_again(work).await?;
            return self.leaving(work, Skip::Filtered).await;
        }
        let id = work.known.entry.id.clone();
        let contributed =
            self.with_ids(flow, document, &id, held, |context| flow.contribution(document, context)).await?;
        self.seen.note(flow, document).await;
        let brought = match contributed {
            Ok(brought) => brought,
            Err(found) => return Err(self.unmapped(flow, work, found).await),
        };
        // Whoever has lost the message to another stores nothing.
        held.keep().await?;
        self.guard_again(work).await?;
        Contributed::new(work, brought)
    }

    /// What takes a document out of its group. One that is in none is kept off, and skipped for that reason.
    async fn leaving(&self, work: &Work<'_>, reason: Skip) -> Result<Contributed, Stop> {
        if let Some(leaving) = Contributed::withdrawn(work, self.groups.as_ref()).await? {
            return Ok(leaving);
        }
        let ledger = self.ledger_writer.ledger.as_ref();
        let is_noted = contribute::keep_off(work, ledger, self.now()).await?;
        Err(Stop::Ended(if is_noted { Outcome::Skipped(reason) } else { Outcome::AT_ONCE }))
    }

    /// What becomes of a document that cannot be mapped; what it waits for is noted.
    async fn unmapped(&self, flow: &Flow, work: &mut Work<'_>, found: Vec<Fault>) -> Stop {
        work.missing = unknown_codes(&found);
        match self.waiting.note(&work.missing, &work.known.entry.id).await {
            Ok(()) => {
                let waits = waits(flow, &found, work.item.received_at, self.now());
                waits.unwrap_or_else(|| faults(found))
            }
            Err(error) => Stop::from(error),
        }
    }

    /// Most documents need no ids but those at hand, and are gone through once. What another needs is resolved first.
    async fn mapped(
        &self,
        flow: &Flow,
        document: &Value,
        id: &EntryId,
        held: &Held<'_>,
    ) -> Result<Result<Mapped, Vec<Fault>>, Stop> {
        self.with_ids(flow, document, id, held, |context| flow.apply(document, context)).await
    }

    /// What is mapped with the ids at hand, or else with those that the document needs.
    async fn with_ids<T>(
        &self,
        flow: &Flow,
        document: &Value,
        id: &EntryId,
        held: &Held<'_>,
        map: impl Fn(&Context<'_>) -> Result<T, Vec<Fault>>,
    ) -> Result<Result<T, Vec<Fault>>, Stop> {
        let apply = |lookups: &_| map(&Context { settings: &self.settings, lookups });
        let mapped = apply(&self.resolver.at_hand());
        match mapped {
            Err(faults) if faults.iter().any(lacks_id) => {
                let lookups = self.resolver.resolve(flow.lookups(document), id, held).await?;
                Ok(apply(&lookups))
            }
            mapped => Ok(mapped),
        }
    }

    /// The look-ups may have taken minutes, and the documents before this one too: what was read is read again then.
    async fn guard_again(&self, work: &mut Work<'_>) -> Result<(), Stop> {
        let age = self.ledger_writer.clock.monotonic().saturating_sub(work.known.read_at);
        if age > CURRENT {
            work.known = self.known(work.known.entry.id.clone()).await?;
            guard::admit(&self.flows, work, self.now())?;
        }
        Ok(())
    }
}
