//! A few seeds of what `tests/simulation` does by thousands, on the deployed functions: pushes and polls at once, vendors
//! that misbehave, and functions that are killed wherever they are.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::TimeDelta;
use local_aws::stack::minutes_ago;
use local_aws::{Stack, on_the_stack};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use relay_core::clock::{Clock as _, SystemClock};
use relay_simulators::qince::PushStyle;
use relay_simulators::{Fault, FaultRates};
use serde_json::{Value, json};

use crate::histories::{id, remarks};

/// Longer than a killed function's messages stay in flight.
const VISIBILITY: Duration = Duration::from_secs(720);

#[test]
#[ignore = "needs the local AWS: tests/local-aws/run"]
fn functions_that_are_killed_again_and_again_lose_nothing_and_double_nothing() {
    let seeds: u64 = std::env::var("LOCAL_AWS_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(3);
    for seed in 1..=seeds {
        on_the_stack(async |stack| {
            println!("seed {seed}");
            Day::of(stack, seed).await.check().await;
        });
    }
}

/// What a seed has done.
struct Day<'a> {
    stack: &'a Stack,
    dice: StdRng,
    trades: BTreeSet<String>,
    /// Orders in all of their versions, oldest first.
    orders: Vec<Vec<Value>>,
}

impl<'a> Day<'a> {
    async fn of(stack: &'a Stack, seed: u64) -> Self {
        let mut dice = StdRng::seed_from_u64(seed);
        let trades = stack.new_trades(dice.random_range(4..12)).await.unwrap();
        let mut day = Self { stack, dice, trades, orders: Vec::new() };
        stack.vendors.kingdee.set_refuses_duplicates(false);
        misbehave(stack);
        day.poll().await;
        for _ in 0..day.dice.random_range(10..20) {
            day.something().await;
        }
        for faults in
            [&stack.vendors.kingdee.faults, &stack.vendors.sharecrm.faults, &stack.vendors.wangdian.faults]
        {
            faults.clear();
        }
        day
    }

    async fn something(&mut self) {
        match self.dice.random_range(0..6) {
            0 | 1 => self.order().await,
            2 => self.poll().await,
            3 => _ = self.stack.kill("ErpPusher").unwrap(),
            4 => _ = self.stack.kill("WebhookReceiver").unwrap(),
            _ => {
                let pause = Duration::from_millis(self.dice.random_range(10..1_500));
                SystemClock.sleep(pause).await;
            }
        }
    }

    /// Pushes a new order, or the next version of one, until it is taken, as Qince does.
    async fn order(&mut self) {
        let qince = &self.stack.vendors.qince;
        let known = self.orders.len();
        let order = match self.dice.random_range(0..=known) {
            place if place < known => {
                let changed = qince.changed(
                    &self.orders[place][self.orders[place].len() - 1],
                    TimeDelta::seconds(3),
                    "CG_FHZ",
                );
                self.orders[place].push(changed.clone());
                changed
            }
            _ => {
                let order = qince.order(minutes_ago(10));
                self.orders.push(vec![order.clone()]);
                order
            }
        };
        let push = qince.push(&order, &PushStyle::default());
        self.stack.deliver(&push).await.unwrap();
    }

    /// A poll that meets a vendor's fault, and the next takes up where it stopped.
    async fn poll(&self) {
        _ = self.stack.invoke("TradePoller", &json!({})).await.unwrap();
    }

    async fn check(self) {
        let stack = self.stack;
        let is_read = async || {
            self.poll().await;
            // What a killed function had in hand comes again when the queue says.
            stack.move_clock(VISIBILITY).unwrap();
            SystemClock.sleep(Duration::from_secs(3)).await;
            stack.creates(&self.trades).iter().all(|count| *count > 0)
        };
        stack.until("every trade is delivered", is_read).await.unwrap();
        stack.until_quiet().await.unwrap();
        assert!(
            stack.creates(&self.trades).iter().all(|count| *count == 1),
            "{:?}",
            stack.creates(&self.trades)
        );
        let in_wdt = stack.vendors.wangdian.pushed_orders();
        for versions in &self.orders {
            let newest = &versions[versions.len() - 1];
            assert_eq!(remarks(stack, id(newest)).last(), Some(&newest["remark"]), "in the CRM");
            let found = &in_wdt[id(newest)];
            assert_eq!((found.creates, &found.order["buyer_message"]), (1, &newest["remark"]), "in WDT");
        }
        stack.vendors.kingdee.set_refuses_duplicates(true);
    }
}

/// Faults that the vendor has done the work behind, so that the document is found and no wait of a minute and a half follows:
/// no test moves the functions' own clock.
fn misbehave(stack: &Stack) {
    let rates = || {
        FaultRates::none()
            .with(Fault::LostAnswer, 60)
            .with(Fault::Garbage, 60)
            .with(Fault::StringNumbers, 100)
            .with(Fault::LateAnswer(Duration::from_millis(700)), 100)
    };
    stack.vendors.kingdee.faults.set_rates(rates().with(Fault::ExpireTokens, 30));
    stack.vendors.sharecrm.faults.set_rates(rates().with(Fault::ExpireTokens, 30));
    stack.vendors.wangdian.faults.set_rates(rates().with(Fault::MovingPages, 50));
}
