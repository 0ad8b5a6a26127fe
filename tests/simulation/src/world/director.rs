//! Has everything happen in its time, and then lets the dust settle.

mod happen;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use relay_simulators::{Fault, FaultRates};

use super::World;
use super::books::{Pile, Violation};
use super::postman::Postman;
use super::process::{Habits, Process};
use crate::scenario::{Conditions, Event, PROCESSES, Scenario, Vendor, What};
use crate::scheduler::{Owner, Pause, Scheduler};
use crate::trace::{Trace, clock};

/// So many steps between two events are more than any work takes.
const MOST_STEPS: u64 = 20_000_000;

const VENDORS: [Vendor; 5] =
    [Vendor::Wangdian, Vendor::Kingdee, Vendor::Sharecrm, Vendor::Qince, Vendor::Http];

const TARGETS: [&str; 5] = ["kingdee", "sharecrm", "wangdian", "qince", "http"];

/// Has everything happen in its time.
pub struct Director {
    scheduler: Scheduler,
    /// The merchant.
    pub world: World,
    postman: Postman,
    agenda: BTreeMap<(Duration, u64), Action>,
    next: u64,
    /// Troubles that go on.
    troubles: Vec<(u64, Vendor, Fault, u32)>,
    /// How long there is no other after one that dies at a call.
    down: [Option<Duration>; PROCESSES],
}

/// What is to be done at some time.
#[derive(Debug, Clone)]
enum Action {
    Happen(What),
    /// A trouble ends.
    End(u64),
    Start(usize),
    ClockRight,
    Acknowledge(u64),
    RightSecret(Vendor),
    FlowBack(&'static str),
    Unpause(&'static str),
}

impl Director {
    /// The beginning of a simulation.
    ///
    /// # Errors
    /// When its files cannot be made.
    pub fn new(scenario: &Scenario, trace: Arc<Trace>) -> anyhow::Result<Self> {
        let scheduler = Scheduler::new(scenario.seed, trace.clone());
        let world = World::new(scenario, &scheduler, trace)?;
        let postman = Postman::of(&world);
        let mut this = Self {
            scheduler,
            world,
            postman,
            agenda: BTreeMap::new(),
            next: 0,
            troubles: Vec::new(),
            down: [None; PROCESSES],
        };
        for Event { at, what, .. } in scenario.events.clone() {
            this.plan(at, Action::Happen(what));
        }
        this.scheduler.spawn(Owner::World, this.postman.clone().deliver());
        for slot in 0..PROCESSES {
            this.start(slot)?;
        }
        Ok(this)
    }

    /// Steps so far.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.scheduler.steps()
    }

    fn now(&self) -> Duration {
        self.world.timeline.now()
    }

    fn plan(&mut self, at: Duration, action: Action) {
        self.next += 1;
        self.agenda.insert((at, self.next), action);
    }

    fn plan_in(&mut self, wait: Duration, action: Action) {
        self.plan(self.now() + wait, action);
    }

    /// Runs until that time, with everything that is due until then.
    ///
    /// # Errors
    /// When files cannot be read or written; never for what the relay does.
    pub fn run_until(&mut self, end: Duration) -> anyhow::Result<()> {
        loop {
            let next = self.agenda.first_key_value().map(|((at, _), _)| *at).filter(|at| *at <= end);
            match self.scheduler.run_until(next.unwrap_or(end), MOST_STEPS) {
                Pause::Reached => match next {
                    Some(_) => {
                        if let Some((_, action)) = self.agenda.pop_first() {
                            self.act(action)?;
                        }
                    }
                    None => return Ok(()),
                },
                Pause::Died(owner) => {
                    self.world.say(|| format!("{owner:?} dies"));
                    if let Owner::Process { slot, .. } = owner {
                        // It takes no pushes any more.
                        self.kill(slot);
                        if let Some(down) = self.down[slot].take() {
                            self.plan_in(down, Action::Start(slot));
                        }
                    }
                }
                Pause::Panicked(owner, words) => {
                    let found = format!("{owner:?} at {}: {words}", clock(self.now()));
                    self.violated("nothing panics", found);
                }
                Pause::Endless => {
                    let found = format!("{MOST_STEPS} steps at {}", clock(self.now()));
                    self.violated("nothing goes round for ever", found);
                    return Ok(());
                }
            }
        }
    }

    fn violated(&self, rule: &'static str, found: String) {
        self.world.books.state().violations.push(Violation { rule, found });
    }

    /// The faults end: vendors and stores behave, every process lives, nothing is away or paused.
    ///
    /// # Errors
    /// When files cannot be read or written.
    pub fn calm(&mut self) -> anyhow::Result<()> {
        let agenda = std::mem::take(&mut self.agenda);
        for action in agenda.into_values() {
            if !matches!(action, Action::Happen(_) | Action::Start(_)) {
                self.act(action)?;
            }
        }
        for vendor in VENDORS {
            self.world.faults_of(vendor).clear();
        }
        for slot in 0..PROCESSES {
            self.world.slots[slot].faults.clear();
            if let Some(process) = &self.world.slots[slot].process {
                self.scheduler.spare(process.owner);
            }
            self.start(slot)?;
        }
        for name in TARGETS {
            self.world.resume(name)?;
        }
        Ok(())
    }

    /// A person adds what is missing, and sends again what has failed and what is dead.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn mend(&mut self) -> anyhow::Result<()> {
        self.happen(What::AddMaterial)?;
        for sale in self.world.missing_sales() {
            self.happen(What::Sale { sale, says: sale as u64, is_bad: false })?;
        }
        self.world.redrive()?;
        self.world.replay_all()
    }

