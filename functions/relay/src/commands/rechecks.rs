//! What failed, asked for in its targets once a day by `relay serve`: what a person has made there meanwhile is closed.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use relay_connector::{Catalog, Settings};
use relay_core::Stores;
use relay_core::clock::{Clock, Rng};
use relay_host::settings::declared::RECHECK_CALLS;
use relay_host::{Wiring, settings};
use relay_job::{ActiveFlows, FlowSettings, Flows};
use relay_operations::Operations;
use relay_operations::recheck::Rechecked;

use super::nightly::{Ends, FIRST};
use crate::supervise::Supervisor;

/// How often it is looked whether a day's turn has come.
const LOOK_EVERY: Duration = Duration::from_secs(10 * 60);

/// What asking needs, for as long as the program runs.
pub(super) struct Rechecks {
    stores: Stores,
    flows: Arc<Flows>,
    active: Arc<ActiveFlows>,
    catalog: Arc<Catalog>,
    settings: Settings,
    flow_settings: FlowSettings,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    ends: Ends,
    /// So many documents are asked for in a day.
    most: usize,
}

impl Rechecks {
    /// `None` where nothing is to be asked for.
    ///
    /// # Errors
    /// A number of calls that is none.
    pub(super) fn of(wiring: &Wiring) -> anyhow::Result<Option<Self>> {
        let most = usize::try_from(settings::number(&wiring.settings, &RECHECK_CALLS)?)?;
        Ok((most > 0).then(|| Self {
            stores: wiring.stores.clone(),
            flows: wiring.flows.clone(),
            active: wiring.active.clone(),
            catalog: wiring.catalog.clone(),
            settings: wiring.settings.clone(),
            flow_settings: settings::open_to_flows(&wiring.settings),
            clock: wiring.clock.clone(),
            rng: wiring.rng.clone(),
            ends: Ends::of(wiring),
            most,
        }))
    }

    async fn look(&self) -> anyhow::Result<Option<Rechecked>> {
        let operations = Operations {
            stores: &self.stores,
            flows: &self.flows,
            active: &self.active,
            catalog: &self.catalog,
            connectors: relay_connectors::CONNECTORS,
            settings: &self.settings,
            room: None,
            by: "relay".to_owned(),
            flow_settings: self.flow_settings.clone(),
            clock: self.clock.clone(),
            rng: self.rng.clone(),
        };
        let rechecked = operations.recheck_daily(self.most, &|system| self.ends.to(system)).await;
        rechecked.context("what failed cannot be asked for in its targets")
    }
}

/// Asks for what failed, each day.
pub(super) async fn ask(supervisor: Supervisor, rechecks: Rechecks) {
    tokio::select! {
        () = supervisor.clock.sleep(FIRST) => {}
        () = supervisor.until_stopped() => return,
    }
    let turn = || async {
        tokio::select! {
            // A turn that is broken off has closed what it has found, and goes on tomorrow.
            looked = rechecks.look() => drop(looked?),
            () = supervisor.until_stopped() => {}
        }
        Ok(LOOK_EVERY)
    };
    supervisor.keep("recheck", turn).await;
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use relay_core::clock::{SimulatedClock, SystemRng};
    use relay_core::{Entry, EntryId, Failed, ledger};
    use relay_simulators::Vendors;
    use serde_json::json;

    use super::*;

    const TRADES: &str = "trade-to-kingdee";

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

        let rechecks = Rechecks::of(&wiring).unwrap().unwrap();
        let told = |rechecked: Option<Rechecked>| {
            let closed = |it: &Rechecked| it.closed.iter().map(|closed| closed.target_id.clone()).collect();
            rechecked.map(|it| (closed(&it), it.missing, it.unproven))
        };
        let none = Vec::<String>::new;
        assert_eq!(told(rechecks.look().await.unwrap()), Some((none(), 2, 1)), "no more than two");
        assert_eq!(told(rechecks.look().await.unwrap()), None, "today's turn was had");
        clock.sleep(Duration::from_secs(86_400)).await;
        assert_eq!(
            told(rechecks.look().await.unwrap()),
            Some((vec![made], 1, 1)),
            "the third, and the first again"
        );
        clock.sleep(Duration::from_secs(86_400)).await;
        assert_eq!(
            told(rechecks.look().await.unwrap()),
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
        assert!(Rechecks::of(&off).unwrap().is_none());
    }
}
