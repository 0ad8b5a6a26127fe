//! A shop whose orders are read by windows, in place of a vendor.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use relay_connector::{
    Catalog, Class, Connection, Document, Failure, Field, Fields, Kind, Lists, Page, PageOf, Pages, Push,
    Query, Repeat, Role, Span, VendorTime, Windows,
};
use relay_core::clock::{Clock, Deadline, SimulatedClock};
use serde_json::json;

/// What people call it.
pub(crate) const TITLE: &str = "某店";

const CAP: u32 = 10;
const A_CALL: Duration = Duration::from_millis(300);

const ORDER: Document = Document {
    name: "shop.order",
    title: "订单",
    role: Role::Windowed,
    routes: &["direct", "qimen"],
    params: &["status"],
    one_by_one: &["status"],
    fields: Fields::Written(&[
        Field::new("id", "编号", Kind::Text),
        Field::new("status", "状态", Kind::Text),
        Field::new("modified", "修改时间", Kind::Time),
    ]),
    keys: &[&["id"]],
    version: Some("modified"),
    max_span: Some(Duration::from_secs(3_600)),
    pages: Some(Pages { first: 0, cap: CAP }),
    ..Document::UNKNOWN
};

/// What the shop sells, listed as a whole.
const GOODS: Document = Document {
    name: "shop.goods",
    title: "货品",
    role: Role::Listed,
    params: &["status"],
    fields: Fields::Written(&[Field::new("id", "编号", Kind::Text), Field::new("name", "名称", Kind::Text)]),
    keys: &[&["id"]],
    pages: Some(Pages { first: 0, cap: CAP }),
    ..Document::UNKNOWN
};

const NUMBER: &[Field] = &[Field::required("number", "单号", Kind::Text)];

const fn bill(name: &'static str) -> Document {
    Document {
        name,
        title: "单据",
        role: Role::Target,
        fields: Fields::Written(NUMBER),
        push: Some(Push::new(Some("number"), Repeat::Refuses, None)),
        ..Document::UNKNOWN
    }
}

static DOCUMENTS: [Document; 4] = [ORDER, GOODS, bill("one.bill"), bill("two.bill")];

pub(crate) fn catalog() -> Catalog {
    Catalog::default().with(&DOCUMENTS, &[])
}

/// The text of a flow from the shop's orders, or from its goods, to that system.
pub(crate) fn flow(target: &str, document: &str, source: &str) -> String {
    let version = if document == GOODS.name { "" } else { "version = \"modified\"" };
    format!(
        "[source]\ndocument = \"{document}\"\nkey = \"id\"\n{version}\n{source}\n\
         [target]\ndocument = \"{target}.bill\"\n[fields]\nnumber = \"id\"\n"
    )
}

/// A page that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) params: Vec<(String, String)>,
    pub(crate) span: Span,
    pub(crate) page: u32,
}

pub(crate) struct Shop {
    clock: Arc<SimulatedClock>,
    time: VendorTime,
    /// How far the machine's clock is ahead of the shop's.
    pub(crate) ahead: Mutex<TimeDelta>,
    orders: Mutex<Vec<(DateTime<Utc>, String)>>,
    /// The states of orders that are shown only to who asks for that state, or for none.
    pub(crate) states: Mutex<BTreeMap<String, String>>,
    /// Names by id.
    pub(crate) goods: Mutex<BTreeMap<String, String>>,
    /// Goods that its list shows at its end, whether they are shown before or not.
    pub(crate) listed_again: Mutex<Vec<(String, String)>>,
    /// What it says that they are, where that is not how many there are.
    pub(crate) miscounts: Mutex<Option<Option<u64>>>,
    /// The pages of goods that were asked for.
    pub(crate) pages: Mutex<Vec<u32>>,
    calls: Mutex<Vec<Call>>,
    /// Refuses every window that begins before this.
    pub(crate) refuses_before: Mutex<Option<DateTime<Utc>>>,
    /// For how long it is not to be asked.
    pub(crate) rests: Mutex<Option<Duration>>,
}

