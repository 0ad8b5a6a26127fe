//! What happens in one simulation: documents, faults and people's doings, as data that can be printed, cut down and
//! played again.

mod draw;

use std::fmt;
use std::time::Duration;

use chrono::TimeDelta;
use relay_core::StoreErrorKind;
use relay_decorator::{Port, Side};
use relay_simulators::Fault;

use crate::trace::clock;

/// What a seed is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Drawing {
    /// One document in, one out: orders, trades, stock, shipments, JSON.
    Documents,
    /// Sales that become bills: groups, lives, parts, links, outcomes.
    Bills,
}

impl Drawing {
    /// As the corpus and the commands write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Documents => "documents",
            Self::Bills => "bills",
        }
    }
}

/// One simulation.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Decides who goes first, how long calls take, and what vendors make up.
    pub seed: u64,
    /// What holds all the time.
    pub conditions: Conditions,
    /// What happens, by time.
    pub events: Vec<Event>,
}

/// What holds all the time.
#[derive(Debug, Clone)]
pub struct Conditions {
    /// How long things happen; after that nothing new comes, and no fault.
    pub lasts: Duration,
    /// Kingdee's orders are changed by their id (`KINGDEE_EDITS`).
    pub edits: bool,
    /// Kingdee refuses a number that it has.
    pub refuses_duplicates: bool,
    /// WDT shows a change so much later.
    pub lag: Duration,
    /// How often an empty queue is looked at.
    pub look: Duration,
    /// Which of the processes push as Lambda does, out of an event, and not in a loop.
    pub by_events: [bool; PROCESSES],
    /// The receiver of JSON keeps one document of each `id` (`HTTP_POST_REPEAT`).
    pub receiver_replaces: bool,
    /// WDT and Kingdee take so few calls a minute that most documents wait for their turn.
    pub scarce: bool,
    /// Now and then an event source does not delete what a function has done: it comes again.
    pub redelivers: bool,
    /// What the flows of bills say; `None` where there are none.
    pub bills: Option<Terms>,
}

/// What the flows of bills say.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// Whether a bill is audited once it is saved.
    pub audits: bool,
    /// What a newer version does to a bill (`changes`).
    pub changes: &'static str,
    /// What becomes of the bill of a sale that is cancelled (`when_cancelled`).
    pub when_cancelled: &'static str,
    /// Whether groups become bills in Kingdee, and not at an address.
    pub groups_in_kingdee: bool,
    /// When groups are closed (`close`).
    pub close: &'static str,
    /// What becomes of lines that take back what was billed (`difference`).
    pub difference: &'static str,
    /// How many lines a group's bill takes.
    pub max_lines: usize,
    /// Whether the outcome of each version is a document of its own, or the newest takes the place of those before it.
    pub told_by_version: bool,
}

/// How a vendor refuses a document for good.
pub const REFUSED: &str = "单据不允许保存";

/// How many processes share a store.
pub const PROCESSES: usize = 2;

/// Something happens.
#[derive(Debug, Clone)]
pub struct Event {
    /// Names it, also where others are left out.
    pub id: usize,
    /// When, since the beginning.
    pub at: Duration,
    /// What.
    pub what: What,
}

/// A vendor that can misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Vendor {
    /// 旺店通.
    Wangdian,
    /// 金蝶.
    Kingdee,
    /// 纷享销客.
    Sharecrm,
    /// The receiver of JSON.
    Http,
}

