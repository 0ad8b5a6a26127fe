use std::time::Duration;

use relay_core::{DeadLetter, Outgoing, System};

use super::Ports;

const SYSTEM: System = System::new("kingdee");

impl Ports {
    /// Sends messages and has each of them received until it dies.
    async fn kill(&self, messages: &[(&str, &str)]) {
        let messages = messages.iter().map(|(group, body)| Outgoing {
            group: (*group).to_owned(),
            deduplication: (*body).to_owned(),
            body: (*body).to_owned(),
        });
        let messages: Vec<_> = messages.collect();
        self.stores.queue.send(SYSTEM, &messages).await.unwrap();
        for _ in 0..=1_000 {
            self.stores.queue.receive(SYSTEM, 10, Duration::ZERO).await.unwrap();
        }
        assert_eq!(self.stores.queue.dead(SYSTEM).await.unwrap(), messages.len() as u64);
    }

    async fn dead_letters(&self, limit: usize, after: Option<&DeadLetter>) -> Vec<DeadLetter> {
        let after = after.map(|letter| letter.id.as_str());
        self.stores.queue.dead_letters(SYSTEM, limit, after).await.unwrap()
    }

    async fn redrive(&self, ids: Option<&[String]>) -> u64 {
        self.stores.queue.redrive(SYSTEM, ids).await.unwrap()
    }
}

fn bodies(letters: &[DeadLetter]) -> Vec<&str> {
    letters.iter().map(|letter| letter.body.as_str()).collect()
}

#[tokio::test]
async fn dead_letters_are_listed_page_by_page_and_stay_where_they_are() {
    let ports = Ports::open().await;
    assert!(ports.dead_letters(10, None).await.is_empty());
    ports.kill(&[("a", "a1"), ("a", "a2"), ("b", "b1")]).await;
    for _ in 0..2 {
        let all = ports.dead_letters(10, None).await;
        assert_eq!(all.len(), 3, "{all:?}");
        let of_a: Vec<_> =
            all.iter().filter(|letter| letter.group == "a").map(|letter| &letter.body).collect();
        assert_eq!(of_a, ["a1", "a2"], "in the order they were sent");
        assert!(all.iter().all(|letter| letter.receive_count > 0), "{all:?}");
    }
    let first = ports.dead_letters(2, None).await;
    let mut rest = ports.dead_letters(2, first.last()).await;
    assert_eq!((first.len(), rest.len()), (2, 1));
    rest.extend(first);
    let mut paged = bodies(&rest);
    paged.sort_unstable();
    assert_eq!(paged, ["a1", "a2", "b1"]);
    assert!(ports.stores.queue.dead_letters(System::new("sharecrm"), 10, None).await.unwrap().is_empty());
    assert_eq!(ports.stores.queue.dead(SYSTEM).await.unwrap(), 3);
}

#[tokio::test]
async fn a_chosen_dead_letter_and_then_all_others_are_redriven_in_their_order() {
    let ports = Ports::open().await;
    ports.kill(&[("a", "a1"), ("a", "a2"), ("b", "b1")]).await;
    let all = ports.dead_letters(10, None).await;
    let chosen = all.iter().find(|letter| letter.body == "b1").unwrap().id.clone();
    assert_eq!(ports.redrive(Some(&[chosen, "not there".to_owned()])).await, 1);
    assert_eq!(ports.stores.queue.dead(SYSTEM).await.unwrap(), 2);
    let received = ports.stores.queue.receive(SYSTEM, 10, Duration::from_secs(60)).await.unwrap();
    let received: Vec<_> =
        received.iter().map(|message| (message.body.as_str(), message.receive_count)).collect();
    assert_eq!(received, [("b1", 1)], "as if it had never been received");

    assert_eq!(ports.redrive(None).await, 2);
    let received = ports.stores.queue.receive(SYSTEM, 10, Duration::from_secs(60)).await.unwrap();
    let received: Vec<_> =
        received.iter().map(|message| (message.body.as_str(), message.receive_count)).collect();
    assert_eq!(received, [("a1", 1), ("a2", 1)]);
    assert_eq!((ports.redrive(None).await, ports.stores.queue.dead(SYSTEM).await.unwrap()), (0, 0));
}
