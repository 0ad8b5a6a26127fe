use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use relay_core::EntryId;
use relay_core::archive::{Event, Exchange, Record};
use relay_core::clock::{Clock as _, Rng as _, SystemRng};

use super::Ports;

const DAY: u64 = 86_400;

impl Ports {
    /// Writes a batch as the pusher does, and answers where the ledger's entries would point to.
    async fn archive(&self, records: &[Record]) -> Vec<String> {
        let location = self.stores.archive.location(self.clock.now(), &SystemRng);
        self.stores.archive.write(location.as_deref(), records).await.unwrap();
        location.into_iter().collect()
    }

    async fn history(&self, id: &EntryId, locations: &[String]) -> Vec<Record> {
        self.stores.archive.read(id, locations).await.unwrap()
    }
}

fn record(id: &EntryId, at: DateTime<Utc>, event: Event) -> Record {
    Record { id: id.clone(), version: Some("1".to_owned()), trace: "trace".to_owned(), at, event }
}

fn received(id: &EntryId, at: DateTime<Utc>) -> Record {
    record(id, at, Event::Received { document: format!("{{\"买家\":\"{}\"}}", "苏果".repeat(50_000)) })
}

fn called(id: &EntryId, at: DateTime<Utc>) -> Record {
    let exchange = Exchange {
        vendor: "kingdee".to_owned(),
        operation: "/sal_order_save".to_owned(),
        parameters: vec![("page".to_owned(), "1".to_owned())],
        body: "{\"number\":\"JY1\"}".to_owned(),
        answer: Err("no answer came".to_owned()),
        duration: Duration::from_millis(310),
    };
    record(id, at, Event::Called(exchange))
}

fn ended(id: &EntryId, at: DateTime<Utc>) -> Record {
    record(id, at, Event::Ended { outcome: "delivered".to_owned(), message: None, attempt: 2 })
}

#[tokio::test]
async fn what_happened_to_a_document_is_read_back_oldest_first_without_that_of_others() {
    let ports = Ports::open().await;
    let (now, one, other) = (ports.clock.now(), EntryId::new("f", "k"), EntryId::new("f", "k2"));
    let at = |seconds| now + TimeDelta::seconds(seconds);
    let records = [received(&one, at(0)), received(&other, at(0)), called(&one, at(1)), ended(&other, at(2))];
    let mut locations = ports.archive(&records).await;
    locations.extend(ports.archive(&[called(&one, at(5)), ended(&one, at(6))]).await);

    let expected = [received(&one, at(0)), called(&one, at(1)), called(&one, at(5)), ended(&one, at(6))];
    assert!(ports.history(&one, &locations).await == expected);
    assert!(ports.history(&other, &locations).await == [received(&other, at(0)), ended(&other, at(2))]);
    assert!(ports.history(&EntryId::new("g", "k"), &locations).await.is_empty(), "the key of another flow");
}

#[tokio::test]
async fn histories_are_found_by_their_time_or_their_locations_tell_the_day() {
    let ports = Ports::open().await;
    let began = ports.clock.now();
    let mut locations = Vec::new();
    for (flow, key) in [("f", "1"), ("g", "2"), ("f", "3"), ("f", "4")] {
        ports.wait(60);
        let (id, now) = (EntryId::new(flow, key), ports.clock.now());
        locations = ports.archive(&[called(&id, now), ended(&id, now)]).await;
    }
    let (archive, now) = (&ports.stores.archive, ports.clock.now());
    let Some((page, next)) = archive.between(None, (began, now), None, 3).await.unwrap() else {
        let days = [began.date_naive(), now.date_naive()];
        let day = locations.first().and_then(|location| archive.day_of(location));
        assert!(day.is_some_and(|day| days.contains(&day)), "{locations:?}");
        assert_eq!(archive.day_of("elsewhere"), None);
        return;
    };
    let keys = |page: &[Vec<Record>]| page.iter().map(|it| it[0].id.key.clone()).collect::<Vec<_>>();
    assert_eq!(keys(&page), ["4", "3", "2"], "the latest first");
    assert!(page.iter().all(|history| history.len() == 2));
    let (rest, end) = archive.between(None, (began, now), next.as_deref(), 3).await.unwrap().unwrap();
    assert_eq!((keys(&rest), end), (vec!["1".to_owned()], None));
    let (of_flow, _) = archive.between(Some("g"), (began, now), None, 3).await.unwrap().unwrap();
    assert_eq!(keys(&of_flow), ["2"]);
    let soon = (began, began + TimeDelta::seconds(130));
    assert_eq!(keys(&archive.between(None, soon, None, 9).await.unwrap().unwrap().0), ["2", "1"]);
    ports.wait(31 * DAY);
    let later = (began, ports.clock.now());
    assert_eq!(archive.between(None, later, None, 9).await.unwrap(), Some((Vec::new(), None)), "it is gone");
}

#[tokio::test]
async fn what_cannot_be_made_small_is_kept_as_well() {
    let ports = Ports::open().await;
    let (now, id) = (ports.clock.now(), EntryId::new("f", "k"));
    let large = record(&id, now, Event::Received { document: hard_to_pack(500_000) });
    let small = ended(&id, now + TimeDelta::seconds(1));
    let mut locations = ports.archive(std::slice::from_ref(&large)).await;
    locations.extend(ports.archive(std::slice::from_ref(&small)).await);
    assert!(ports.history(&id, &locations).await == [large, small]);
}

#[tokio::test]
async fn histories_that_resemble_each_other_are_told_apart() {
    let ports = Ports::open().await;
    let ids = [1, 2, 3].map(|key| EntryId::new("f", key.to_string()));
    let mut locations = Vec::new();
    let history = |id: &EntryId, now: DateTime<Utc>| {
        let document = format!("{{\"id\":\"{}\",\"buyer\":\"苏果超市\",\"goods\":[\"YG-100-30\"]}}", id.key);
        [record(id, now, Event::Received { document }), called(id, now), ended(id, now)]
    };
    let mut written = Vec::new();
    for (hour, id) in ids.iter().enumerate() {
        // The second soon after the first, the third much later.
        ports.wait(if hour == 2 { 2 * 3_600 } else { 60 });
        let records = history(id, ports.clock.now());
        locations.push(ports.archive(&records).await);
        written.push(records);
    }
    for ((id, locations), records) in ids.iter().zip(&locations).zip(&written) {
        assert!(ports.history(id, locations).await == *records, "alone");
    }
    // One that is read whole is found among the others.
    let all = locations.concat();
    assert!(ports.history(&ids[1], &all).await == written[1]);
}

/// Text of which no part says anything about another.
fn hard_to_pack(length: usize) -> String {
    let mut text = String::with_capacity(length + 32);
    while text.len() < length {
        text.push_str(&SystemRng.uuid().simple().to_string());
    }
    text
}

#[tokio::test]
async fn a_batch_that_nothing_happened_in_is_written_as_nothing() {
    let ports = Ports::open().await;
    let locations = ports.archive(&[]).await;
    assert!(ports.history(&EntryId::new("f", "k"), &locations).await.is_empty());
}

#[tokio::test]
async fn history_is_gone_after_thirty_days() {
    let ports = Ports::open().await;
    let id = EntryId::new("f", "k");
    let mut locations = ports.archive(&[received(&id, ports.clock.now())]).await;
    ports.wait(29 * DAY);
    let late = ended(&id, ports.clock.now());
    locations.extend(ports.archive(std::slice::from_ref(&late)).await);
    assert_eq!(ports.history(&id, &locations).await.len(), 2);
    ports.wait(2 * DAY);
    assert!(ports.history(&id, &locations).await == [late]);
}
