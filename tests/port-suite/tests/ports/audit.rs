use chrono::{DateTime, TimeDelta, Utc};
use relay_core::Action;
use relay_core::clock::Clock as _;

use super::Ports;

fn action(did: &str, at: DateTime<Utc>) -> Action {
    let (by, to) = ("李".to_owned(), "kingdee".to_owned());
    Action { at, by, did: did.to_owned(), to, count: Some(3), reason: Some("盘点".to_owned()) }
}

#[tokio::test]
async fn actions_are_told_newest_first_and_as_they_were_noted() {
    let ports = Ports::open().await;
    let (audit, now) = (&ports.stores.audit, ports.clock.now());
    assert_eq!(audit.actions(None, 10).await.unwrap(), []);
    let actions: Vec<_> =
        (0..5).map(|minute| action(&format!("pause {minute}"), now + TimeDelta::minutes(minute))).collect();
    for action in &actions {
        audit.note(action).await.unwrap();
    }
    let told = audit.actions(None, 10).await.unwrap();
    assert_eq!(told, actions.iter().rev().cloned().collect::<Vec<_>>());
    let since = Some(now + TimeDelta::minutes(3));
    assert_eq!(audit.actions(since, 10).await.unwrap(), told[..2], "one at that very time is among them");
    assert_eq!(audit.actions(None, 3).await.unwrap(), told[..3]);
}

#[tokio::test]
async fn actions_of_one_moment_are_all_kept() {
    let ports = Ports::open().await;
    let now = ports.clock.now();
    for number in 0..3 {
        ports.stores.audit.note(&action(&format!("settle {number}"), now)).await.unwrap();
    }
    assert_eq!(ports.stores.audit.actions(None, 10).await.unwrap().len(), 3);
}