impl Shop {
    pub(crate) fn new(clock: Arc<SimulatedClock>) -> Self {
        let time = VendorTime::new(TITLE, clock.clone());
        Self {
            clock,
            time,
            ahead: Mutex::default(),
            orders: Mutex::default(),
            states: Mutex::default(),
            goods: Mutex::default(),
            listed_again: Mutex::default(),
            miscounts: Mutex::default(),
            pages: Mutex::default(),
            calls: Mutex::default(),
            refuses_before: Mutex::default(),
            rests: Mutex::default(),
        }
    }

    /// An order that was last changed then.
    pub(crate) fn add(&self, id: &str, modified: DateTime<Utc>) {
        self.orders.lock().unwrap().push((modified, id.to_owned()));
    }

    /// The calls since this was last asked.
    pub(crate) fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }
}

#[async_trait]
impl Windows for Shop {
    async fn window(
        &self,
        query: &Query,
        span: Span,
        page: PageOf,
        deadline: Deadline,
    ) -> Result<Page, Failure> {
        if !deadline.allows(self.clock.as_ref(), Duration::ZERO) {
            return Err(Failure::out_of_time(TITLE, query.document.name));
        }
        if let Some(after) = *self.rests.lock().unwrap() {
            let class = Class::NotYet { after };
            return Err(Failure::in_our_words(TITLE, query.document.name, class, None, "three times a day"));
        }
        self.calls.lock().unwrap().push(Call { params: query.params.clone(), span, page: page.number });
        let sent_at = self.clock.monotonic();
        self.clock.advance(A_CALL);
        let date = (self.clock.now() - *self.ahead.lock().unwrap()).trunc_subsecs(0);
        let as_of = self.time.note(sent_at, Some(date));
        if self.refuses_before.lock().unwrap().is_some_and(|time| span.start < time) {
            return Err(Failure::new(TITLE, query.document.name, Class::Refused, None, "nothing so old"));
        }
        let mut orders = self.orders.lock().unwrap().clone();
        orders.retain(|(modified, _)| (span.start..=span.end).contains(modified));
        let states = self.states.lock().unwrap().clone();
        let asked = query.params.iter().find(|(name, _)| name == "status").map(|(_, status)| status);
        orders.retain(|(_, id)| match (states.get(id), asked) {
            (Some(state), Some(asked)) => state == asked,
            _ => true,
        });
        orders.sort();
        let total = Some(orders.len() as u64).filter(|_| page.number == 0);
        let size = page.size.min(CAP);
        let skipped = (page.number * size) as usize;
        let rows = orders.into_iter().skip(skipped).take(size as usize);
        let rows =
            rows.map(|(modified, id)| json!({"id": id, "status": "55", "modified": modified})).collect();
        Ok(Page { rows, total, as_of })
    }

    fn pace(&self) -> Duration {
        Duration::from_millis(100)
    }

    fn time(&self, _query: &Query) -> &VendorTime {
        &self.time
    }
}

#[async_trait]
impl Lists for Shop {
    async fn list(&self, query: &Query, page: PageOf, deadline: Deadline) -> Result<Page, Failure> {
        if !deadline.allows(self.clock.as_ref(), Duration::ZERO) {
            return Err(Failure::out_of_time(TITLE, query.document.name));
        }
        self.pages.lock().unwrap().push(page.number);
        self.clock.advance(A_CALL);
        let goods = self.goods.lock().unwrap();
        let count = self.miscounts.lock().unwrap().unwrap_or(Some(goods.len() as u64));
        let size = page.size.min(CAP) as usize;
        let again = self.listed_again.lock().unwrap();
        let rows = goods.iter().chain(again.iter().map(|(id, name)| (id, name)));
        let rows = rows.skip(page.number as usize * size).take(size);
        let rows = rows.map(|(id, name)| json!({"id": id, "name": name})).collect();
        Ok(Page { rows, total: count.filter(|_| page.number == 0), as_of: None })
    }
}

/// The shop, connected.
pub(crate) struct Connected(pub(crate) Arc<Shop>);

impl Connection for Connected {
    fn windows(&self) -> Option<&dyn Windows> {
        Some(self.0.as_ref())
    }

    fn lists(&self) -> Option<&dyn Lists> {
        Some(self.0.as_ref())
    }
}
