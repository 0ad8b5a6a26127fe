//! What flow files say, said, and would make of what came.

use std::time::Duration;

use relay_core::EntryId;
use relay_core::archive::{Event, Record};
use relay_core::clock::Clock as _;
use relay_operations::trial::{Fate, FlowTrial, Stands};
use serde_json::json;

use crate::desk::{Desk, STOCK, TRADES};

const TEXT: &str = include_str!("../../../flows/trade-to-kingdee.toml");

/// A desk whose flows were begun with, and where two trades have come.
async fn desk() -> Desk {
    let desk = Desk::new();
    desk.register().await;
    let codes = "table,code,id\nkingdee.customer,S001,1\nkingdee.customer,S002,2\nkingdee.store,W1,3\nkingdee.material,SPU,4\nkingdee.unit,件,5\n";
    let imported = desk.ask().import_lookups(codes.as_bytes()).await.unwrap();
    assert_eq!(imported.mistakes, [""; 0]);
    for (key, shop) in [("JY1", "S001"), ("JY2", "S002")] {
        let line = json!({ "spec_no": "SPU", "num": "2", "share_price": "9.50", "unit_name": "件", "gift_type": "0" });
        let document = json!({
            "trade_no": key, "shop_no": shop, "warehouse_no": "W1", "trade_time": "2026-11-28 10:00:00",
            "modified": "2026-11-28 11:00:00", "goods_list": [line],
        });
        let record = Record {
            id: EntryId::new(TRADES, key),
            version: Some("2026-11-28 11:00:00".to_owned()),
            trace: "t".to_owned(),
            at: desk.clock.now(),
            event: Event::Received { document: document.to_string() },
        };
        desk.stores.archive.write(None, &[record]).await.unwrap();
    }
    desk
}

async fn tried(desk: &Desk, text: &str) -> FlowTrial {
    let connect = |_| Err("nobody is asked here".to_owned());
    let mut trial = desk.ask().try_text(TRADES, text, 100, &connect).await.unwrap();
    assert_eq!(trial.flows.len(), 1);
    trial.flows.remove(0)
}

#[tokio::test]
async fn a_changed_file_is_tried_with_the_documents_that_came_last() {
    let desk = desk().await;
    assert_eq!(tried(&desk, TEXT).await.stands, Stands::Same);

    let remark = tried(&desk, &TEXT.replace("[fields]\n", "[fields]\nremark = \"trade_no\"\n")).await;
    assert_eq!((remark.stands, remark.lines.len()), (Stands::Changed, 1));
    let with = remark.tried.unwrap();
    assert_eq!((with.documents, with.same, with.otherwise), (2, 0, 0));
    let [field] = &with.fields[..] else { panic!("{:?}", with.fields) };
    assert_eq!((field.field.as_str(), field.documents, &field.before), ("remark", 2, &None));
    assert!(field.after.as_ref().is_some_and(|after| *after == json!(field.such_as)), "{field:?}");

    let comment = tried(&desk, &format!("# another comment\n{TEXT}")).await;
    assert_eq!(comment.tried.map(|tried| (tried.documents, tried.same)), Some((2, 2)));

    let filter =
        tried(&desk, &TEXT.replace("version  =", "filter   = \"shop_no = 'S001'\"\nversion  =")).await;
    let filter = filter.tried.unwrap();
    assert_eq!((filter.same, filter.otherwise), (1, 1));
    let [left_out] = &filter.named[..] else { panic!("{:?}", filter.named) };
    assert_eq!(
        (left_out.key.as_str(), &left_out.before, &left_out.after),
        ("JY2", &Fate::Sent, &Fate::LeftOut)
    );

    let price = tried(&desk, &TEXT.replace("\"share_price\", absent", "\"no_such_price\", absent")).await;
    // The list of a trade's fields is complete, so that a field that is none is a mistake.
    assert_eq!(price.stands, Stands::Broken, "{price:?}");
    assert!(price.mistakes.iter().any(|mistake| mistake.contains("no_such_price")), "{:?}", price.mistakes);

    let line = TEXT
        .replace("{ from = \"share_price\", absent = \"error\" }", "{ from = \"paid\", absent = \"error\" }");
    let fails = tried(&desk, &line).await.tried.unwrap();
    assert_eq!((fails.same, fails.otherwise), (0, 2), "{fails:?}");
    assert!(
        fails.named.iter().all(|it| matches!(&it.after, Fate::Fails(why) if why.contains("paid"))),
        "{fails:?}"
    );
}

#[tokio::test]
async fn a_flow_without_a_file_and_a_new_one_are_told() {
    let desk = desk().await;
    let connect = |_| Err("nobody is asked here".to_owned());
    let file = |name: &str| relay_job::FlowFile {
        name: name.to_owned(),
        file: format!("{name}.toml"),
        text: TEXT.to_owned(),
    };
    let flows = relay_job::Flows::sound([file(TRADES), file("another")], &relay_connectors::catalog());
    let trial = desk.ask().try_flows(&flows, None, 10, &connect).await.unwrap();
    let stands: Vec<_> = trial.flows.iter().map(|it| (it.flow.as_str(), it.stands)).collect();
    assert_eq!(stands, [("another", Stands::New), (STOCK, Stands::Gone), (TRADES, Stands::Same)]);
}

#[tokio::test]
async fn what_has_changed_in_a_flow_file_is_told_with_its_time() {
    let mut desk = desk().await;
    desk.ask().note_flow_texts().await.unwrap();
    // Begun with once more, it is the same.
    desk.ask().note_flow_texts().await.unwrap();
    let first = desk.ask().flow(TRADES).await.unwrap();
    assert_eq!((first.changes.len(), first.not_begun.len(), first.text.as_str()), (1, 0, TEXT));

    desk.clock.advance(Duration::from_secs(3_600));
    desk.edit(TRADES, &format!("# for the winter\n{TEXT}"));
    let edited = desk.ask().flow(TRADES).await.unwrap();
    assert_eq!(
        edited.not_begun.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(),
        ["# for the winter"]
    );
    assert_eq!(edited.changes.len(), 1);

    desk.register().await;
    desk.ask().note_flow_texts().await.unwrap();
    let begun = desk.ask().flow(TRADES).await.unwrap();
    assert!(begun.not_begun.is_empty(), "{:?}", begun.not_begun);
    let lines: Vec<_> = begun.changes.iter().map(|change| change.lines.len()).collect();
    assert_eq!((lines, begun.changes[0].since), (vec![1, 0], desk.clock.now()));
    assert!(desk.ask().flow("trade-to-kingde").await.is_err());
}
