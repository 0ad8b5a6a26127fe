//! A vendor that answers as it was told to, and remembers what it was asked.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use relay_connector::{
    Class, Connection, Delivery, Document, Failure, Field, Fields, Found, Kind, Lists, Page, PageOf, Pages,
    Pools, Push, Query, Quota, Repeat, Role, Target, Unacknowledged, Use, Verdict, lenient,
};
use relay_core::clock::{Clock as _, Deadline, SystemClock};
use serde_json::Value;

const FIELDS: &[Field] = &[
    Field::new("number", "单号", Kind::Integer),
    Field::new("version", "版本", Kind::Integer),
    Field::new("amount", "金额", Kind::Decimal),
    Field::new("remark", "备注", Kind::Text),
    Field::new("lines", "明细", Kind::List(LINES)),
];
const LINES: &[Field] =
    &[Field::new("warehouse", "仓库", Kind::Text), Field::new("amount", "金额", Kind::Decimal)];
const ROW: Document = Document {
    fields: Fields::Written(FIELDS),
    keys: &[&["number"]],
    params: &["shop_no"],
    version: Some("version"),
    ..Document::UNKNOWN
};

/// Documents of the stand-in.
pub(crate) static DOCUMENTS: [Document; 6] = [
    Document { name: "shop.row", role: Role::Pool, ..ROW },
    Document { name: "shop.change", role: Role::Windowed, ..ROW },
    Document {
        name: "shop.staff",
        role: Role::Listed,
        pages: Some(Pages { first: 0, cap: 2 }),
        params: &["number"],
        ..ROW
    },
    Document {
        name: "shop.bill",
        role: Role::Target,
        fields: Fields::Written(FIELDS),
        push: Some(Push::new(Some("number"), Repeat::Refuses, None)),
        ..Document::UNKNOWN
    },
    Document {
        name: "shop.note",
        role: Role::Target,
        fields: Fields::Written(FIELDS),
        push: Some(Push::new(Some("number"), Repeat::Replaces, None).batched(4).with_alike("remark", 3)),
        ..Document::UNKNOWN
    },
    Document {
        name: "shop.memo",
        role: Role::Target,
        fields: Fields::Written(FIELDS),
        push: Some(Push::new(Some("number"), Repeat::Replaces, None).batched(25)),
        ..Document::UNKNOWN
    },
];

/// How long a vendor takes that takes its time: longer than a write to the store.
const WHILE: Duration = Duration::from_millis(40);

/// What a call failed with, without more words than its class.
pub(crate) fn failure(class: Class) -> Failure {
    Failure::new("shop", "save", class, Some("7".to_owned()), "it says no")
}

/// An acknowledgement as it was asked for: the shop, and each row's number with what became of it.
pub(crate) type Acknowledged = (String, Vec<(u64, Verdict)>);

/// What the vendor answers to an acknowledgement.
pub(crate) type Answer = Result<Vec<Unacknowledged>, Failure>;

/// The vendor.
#[derive(Default)]
pub(crate) struct Vendor {
    /// What the next deliveries come to; beyond these each is taken.
    pub(crate) deliveries: Mutex<VecDeque<Result<Option<String>, Failure>>>,
    /// What the next acknowledgements come to; beyond these each is taken.
    pub(crate) answers: Mutex<VecDeque<Answer>>,
    /// What was delivered.
    pub(crate) delivered: Mutex<Vec<Value>>,
    /// Whether it takes its time.
    pub(crate) takes_its_time: AtomicBool,
    /// How many calls are under way.
    pub(crate) under_way: AtomicUsize,
    /// Each call as it began: how many were under way with it, and the numbers of its documents.
    pub(crate) calls: Mutex<Vec<(usize, Vec<u64>)>>,
    /// How urgent each delivery was.
    pub(crate) purposes: Mutex<Vec<Use>>,
    /// How often it was asked whether it has a document.
    pub(crate) asked: AtomicUsize,
    /// The staff that it lists.
    pub(crate) staff: Mutex<Vec<Value>>,
    /// Whether it gives the first page of its staff whatever page is asked for, and does not say how many there are.
    pub(crate) repeats_its_page: AtomicBool,
    /// Each call for the staff: the page's number, or the code that was asked for.
    pub(crate) listed: Mutex<Vec<String>>,
    /// What its calls go under.
    pub(crate) quota: OnceLock<Quota>,
    /// What was acknowledged.
    pub(crate) acknowledged: Mutex<Vec<Acknowledged>>,
}

