use std::time::Duration;

use relay_core::clock::Clock as _;

use super::Ports;

#[tokio::test]
async fn an_id_is_known_until_it_expires_and_an_imported_one_for_good() {
    let ports = Ports::open().await;
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

#[tokio::test]
async fn many_odd_codes_are_read_at_once() {
    let ports = Ports::open().await;
    let lookups = &ports.stores.lookups;
    let long = |end: &str| format!("{}{end}", "规格".repeat(2_500));
    let odd = ["".to_owned(), "南京/仓#1".to_owned(), long("a"), long("b")];
    let codes: Vec<_> = odd.into_iter().chain((0..250).map(|n| format!("S{n}"))).collect();
    let codes: Vec<_> = codes.into_iter().map(|code| ("kingdee.material".to_owned(), code)).collect();
    for (place, (table, code)) in codes.iter().enumerate() {
        lookups.put(table, code, &place.to_string(), None).await.unwrap();
    }
    // A document names a material in many lines.
    let asked = [codes.clone(), codes.clone()].concat();
    let found = lookups.get(&asked).await.unwrap();
    assert_eq!(found.len(), codes.len());
    for (place, code) in codes.iter().enumerate() {
        assert_eq!(found[code], place.to_string(), "{:.20}", code.1);
    }
    assert!(lookups.get(&[]).await.unwrap().is_empty());
    lookups.put("kingdee.material", "S1", "", None).await.unwrap();
    assert_eq!(lookups.get(&codes[5..6]).await.unwrap()[&codes[5]], "", "the last one written");
}
