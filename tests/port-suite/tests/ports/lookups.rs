use std::time::Duration;

use relay_core::clock::Clock as _;
use relay_core::{EntryId, UnknownCode};

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

/// What a table holds, without expiry.
async fn held(ports: &Ports, table: Option<&str>) -> Vec<(String, String, String)> {
    let rows = ports.stores.lookups.list(table).await.unwrap();
    rows.into_iter().map(|row| (row.table, row.code, row.id)).collect()
}

fn pairs(ids: &[(&str, &str)]) -> Vec<(String, String)> {
    ids.iter().map(|(code, id)| ((*code).to_owned(), (*id).to_owned())).collect()
}

#[tokio::test]
async fn a_table_is_written_listed_and_replaced_as_a_whole_and_others_are_left_alone() {
    let ports = Ports::open().await;
    let lookups = &ports.stores.lookups;
    let row = |table: &str, code: &str, id: &str| (table.to_owned(), code.to_owned(), id.to_owned());
    let hour = ports.clock.now() + Duration::from_secs(3600);
    lookups.put("kingdee.unit", "件", "9", Some(hour)).await.unwrap();
    let long = "规格".repeat(2_500);
    let ids = [("华东/一", "R1"), (long.as_str(), "R2"), ("", "{}")];
    lookups.put_all("table.region", &pairs(&ids)).await.unwrap();
    // A name that the other begins with, and one that an item's id escapes.
    lookups.put_all("table.region2", &pairs(&[("a", "1")])).await.unwrap();
    lookups.put_all("table.a/b%", &pairs(&[("c", "2")])).await.unwrap();
    let whole = [("", "{}"), ("华东/一", "R1"), (long.as_str(), "R2")];
    assert_eq!(
        held(&ports, Some("table.region")).await,
        whole.map(|(code, id)| row("table.region", code, id))
    );
    let all = held(&ports, None).await;
    assert_eq!(all.len(), 6, "{all:.99?}");
    assert!(all.contains(&row("table.a/b%", "c", "2")) && all.contains(&row("kingdee.unit", "件", "9")));

    lookups.put_all("table.region", &pairs(&[("华东/一", "R9")])).await.unwrap();
    assert_eq!(held(&ports, Some("table.region")).await.len(), 3, "beside what it holds");
    let many: Vec<_> = (0..60).map(|n| (format!("S{n:02}"), n.to_string())).collect();
    lookups.replace("table.region", &many).await.unwrap();
    let now: Vec<_> = many.iter().map(|(code, id)| row("table.region", code, id)).collect();
    assert_eq!(held(&ports, Some("table.region")).await, now);
    lookups.replace("table.region", &[]).await.unwrap();
    assert!(held(&ports, Some("table.region")).await.is_empty());
    assert_eq!(held(&ports, Some("table.region2")).await, [row("table.region2", "a", "1")]);
    ports.wait(3600);
    assert!(held(&ports, Some("kingdee.unit")).await.is_empty(), "it has expired");
}

#[tokio::test]
async fn who_waits_for_a_code_is_known_by_the_code_page_by_page_until_released() {
    let ports = Ports::open().await;
    let lookups = &ports.stores.lookups;
    let code = |table: &str, code: &str| UnknownCode { table: table.to_owned(), code: code.to_owned() };
    let (ours, other) = (code("kingdee.material", "甲/1"), code("kingdee.material", "甲"));
    let began = ports.clock.now();
    let mut documents = Vec::new();
    for number in 0..7 {
        let document = EntryId::new(if number % 2 == 0 { "orders" } else { "notes" }, format!("K/{number}"));
        lookups.wait(&ours, &document).await.unwrap();
        documents.push(document);
    }
    lookups.wait(&ours, &documents[3]).await.unwrap();
    lookups.wait(&other, &documents[0]).await.unwrap();

    let (mut read, mut after) = (Vec::new(), None);
    loop {
        let page = lookups.waiting(&ours, after.as_ref(), 3).await.unwrap();
        read.extend(page.iter().map(|waiter| waiter.document.clone()));
        assert!(page.iter().all(|waiter| (waiter.since - began).num_seconds().abs() <= 1));
        let is_last = page.len() < 3;
        after = page.into_iter().last().map(|waiter| waiter.document);
        if is_last {
            break;
        }
    }
    read.sort();
    documents.sort();
    assert_eq!(read, documents, "each once");

    lookups.release(&ours, &documents[1..]).await.unwrap();
    let left = lookups.waiting(&ours, None, 10).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].document, documents[0]);
    assert_eq!(lookups.waiting(&other, None, 10).await.unwrap().len(), 1, "the codes do not mix");
}
