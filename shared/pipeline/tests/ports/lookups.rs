use std::time::Duration;

use clock::Clock as _;

use super::Ports;

#[tokio::test]
async fn an_id_is_known_until_it_expires_and_an_imported_one_for_good() {
    let ports = Ports::sqlite();
    let lookups = &ports.stores.lookups;
    let code = |code: &str| ("kingdee.material".to_owned(), code.to_owned());
    let hour = ports.clock.now() + Duration::from_secs(3600);
    lookups.put("kingdee.material", "S01", "1234567890123456789", Some(hour)).await.unwrap();
    lookups.put("kingdee.material", "S02", "2", None).await.unwrap();
    let asked = [code("S01"), code("S02"), code("S03")];
    let found = lookups.get(&asked).await.unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(found[&code("S01")], "1234567890123456789");
    ports.wait(3600);
    let found = lookups.get(&asked).await.unwrap();
    assert_eq!(found.into_iter().collect::<Vec<_>>(), [(code("S02"), "2".to_owned())]);
    lookups.remove("kingdee.material", "S02").await.unwrap();
    assert!(lookups.get(&asked).await.unwrap().is_empty());
}
