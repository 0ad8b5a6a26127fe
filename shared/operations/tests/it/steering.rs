//! What is done: replays, pauses, look-ups, flows that are let go.

use std::time::Duration;

use relay_core::clock::Clock as _;
use relay_core::registry;
use relay_job::room::Room;
use relay_operations::pauses::{Steered, told};
use relay_operations::{OperationError, Operations};

use crate::desk::{Desk, KINGDEE, STOCK, TRADES};

#[tokio::test]
async fn a_replay_sends_what_has_a_flow_and_names_what_has_none() {
    let desk = Desk::new();
    for (flow, key) in [(TRADES, "JY1"), (TRADES, "JY2"), ("gone", "1")] {
        desk.refused(flow, key).await;
    }
    let replayed = desk.ask().replay(TRADES, "JY1").await.unwrap();
    assert_eq!((replayed.sent, replayed.is_whole()), (1, true));
    let replayed = desk.ask().replay_all(None).await.unwrap();
    assert_eq!((replayed.sent, replayed.is_whole()), (2, false));
    let without_flow: Vec<_> = replayed.without_flow.iter().map(|id| id.flow.as_str()).collect();
    assert_eq!(without_flow, ["gone"]);
    assert_eq!(desk.stores.queue.depth(KINGDEE).await.unwrap().waiting, 3);
    let body = &desk.stores.queue.receive(KINGDEE, 1, Duration::from_secs(1)).await.unwrap()[0].body;
    let item = relay_core::WorkItem::decode(body).unwrap();
    assert!(item.replay.is_some() && item.trace == "t", "{item:?}");
}

/// The names that are paused.
async fn paused(ask: &Operations<'_>) -> Vec<String> {
    let status = ask.status().await.unwrap();
    let flows = status.flows.iter().filter(|(_, flow)| flow.paused.is_some()).map(|(name, _)| name.clone());
    let queues = status.queues.iter().filter(|(_, queue)| queue.paused.is_some());
    flows.chain(queues.map(|(system, _)| system.to_string())).collect()
}

#[tokio::test]
async fn targets_and_flows_are_paused_for_a_while_or_until_they_are_resumed() {
    let desk = Desk::new();
    let ask = desk.ask();
    let two_hours = Some(Duration::from_secs(7_200));
    let (flow, pause) = ask.pause(STOCK, "stock-taking", "李", two_hours).await.unwrap();
    assert_eq!(flow, Steered::Flow(STOCK.to_owned()));
    assert_eq!(
        told(&pause),
        "paused by 李 since 2026-11-28 12:00:00 until 2026-11-28 14:00:00: stock-taking"
    );
    let (target, pause) = ask.pause("kingdee", "closed", "王", None).await.unwrap();
    assert_eq!(target, Steered::Target("kingdee".to_owned()));
    assert_eq!(told(&pause), "paused by 王 since 2026-11-28 12:00:00 until it is resumed: closed");
    assert_eq!(paused(&ask).await, [STOCK, "kingdee"]);
    assert!(ask.status().await.unwrap().issues.is_empty(), "both are meant to be");
    desk.clock.advance(Duration::from_secs(7_200));
    assert_eq!(paused(&ask).await, ["kingdee"]);
    ask.resume("kingdee").await.unwrap();
    assert_eq!(paused(&ask).await, Vec::<String>::new());
    for lasts in [Duration::ZERO, Duration::from_secs(u64::MAX)] {
        let error = ask.pause("kingdee", "", "王", Some(lasts)).await.unwrap_err();
        assert!(matches!(error, OperationError::PauseTooLong) && error.is_wrong_usage());
    }
}

