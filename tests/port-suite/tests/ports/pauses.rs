use std::time::Duration;

use chrono::{DateTime, Utc};
use relay_core::System;
use relay_core::clock::Clock as _;
use relay_core::pause::{self, Pause, Scope};

use super::Ports;

#[tokio::test]
async fn a_start_ends_the_pauses_that_nobody_knows_the_end_of() {
    let ports = Ports::open().await;
    let (checkpoints, now) = (ports.stores.checkpoints.as_ref(), ports.clock.now());
    let midnight = now + Duration::from_secs(8 * 3600);
    pause::set(checkpoints, System::new("kingdee"), None, "wrong password".to_owned(), now).await.unwrap();
    pause::set(checkpoints, System::new("sharecrm"), Some(midnight), "daily pack used".to_owned(), now)
        .await
        .unwrap();
    pause::end_guesses(checkpoints, [System::new("kingdee")], now).await.unwrap();
    assert_eq!(pause::current(checkpoints, System::new("kingdee"), now).await.unwrap(), None);
    let pack = pause::current(checkpoints, System::new("sharecrm"), now).await.unwrap().unwrap();
    assert_eq!(pack.until, Some(midnight));
    assert_eq!(
        pause::current(checkpoints, System::new("sharecrm"), midnight).await.unwrap(),
        None,
        "it ends by itself"
    );
}

/// A person's pause, until then or until it is resumed.
fn by_person(since: DateTime<Utc>, until: Option<DateTime<Utc>>) -> Pause {
    Pause { until, reason: "stock-taking".to_owned(), since, by: Some("李".to_owned()) }
}

#[tokio::test]
async fn a_pause_by_a_person_lasts_over_starts_and_over_what_vendors_ask_for() {
    let ports = Ports::open().await;
    let (checkpoints, now, kingdee) =
        (ports.stores.checkpoints.as_ref(), ports.clock.now(), System::new("kingdee"));
    let pause = by_person(now, None);
    pause::begin(checkpoints, kingdee.into(), &pause).await.unwrap();
    pause::end_guesses(checkpoints, [kingdee], now).await.unwrap();
    // A worker that had not seen it yet meets a vendor who is down.
    let met = pause::set(checkpoints, kingdee, None, "stopped".to_owned(), now).await.unwrap();
    assert_eq!(met, pause);
    let a_month_later = now + Duration::from_secs(30 * 86_400);
    assert_eq!(pause::current(checkpoints, kingdee, a_month_later).await.unwrap(), Some(pause));
    pause::end(checkpoints, kingdee).await.unwrap();
    assert_eq!(pause::current(checkpoints, kingdee, now).await.unwrap(), None);

    let (short, midnight) = (now + Duration::from_secs(60), now + Duration::from_secs(8 * 3600));
    pause::begin(checkpoints, kingdee.into(), &by_person(now, Some(short))).await.unwrap();
    let met = pause::set(checkpoints, kingdee, Some(midnight), "used up".to_owned(), now).await.unwrap();
    assert_eq!((met.until, met.by), (Some(midnight), None), "the vendor's lasts longer");
}

#[tokio::test]
async fn a_flow_is_paused_apart_from_its_target() {
    let ports = Ports::open().await;
    let (checkpoints, now, kingdee) =
        (ports.stores.checkpoints.as_ref(), ports.clock.now(), System::new("kingdee"));
    let (flow, until) = (Scope::Flow("trade-to-kingdee"), now + Duration::from_secs(60));
    pause::begin(checkpoints, flow, &by_person(now, Some(until))).await.unwrap();
    assert!(pause::current(checkpoints, flow, now).await.unwrap().is_some());
    assert_eq!(pause::current(checkpoints, flow, until).await.unwrap(), None, "it ends by itself");
    assert_eq!(pause::current(checkpoints, Scope::Flow("other"), now).await.unwrap(), None);
    assert_eq!(pause::current(checkpoints, kingdee, now).await.unwrap(), None);
}