    fn act(&mut self, action: Action) -> anyhow::Result<()> {
        if !matches!(action, Action::Happen(_)) {
            self.world.say(|| format!("{action:?}"));
        }
        match action {
            Action::Happen(what) => return self.happen(what),
            Action::End(id) => {
                self.troubles.retain(|(other, ..)| *other != id);
                self.set_rates();
            }
            Action::Start(slot) => self.start(slot)?,
            Action::ClockRight => self.world.machine.set_ahead(TimeDelta::zero()),
            Action::Acknowledge(rec_id) => self.world.vendors.wangdian.refuse_acknowledgement(rec_id, None),
            Action::RightSecret(vendor) => {
                self.world.set_secret(vendor, true);
                self.begin_all_anew()?;
            }
            Action::FlowBack(flow) => {
                self.world.folder.take_away(flow, false)?;
                self.begin_all_anew()?;
            }
            Action::Unpause(name) => self.world.resume(name)?,
        }
        Ok(())
    }

    fn start(&mut self, slot: usize) -> anyhow::Result<()> {
        if self.is_alive(slot) {
            return Ok(());
        }
        let place = &mut self.world.slots[slot];
        place.lives += 1;
        let owner = Owner::Process { slot, life: place.lives };
        let wiring = self.world.wiring(slot, self.world.slots[slot].lives)?;
        let Conditions { look, by_events, redelivers, .. } = self.world.scenario.conditions;
        let habits = Habits { look, by_events: by_events[slot], redelivers };
        let process = Process::start(&mut self.scheduler, owner, &wiring, habits)?;
        self.postman.door(slot, Some((process.owner, process.receiver.clone())));
        self.world.slots[slot].process = Some(process);
        Ok(())
    }

    fn is_alive(&self, slot: usize) -> bool {
        self.world.slots[slot].process.as_ref().is_some_and(|process| self.scheduler.lives(process.owner))
    }

    fn kill(&mut self, slot: usize) {
        self.postman.door(slot, None);
        if let Some(process) = self.world.slots[slot].process.take() {
            self.scheduler.kill(process.owner);
        }
    }

    fn begin_anew(&mut self, slot: usize) -> anyhow::Result<()> {
        self.kill(slot);
        self.start(slot)
    }

    fn begin_all_anew(&mut self) -> anyhow::Result<()> {
        (0..PROCESSES).try_for_each(|slot| self.begin_anew(slot))
    }

    fn set_rates(&self) {
        for vendor in VENDORS {
            let of_vendor = self.troubles.iter().filter(|(_, whose, ..)| *whose == vendor);
            let rates = of_vendor.fold(FaultRates::none(), |rates, (_, _, fault, per_mille)| {
                rates.with(fault.clone(), *per_mille)
            });
            self.world.faults_of(vendor).set_rates(rates);
        }
    }

    /// Somebody pushes versions of a document, one after the other.
    fn post(&mut self, pile: Pile, document: usize, versions: impl IntoIterator<Item = usize> + 'static) {
        let postman = self.postman.clone();
        self.scheduler.spawn(Owner::World, async move {
            for version in versions {
                postman.clone().post_json(pile, document, version).await;
            }
        });
    }

    /// Posts what was posted before. A version of the newest one's very time that says something else could be the newest by all
    /// that a receiver sees, so it is not posted again.
    fn post_again(&mut self, pile: Pile, document: usize, back: usize) {
        let again = self.world.books.state().pile(pile).get(document).and_then(|it| {
            let (newest, place) = (it.versions.last()?, it.versions.len().checked_sub(1 + back)?);
            let version = it.versions.get(place)?;
            let is_known = version["updated_at"] != newest["updated_at"] || version == newest;
            is_known.then_some(place)
        });
        if let Some(place) = again {
            self.post(pile, document, [place]);
        }
    }
}
