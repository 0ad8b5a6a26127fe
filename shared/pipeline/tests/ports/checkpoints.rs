use std::time::Duration;

use super::Ports;

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn of_two_writers_that_read_the_same_revision_one_wins() {
    let ports = Ports::sqlite();
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
    let ports = Ports::sqlite();
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
    let ports = Ports::sqlite();
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
    let ports = Ports::sqlite();
    let checkpoints = &ports.stores.checkpoints;
    for name in ["pause/kingdee", "pause/sharecrm", "watermark/a", "pause"] {
        checkpoints.put(name, "x", None, None).await.unwrap();
    }
    let names: Vec<_> = checkpoints.list("pause/").await.unwrap().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["pause/kingdee", "pause/sharecrm"]);
}
