//! What Qince pushes, and what changes in WDT.

use anyhow::Context as _;
use chrono::TimeDelta;
use local_aws::Stack;
use local_aws::stack::minutes_ago;
use relay_core::clock::{Clock as _, SystemClock};
use relay_simulators::qince::{PushStyle, SignedPush};
use rust_decimal::Decimal;
use serde_json::{Map, json};

use crate::day::Day;
use crate::scenario::{Change, Push, What};

impl Day<'_> {
    pub(crate) async fn pushes(&self, is_ours: impl Fn(usize) -> bool) -> anyhow::Result<()> {
        for event in &self.scenario.events {
            if let What::Push(order, push) = &event.what
                && is_ours(*order)
            {
                self.at(event.at).await;
                self.push(*order, push).await?;
            }
        }
        Ok(())
    }

    async fn push(&self, order: usize, push: &Push) -> anyhow::Result<()> {
        let qince = &self.stack.vendors.qince;
        let versions = self.orders.borrow().get(&order).cloned().unwrap_or_default();
        let is_new = versions.is_empty() || !matches!(push, Push::Again(_) | Push::Redelivered);
        let version = match (push, versions.last()) {
            (_, None) => Some(qince.order(minutes_ago(10))),
            (Push::Again(back), Some(_)) => versions.iter().rev().nth(*back).cloned(),
            (Push::Redelivered, Some(_)) => None,
            (Push::Next | Push::Back | Push::Deleted, Some(newest)) => {
                let mut changed = qince.changed(newest, TimeDelta::seconds(7), "CG_FHZ");
                match (push, versions.iter().rev().nth(1)) {
                    (Push::Deleted, _) => changed["status"] = json!("0"),
                    (Push::Back, Some(before)) => {
                        for field in ["remark", "purchase_status", "purchase_business_status"] {
                            changed[field] = before[field].clone();
                        }
                    }
                    _ => {}
                }
                Some(changed)
            }
        };
        let push = match version {
            Some(version) => {
                if is_new {
                    self.orders.borrow_mut().entry(order).or_default().push(version.clone());
                }
                qince.push(&version, &PushStyle::default())
            }
            None => {
                let last = self.pushed.borrow().get(&order).cloned();
                let Some(last) = last else { return Ok(()) };
                redelivered(self.stack, &last)
            }
        };
        self.pushed.borrow_mut().insert(order, push.clone());
        self.deliver(push).await.with_context(|| format!("order {order}"))
    }

    /// Delivers a push until it is taken. Qince would let a night pass before each try.
    async fn deliver(&self, mut push: SignedPush) -> anyhow::Result<()> {
        let is_taken = async || {
            self.pushes.set(self.pushes.get() + 1);
            let is_taken = matches!(self.stack.push(&push).await, Ok((200, true)));
            push = redelivered(self.stack, &push);
            is_taken
        };
        self.stack.until("the push is taken", is_taken).await
    }

    pub(crate) async fn wangdian_changes(&self) -> anyhow::Result<()> {
        for event in &self.scenario.events {
            if let What::Change(change) = &event.what {
                self.at(event.at).await;
                self.changes(change);
            }
        }
        Ok(())
    }

    pub(crate) fn changes(&self, change: &Change) {
        let wangdian = &self.stack.vendors.wangdian;
        let mut trades = self.trades.borrow_mut();
        match change {
            Change::Trade(ago) => trades.push(wangdian.generate_trade("S001", 55, SystemClock.now() - *ago)),
            Change::TradeChanged(place) => {
                let trade = trades.get(*place);
                _ = trade.is_some_and(|trade| wangdian.change_trade(trade, SystemClock.now()));
            }
            Change::Stock(good, left) => {
                let (good, spec) = (format!("G{good}"), format!("G{good}-1"));
                _ = wangdian.change_stock("S001", &good, &spec, Decimal::from(*left));
            }
            Change::Shipment => {
                let place = wangdian.waiting_shipments().len() + wangdian.logistics_acks().len();
                let fields = [("tid", format!("T{place}")), ("logistics_no", format!("SF{place}"))];
                let fields = fields.map(|(name, value)| (name.to_owned(), json!(value)));
                _ = wangdian.add_shipment(Map::from_iter(fields));
            }
        }
    }
}

/// A push as Qince sends it after one that failed, signed anew.
fn redelivered(stack: &Stack, push: &SignedPush) -> SignedPush {
    let style = PushStyle {
        redelivery: Some(SystemClock.now()),
        msg_id: Some(push.msg_id.clone()),
        ..PushStyle::default()
    };
    stack.vendors.qince.push(&push.order, &style)
}
