//! What happens under one seed, as data that can be printed.

use std::fmt;
use std::time::Duration;

use relay_simulators::Fault;

/// What happens under one seed.
pub(crate) struct Scenario {
    /// Whether Kingdee refuses a number that it has.
    pub(crate) refuses_duplicates: bool,
    /// Trades that WDT has from the beginning.
    pub(crate) trades: u32,
    /// How vendors misbehave all day long, in thousandths of the calls.
    pub(crate) rates: Vec<(Vendor, Fault, u32)>,
    /// What happens when.
    pub(crate) events: Vec<Event>,
}

/// Something happens.
#[derive(Debug)]
pub(crate) struct Event {
    /// When, since the beginning.
    pub(crate) at: Duration,
    pub(crate) what: What,
}

/// What happens.
#[derive(Debug)]
pub(crate) enum What {
    /// Qince pushes the order of that number.
    Push(usize, Push),
    /// Something changes in WDT.
    Change(Change),
    /// A function's processes are killed, so long after they have begun something.
    Kill(&'static str, Duration),
    /// The pusher's processes are killed in the midst of a target's next call, which is kept up meanwhile: before the target
    /// has done its work, or before it has answered.
    KillInCall(Vendor, Fault),
    /// All calls to a vendor meet a fault for so long.
    Trouble(Vendor, Fault, Duration),
}

/// What Qince pushes of an order; of one that is not there yet, its first version.
#[derive(Debug)]
pub(crate) enum Push {
    /// A new order, or another version of it.
    Next,
    /// What the order said before, under a newer version. One that is deleted stays so: WDT takes no order back.
    Back,
    /// The order is deleted.
    Deleted,
    /// A version that was pushed before, so many before the newest.
    Again(usize),
    /// The last push, as if our answer had been lost.
    Redelivered,
}

/// What changes in WDT.
#[derive(Debug)]
pub(crate) enum Change {
    /// An audited trade is made, or was so long ago and shows only now.
    Trade(Duration),
    /// The trade of that number changes, if there are so many.
    TradeChanged(usize),
    /// So much of a good is left.
    Stock(usize, u32),
    /// A trade is shipped.
    Shipment,
}

/// A vendor that can misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Vendor {
    /// 旺店通.
    Wangdian,
    /// 金蝶.
    Kingdee,
    /// 纷享销客.
    Sharecrm,
}

/// All of them.
pub(crate) const VENDORS: [Vendor; 3] = [Vendor::Wangdian, Vendor::Kingdee, Vendor::Sharecrm];

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} trades; Kingdee refuses duplicates: {}", self.trades, self.refuses_duplicates)?;
        for (vendor, fault, per_mille) in &self.rates {
            writeln!(f, "all day: {vendor:?} {fault:?} in {per_mille} ‰ of its calls")?;
        }
        for event in &self.events {
            writeln!(f, "{:>6.1} s  {:?}", event.at.as_secs_f32(), event.what)?;
        }
        Ok(())
    }
}
