//! Where a flow stands.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use chrono::{DateTime, Utc};
use relay_connector::Role;
use relay_core::System;
use relay_core::health::Part;
use relay_core::ledger::{self, Counts};
use relay_core::not_yet::{self, NotYet};
use relay_core::pause::{self, Pause, Scope};
use relay_core::registry::{self, Registered};
use relay_core::tally::{self, Counted};
use relay_job::{BrokenFile, Routed, active_flows, conditions, sightings, snapshot, watermark};
use relay_mapping::Diagnostic;
use serde::Serialize;

use super::Doing;
use crate::both;
use crate::language::{Language, Said};
use crate::times::shown;
use crate::{OperationError, Operations};

/// What the checkpoints begin with that say when a task has its next turn.
pub const NEXT: &str = "health/next/";

/// Where a flow stands.
#[derive(Debug, Serialize)]
pub struct FlowStatus {
    /// The document that it reads.
    pub source: String,
    /// The document that it writes.
    pub target: String,
    /// What came and what was delivered today, in China, as far as the processes have told: within a minute.
    pub today: Counted,
    /// The same since the flow has been counted.
    pub counted: Counted,
    /// Documents of which the target has a version; unknown where counting them means reading the whole ledger.
    pub delivered: Option<u64>,
    /// Messages that wait, are worked or are put away in the queue of its target; unknown where the queue cannot be looked
    /// into and holds those of other flows too.
    pub waiting: Option<u64>,
    /// Documents with a failed version that needs a person.
    pub failed: u64,
    /// Documents that wait for what another flow has not delivered yet, and are sent again by themselves.
    pub wait_for_others: u64,
    /// How far its source has been read.
    pub read_until: Option<DateTime<Utc>>,
    /// How far behind now that is.
    pub lag_s: Option<u64>,
    /// How its source is doing: its polls, its pool, or all pushes.
    #[serde(flatten)]
    pub source_health: Doing,
    /// Since when its file is away; now, where no start has noticed it.
    pub absent_since: Option<DateTime<Utc>>,
    /// What its file calls it for people.
    pub title: Option<String>,
    /// The mistakes of its file: nothing starts with it, and what runs goes on by the text before.
    pub mistakes: Vec<String>,
    /// Until when its documents wait because its target takes them at another time, and why.
    pub not_yet: Option<NotYet>,
    /// The pause that a person has set: its documents wait.
    pub paused: Option<Pause>,
    /// The pause of its source, that a person has set: it is not read.
    pub source_paused: Option<Pause>,
    /// When its source is read next, as far as a running `relay serve` has said.
    pub next_run: Option<DateTime<Utc>>,
    /// Its groups that are open.
    pub open_groups: Option<usize>,
    /// Since when the flow is known.
    pub since: Option<DateTime<Utc>>,
    #[serde(skip)]
    pub(super) role: Option<Role>,
    /// What is to be known of it and needs nobody.
    pub notes: Vec<Said>,
}

