use relay_core::ledger::update;
use relay_core::{EntryId, Stores};

use super::Ports;

/// Notes numbers of a document.
async fn note(stores: &Stores, flow: &str, key: &str, numbers: &[&str]) {
    let numbers: Vec<_> = numbers.iter().map(|number| (*number).to_owned()).collect();
    let id = EntryId::new(flow, key);
    update(stores.ledger.as_ref(), &id, None, |entry| entry.found_by(&numbers)).await.unwrap();
}

async fn found(stores: &Stores, number: &str) -> Vec<String> {
    let mut found: Vec<_> = stores.ledger.find(number).await.unwrap();
    found.sort();
    found.into_iter().map(|EntryId { flow, key }| format!("{flow} {key}")).collect()
}

#[tokio::test]
async fn a_document_is_found_by_each_of_its_numbers_over_all_flows() {
    let ports = Ports::open().await;
    let stores = &ports.stores;
    note(stores, "trade-to-kingdee", "JY1", &["T1001", "SF2002"]).await;
    note(stores, "trade-to-wecom", "JY1", &["T1001"]).await;
    note(stores, "trade-to-kingdee", "JY/2", &["T1001", "编号/1"]).await;
    assert_eq!(
        found(stores, "T1001").await,
        ["trade-to-kingdee JY/2", "trade-to-kingdee JY1", "trade-to-wecom JY1"]
    );
    assert_eq!(found(stores, "SF2002").await, ["trade-to-kingdee JY1"]);
    assert_eq!(found(stores, "编号/1").await, ["trade-to-kingdee JY/2"]);
    for other in ["T100", "T10011", "t1001", "JY1", ""] {
        assert_eq!(found(stores, other).await, Vec::<String>::new(), "{other}");
    }
}

#[tokio::test]
async fn a_number_that_comes_with_a_later_version_is_found_beside_those_before() {
    let ports = Ports::open().await;
    let stores = &ports.stores;
    note(stores, "f", "JY1", &["T1001"]).await;
    note(stores, "f", "JY1", &["T1001", "SF2002"]).await;
    note(stores, "f", "JY1", &["SF2002"]).await;
    for number in ["T1001", "SF2002"] {
        assert_eq!(found(stores, number).await, ["f JY1"]);
    }
    let id = EntryId::new("f", "JY1");
    let entry = stores.ledger.read(std::slice::from_ref(&id)).await.unwrap().remove(&id).unwrap();
    assert_eq!(entry.numbers.all(), ["T1001", "SF2002"]);
}

#[tokio::test]
async fn of_many_numbers_those_that_a_document_has_are_told() {
    let ports = Ports::open().await;
    let stores = &ports.stores;
    note(stores, "orders", "A", &["TB1000", "SF1000"]).await;
    note(stores, "shipping", "B", &["TB1000"]).await;
    let numbers: Vec<_> = (100..190).chain([1_000]).map(|number| format!("TB{number}")).collect();
    let known = stores.ledger.known(&numbers).await.unwrap();
    assert_eq!(known.into_iter().collect::<Vec<_>>(), ["TB1000"], "and not TB100, which it begins with");
    assert!(stores.ledger.known(&[]).await.unwrap().is_empty());
}
