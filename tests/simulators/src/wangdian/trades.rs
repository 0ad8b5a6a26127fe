//! The trades (订单) that the ERP holds, by number and by time of last change.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value};

use super::row;
use crate::wangdian::time;

/// One trade in a few bytes; its row is made when it is asked for.
pub(super) struct Trade {
    pub(super) serial: u32,
    pub(super) status: u16,
    pub(super) platform: u16,
    pub(super) edition: u16,
    pub(super) shop: u8,
    pub(super) modified: i64,
    pub(super) created: i64,
    /// A row that was handed in instead of generated.
    pub(super) given: Option<Box<Map<String, Value>>>,
}

impl Trade {
    /// 淘系 (Taobao, Tmall): shown over Qimen alone, without the private fields.
    pub(super) fn is_taobao(&self) -> bool {
        matches!(self.platform, 1 | 2)
    }
}

enum Change {
    Touch(u32),
    Put(Map<String, Value>),
}

pub(super) struct Trades {
    seed: u64,
    all: Vec<Trade>,
    by_modified: BTreeSet<(i64, u32)>,
    given_numbers: HashMap<String, u32>,
    given_tids: HashMap<String, Vec<u32>>,
    due: BTreeMap<i64, Vec<Change>>,
    /// How long after its last change a trade is seen, in seconds: the vendor's own transactions.
    pub(super) lag: i64,
}

impl Trades {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            all: Vec::new(),
            by_modified: BTreeSet::new(),
            given_numbers: HashMap::new(),
            given_tids: HashMap::new(),
            due: BTreeMap::new(),
            lag: 0,
        }
    }

    /// Adds a generated trade, seen from `modified` on.
    pub(super) fn generate(&mut self, shop: u8, platform: u16, status: u16, modified: i64) -> u32 {
        let serial = self.next_serial();
        let created = modified - i64::from(serial % 600);
        let trade = Trade { serial, status, platform, edition: 1, shop, modified, created, given: None };
        self.by_modified.insert((modified, serial));
        self.all.push(trade);
        serial
    }

    /// Adds a row as it is, or changes the trade of its `trade_no`, at the row's `modified`.
    pub(super) fn put(&mut self, row: Map<String, Value>, now: i64) {
        let modified = text(&row, "modified").and_then(|text| time::parse(&text)).unwrap_or(now);
        self.due.entry(modified).or_default().push(Change::Put(row));
        self.settle(now);
    }

    /// Changes a trade at that time.
    pub(super) fn touch(&mut self, serial: u32, at: i64, now: i64) {
        self.due.entry(at).or_default().push(Change::Touch(serial));
        self.settle(now);
    }

    /// Does the changes whose time has come.
    pub(super) fn settle(&mut self, now: i64) {
        let seen = now - self.lag;
        while let Some(entry) = self.due.first_entry().filter(|entry| *entry.key() <= seen) {
            let (at, changes) = entry.remove_entry();
            for change in changes {
                match change {
                    Change::Touch(serial) => self.move_to(serial, at),
                    Change::Put(row) => self.put_now(row, at),
                }
            }
        }
    }

    fn move_to(&mut self, serial: u32, at: i64) {
        let Some(trade) = self.all.get_mut(serial as usize) else { return };
        // A change can only be later than the one before it.
        let at = at.max(trade.modified);
        self.by_modified.remove(&(trade.modified, serial));
        self.by_modified.insert((at, serial));
        trade.modified = at;
        trade.edition += 1;
        if let Some(given) = &mut trade.given {
            given.insert("modified".to_owned(), Value::from(time::format(at)));
            given.insert("version_id".to_owned(), Value::from(trade.edition));
        }
    }

    fn put_now(&mut self, mut row: Map<String, Value>, at: i64) {
        let serial = text(&row, "trade_no").and_then(|number| self.find_number(&number));
        let serial = match serial {
            Some(serial) => {
                self.move_to(serial, at);
                serial
            }
            None => self.generate(0, 127, 55, at),
        };
        let Some(trade) = self.all.get_mut(serial as usize) else { return };
        trade.platform = number(&row, "platform_id").unwrap_or(127);
        trade.status = number(&row, "trade_status").unwrap_or(55);
        row.entry("trade_no").or_insert_with(|| Value::from(row::trade_no(trade)));
        row.entry("trade_id").or_insert_with(|| Value::from(serial));
        row.insert("modified".to_owned(), Value::from(time::format(trade.modified)));
        self.given_numbers.insert(text(&row, "trade_no").unwrap_or_default(), serial);
        for tid in text(&row, "src_tids").unwrap_or_default().split(',').filter(|tid| !tid.is_empty()) {
            let serials = self.given_tids.entry(tid.to_owned()).or_default();
            if !serials.contains(&serial) {
                serials.push(serial);
            }
        }
        trade.given = Some(Box::new(row));
    }

    pub(super) fn find_number(&self, trade_no: &str) -> Option<u32> {
        self.given_numbers.get(trade_no).copied().or_else(|| {
            let trade = self.all.get(row::serial_in(trade_no)? as usize)?;
            (trade.given.is_none() && row::trade_no(trade) == trade_no).then_some(trade.serial)
        })
    }

    pub(super) fn find_tid(&self, tid: &str) -> Vec<u32> {
        if let Some(serials) = self.given_tids.get(tid) {
            return serials.clone();
        }
        let generated = row::serial_in(tid).and_then(|serial| self.all.get(serial as usize));
        generated
            .filter(|trade| trade.given.is_none() && row::src_tid(trade) == tid)
            .map(|trade| trade.serial)
            .into_iter()
            .collect()
    }

    /// The trades last changed within the closed window, as far as they are seen yet, in that order.
    pub(super) fn changed(&self, from: i64, to: i64, now: i64) -> impl Iterator<Item = &Trade> {
        let to = to.min(now - self.lag);
        // A reversed range would panic: nothing in the window is seen yet.
        let range = (from <= to).then(|| self.by_modified.range((from, 0)..=(to, u32::MAX)));
        range.into_iter().flatten().filter_map(|(_, serial)| self.get(*serial))
    }

    pub(super) fn get(&self, serial: u32) -> Option<&Trade> {
        self.all.get(serial as usize)
    }

    pub(super) fn row(&self, trade: &Trade) -> Map<String, Value> {
        row::render(trade, self.seed)
    }

    pub(super) fn number_of(&self, trade: &Trade) -> String {
        let given = trade.given.as_ref().and_then(|row| text(row, "trade_no"));
        given.unwrap_or_else(|| row::trade_no(trade))
    }

    fn next_serial(&self) -> u32 {
        u32::try_from(self.all.len()).unwrap_or(u32::MAX)
    }
}

/// A scalar of a row as text, whether it came as a string or as a number.
pub(super) fn text(row: &Map<String, Value>, field: &str) -> Option<String> {
    match row.get(field)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn number(row: &Map<String, Value>, field: &str) -> Option<u16> {
    text(row, field)?.parse().ok()
}
