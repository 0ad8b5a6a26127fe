//! Misbehaviour, as data: queued for certain calls, or at rates that the seed decides.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use crate::dice::Dice;
use crate::lock;

/// One way to misbehave. A vendor that has no such way answers as usual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The work is done and the answer gets lost: the connection breaks.
    LostAnswer,
    /// Nothing is done and the connection breaks.
    LostRequest,
    /// The request arrives twice; the answer is that of the first.
    Duplicate,
    /// Called too often: WDT 1012, ShareCRM 30004 or 14001, Kingdee HTTP 429.
    RateLimited,
    /// Nothing is done; a proxy's HTML page with that status.
    Status(u16),
    /// It takes that long, by the clock, until the work is done and answered: nothing is done for a caller who leaves.
    Slow(Duration),
    /// The work is done at once, and the answer takes that long, by the clock.
    LateAnswer(Duration),
    /// Every token given so far is worthless (Kingdee, ShareCRM).
    ExpireTokens,
    /// Kingdee: HTTP 519 with that text.
    Http519(String),
    /// Refused by the business: Kingdee outside true and inside false, Qimen `flag` failure, WDT code 1,
    /// ShareCRM 32000.
    InnerRefusal(String),
    /// Refused before the business: Kingdee outside false, Qimen `error_response`, WDT code 1, ShareCRM 15002.
    OuterRefusal(String),
    /// WDT: after this page of `trade_query`, rows of the window are changed and others are made, as of now.
    MovingPages,
    /// WDT: `total_count` of `trade_query` is one more than there are, or one less.
    LyingCount,
    /// Every number of the answer is a string (Kingdee: every flag too).
    StringNumbers,
    /// Every decimal of the answer, and every Kingdee id, is a number.
    IntNumbers,
    /// Lists without rows are there, and empty.
    EmptyLists,
    /// Lists without rows are left out.
    LeaveOutEmptyLists,
    /// Lists without rows are null.
    NullLists,
    /// Optional times are `0000-00-00 00:00:00` (WDT).
    ZeroDates,
    /// ShareCRM: the day's pack is used up until midnight in China (30002).
    DailyQuotaUsed,
    /// WDT acks: the first row is not taken and stands in `errors` under code 0. `trade_push`: the orders without a
    /// fault are taken, and the others stand there.
    ErrorsUnderCodeZero,
    /// The work is done, and the vendor's own answer says that something timed out or has failed: ShareCRM 50009, WDT code 1
    /// or the gateway's `isp.`, Kingdee 519 or `errcode` 2000002000, Qince code 1, a receiver's 504.
    ServiceException,
    /// WDT: a document whose number is there already is made a second time.
    DoublesNumbers,
    /// A 302 with a page: a wrong host.
    HtmlRedirect,
    /// The work is done and the answer is cut off in the middle.
    Garbage,
    /// The work is done and the answer never ends.
    EndlessAnswer,
}

/// How often each fault happens, in thousandths of the calls.
#[derive(Debug, Clone, Default)]
pub struct FaultRates(Vec<(Fault, u32)>);

impl FaultRates {
    /// No faults.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// One more fault, at `per_mille` of the calls. All rates together should stay below 1000.
    #[must_use]
    pub fn with(mut self, fault: Fault, per_mille: u32) -> Self {
        self.0.push((fault, per_mille));
        self
    }
}

/// One vendor's misbehaviour.
pub struct Faults {
    dice: Dice,
    programme: Mutex<Programme>,
}

#[derive(Default)]
struct Programme {
    queue: VecDeque<(Option<String>, Fault)>,
    rates: FaultRates,
    happened: BTreeMap<String, u64>,
}

impl Faults {
    pub(crate) fn new(seed: u64, vendor: &str) -> Self {
        Self { dice: Dice::new(seed, &format!("{vendor} faults")), programme: Mutex::default() }
    }

    /// The next call misbehaves so.
    pub fn inject(&self, fault: Fault) {
        lock(&self.programme).queue.push_back((None, fault));
    }

    /// The next call of `operation` misbehaves so. Operations are named by the last part of the path:
    /// `trade_query` (both WDT routes), `sal_order_save`, `access_token`, `push`, `token`.
    pub fn inject_for(&self, operation: &str, fault: Fault) {
        lock(&self.programme).queue.push_back((Some(operation.to_owned()), fault));
    }

    /// From now on calls misbehave at these rates, besides what is queued.
    pub fn set_rates(&self, rates: FaultRates) {
        lock(&self.programme).rates = rates;
    }

    /// The vendor behaves from now on: queue and rates are dropped.
    pub fn clear(&self) {
        let mut programme = lock(&self.programme);
        programme.queue.clear();
        programme.rates = FaultRates::none();
    }

    /// How many calls misbehaved, by the fault's name.
    #[must_use]
    pub fn happened(&self) -> BTreeMap<String, u64> {
        lock(&self.programme).happened.clone()
    }

    pub(crate) fn next(&self, operation: &str) -> Option<Fault> {
        let mut programme = lock(&self.programme);
        let queued = programme
            .queue
            .iter()
            .position(|(only, _)| only.as_deref().is_none_or(|only| only == operation))
            .and_then(|place| programme.queue.remove(place))
            .map(|(_, fault)| fault);
        let fault = queued.or_else(|| self.by_chance(&programme.rates))?;
        let name = format!("{fault:?}");
        let name = name.split('(').next().unwrap_or_default().to_owned();
        *programme.happened.entry(name).or_default() += 1;
        Some(fault)
    }

    fn by_chance(&self, rates: &FaultRates) -> Option<Fault> {
        if rates.0.is_empty() {
            return None;
        }
        let mut roll = self.dice.below(1_000);
        for (fault, per_mille) in &rates.0 {
            if roll < *per_mille {
                return Some(fault.clone());
            }
            roll -= per_mille;
        }
        None
    }
}