impl Operations<'_> {
    /// The flows with a file, and those that are registered without one.
    pub(super) async fn flow_statuses(
        &self,
        counts: &Counts,
    ) -> Result<BTreeMap<String, FlowStatus>, OperationError> {
        let mut flows = BTreeMap::new();
        let registry = registry::read(self.stores.checkpoints.as_ref()).await?;
        let next_runs = self.next_runs().await?;
        let mut ranges = self.ranges().await?;
        for routed in self.flows.iter() {
            let name = routed.flow.name();
            let mut status = self.present(routed, counts).await?;
            status.notes.extend(ranges.remove(name));
            let task = match status.role {
                Some(Role::Windowed | Role::Listed) => "poll",
                Some(Role::Pool) => "sync",
                _ => "",
            };
            status.next_run = next_runs.get(task).copied();
            status.since = registry.get(name).map(|registered| registered.since);
            flows.insert(name.to_owned(), status);
        }
        for file in self.flows.broken() {
            flows.insert(file.name.clone(), self.broken(file, registry.get(&file.name), counts).await?);
        }
        for (name, registered) in active_flows::absent(&registry, self.flows) {
            let status = self.absent(&name, registered, counts).await?;
            flows.insert(name, status);
        }
        Ok(flows)
    }

    async fn present(&self, routed: &Routed, counts: &Counts) -> Result<FlowStatus, OperationError> {
        let (source, target) = (routed.flow.source().document, routed.flow.target().document);
        let mut status =
            self.known(routed.flow.name(), source.name, target.name, Some(source.role), counts).await?;
        status.source_health = match source.role {
            Role::Windowed | Role::Listed => self.doing(Part::Poll(routed.flow.name().to_owned())).await?,
            Role::Pool => self.doing(Part::Pool(source.name.to_owned())).await?,
            Role::Pushed | Role::Target => self.doing(Part::Pushes).await?,
            Role::Own => Doing::default(),
        };
        if source.role.is_polled() && status.source_health.last_success.is_none() {
            status.notes.push(Said::new("还没有一次轮询成功", "no poll has succeeded yet"));
        }
        if routed.flow.may_wait() && status.failed > 0 {
            self.tell_apart(routed.flow.name(), &mut status).await?;
        }
        let (checkpoints, now) = (self.stores.checkpoints.as_ref(), self.clock.now());
        let scope = Scope::Source(routed.source_system());
        status.source_paused = pause::current(checkpoints, scope, now).await?;
        if routed.flow.group().is_some() {
            status.open_groups = Some(self.stores.groups.open(routed.flow.name()).await?.len());
        }
        status.title = routed.flow.title().map(str::to_owned);
        status.notes.extend(status.source_health.notes.drain(..).map(Said::same));
        // A misspelt path of an open document looks like this, and so does a field that no tenant fills in.
        let missing = sightings::missing(self.stores.checkpoints.as_ref(), &routed.flow).await?;
        if let Some(paths) = missing.filter(|paths| !paths.is_empty()) {
            status.notes.push(never_held(&paths));
        }
        Ok(status)
    }

    /// Who waits for what another flow delivers stands among those that failed, and needs nobody.
    async fn tell_apart(&self, name: &str, status: &mut FlowStatus) -> Result<(), OperationError> {
        let failed = ledger::all_failed(self.stores.ledger.as_ref(), Some(name)).await?;
        let waits = failed.iter().filter(|entry| entry.only_waits()).count();
        if waits > 0 {
            status.notes.push(both!(
                "{waits} 张在等别的流程的单据,等到了自动发送(`relay failures --flow {name}`)",
                "{waits} wait for documents of other flows, and are sent by themselves (`relay failures --flow {name}`)"
            ));
        }
        status.failed = (failed.len() - waits) as u64;
        status.wait_for_others = waits as u64;
        Ok(())
    }

    /// When the tasks of `relay serve` have their next turn: those that wait for longer than a moment say so.
    async fn next_runs(&self) -> Result<HashMap<String, DateTime<Utc>>, OperationError> {
        let noted = self.stores.checkpoints.list(NEXT).await?;
        let next = noted.into_iter().filter_map(|(name, noted)| {
            let at: DateTime<Utc> = serde_json::from_str(&noted.value).ok()?;
            // One that was stopped meanwhile has no next turn.
            (at >= self.clock.now()).then(|| Some((name.strip_prefix(NEXT)?.to_owned(), at)))?
        });
        Ok(next.collect())
    }

    /// A flow whose file has mistakes, as it was before them.
    async fn broken(
        &self,
        file: &BrokenFile,
        registered: Option<&Registered>,
        counts: &Counts,
    ) -> Result<FlowStatus, OperationError> {
        let of =
            |end: fn(&Registered) -> &String| registered.map_or("", |registered| end(registered).as_str());
        let (source, target) = (of(|it| &it.source), of(|it| &it.target));
        let role = self.catalog.document(source).map(|document| document.role);
        let mut status = self.known(&file.name, source, target, role, counts).await?;
        status.since = registered.map(|registered| registered.since);
        let told = |mistake: &Diagnostic| format!("{}:{}: {}", mistake.file, mistake.line, mistake.message);
        status.mistakes = file.mistakes().map(told).collect();
        if role.is_some_and(Role::is_polled) {
            status.source_health = self.doing(Part::Poll(file.name.clone())).await?;
        }
        Ok(status)
    }

    async fn absent(
        &self,
        name: &str,
        registered: Registered,
        counts: &Counts,
    ) -> Result<FlowStatus, OperationError> {
        let role = self.catalog.document(&registered.source).map(|document| document.role);
        let mut status = self.known(name, &registered.source, &registered.target, role, counts).await?;
        status.since = Some(registered.since);
        status.absent_since = Some(registered.absent_since.unwrap_or_else(|| self.clock.now()));
        // Nobody reads it meanwhile.
        status.lag_s = None;
        Ok(status)
    }

    async fn known(
        &self,
        name: &str,
        source: &str,
        target: &str,
        role: Option<Role>,
        counts: &Counts,
    ) -> Result<FlowStatus, OperationError> {
        // A flow that is left out has none.
        let of = |flows: &HashMap<String, u64>| flows.get(name).copied().unwrap_or_default();
        let read_until = match role {
            Some(Role::Windowed) => watermark::read(self.stores.checkpoints.as_ref(), name).await?,
            Some(Role::Listed) => snapshot::read_at(self.stores.checkpoints.as_ref(), name).await?,
            _ => None,
        };
        // A list is not behind before it is to be read again.
        let allowed = if role == Some(Role::Listed) { snapshot::EVERY } else { Duration::ZERO };
        let behind = |until: DateTime<Utc>| {
            (self.clock.now() - until).to_std().unwrap_or_default().saturating_sub(allowed)
        };
        let tally = tally::read(self.stores.checkpoints.as_ref(), name, self.clock.now()).await?;
        Ok(FlowStatus {
            source: source.to_owned(),
            target: target.to_owned(),
            today: tally.today,
            counted: tally.all,
            delivered: counts.delivered.as_ref().map(of),
            waiting: None,
            failed: of(&counts.failed),
            wait_for_others: 0,
            read_until,
            lag_s: read_until.map(behind).as_ref().map(Duration::as_secs),
            source_health: Doing::default(),
            absent_since: None,
            title: None,
            mistakes: Vec::new(),
            not_yet: not_yet::read(self.stores.checkpoints.as_ref(), name, self.clock.now()).await?,
            paused: self.pause_of_flow(name).await?,
            source_paused: None,
            next_run: None,
            open_groups: None,
            since: None,
            role,
            notes: Vec::new(),
        })
    }
}

