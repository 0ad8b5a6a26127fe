//! Days, compared each night by `relay serve`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use relay_connector::Connection;
use relay_core::clock::{Clock, Deadline};
use relay_core::{Stores, System};
use relay_host::{Wiring, settings};
use relay_job::{FlowSettings, Flows};
use relay_reconcile::{Reconciler, Tolerances};

use super::reconcile::TOLERATE;
use crate::supervise::Supervisor;

/// What has waited for a start comes first.
pub(super) const FIRST: Duration = Duration::from_secs(5 * 60);

/// How often it is looked whether a day is due.
const LOOK_EVERY: Duration = Duration::from_secs(10 * 60);

/// The connections to both ends of every flow, or why there is none.
#[derive(Clone)]
pub(super) struct Ends(BTreeMap<System, Result<Arc<dyn Connection>, String>>);

impl Ends {
    pub(super) fn of(wiring: &Wiring) -> Self {
        let ends = wiring.flows.iter().flat_map(|routed| [routed.system, routed.source_system()]);
        let connect = |system| (system, wiring.connection(system).map_err(|error| format!("{error:#}")));
        Self(ends.map(connect).collect())
    }

    pub(super) fn to(&self, system: System) -> Result<Arc<dyn Connection>, String> {
        let known = self.0.get(&system).cloned();
        known.unwrap_or_else(|| Err(format!("no flow goes to {system}, or comes from there")))
    }
}

/// What comparing days needs, for as long as the program runs.
pub(super) struct Nightly {
    stores: Stores,
    flows: Arc<Flows>,
    settings: FlowSettings,
    ends: Ends,
    tolerances: Tolerances,
    start: Option<DateTime<Utc>>,
    owner: String,
}

impl Nightly {
    /// # Errors
    /// Tolerances that are none.
    pub(super) fn of(wiring: &Wiring) -> anyhow::Result<Self> {
        let tolerate = wiring.settings.get(TOLERATE).unwrap_or_default().split(',');
        let tolerances = Tolerances::parse(tolerate).map_err(anyhow::Error::msg).context(TOLERATE)?;
        let start =
            wiring.settings.get("RELAY_START").and_then(|start| DateTime::parse_from_rfc3339(start).ok());
        Ok(Self {
            stores: wiring.stores.clone(),
            flows: wiring.flows.clone(),
            settings: settings::open_to_flows(&wiring.settings),
            ends: Ends::of(wiring),
            tolerances,
            start: start.map(|start| start.to_utc()),
            owner: wiring.rng.uuid().to_string(),
        })
    }

    async fn look(&self, clock: &dyn Clock, goes_on: &(dyn Fn() -> bool + Sync)) -> anyhow::Result<()> {
        let connect = |system| self.ends.to(system);
        let reconciler = Reconciler {
            stores: &self.stores,
            flows: &self.flows,
            settings: &self.settings,
            connect: &connect,
            clock,
            tolerances: &self.tolerances,
            deadline: Deadline::NONE,
        };
        let compared = reconciler.compare_due(&self.owner, self.start, goes_on).await;
        compared.map(drop).context("days cannot be compared")
    }
}

/// Compares the days that are due.
pub(super) async fn compare(supervisor: Supervisor, nightly: Nightly) {
    tokio::select! {
        () = supervisor.clock.sleep(FIRST) => {}
        () = supervisor.until_stopped() => return,
    }
    let goes_on = || supervisor.goes_on();
    let turn = || async {
        tokio::select! {
            // A turn that is broken off has changed nothing but the days that it has kept.
            looked = nightly.look(supervisor.clock.as_ref(), &goes_on) => looked?,
            () = supervisor.until_stopped() => {}
        }
        Ok(LOOK_EVERY)
    };
    supervisor.keep("reconcile", turn).await;
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use relay_core::clock::{SystemClock, SystemRng};
    use relay_host::Settings;
    use relay_reconcile::{Standing, days, kept};
    use relay_simulators::Vendors;

    use super::*;

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

        let nightly = Nightly::of(&wiring).unwrap();
        nightly.look(clock.as_ref(), &|| true).await.unwrap();
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
        nightly.look(clock.as_ref(), &|| true).await.unwrap();
        assert_eq!(vendors.wangdian.calls(), calls, "the night's turn was had");
    }
}
