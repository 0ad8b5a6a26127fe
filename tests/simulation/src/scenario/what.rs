//! What happens, one by one.

mod kinds;

use std::time::Duration;

use chrono::TimeDelta;
use relay_core::StoreErrorKind;
use relay_decorator::{Port, Side};
use relay_simulators::Fault;

use crate::world::books::Pile;

/// A vendor that can misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Vendor {
    /// 旺店通.
    Wangdian,
    /// 金蝶.
    Kingdee,
    /// 纷享销客.
    Sharecrm,
    /// 勤策, where it is called.
    Qince,
    /// The receiver of JSON.
    Http,
}

/// What rows the relay reads of a vendor: WDT's whole lists, and the orders that Qince is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// 店铺.
    Shops,
    /// 物流公司.
    Carriers,
    /// 仓库.
    Warehouses,
    /// 供应商.
    Suppliers,
    /// 标准订单, by windows.
    Orders,
    /// 分销订单, by windows.
    Sales,
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
    /// A row of a vendor's is made or changes, changes back, or is there no more.
    Row {
        /// Of which rows.
        table: Table,
        /// Which.
        row: usize,
        /// How.
        how: Change,
    },
    /// Somebody pushes a signed JSON document, or a newer version of it.
    Json {
        /// What kind.
        pile: Pile,
        /// The document.
        document: usize,
    },
    /// Somebody pushes three versions within one second: the third says what the first said.
    JsonFlap {
        /// What kind.
        pile: Pile,
        /// The document.
        document: usize,
    },
    /// Somebody pushes an older version, or the newest again.
    JsonAgain {
        /// What kind.
        pile: Pile,
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
    /// A person does something in Kingdee to the newest bill of a sale.
    ByHand {
        /// The sale.
        sale: usize,
        /// What.
        how: Hand,
    },
    /// A person has the targets asked for what failed, to have closed what was made there by hand.
    Recheck,
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
    /// A flow goes about its documents otherwise from now on: processes are begun anew.
    FlowSays {
        /// Which.
        flow: &'static str,
        /// What.
        says: Says,
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

/// How else a flow goes about its documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// It divides them where it did not, or divides them no more.
    Split,
    /// Their bills are audited once they are saved.
    Audit,
    /// What a newer version does to a bill.
    Changes(&'static str),
    /// Those of a shop are in one group, whatever their day, or each day has its own again.
    ByShop,
}

/// What a person does to a bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hand {
    /// Deletes it, whether it is audited or not.
    Deletes,
    /// Takes its audit back.
    Unaudits,
    /// Audits it.
    Audits,
    /// Makes one under the sale's number, where there is none.
    Makes,
}

/// How an order, a sale or a row changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Another remark and state.
    Onward,
    /// To what it said two versions ago, under a newer version.
    Back,
    /// Deleted.
    Deleted,
    /// A sale loses all of its lines.
    Emptied,
}
