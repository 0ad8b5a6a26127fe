use std::time::Duration;

use relay_core::clock::Clock as _;

use super::Ports;

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn of_two_writers_that_read_the_same_revision_one_wins() {
    let ports = Ports::open().await;
    let checkpoints = &ports.stores.checkpoints;
    assert!(checkpoints.put("watermark/a", "1", None, None).await.unwrap());
    assert!(!checkpoints.put("watermark/a", "1", None, None).await.unwrap(), "it exists already");
    let read = checkpoints.get("watermark/a").await.unwrap().unwrap();
    assert!(checkpoints.put("watermark/a", "2", Some(read.revision), None).await.unwrap());
    assert!(!checkpoints.put("watermark/a", "3", Some(read.revision), None).await.unwrap());
    assert_eq!(checkpoints.get("watermark/a").await.unwrap().unwrap().value, "2");
    checkpoints.remove("watermark/a").await.unwrap();
    assert_eq!(checkpoints.get("watermark/a").await.unwrap(), None);
}

#[tokio::test]
async fn a_lease_is_held_by_one_until_it_ends() {
    let ports = Ports::open().await;
    let checkpoints = &ports.stores.checkpoints;
    let one = checkpoints.acquire("poll", "one", MINUTE).await.unwrap().unwrap();
    assert_eq!(checkpoints.acquire("poll", "two", MINUTE).await.unwrap(), None);
    let renewed = checkpoints.acquire("poll", "one", MINUTE).await.unwrap().unwrap();
    assert_eq!(one.fence, renewed.fence, "a renewal does not change hands");
    ports.wait(60);
    let two = checkpoints.acquire("poll", "two", MINUTE).await.unwrap().unwrap();
    assert!(two.fence > one.fence);
    checkpoints.release(&one).await.unwrap();
    assert_eq!(
        checkpoints.acquire("poll", "one", MINUTE).await.unwrap(),
        None,
        "a lost lease releases nothing"
    );
    checkpoints.release(&two).await.unwrap();
    assert!(checkpoints.acquire("poll", "one", MINUTE).await.unwrap().unwrap().fence > two.fence);
}

#[tokio::test]
async fn a_holder_that_slept_through_its_lease_moves_nothing() {
    let ports = Ports::open().await;
    let checkpoints = &ports.stores.checkpoints;
    let slow = checkpoints.acquire("poll", "slow", MINUTE).await.unwrap().unwrap();
    assert!(checkpoints.put("watermark/a", "09:00", None, Some(&slow)).await.unwrap());
    ports.wait(61);
    let next = checkpoints.acquire("poll", "next", MINUTE).await.unwrap().unwrap();
    assert!(checkpoints.put("watermark/a", "10:00", Some(1), Some(&next)).await.unwrap());
    assert!(
        !checkpoints.put("watermark/a", "09:30", Some(2), Some(&slow)).await.unwrap(),
        "its fence is old"
    );
    assert_eq!(checkpoints.get("watermark/a").await.unwrap().unwrap().value, "10:00");
}

#[tokio::test]
async fn values_are_listed_by_the_beginning_of_their_names() {
    let ports = Ports::open().await;
    let checkpoints = &ports.stores.checkpoints;
    for name in ["pause/kingdee", "pause/sharecrm", "watermark/a", "pause"] {
        checkpoints.put(name, "x", None, None).await.unwrap();
    }
    let names: Vec<_> = checkpoints.list("pause/").await.unwrap().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["pause/kingdee", "pause/sharecrm"]);
}

#[tokio::test]
async fn a_value_is_kept_whatever_it_says_and_a_lease_is_none() {
    let ports = Ports::open().await;
    let checkpoints = &ports.stores.checkpoints;
    let long = "订".repeat(20_000);
    for (name, value) in [("watermark/直营订单 1/2", ""), ("watermark/b", long.as_str())] {
        assert!(checkpoints.put(name, value, None, None).await.unwrap());
        assert_eq!(checkpoints.get(name).await.unwrap().unwrap().value, value);
    }
    checkpoints.acquire("watermark/c", "one", MINUTE).await.unwrap().unwrap();
    assert_eq!(checkpoints.get("watermark/c").await.unwrap(), None);
    assert_eq!(checkpoints.list("").await.unwrap().len(), 2);
    checkpoints.remove("watermark/nothing").await.unwrap();
}

#[tokio::test]
async fn a_fence_counts_the_hands_that_a_lease_has_gone_through() {
    let ports = Ports::open().await;
    let checkpoints = &ports.stores.checkpoints;
    let mut fences = Vec::new();
    for owner in ["one", "one", "two", "two", "one"] {
        let lease = checkpoints.acquire("poll", owner, MINUTE).await.unwrap().unwrap();
        assert_eq!(lease.until, ports.clock.now() + MINUTE);
        fences.push(lease.fence);
        ports.wait(if fences.len() % 2 == 1 { 30 } else { 60 });
    }
    assert_eq!(fences, [1, 1, 2, 2, 3], "renewed in time, it keeps its fence; lapsed, it begins anew");
    let last = checkpoints.acquire("poll", "one", MINUTE).await.unwrap().unwrap();
    checkpoints.release(&last).await.unwrap();
    let again = checkpoints.acquire("poll", "one", MINUTE).await.unwrap().unwrap();
    assert_eq!(again.fence, 4, "given back, it changes hands even if they are the same");
}

#[tokio::test]
async fn a_write_under_no_lease_leaves_the_fence_as_it_was() {
    let ports = Ports::open().await;
    let checkpoints = &ports.stores.checkpoints;
    let old = checkpoints.acquire("poll", "one", MINUTE).await.unwrap().unwrap();
    ports.wait(60);
    let new = checkpoints.acquire("poll", "two", MINUTE).await.unwrap().unwrap();
    assert!(checkpoints.put("watermark/a", "1", None, Some(&new)).await.unwrap());
    assert!(checkpoints.put("watermark/a", "2", Some(1), None).await.unwrap());
    assert!(!checkpoints.put("watermark/a", "3", Some(2), Some(&old)).await.unwrap());
    assert!(checkpoints.put("watermark/a", "3", Some(2), Some(&new)).await.unwrap());
    let unfenced = checkpoints.put("watermark/b", "1", None, None).await.unwrap();
    assert!(unfenced && checkpoints.put("watermark/b", "2", Some(1), Some(&old)).await.unwrap());
    assert!(!checkpoints.put("watermark/c", "2", Some(1), None).await.unwrap(), "there is none to replace");
}
