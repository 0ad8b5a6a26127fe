//! Who waits for a queue is woken by what this process sends to it.

use std::sync::Arc;
use std::time::Duration;

use relay_core::clock::{Clock as _, SystemClock, timeout};
use relay_core::{Outgoing, System};
use relay_store_sqlite::Sqlite;

const KINGDEE: System = System::new("kingdee");
const SHARECRM: System = System::new("sharecrm");

fn message(name: &str) -> Outgoing {
    Outgoing { group: name.to_owned(), deduplication: name.to_owned(), body: "{}".to_owned() }
}

#[tokio::test]
async fn who_waits_is_woken_and_who_comes_later_need_not_wait() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(SystemClock);
    let queue = Sqlite::open(&folder.path().join("relay.db"), clock.clone()).unwrap().stores().queue;
    let arrives = async |system, most| timeout(clock.as_ref(), most, queue.arrives(system)).await.is_ok();
    let (long, short) = (Duration::from_secs(60), Duration::from_millis(50));
    assert!(!arrives(KINGDEE, short).await, "nothing has been sent");

    let send = async |name: &str| {
        clock.sleep(short).await;
        queue.send(KINGDEE, &[message(name)]).await.unwrap();
    };
    let (woken, ()) = tokio::join!(arrives(KINGDEE, long), send("one"));
    assert!(woken, "while he waits");
    assert!(!arrives(KINGDEE, short).await, "he has been told of it");

    queue.send_all(&[(KINGDEE, vec![message("two")]), (SHARECRM, vec![message("two")])]).await.unwrap();
    assert!(arrives(KINGDEE, long).await && arrives(SHARECRM, long).await, "before he waits");
    assert!(!arrives(SHARECRM, short).await);
}
