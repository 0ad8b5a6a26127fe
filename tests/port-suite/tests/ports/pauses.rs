use std::time::Duration;

use relay_core::clock::Clock as _;
use relay_core::{System, pause};

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
    assert_eq!(pack.until, midnight);
    assert_eq!(
        pause::current(checkpoints, System::new("sharecrm"), midnight).await.unwrap(),
        None,
        "it ends by itself"
    );
}
