//! A pool's row that is split: its source hears of it when all of its parts have ended, and then once.

use relay_connector::{Class, Unacknowledged};
use relay_core::Outcome;
use serde_json::{Value, json};

use crate::bench::{Bench, names};
use crate::vendor::failure;

const SPLIT: &str = r#"
[source]
document = "shop.row"
key      = "number"
version  = "version"
params   = { shop_no = { setting = "SHOP_NO" } }

[target]
document = "shop.bill"

[split]
by = "lines.warehouse"

[fields]
number = "number"
amount = { compute = "sum(lines.amount)", as = "decimal" }
"#;

fn row(version: u32, lines: &[(&str, &str)]) -> Value {
    let lines: Vec<_> =
        lines.iter().map(|(warehouse, amount)| json!({"warehouse": warehouse, "amount": amount})).collect();
    json!({"number": 1, "version": version, "lines": lines})
}

/// What was told of the row, in order.
fn told(bench: &Bench) -> Vec<Result<(), String>> {
    let acknowledged = bench.vendor.acknowledged.lock().unwrap();
    acknowledged.iter().flat_map(|(_, rows)| rows).map(|(_, verdict)| verdict.clone()).collect()
}

#[tokio::test]
async fn a_row_is_acknowledged_when_the_last_of_its_parts_is_delivered() {
    let bench = Bench::of(&[("split", SPLIT)]);
    let item = bench.row("split", row(1, &[("A", "1"), ("B", "2")]));
    assert_eq!(names(&bench.worked(std::slice::from_ref(&item)).await), ["divided"]);
    assert!(told(&bench).is_empty(), "nothing is delivered");
    bench.vendor.deliveries.lock().unwrap().push_back(Ok(None));
    bench.vendor.deliveries.lock().unwrap().push_back(Err(failure(Class::Retry { after: None })));
    let turns = bench.work().await;
    assert_eq!(names(&turns), ["delivered", "retry"]);
    assert!(told(&bench).is_empty(), "one is not");
    let Outcome::Retry { wait, .. } = &turns[1].outcome else { panic!("{turns:?}") };
    bench.clock.advance(*wait);
    bench.work().await;
    assert_eq!(told(&bench), [Ok(())]);
    let amounts: Vec<_> =
        bench.vendor.delivered.lock().unwrap().iter().map(|body| body["amount"].clone()).collect();
    assert_eq!(amounts.last(), Some(&json!("2")), "each part has its own lines: {amounts:?}");

    // The row was read again before its acknowledgement had arrived.
    assert_eq!(names(&bench.worked(&[bench.row("split", item.document)]).await), ["skipped"]);
    assert_eq!(told(&bench), [Ok(()), Ok(())]);
}

#[tokio::test]
async fn a_row_with_a_part_that_fails_is_released_with_the_reason() {
    let bench = Bench::of(&[("split", SPLIT)]);
    bench.worked(&[bench.row("split", row(1, &[("A", "1"), ("B", "none")]))]).await;
    assert_eq!(names(&bench.work().await), ["delivered", "failed"]);
    let told = told(&bench);
    let [Err(reason)] = told.as_slice() else { panic!("it is told once, and not that it is done: {told:?}") };
    assert!(reason.starts_with("B: ") && reason.contains("amount"), "{reason}");
}

#[tokio::test]
async fn an_acknowledgement_that_fails_is_repeated_by_the_part_that_ended_last() {
    let bench = Bench::of(&[("split", SPLIT)]);
    let lost = Unacknowledged { place: 0, reason: "busy".to_owned(), class: Class::Retry { after: None } };
    bench.vendor.answers.lock().unwrap().push_back(Ok(vec![lost]));
    bench.worked(&[bench.row("split", row(1, &[("A", "1")]))]).await;
    let turns = bench.work().await;
    let Outcome::Retry { wait, .. } = &turns[0].outcome else { panic!("{turns:?}") };
    bench.clock.advance(*wait);
    assert_eq!(names(&bench.work().await), ["skipped"]);
    assert_eq!((told(&bench).len(), bench.left().await), (2, 0));
    assert_eq!(bench.vendor.delivered.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn what_a_version_withdraws_is_part_of_what_its_source_is_told() {
    let bench = Bench::of(&[("split", SPLIT)]);
    bench.worked(&[bench.row("split", row(1, &[("A", "1"), ("B", "2")]))]).await;
    bench.work().await;
    bench.worked(&[bench.row("split", row(2, &[("A", "1")]))]).await;
    assert_eq!(names(&bench.work().await), ["unchanged", "failed"]);
    let reason = told(&bench).pop().unwrap().unwrap_err();
    assert!(reason.starts_with("B: ") && reason.contains("undo it there by hand"), "{reason}");
    // A version after that withdraws nothing.
    bench.worked(&[bench.row("split", row(3, &[("A", "1")]))]).await;
    bench.work().await;
    assert_eq!(told(&bench).pop(), Some(Ok(())));
}