impl Connection for Vendor {
    fn lists(&self) -> Option<&dyn Lists> {
        Some(self)
    }

    fn pools(&self) -> Option<&dyn Pools> {
        Some(self)
    }

    fn target(&self) -> Option<&dyn Target> {
        Some(self)
    }
}

#[async_trait]
impl Target for Vendor {
    async fn deliver(
        &self,
        batch: &[Delivery<'_>],
        deadline: Deadline,
    ) -> Vec<Result<Option<String>, Failure>> {
        if let Some(quota) = self.quota.get() {
            quota.wait(batch[0].purpose, deadline).await.unwrap();
        }
        self.purposes.lock().unwrap().extend(batch.iter().map(|delivery| delivery.purpose));
        let numbers = batch.iter().filter_map(|delivery| delivery.number()?.parse().ok()).collect();
        let under_way = self.under_way.fetch_add(1, Ordering::Relaxed) + 1;
        self.calls.lock().unwrap().push((under_way, numbers));
        if self.takes_its_time.load(Ordering::Relaxed) {
            SystemClock.sleep(WHILE).await;
        }
        self.under_way.fetch_sub(1, Ordering::Relaxed);
        self.delivered.lock().unwrap().extend(batch.iter().map(|delivery| delivery.body.clone()));
        let mut deliveries = self.deliveries.lock().unwrap();
        let next = |delivery: &Delivery<'_>| deliveries.pop_front().unwrap_or(Ok(delivery.number()));
        batch.iter().map(next).collect()
    }

    async fn find(&self, _delivery: &Delivery<'_>, _deadline: Deadline) -> Result<Found, Failure> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(Found::CannotBeAsked)
    }

    fn quota(&self, _document: &'static Document) -> Option<&Quota> {
        self.quota.get()
    }

    fn way_to_change(&self, _document: &'static Document) -> Option<&'static str> {
        Some("SHOP_EDITS=on")
    }
}

#[async_trait]
impl Lists for Vendor {
    async fn list(&self, query: &Query, page: PageOf, _deadline: Deadline) -> Result<Page, Failure> {
        let code = query.params.iter().find(|(name, _)| name == "number").map(|(_, code)| code.clone());
        self.listed.lock().unwrap().push(code.clone().unwrap_or_else(|| format!("page {}", page.number)));
        let is_asked = |row: &&Value| code.is_none() || lenient::field(row, "number") == code;
        let staff: Vec<_> = self.staff.lock().unwrap().iter().filter(is_asked).cloned().collect();
        let repeats = self.repeats_its_page.load(Ordering::Relaxed);
        let total = Some(staff.len() as u64).filter(|_| !repeats);
        let number = if repeats { 0 } else { page.number };
        let rows = staff.into_iter().skip(number as usize * 2).take(2).collect();
        Ok(Page { rows, total, as_of: None })
    }
}

#[async_trait]
impl Pools for Vendor {
    async fn pull(&self, _query: &Query, _deadline: Deadline) -> Result<Vec<Value>, Failure> {
        Ok(Vec::new())
    }

    async fn divided(&self, _query: &Query, _deadline: Deadline) -> Result<Vec<Query>, Failure> {
        Ok(Vec::new())
    }

    async fn acknowledge(
        &self,
        query: &Query,
        rows: &[(&Value, Verdict)],
        _deadline: Deadline,
    ) -> Result<Vec<Unacknowledged>, Failure> {
        let shop = query.params.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let number = |row: &Value| row["number"].as_u64().unwrap();
        let asked = rows.iter().map(|(row, verdict)| (number(row), verdict.clone())).collect();
        self.acknowledged.lock().unwrap().push((shop, asked));
        self.answers.lock().unwrap().pop_front().unwrap_or_else(|| Ok(Vec::new()))
    }
}
