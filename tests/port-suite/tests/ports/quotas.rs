use std::num::NonZeroU32;
use std::time::Duration;

use futures::future::join_all;
use relay_core::quota::{Ask, Grant, Limit, Use};

use super::Ports;

const MINUTE: Limit =
    Limit { calls: NonZeroU32::new(20).unwrap(), period: Duration::from_secs(60), at_once: None };

fn ask(holder: &str, purpose: Use, wanted: u32) -> Ask {
    Ask { holder: holder.to_owned(), purpose, wanted, beside: Vec::new(), begun: Vec::new() }
}

fn count(grant: Grant) -> u32 {
    match grant {
        Grant::Permits { count, .. } => count,
        Grant::Wait(_) => 0,
    }
}

#[tokio::test]
async fn processes_share_a_budget_and_accounts_do_not() {
    let ports = Ports::open().await;
    let quotas = &ports.stores.quotas;
    // Each dies without a word of what it has used.
    for (process, wait) in [("one", 0), ("two", 14), ("three", 14), ("four", 14)] {
        let grant = quotas.ask("v/one", MINUTE, &ask(process, Use::Read, 5)).await.unwrap();
        assert_eq!(count(grant), 5, "{process}");
        ports.wait(wait);
    }
    let late = quotas.ask("v/one", MINUTE, &ask("late", Use::Read, 1)).await.unwrap();
    assert!(matches!(late, Grant::Wait(_)), "{late:?}");
    let other = quotas.ask("v/other", MINUTE, &ask("p0", Use::Read, 5)).await.unwrap();
    assert_eq!(count(other), 5);
    // A permit may be used up to its last moment.
    ports.wait(90);
    let again = quotas.ask("v/one", MINUTE, &ask("late", Use::Read, 5)).await.unwrap();
    assert_eq!(count(again), 5);
}

#[tokio::test]
async fn those_who_ask_at_once_are_given_no_more_than_there_is() {
    let ports = Ports::open().await;
    let asked = (0..12).map(|process| {
        let quotas = ports.stores.quotas.clone();
        async move {
            // Who meets too many others at once asks again, as after any failure of a store.
            for _ in 0..20 {
                let wanted = ask(&format!("p{process}"), Use::Read, 5);
                if let Ok(grant) = quotas.ask("v/one", MINUTE, &wanted).await {
                    return count(grant);
                }
            }
            0
        }
    });
    let given: u32 = join_all(asked).await.into_iter().sum();
    assert_eq!(given, 10, "two lumps after a quiet time");
}

#[tokio::test]
async fn what_nobody_has_used_is_given_back() {
    let ports = Ports::open().await;
    let quotas = &ports.stores.quotas;
    for _ in 0..30 {
        // None of them begins a call.
        let grant = quotas.ask("v/one", MINUTE, &ask("p", Use::Read, 5)).await.unwrap();
        assert_eq!(count(grant), 5);
    }
}

#[tokio::test]
async fn what_is_used_of_a_budget_is_told_and_who_waits_for_it() {
    let ports = Ports::open().await;
    let quotas = &ports.stores.quotas;
    assert_eq!(quotas.used().await.unwrap(), []);
    for process in ["one", "two"] {
        quotas.ask("v/one", MINUTE, &ask(process, Use::Read, 5)).await.unwrap();
        ports.wait(14);
    }
    let refused = quotas.ask("v/other", MINUTE, &ask("p", Use::Push, 5)).await.unwrap();
    assert_eq!(count(refused), 5);
    let used = quotas.used().await.unwrap();
    let names: Vec<_> = used.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["v/one", "v/other"]);
    assert!(used[1].1.last_minute >= 5 && used[1].1.waiting == 0, "{used:?}");
    ports.wait(300);
    assert!(quotas.used().await.unwrap().iter().all(|(_, used)| used.last_minute == 0));
}