/// What happens. Documents are named by their number; one that is not there yet is left alone.
#[derive(Debug, Clone)]
pub enum What {
    /// A direct order is made in Qince.
    Order {
        /// The order.
        order: usize,
    },
    /// A direct order changes, perhaps back to what it was, or is deleted.
    OrderChange {
        /// The order.
        order: usize,
        /// How.
        how: Change,
    },
    /// Qince pushes a version again that it has pushed before: the same, or an older one.
    OrderAgain {
        /// The order.
        order: usize,
        /// How many versions before the newest.
        back: usize,
    },
    /// A trade is made in WDT, or was so long ago and shows only now.
    Trade {
        /// How long ago.
        ago: Duration,
        /// Whether it is audited.
        is_audited: bool,
    },
    /// A trade of goods that Kingdee does not know.
    BadTrade,
    /// A trade changes.
    TradeChange {
        /// The trade.
        trade: usize,
    },
    /// The stock of a good changes.
    Stock {
        /// The good.
        good: usize,
        /// What is left.
        left: u32,
    },
    /// Goods are shipped.
    Shipment,
    /// Somebody pushes a signed JSON document, or a newer version of it.
    Json {
        /// The document.
        document: usize,
    },
    /// Somebody pushes three versions within one second: the third says what the first said.
    JsonFlap {
        /// The document.
        document: usize,
    },
    /// Somebody pushes an older version, or the newest again.
    JsonAgain {
        /// The document.
        document: usize,
        /// How many versions before the newest.
        back: usize,
    },
    /// A sale is made, or changes.
    Sale {
        /// The sale.
        sale: usize,
        /// Decides what it says.
        says: u64,
        /// Whether it has a line of a good that Kingdee does not know.
        is_bad: bool,
    },
    /// A sale changes back to what it said before, or is cancelled.
    SaleChange {
        /// The sale.
        sale: usize,
        /// How.
        how: Change,
    },
    /// A sale is pushed in three versions within one second: the third says what the first said.
    SaleFlap {
        /// The sale.
        sale: usize,
        /// Decides what they say.
        says: u64,
    },
    /// An older version of a sale is pushed, or the newest again.
    SaleAgain {
        /// The sale.
        sale: usize,
        /// How many versions before the newest.
        back: usize,
    },
    /// A receipt of a sale's money, which refers to the sale's bill.
    Receipt {
        /// The receipt.
        receipt: usize,
        /// The sale.
        sale: usize,
    },
    /// A person has every open group closed.
    CloseGroups,
    /// A process dies at its next call of a port, before or after the store's work.
    KillAt {
        /// Which.
        slot: usize,
        /// Which port.
        port: Port,
        /// Which call.
        operation: &'static str,
        /// On which side of the call.
        side: Side,
        /// How long until there is another.
        down: Duration,
    },
    /// A process stands still at its next call of a port, before or after the store's work, and wakes.
    StopAt {
        /// Which.
        slot: usize,
        /// Which port.
        port: Port,
        /// Which call.
        operation: &'static str,
        /// On which side of the call.
        side: Side,
        /// How long.
        lasts: Duration,
    },
    /// A vendor misbehaves for a while, in so many of a thousand calls.
    Trouble {
        /// Who.
        vendor: Vendor,
        /// How.
        fault: Fault,
        /// How often.
        per_mille: u32,
        /// How long.
        lasts: Duration,
    },
    /// A vendor misbehaves once.
    Once {
        /// Who.
        vendor: Vendor,
        /// How.
        fault: Fault,
    },
    /// A vendor refuses the acknowledgement of the newest row of a pool for a while.
    RefusedAcknowledgement {
        /// How long.
        lasts: Duration,
    },
    /// A process dies after so many more steps.
    Kill {
        /// Which.
        slot: usize,
        /// After how many steps.
        steps: u64,
        /// How long until there is another.
        down: Duration,
    },
    /// A process stands still, and wakes.
    Stop {
        /// Which.
        slot: usize,
        /// How long.
        lasts: Duration,
    },
    /// The machine's clock is set, so much ahead of the right time or behind it, for a while. A file has one machine.
    ClockSet {
        /// How far.
        ahead: TimeDelta,
        /// How long.
        lasts: Duration,
    },
    /// A process's store fails some calls.
    Store {
        /// Whose.
        slot: usize,
        /// Which port.
        port: Port,
        /// On which side of the call.
        side: Side,
        /// With what.
        kind: StoreErrorKind,
        /// How many calls.
        calls: u32,
    },
    /// The settings hold a secret that is wrong, for a while: processes are begun anew on both ends of it.
    WrongSecret {
        /// Whose.
        vendor: Vendor,
        /// How long.
        lasts: Duration,
    },
    /// A flow's file is away for a while: processes are begun anew on both ends of it.
    FlowAway {
        /// Which.
        flow: &'static str,
        /// How long.
        lasts: Duration,
    },
    /// A flow says something more from now on: processes are begun anew.
    FlowChanged {
        /// Which.
        flow: &'static str,
    },
    /// The processes end as ones of the former program, whose file those that follow find.
    Upgrade,
    /// A person pauses a target or a flow for a while.
    Paused {
        /// Which.
        name: &'static str,
        /// How long.
        lasts: Duration,
    },
    /// A person sends everything again that has failed.
    ReplayAll,
    /// A person ends all pauses.
    Resume,
    /// A person sends the dead letters again.
    Redrive,
    /// A person enters one failed document by hand.
    Settle,
    /// A person adds to Kingdee what the bad trades lack.
    AddMaterial,
}

