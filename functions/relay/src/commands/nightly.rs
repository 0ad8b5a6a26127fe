//! The nights of `relay serve`: days that are due, compared, and what failed, asked for in its targets.

use std::rc::Rc;
use std::time::Duration;

use anyhow::Context as _;
use relay_core::clock::Deadline;
use relay_day_reconciler::DayReconciler;

use crate::supervise::Supervisor;

/// What has waited for a start comes first.
const FIRST: Duration = Duration::from_secs(5 * 60);

/// How often it is looked whether something is due.
const LOOK_EVERY: Duration = Duration::from_secs(10 * 60);

/// Compares the days that are due.
pub(super) async fn compare(supervisor: Supervisor, reconciler: Rc<DayReconciler>) {
    look(supervisor, "reconcile", async || {
        let compared = reconciler.compare(Deadline::NONE).await;
        compared.map(drop).context("days cannot be compared")
    })
    .await;
}

/// Asks for what failed, each day.
pub(super) async fn recheck(supervisor: Supervisor, reconciler: Rc<DayReconciler>) {
    look(supervisor, "recheck", async || {
        let rechecked = reconciler.recheck(Deadline::NONE).await;
        rechecked.map(drop).context("what failed cannot be asked for in its targets")
    })
    .await;
}

async fn look(supervisor: Supervisor, task: &str, work: impl AsyncFn() -> anyhow::Result<()>) {
    tokio::select! {
        () = supervisor.clock.sleep(FIRST) => {}
        () = supervisor.until_stopped() => return,
    }
    let turn = || async {
        tokio::select! {
            // A turn that is broken off loses nothing that it has kept, and the next goes on.
            worked = work() => worked?,
            () = supervisor.until_stopped() => {}
        }
        Ok(LOOK_EVERY)
    };
    supervisor.keep(task, turn).await;
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::TimeDelta;
    use relay_core::clock::{Clock, SimulatedClock, SystemClock, SystemRng};
    use relay_core::{Entry, EntryId, Failed, ledger};
    use relay_host::{Settings, Wiring};
    use relay_reconcile::recheck::Rechecked;
    use relay_reconcile::{Standing, days, kept};
    use relay_simulators::Vendors;
    use serde_json::json;

    use super::*;

    const TRADES: &str = "trade-to-kingdee";

    #[tokio::test]
    async fn the_days_since_a_flow_began_are_compared_once_a_night_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(SystemClock);
        let vendors = Vendors::new(clock.clone(), 1);
        vendors.wangdian.set_calls_a_minute(None);
        let store = format!("sqlite:{}", folder.path().join("relay.db").display());
        let start = clock.now() - TimeDelta::days(4);
        let start_told = start.to_rfc3339();
        let own = [
            ("RELAY_STORE", store.as_str()),
            ("RELAY_START", &start_told),
            ("WDT_BASE_URL", relay_simulators::WDT_BASE_URL),
            ("QIMEN_BASE_URL", relay_simulators::QIMEN_BASE_URL),
            ("KINGDEE_BASE_URL", relay_simulators::KINGDEE_BASE_URL),
            ("WDT_CALLS_PER_MINUTE", "6000"),
            ("KINGDEE_CALLS_PER_MINUTE", "6000"),
        ];
        let settings = relay_simulators::settings().into_iter().chain(own);
        let settings: Settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let stores = relay_host::stores::open(&settings, clock.clone()).await.unwrap();
        let wiring = Wiring::new(settings, stores, clock.clone(), Arc::new(SystemRng)).unwrap();
        let wiring = wiring.over(vendors.transport());
        wiring.active.flows().await.unwrap();
        // Changed before anything was read: its day is not due for it.
        vendors.wangdian.generate_trade("S001", 55, start + TimeDelta::days(1));

        let reconciler = wiring.build::<DayReconciler>().unwrap();
        reconciler.compare(Deadline::NONE).await.unwrap();
        let checkpoints = wiring.stores.checkpoints.as_ref();
        let calendars = kept::calendars(checkpoints).await.unwrap();
        let calendar = &calendars["trade-to-kingdee"];
        let first = days::of(start).succ_opt().unwrap();
        assert_eq!(
            calendar.first_key_value().map(|(day, _)| *day),
            Some(first),
            "from the first whole day on"
        );
        assert!((2..=3).contains(&calendar.len()), "{calendar:?}");
        assert!(calendar.values().all(|summary| summary.standing == Standing::Equal), "{calendar:?}");
        let kept_whole = kept::day(checkpoints, "trade-to-kingdee", first).await.unwrap().unwrap();
        assert_eq!(kept_whole.standing, Standing::Equal);

        let calls = vendors.wangdian.calls();
        reconciler.compare(Deadline::NONE).await.unwrap();
        assert_eq!(vendors.wangdian.calls(), calls, "the night's turn was had");
    }
    fn failed(key: &str, clock: &dyn Clock) -> Failed {
        let mut trade: serde_json::Value =
            serde_json::from_str(include_str!("../../../../shared/flows/tests/trade.json")).unwrap();
        trade["trade_no"] = json!(key);
        serde_json::from_value(json!({
            "version": "2026-11-22 10:42:18", "hash": key, "class": "mapping", "message": "a code is unknown", "attempts": 1,
            "document": trade.to_string(), "received_at": clock.now(), "at": clock.now(), "trace": key,
        }))
        .unwrap()
    }

    #[tokio::test]
    async fn each_day_some_of_what_failed_are_asked_for_until_all_have_had_their_turn() {
        let folder = tempfile::tempdir().unwrap();
        let start = chrono::DateTime::from_timestamp(1_795_352_400, 0).unwrap();
        let clock = Arc::new(SimulatedClock::starting_at(start));
        let vendors = Vendors::new(clock.clone(), 1);
        let store = format!("sqlite:{}", folder.path().join("relay.db").display());
        let own = [("RELAY_STORE", store.as_str()), ("RELAY_RECHECK_CALLS", "2")];
        let settings = relay_simulators::settings_in_process().into_iter().chain(own);
        let settings: Settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let stores = relay_host::stores::open(&settings, clock.clone()).await.unwrap();
        let wiring = Wiring::new(settings, stores, clock.clone(), Arc::new(SystemRng)).unwrap();
        let wiring = wiring.over(vendors.transport());
        for key in ["JY1", "JY2", "JY3"] {
            let change = |entry: &mut Entry| entry.fail(failed(key, clock.as_ref()));
            let id = EntryId::new(TRADES, key);
            assert!(ledger::update(wiring.stores.ledger.as_ref(), &id, None, change).await.unwrap());
        }
        let made = vendors.kingdee.enter_by_hand("JY3");

        let rechecks = wiring.build::<DayReconciler>().unwrap();
        let told = |rechecked: Option<Rechecked>| {
            let closed = |it: &Rechecked| it.closed.iter().map(|closed| closed.target_id.clone()).collect();
            rechecked.map(|it| (closed(&it), it.missing, it.unproven))
        };
        let none = Vec::<String>::new;
        assert_eq!(
            told(rechecks.recheck(Deadline::NONE).await.unwrap()),
            Some((none(), 2, 1)),
            "no more than two"
        );
        assert_eq!(told(rechecks.recheck(Deadline::NONE).await.unwrap()), None, "today's turn was had");
        clock.sleep(Duration::from_secs(86_400)).await;
        assert_eq!(
            told(rechecks.recheck(Deadline::NONE).await.unwrap()),
            Some((vec![made], 1, 1)),
            "the third, and the first again"
        );
        clock.sleep(Duration::from_secs(86_400)).await;
        assert_eq!(
            told(rechecks.recheck(Deadline::NONE).await.unwrap()),
            Some((none(), 2, 0)),
            "what is closed is asked for no more"
        );

        let actions = wiring.stores.audit.actions(Some(start - TimeDelta::days(1)), 10).await.unwrap();
        let did: Vec<_> = actions.iter().map(|action| (&*action.by, &*action.did, action.count)).collect();
        let recheck = |count| ("relay", "recheck", Some(count));
        assert_eq!(did, [recheck(0), recheck(1), recheck(0)], "newest first");
        let off = wiring.with_settings(
            [("RELAY_RECHECK_CALLS".to_owned(), "0".to_owned())]
                .into_iter()
                .collect::<Settings>()
                .or(wiring.settings.clone()),
        );
        let off = off.build::<DayReconciler>().unwrap();
        clock.sleep(Duration::from_secs(86_400)).await;
        assert_eq!(off.recheck(Deadline::NONE).await.unwrap(), None, "none is to be asked for");
    }
}
