//! Bills that their targets have and that have steps before them: saved, and not submitted or audited yet.
//!
//! Such a document has failed, or it is in its target's queue, or among the dead letters; so these are looked at and no more. Where
//! nobody can look into a queue that holds something (SQS), the ledger is read through in its place.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use relay_core::life::{Bill, Step, standing};
use relay_core::pause::Pause;
use relay_core::queue::Sought;
use relay_core::{Entry, EntryId, FailureClass, System};
use serde::Serialize;

use crate::dead_letters::Says;
use crate::delivered::holds;
use crate::export::sheet;
use crate::failures::of_one_there;
use crate::language::{Language, Said};
use crate::times::shown;
use crate::waiting::Asked;
use crate::{OperationError, Operations, pauses};

/// So many entries are read at once.
const PAGE: usize = 100;

/// So many entries are read at once where the ledger is read through.
const READ_THROUGH: usize = 1_000;

/// A bill that has a step before it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stands {
    /// The flow.
    pub flow: String,
    /// The document's key.
    pub key: String,
    /// The system that has the bill.
    pub target: System,
    /// Our number of it, where it has one.
    pub number: Option<String>,
    /// The target's id of it.
    pub target_id: Option<String>,
    /// Where it stands: saved, submitted or audited.
    pub stage: Step,
    /// Since when.
    pub since: DateTime<Utc>,
    /// The step that comes next.
    pub next: Step,
    /// Why it stands there.
    #[serde(flatten)]
    pub why: Why,
}

/// Why a bill stands where it does.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Why {
    /// Its document failed, and waits for a person.
    Failed {
        /// What kind of failure.
        class: FailureClass,
        /// The vendor's code.
        code: Option<String>,
        /// The reason, and the way out.
        message: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// Its target or its flow is paused.
    Paused {
        /// Until when, by whom, and why.
        message: Said,
    },
    /// What was tried last came to nothing, and is tried again.
    Waits {
        /// How often it was tried.
        tries: u32,
        /// What the last try failed with.
        message: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// It is worked, or its turn comes next.
    UnderWay,
}

impl Why {
    /// For people.
    #[must_use]
    pub fn said(&self) -> Said {
        match self {
            Self::Failed { class, code, message, at } => {
                let (class, message, at) = (class.code(), Said::of(message), shown(*at));
                let code = code.as_ref().map(|code| format!(" {code}")).unwrap_or_default();
                Said::new(
                    format!("{at} 失败({class}{code}):{}", message.told(Language::Chinese)),
                    format!("failed {at} ({class}{code}): {message}"),
                )
            }
            Self::Paused { message } => message.clone(),
            Self::Waits { tries, message, at } => {
                let (message, at) = (Said::of(message), shown(*at));
                Said::new(
                    format!("在等下一次,试过 {tries} 次,最近 {at}:{}", message.told(Language::Chinese)),
                    format!("waits for its next try, tried {tries} times, last {at}: {message}"),
                )
            }
            Self::UnderWay => Said::new("正在处理,或马上轮到", "it is worked, or its turn comes next"),
        }
    }

    /// Whether a person is needed.
    #[must_use]
    pub fn needs_a_person(&self) -> bool {
        matches!(self, Self::Failed { .. })
    }
}

impl Stands {
    /// Where it stands, for people.
    #[must_use]
    pub fn stage_said(&self) -> Said {
        match self.stage.stage() {
            Step::Submit => Said::new("已提交", "submitted"),
            Step::Audit => Said::new("已审核", "audited"),
            Step::Delete => Said::new("已删除", "deleted"),
            Step::Save | Step::Unaudit => Said::new("已保存", "saved"),
        }
    }

    /// The step that comes next, for people.
    #[must_use]
    pub fn next_said(&self) -> Said {
        of_one_there(self.next)
    }

    /// That it stands there and what comes next, for people.
    #[must_use]
    pub fn said(&self) -> Said {
        let (stage, next) = (self.stage_said(), self.next_said());
        let since = shown(self.since);
        Said::new(
            format!("从 {since} 起{},下一步{}", stage.told(Language::Chinese), next.told(Language::Chinese)),
            format!("{stage} since {since}, next: {next}"),
        )
    }

    fn is_named(&self, text: &str) -> bool {
        let why = self.why.said();
        let names = [Some(&self.key), self.number.as_ref(), self.target_id.as_ref()];
        names.into_iter().flatten().any(|name| holds(name, text))
            || holds(why.told(Language::English), text)
            || holds(why.told(Language::Chinese), text)
    }
}

/// The bills that have a step before them.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Bills {
    /// Those that stand longest first.
    pub bills: Vec<Stands>,
    /// Whether a queue holds more than is looked at.
    pub has_more: bool,
}