/// How an order changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Another remark and state.
    Onward,
    /// To what it said two versions ago, under a newer version.
    Back,
    /// Deleted.
    Deleted,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:<3} {}  {:?}", self.id, clock(self.at), self.what)
    }
}

impl Scenario {
    /// What it was drawn of.
    #[must_use]
    pub fn drawing(&self) -> Drawing {
        if self.conditions.bills.is_some() { Drawing::Bills } else { Drawing::Documents }
    }

    /// Whether processes stand still for a while.
    #[must_use]
    pub fn stops(&self) -> bool {
        self.events.iter().any(|event| matches!(event.what, What::Stop { .. } | What::StopAt { .. }))
    }

    /// The same with some of its events alone.
    #[must_use]
    pub fn with_events(&self, events: Vec<Event>) -> Self {
        Self { events, ..self.clone() }
    }

    /// The same with those events alone.
    #[must_use]
    pub fn only(&self, ids: &[usize]) -> Self {
        self.with_events(self.events.iter().filter(|event| ids.contains(&event.id)).cloned().collect())
    }
}

impl What {
    /// Whether requests to that vendor arrive twice.
    #[must_use]
    pub fn doubles_calls_of(&self, name: &str) -> bool {
        let (Self::Trouble { vendor, fault, .. } | Self::Once { vendor, fault }) = self else { return false };
        *fault == Fault::Duplicate && format!("{vendor:?}").eq_ignore_ascii_case(name)
    }

    /// Whether a vendor refuses documents for good.
    #[must_use]
    pub fn refuses(&self) -> bool {
        let (Self::Trouble { fault, .. } | Self::Once { fault, .. }) = self else { return false };
        *fault == Fault::InnerRefusal(REFUSED.to_owned())
    }

    /// Whether WDT shows zeros for times.
    #[must_use]
    pub fn shows_zero_dates(&self) -> bool {
        matches!(
            self,
            Self::Trouble { fault: Fault::ZeroDates, .. } | Self::Once { fault: Fault::ZeroDates, .. }
        )
    }

    /// Whether it is a fault, and not a document or a person's doing.
    #[must_use]
    pub fn is_fault(&self) -> bool {
        matches!(
            self,
            Self::Trouble { .. }
                | Self::Once { .. }
                | Self::RefusedAcknowledgement { .. }
                | Self::Kill { .. }
                | Self::KillAt { .. }
                | Self::Stop { .. }
                | Self::StopAt { .. }
                | Self::ClockSet { .. }
                | Self::Store { .. }
                | Self::WrongSecret { .. }
        )
    }

    /// Its kind, for counting.
    #[must_use]
    pub fn kind(&self) -> String {
        let text = format!("{self:?}");
        let name = text.split([' ', '{', '(']).next().unwrap_or_default().to_owned();
        match self {
            Self::Trouble { vendor, fault, .. } | Self::Once { vendor, fault } => {
                let fault = format!("{fault:?}");
                format!("{vendor:?} {}", fault.split('(').next().unwrap_or_default())
            }
            Self::Store { port, side, kind, .. } => format!("Store {port:?} {side:?} {kind:?}"),
            Self::KillAt { port, operation, .. } | Self::StopAt { port, operation, .. } => {
                format!("{name} {port:?} {operation}")
            }
            _ => name,
        }
    }
}
