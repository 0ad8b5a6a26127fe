//! What needs a person, told by the closer on each store: once when it begins and once when it is over, however many
//! processes look, and wherever one of them is killed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{NaiveDate, TimeDelta};
use relay_bill_closer::BillCloser;
use relay_core::clock::{Clock as _, SeededRng};
use relay_core::health::{Monitor, Part};
use relay_core::pause::{self, Pause, Scope};
use relay_core::registry::{self, Registered, Registry};
use relay_core::{Stores, System, WorkItem};
use relay_decorator::decorate;
use relay_job::conditions;
use relay_job::room::{self, Shortage};
use relay_job::watermark::{self, Watermark};
use relay_job::{ActiveFlows, Connections, CredentialCheck, FlowFile, FlowSettings, Flows, Job as _, Parts};
use relay_reconcile::{Standing, days, kept};
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::Ports;

const HTTP: System = System::new("http");
const KINGDEE: System = System::new("kingdee");

const ALARM: &str = r#"
[source]
document = "relay.health"

[target]
document = "http.wecom_robot"

[fields]
msgtype = { value = "text" }

[fields.text]
content = "message"
"#;

fn closer(ports: &Ports, stores: Stores) -> BillCloser {
    let catalog = Arc::new(relay_connectors::catalog());
    let file = FlowFile { name: "alarm".to_owned(), file: "alarm.toml".to_owned(), text: ALARM.to_owned() };
    let flows = Arc::new(Flows::parse([file], &catalog).unwrap());
    let (clock, checkpoints) = (ports.clock.clone(), stores.checkpoints.clone());
    let console = ("RELAY_CONSOLE_URL".to_owned(), "https://relay.example.com".to_owned());
    let parts = Parts {
        rng: Arc::new(SeededRng::new(clock.now().timestamp_micros().unsigned_abs())),
        active: Arc::new(ActiveFlows::new(flows.clone(), catalog, checkpoints.clone(), clock.clone())),
        health: Arc::new(Monitor::new(checkpoints, clock.clone())),
        start: clock.now(),
        clock,
        stores,
        flows,
        settings: FlowSettings(BTreeMap::from([console])),
        credential_check: Arc::new(CredentialCheck::default()),
        connections: Connections::from_iter([]),
        queues: BTreeMap::from([("kingdee".to_owned(), KINGDEE), ("http".to_owned(), HTTP)]),
        speech: relay_job::Speech::default(),
    };
    BillCloser::build(&parts).unwrap()
}

/// Looks, on stores that end it after so many steps; whether it came to its end.
async fn look(ports: &Ports, steps: u64) -> bool {
    let (left, blown) = (Arc::new(AtomicU64::new(steps)), Arc::new(Notify::new()));
    let tells = blown.clone();
    let stores = decorate(&ports.stores, move |_, _| {
        let (left, tells) = (left.clone(), tells.clone());
        async move {
            let before = left.load(Ordering::Relaxed);
            if before == 0 {
                tells.notify_one();
                std::future::pending::<()>().await;
            }
            left.store(before - 1, Ordering::Relaxed);
            Ok(())
        }
    });
    let closer = closer(ports, stores);
    tokio::select! {
        biased;
        () = blown.notified() => false,
        told = closer.tell_health(Vec::new()) => {
            told.unwrap();
            true
        }
    }
}

/// What was queued, by number: the same one may be there twice, and is the same then.
async fn told(ports: &Ports) -> Vec<Value> {
    let mut told = BTreeMap::new();
    loop {
        let messages = ports.stores.queue.receive(HTTP, 10, Duration::from_secs(60)).await.unwrap();
        if messages.is_empty() {
            return told.into_values().collect();
        }
        for message in &messages {
            let item = WorkItem::decode(&message.body).unwrap();
            let number: u64 = item.version.as_ref().unwrap().parse().unwrap();
            let other = told.insert(number, item.document.clone());
            assert!(other.is_none_or(|other| other == item.document), "{number}: two of one number");
        }
        let receipts: Vec<_> = messages.into_iter().map(|message| message.receipt).collect();
        ports.stores.queue.delete(HTTP, &receipts).await.unwrap();
    }
}

fn states(told: &[Value]) -> Vec<(&str, &str)> {
    told.iter().map(|it| (it["condition"].as_str().unwrap(), it["state"].as_str().unwrap())).collect()
}