impl Bills {
    /// Whether one of them needs a person.
    #[must_use]
    pub fn need_a_person(&self) -> bool {
        self.bills.iter().any(|bill| bill.why.needs_a_person())
    }

    /// As a file for Excel.
    ///
    /// # Errors
    /// A table that cannot be written.
    pub fn csv(&self, language: Language) -> Result<String, OperationError> {
        let columns = [
            language.says("从", "since"),
            language.says("目标", "target"),
            language.says("流程", "flow"),
            language.says("单据", "document"),
            language.says("单号", "number"),
            language.says("目标里的 id", "id in the target"),
            language.says("停在", "stands"),
            language.says("下一步", "next"),
            language.says("为什么", "why"),
        ];
        let row = |bill: &Stands| {
            let or = |text: &Option<String>| text.clone().unwrap_or_default();
            vec![
                shown(bill.since),
                bill.target.to_string(),
                bill.flow.clone(),
                bill.key.clone(),
                or(&bill.number),
                or(&bill.target_id),
                bill.stage_said().told(language).to_owned(),
                bill.next_said().told(language).to_owned(),
                bill.why.said().told(language).to_owned(),
            ]
        };
        sheet(&columns, self.bills.iter().map(row))
    }
}

/// The flows whose bills take steps, with their targets.
type Lives<'f> = BTreeMap<&'f str, (System, &'f [Step])>;

impl Operations<'_> {
    /// Whether [`Operations::bills`] reads the whole ledger through.
    ///
    /// # Errors
    /// A target or a flow that nobody knows; a store that does not answer.
    pub async fn bills_read_ledger_through(&self, asked: &Asked) -> Result<bool, OperationError> {
        self.is_one_unseen(&self.lives(asked).await?).await
    }

    /// The bills that targets have and that have a step before them.
    ///
    /// # Errors
    /// A target or a flow that nobody knows; a store that does not answer.
    pub async fn bills(&self, asked: &Asked) -> Result<Bills, OperationError> {
        let lives = self.lives(asked).await?;
        let (entries, has_more) = match self.is_one_unseen(&lives).await? {
            true => (self.all_with_bills(&lives).await?, false),
            false => self.failed_or_queued(&lives, asked).await?,
        };
        let mut pauses = BTreeMap::new();
        for (flow, (target, _)) in &lives {
            if let Some(pause) = self.pause_of(flow, *target).await? {
                pauses.insert(*flow, pause);
            }
        }
        let mut bills = Vec::new();
        for entry in entries.values() {
            let Some((flow, (target, then))) = lives.get_key_value(entry.id.flow.as_str()) else { continue };
            bills.extend(standing_of(entry, *target, then, pauses.get(flow)));
        }
        bills.retain(|bill| {
            asked.before.is_none_or(|before| bill.since <= before)
                && asked.grep.as_ref().is_none_or(|text| bill.is_named(text))
        });
        bills.sort_by(|one, other| {
            (one.since, &one.flow, &one.key).cmp(&(other.since, &other.flow, &other.key))
        });
        Ok(Bills { bills, has_more })
    }

    async fn lives(&self, asked: &Asked) -> Result<Lives<'_>, OperationError> {
        if let Some(flow) = &asked.flow {
            self.check_flow(flow).await?;
        }
        let systems = self.systems(asked.target.as_deref())?;
        let is_asked = |name: &str| asked.flow.as_ref().is_none_or(|flow| flow == name);
        let lives = self.flows.iter().filter_map(|routed| {
            let name = routed.flow.name();
            let takes_part = is_asked(name) && systems.contains(&routed.system);
            routed.flow.life().filter(|_| takes_part).map(|life| (name, (routed.system, life.then())))
        });
        Ok(lives.collect())
    }

    /// Whether a queue of these holds something and shows nobody what.
    async fn is_one_unseen(&self, lives: &Lives<'_>) -> Result<bool, OperationError> {
        for system in targets(lives) {
            let depth = self.stores.queue.depth(system).await?;
            if depth.waiting + depth.in_flight > 0
                && self.stores.queue.seek(system, Sought::Group("")).await?.is_none()
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Every entry with a bill, of a ledger that is read through.
    async fn all_with_bills(&self, lives: &Lives<'_>) -> Result<BTreeMap<EntryId, Entry>, OperationError> {
        let (mut found, mut from) = (BTreeMap::new(), None);
        loop {
            let (page, next) = self.stores.ledger.list(None, from.as_deref(), READ_THROUGH).await?;
            let with_bills = page
                .into_iter()
                .filter(|entry| !entry.bills.is_empty() && lives.contains_key(entry.id.flow.as_str()));
            found.extend(with_bills.map(|entry| (entry.id.clone(), entry)));
            from = next;
            if from.is_none() {
                return Ok(found);
            }
        }
    }

    /// The entries of what failed, waits or is dead, and whether there is more that waits.
    async fn failed_or_queued(
        &self,
        lives: &Lives<'_>,
        asked: &Asked,
    ) -> Result<(BTreeMap<EntryId, Entry>, bool), OperationError> {
        let (mut found, mut queued, mut has_more) = (BTreeMap::new(), BTreeSet::new(), false);
        for flow in lives.keys() {
            let failed = self.failures(Some(flow)).await?;
            found.extend(failed.into_iter().map(|entry| (entry.id.clone(), entry)));
        }
        for system in targets(lives) {
            let of_target = Asked {
                target: Some(system.name().to_owned()),
                flow: asked.flow.clone(),
                ..Asked::default()
            };
            let waiting = self.waiting(&of_target).await?;
            has_more |= waiting.has_more;
            queued.extend(waiting.documents.into_iter().map(|waits| EntryId::new(waits.flow, waits.key)));
            for letter in self.dead_letters_of(system).await? {
                if let Says::Item { flow, key, .. } = letter.says {
                    queued.insert(EntryId::new(flow, key));
                }
            }
        }
        queued.retain(|id| lives.contains_key(id.flow.as_str()) && !found.contains_key(id));
        let queued: Vec<_> = queued.into_iter().collect();
        for ids in queued.chunks(PAGE) {
            found.extend(self.stores.ledger.read(ids).await?);
        }
        Ok((found, has_more))
    }
}

fn targets(lives: &Lives<'_>) -> BTreeSet<System> {
    lives.values().map(|(target, _)| *target).collect()
}

/// The bills of a document that have a step before them.
fn standing_of(entry: &Entry, target: System, then: &[Step], pause: Option<&Pause>) -> Vec<Stands> {
    let failed = entry.failures().find(|failed| failed.step.is_some()).or(entry.failed.as_ref());
    let why = match (failed, pause, &entry.attempts) {
        (Some(failed), ..) => Why::Failed {
            class: failed.class.clone(),
            code: failed.code.clone(),
            message: failed.message.clone(),
            at: failed.at,
        },
        (None, Some(pause), _) => Why::Paused { message: pauses::said(pause) },
        (None, None, Some(tried)) => {
            Why::Waits { tries: tried.count, message: tried.message.clone(), at: tried.at }
        }
        (None, None, None) => Why::UnderWay,
    };
    // The step that was refused may be one of a bill that is whole, such as the unaudit of one that is to be changed.
    let refused =
        failed.and_then(|failed| Some((at_step(entry, failed.target_id.as_deref())?, failed.step?)));
    let next = |(place, bill): (usize, &Bill)| match refused {
        Some((at, step)) if at == place => Some(step),
        _ => bill.next_of(then).filter(|_| has_moved(entry, bill)),
    };
    let there = entry.bills.iter().enumerate().filter(|(_, bill)| !bill.is_gone());
    there
        .filter_map(|(place, bill)| {
            Some(Stands {
                flow: entry.id.flow.clone(),
                key: entry.id.key.clone(),
                target,
                number: bill.number.clone(),
                target_id: bill.target_id.clone(),
                // What nobody knows to be there stands nowhere.
                stage: bill.stage?,
                since: bill.at,
                next: next((place, bill))?,
                why: why.clone(),
            })
        })
        .collect()
}

/// The place of the bill at which a step was refused.
fn at_step(entry: &Entry, id: Option<&str>) -> Option<usize> {
    let of_id = |id: &str| entry.bills.iter().position(|bill| bill.target_id.as_deref() == Some(id));
    id.and_then(of_id).or_else(|| standing(&entry.bills))
}

/// Whether a bill has come where it stands after all that was delivered, or dealt with by a person: what was delivered before its
/// flow had these steps is done.
fn has_moved(entry: &Entry, bill: &Bill) -> bool {
    let is_after = |at: Option<DateTime<Utc>>| at.is_none_or(|at| bill.at > at);
    let settled = entry.settled.as_ref().filter(|_| entry.failed.is_none());
    is_after(entry.delivered.as_ref().map(|delivered| delivered.at))
        && is_after(settled.map(|settled| settled.at))
}
