use relay_core::clock::Clock as _;
use relay_core::tally::{self, Counted, Tallies, Tally};

use super::Ports;

const FLOW: &str = "trades";

impl Ports {
    fn tallies(&self) -> Tallies {
        Tallies::new(self.stores.checkpoints.clone(), self.clock.clone())
    }

    async fn tally(&self) -> Tally {
        tally::read(self.stores.checkpoints.as_ref(), FLOW, self.clock.now()).await.unwrap()
    }
}

fn read(read: u64) -> Counted {
    Counted { read, delivered: 0 }
}

#[tokio::test]
async fn a_process_adds_what_it_counts_once_a_minute_and_when_it_ends() {
    let ports = Ports::open().await;
    assert_eq!(ports.tally().await.all, Counted::default());
    let tallies = ports.tallies();
    tallies.count(FLOW, read(1)).await;
    assert_eq!(ports.tally().await.today, read(1), "the first at once");
    for _ in 0..100 {
        tallies.count(FLOW, read(2)).await;
    }
    assert_eq!(ports.tally().await.today, read(1), "no write for each");
    ports.wait(61);
    tallies.count(FLOW, Counted { read: 1, delivered: 5 }).await;
    assert_eq!(ports.tally().await.today, Counted { read: 202, delivered: 5 });
    tallies.count(FLOW, read(7)).await;
    tallies.flush().await;
    tallies.flush().await;
    assert_eq!(ports.tally().await.all, Counted { read: 209, delivered: 5 });
}

#[tokio::test]
async fn two_processes_count_together_and_a_new_day_begins_with_nothing() {
    let ports = Ports::open().await;
    let (one, other) = (ports.tallies(), ports.tallies());
    futures::join!(one.count(FLOW, read(3)), other.count(FLOW, read(4)));
    assert_eq!(ports.tally().await.today, read(7));
    ports.wait(86_400);
    let next_day = ports.tally().await;
    assert_eq!((next_day.today, next_day.all), (Counted::default(), read(7)));
    one.count(FLOW, read(1)).await;
    assert_eq!((ports.tally().await.today, ports.tally().await.all), (read(1), read(8)));
}