async fn begin(ports: &Ports) {
    let now = ports.clock.now();
    let pause = Pause { until: None, reason: "盘点".to_owned(), since: now, by: Some("李".to_owned()) };
    pause::begin(ports.stores.checkpoints.as_ref(), Scope::Target(KINGDEE), &pause).await.unwrap();
}

async fn end(ports: &Ports) {
    pause::end(ports.stores.checkpoints.as_ref(), KINGDEE).await.unwrap();
}

#[tokio::test]
async fn a_condition_is_told_once_when_it_begins_and_once_when_it_is_over_wherever_a_look_is_killed() {
    let ports = Ports::open().await;
    for steps in 0..60 {
        begin(&ports).await;
        let survived = look(&ports, steps).await;
        ports.wait(60);
        assert!(look(&ports, u64::MAX).await);
        assert!(look(&ports, u64::MAX).await);
        let began = told(&ports).await;
        assert_eq!(states(&began), [("pause/kingdee", "began")], "{steps} steps");
        assert_eq!(began[0]["message"], "paused by 李: 盘点");
        assert_eq!(began[0]["action"], "relay resume kingdee");
        assert_eq!(began[0]["link"], "https://relay.example.com/vendors");

        end(&ports).await;
        ports.wait(60);
        look(&ports, steps).await;
        ports.wait(60);
        assert!(look(&ports, u64::MAX).await);
        let ended = told(&ports).await;
        assert_eq!(states(&ended), [("pause/kingdee", "ended")], "{steps} steps");
        assert_eq!(ended[0]["since"], began[0]["since"]);
        if survived {
            assert!(steps > 6, "{steps} steps are a whole look");
            return;
        }
    }
    panic!("a look has more steps than were tried");
}

#[tokio::test]
async fn of_several_processes_that_look_at_once_one_tells() {
    let ports = Ports::open().await;
    begin(&ports).await;
    let closers: Vec<_> = (0..4).map(|_| closer(&ports, ports.stores.clone())).collect();
    futures::future::join_all(closers.iter().map(|closer| closer.tell_health(Vec::new()))).await;
    assert_eq!(states(&told(&ports).await), [("pause/kingdee", "began")]);
}

/// A flow that reads trades.
fn trades() -> Flows {
    const TRADES: &str = include_str!("../../../../shared/flows/trade-to-kingdee.toml");
    let file =
        FlowFile { name: "trades".to_owned(), file: "trades.toml".to_owned(), text: TRADES.to_owned() };
    Flows::parse([file], &relay_connectors::catalog()).unwrap()
}

/// The conditions that stand beside such a flow.
async fn standing(ports: &Ports) -> Vec<(&'static str, String)> {
    let now = ports.clock.now();
    let standing = conditions::standing(&ports.stores, &trades(), &[HTTP, KINGDEE], now).await.unwrap();
    standing.into_iter().map(|condition| (condition.kind, condition.of)).collect()
}

fn one(kind: &'static str, of: &str) -> Vec<(&'static str, String)> {
    vec![(kind, of.to_owned())]
}

#[tokio::test]
async fn a_flow_that_reads_late_needs_a_person_unless_one_has_paused_its_source() {
    let ports = Ports::open().await;
    let checkpoints = ports.stores.checkpoints.as_ref();
    let watermark = Watermark { read_until: ports.clock.now() };
    let value = serde_json::json!(watermark).to_string();
    assert!(checkpoints.put(&watermark::checkpoint_name("trades"), &value, None, None).await.unwrap());
    ports.wait(30 * 60);
    assert_eq!(standing(&ports).await, []);
    ports.wait(60);
    assert_eq!(standing(&ports).await, one("lag", "trades"));

    let source = Scope::Source(System::new("wangdian"));
    let pause =
        Pause {
            until: None, reason: "盘点".to_owned(), since: ports.clock.now(), by: Some("李".to_owned())
        };
    pause::begin(checkpoints, source, &pause).await.unwrap();
    assert_eq!(standing(&ports).await, one("pause", "source wangdian"));
}

#[tokio::test]
async fn what_fails_for_longer_than_a_bad_minute_needs_a_person_until_it_is_well() {
    let ports = Ports::open().await;
    let monitor = Monitor::new(ports.stores.checkpoints.clone(), ports.clock.clone());
    let poll = || Part::Poll("trades".to_owned());
    monitor.failed(poll(), "retry", Some("500".to_owned()), "张三 13912345678".to_owned()).await;
    monitor.failed(Part::Target(KINGDEE), "retry", None, "no answer".to_owned()).await;
    ports.wait(15 * 60);
    assert_eq!(standing(&ports).await, []);
    ports.wait(60);
    let both = [("source", "trades".to_owned()), ("refusing", "kingdee".to_owned())];
    assert_eq!(standing(&ports).await, both);
    monitor.well(poll()).await;
    assert_eq!(standing(&ports).await, one("refusing", "kingdee"));
}