/// The first of the paths by name: a flow that copies whatever there is may have dozens.
fn never_held(paths: &[String]) -> Said {
    const NAMED: usize = 6;
    let named = paths.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match paths.len().saturating_sub(NAMED) {
        0 => both!("至今没有单据带过 {named}", "no document so far has held {named}"),
        more => both!(
            "至今没有单据带过 {named} 和另外 {more} 个字段",
            "no document so far has held {named} and {more} more fields"
        ),
    }
}

/// Until when documents wait that their target takes at another time, and why.
pub(crate) fn waits_until(NotYet { until, why }: &NotYet) -> Said {
    let (until, why) = (shown(*until), Said::of(why));
    Said::new(
        format!("等到 {until}:{}", why.told(Language::Chinese)),
        format!("waits until {until}: {}", why.told(Language::English)),
    )
}

impl FlowStatus {
    /// What the documents wait for that its target takes at another time.
    pub(super) fn waits_for_its_time(&self) -> Option<Said> {
        self.not_yet.as_ref().filter(|_| self.waiting != Some(0)).map(waits_until)
    }

    /// Whether its documents are for that target.
    pub(super) fn goes_to(&self, system: System) -> bool {
        self.target.split_once('.').is_some_and(|(target, _)| target == system.name())
    }

    /// Whether it is new, and its polls read what has come together before it.
    pub(super) fn is_catching_up(&self, now: DateTime<Utc>) -> bool {
        conditions::is_catching_up(self.since, self.source_health.last_success, now)
    }
}