#[tokio::test]
async fn a_rewinding_says_first_what_it_does_and_a_status_what_the_store_takes() {
    let mut desk = Desk::new();
    let ask = desk.ask();
    let (now, nobody) = (desk.clock.now(), |_| Err("not connected".to_owned()));
    let hours = |count: u64| now - Duration::from_secs(count * 3_600);
    let plan = ask.plan_rewind(TRADES, hours(3), &nobody).await.unwrap();
    assert_eq!((plan.from, plan.to), (None, Some(hours(3))));
    let range = plan.range.as_ref().unwrap();
    assert!(range.rows.is_none() && range.calls >= 3, "a call for each window: {range:?}");
    let warning = plan.warning().to_string();
    assert!(
        warning.contains("from 2026-11-28 09:00:00 on") && warning.contains("RELAY_LEDGER_DAYS"),
        "{warning}"
    );
    ask.rewind(TRADES, hours(3)).await.unwrap();
    let plan = ask.plan_rewind(TRADES, hours(4), &nobody).await.unwrap();
    assert_eq!(plan.from, Some(hours(3)));
    let ahead = now + Duration::from_secs(1);
    assert!(matches!(ask.plan_rewind(TRADES, ahead, &nobody).await, Err(OperationError::WrongTime(_))));
    let pool = ask.plan_rewind(STOCK, hours(1), &nobody).await;
    assert!(matches!(pool, Err(OperationError::NoWindows { .. })));

    assert_eq!(ask.status().await.unwrap().size_in_words().to_string(), "not known");
    desk.room = Some(Room { file: 3_500_000, log: 4_194_304, free: 12_000_000_000 });
    let status = desk.ask().status().await.unwrap();
    assert_eq!(status.size_in_words().to_string(), "file 3.5 MB, log 4.1 MB, 12.0 GB free on its disk");
    let metrics = status.metrics(now);
    assert!(metrics.contains("relay_store_bytes{of=\"log\"} 4194304"), "{metrics}");
}

#[tokio::test]
async fn look_ups_are_imported_all_or_none() {
    let desk = Desk::new();
    let wrong =
        "table,code,id\nkingdee.material,A1,9\nkingdee.matter,A2,8\nkingdee.material,,7\nkingdee.material\n";
    let answer = desk.ask().import_lookups(wrong.as_bytes()).await.unwrap();
    assert_eq!((answer.imported, answer.mistakes.len()), (0, 3), "{:?}", answer.mistakes);
    assert!(answer.mistakes[0].starts_with("line 3: there is no look-up table `kingdee.matter`"));
    let code = ("kingdee.material".to_owned(), "A1".to_owned());
    let held = async || desk.stores.lookups.get(std::slice::from_ref(&code)).await.unwrap().remove(&code);
    assert_eq!(held().await, None);
    let answer = desk.ask().import_lookups(b"table, code, id\nkingdee.material, A1, 9\n").await.unwrap();
    assert_eq!((answer.imported, answer.mistakes.len()), (1, 0), "{:?}", answer.mistakes);
    assert_eq!(held().await.as_deref(), Some("9"));
}

#[tokio::test]
async fn a_flow_is_retired_once_its_file_is_away_and_its_pause_with_it() {
    let desk = Desk::new();
    let ask = desk.ask();
    let error = ask.retire(TRADES).await.unwrap_err();
    assert!(matches!(&error, OperationError::HasFile { file, .. } if file == "trade-to-kingdee.toml"));
    assert!(error.is_wrong_usage() && ask.retire("gone").await.unwrap_err().is_wrong_usage());

    desk.refused("gone", "1").await;
    let since = desk.clock.now();
    registry::change(desk.stores.checkpoints.as_ref(), |flows| {
        let (text, source, target) = (String::new(), "wangdian.trade".to_owned(), "kingdee.x".to_owned());
        flows.insert(
            "gone".to_owned(),
            registry::Registered { text, source, target, since, absent_since: None },
        );
    })
    .await
    .unwrap();
    ask.pause("gone", "no file", "李", None).await.unwrap();
    assert_eq!(
        ask.retire("gon").await.unwrap_err().to_string(),
        "there is no flow `gon` whose file is away: did you mean `gone`?"
    );
    ask.retire("gone").await.unwrap();
    assert!(registry::read(desk.stores.checkpoints.as_ref()).await.unwrap().is_empty());
    assert_eq!(ask.pause_of_flow("gone").await.unwrap(), None);
    assert_eq!(ask.failures(Some("gone")).await.unwrap().len(), 1, "what has failed stays");
}