#[tokio::test]
async fn a_target_that_a_person_must_mend_is_told_at_once_and_a_quota_only_when_it_lasts() {
    let ports = Ports::open().await;
    let (checkpoints, now) = (ports.stores.checkpoints.as_ref(), ports.clock.now());
    pause::set(checkpoints, KINGDEE, None, "密码错误".to_owned(), now).await.unwrap();
    let evening = now + TimeDelta::hours(9);
    pause::set(checkpoints, HTTP, Some(evening), "今日次数已用完".to_owned(), now).await.unwrap();
    assert_eq!(standing(&ports).await, one("refusing", "kingdee"));
    pause::end(checkpoints, KINGDEE).await.unwrap();
    ports.wait(2 * 3_600 + 60);
    assert_eq!(standing(&ports).await, one("quota", "http"));
}

#[tokio::test]
async fn a_flow_whose_file_is_away_needs_a_person() {
    let ports = Ports::open().await;
    let now = ports.clock.now();
    let registered = || Registered {
        text: ALARM.to_owned(),
        source: "relay.health".to_owned(),
        target: "http.wecom_robot".to_owned(),
        since: now,
        absent_since: Some(now),
    };
    let add = |registry: &mut Registry| _ = registry.insert("gone".to_owned(), registered());
    registry::change(ports.stores.checkpoints.as_ref(), add).await.unwrap();
    assert_eq!(standing(&ports).await, one("absent", "gone"));
}

#[tokio::test]
async fn a_day_whose_sides_differ_needs_a_person_until_it_is_equal_or_a_week_old() {
    let ports = Ports::open().await;
    let checkpoints = ports.stores.checkpoints.as_ref();
    let yesterday = days::of(ports.clock.now()).pred_opt().unwrap();
    let keep = async |day: NaiveDate, standing: Standing| {
        let counts = json!({"matched": 7, "missing": if standing == Standing::Different { 2 } else { 0 }});
        let day = json!({
            "flow": "trades", "day": day, "at": ports.clock.now(), "standing": standing, "places": [],
            "counts": counts, "explained": {}, "documents": [], "not_compared": [], "notes": [],
        });
        kept::keep(checkpoints, &serde_json::from_value(day).unwrap()).await.unwrap();
    };
    let red = async || {
        let now = ports.clock.now();
        relay_reconcile::conditions::standing(checkpoints, &trades(), now).await.unwrap()
    };
    keep(yesterday, Standing::NotCompared).await;
    assert_eq!(red().await, [], "of what could not be asked nothing is known");
    keep(yesterday, Standing::Different).await;
    let [found] = &red().await[..] else { panic!("one day differs") };
    assert_eq!((found.kind, found.of.as_str()), ("reconciliation", format!("trades {yesterday}").as_str()));
    assert_eq!(found.message, "its sides differ (2 missing)");
    assert_eq!(found.action, format!("relay reconcile trades --day {yesterday}"));
    keep(yesterday, Standing::Equal).await;
    assert_eq!(red().await, []);
    keep(yesterday, Standing::Different).await;
    ports.wait(7 * 86_400);
    assert_eq!(red().await, [], "nobody compares it any more");
}

#[tokio::test]
async fn a_store_that_lacks_room_needs_a_person_from_when_it_was_first_seen() {
    let ports = Ports::open().await;
    let (checkpoints, began) = (ports.stores.checkpoints.as_ref(), ports.clock.now());
    let note = async |found: &[Shortage]| {
        room::note(checkpoints, found.iter().copied(), ports.clock.now()).await.unwrap();
    };
    note(&[]).await;
    assert_eq!(standing(&ports).await, []);
    note(&[Shortage::Large]).await;
    ports.wait(60);
    note(&[Shortage::Large, Shortage::Full]).await;
    let both = [("disk", "file".to_owned()), ("disk", "free".to_owned())];
    assert_eq!(standing(&ports).await, both);
    let since: Vec<_> = room::short(checkpoints).await.unwrap().iter().map(|short| short.since).collect();
    assert_eq!(since, [began, began + TimeDelta::seconds(60)]);
    note(&[]).await;
    assert_eq!(standing(&ports).await, []);
}
