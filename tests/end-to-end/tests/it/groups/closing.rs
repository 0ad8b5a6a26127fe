use std::collections::BTreeMap;
use std::time::Duration;

use relay_bill_closer::Report;
use serde_json::json;

use super::{
    BY_DAY, FLOW, TO_KINGDEE, bills, cancelled, close, in_kingdee, night, order, push, seals, to_http,
    with_flow,
};
use crate::process::{count, failure, outcomes};

#[tokio::test]
async fn a_days_orders_become_one_bill_after_the_day_is_over() {
    let (house, _folder) = with_flow(1, TO_KINGDEE);
    let process = house.start();
    push(&house, &process, &order("A", 1, &[("ML-250-24", "3", "10.00"), ("ML-1L-12", "1", "5.55")])).await;
    push(&house, &process, &order("B", 1, &[("ML-250-24", "2", "6.67")])).await;
    assert_eq!(outcomes(&process.drain().await), ["delivered", "delivered"]);
    let delivered = process.entry(FLOW, "A").await.unwrap().delivered.unwrap();
    assert_eq!(
        delivered.target_id.as_deref(),
        Some("@S001/2026-11-22"),
        "the group is what it was delivered to"
    );
    assert_eq!(close(&process).await, Report { flow: FLOW.to_owned(), open: 1, ..Report::default() });
    assert_eq!(house.vendors.kingdee.creates().len(), 0, "the day is not over");

    night(&house);
    assert_eq!(
        close(&process).await,
        Report { flow: FLOW.to_owned(), closed: 1, bills: 1, ..Report::default() }
    );
    assert_eq!(outcomes(&process.drain().await), ["delivered"]);
    let (goods, creates) = in_kingdee(&house);
    assert_eq!(creates, BTreeMap::from([("XS-S001/2026-11-22-1".to_owned(), 1)]));
    let amounts: Vec<_> =
        goods.into_values().map(|(qty, amount)| (qty.to_string(), amount.to_string())).collect();
    assert!(amounts.contains(&("5".to_owned(), "16.67".to_owned())), "{amounts:?}");
    assert!(amounts.contains(&("1".to_owned(), "5.55".to_owned())), "{amounts:?}");
    let bill = process.entry(FLOW, "@S001/2026-11-22-1").await.unwrap().delivered.unwrap();
    assert!(bill.target_id.is_some_and(|id| id.len() == 19), "the target's own id");
    assert_eq!(
        close(&process).await,
        Report { flow: FLOW.to_owned(), ..Report::default() },
        "nothing is open"
    );
}

#[tokio::test]
async fn a_late_a_changed_and_a_withdrawn_order_make_a_supplement_of_the_difference() {
    let (house, _folder) = to_http(2, BY_DAY, "\"supplement\"");
    let process = house.start();
    push(&house, &process, &order("A", 1, &[("X", "5", "50.00")])).await;
    push(&house, &process, &order("B", 1, &[("Y", "2", "20.00")])).await;
    process.drain().await;
    night(&house);
    close(&process).await;
    process.drain().await;
    assert_eq!(bills(&house), ["S001/2026-11-22-1: X 5 50.00 10.0000, Y 2 20.00 10.0000"]);

    push(&house, &process, &order("A", 2, &[("X", "4", "40.00")])).await;
    push(&house, &process, &cancelled("B", 2)).await;
    push(&house, &process, &order("C", 1, &[("Y", "1", "9.99")])).await;
    assert_eq!(outcomes(&process.drain().await), ["delivered"; 3]);
    assert_eq!(close(&process).await.closed, 0, "what comes late waits for the others of its day");
    night(&house);
    assert_eq!(close(&process).await.bills, 1);
    process.drain().await;
    assert_eq!(bills(&house)[1], "S001/2026-11-22-2: X -1 -10.00 10.0000, Y -1 -10.01 10.0100");
    let members: Vec<_> = seals(&process).await[1]
        .members
        .iter()
        .map(|member| (member.key.clone(), member.is_withdrawn))
        .collect();
    assert_eq!(members, [("A".to_owned(), false), ("B".to_owned(), true), ("C".to_owned(), false)]);
}

#[tokio::test]
async fn what_is_taken_back_is_a_red_bill_where_the_flow_says_so() {
    let (house, _folder) = to_http(3, BY_DAY, "\"red\"");
    let process = house.start();
    push(&house, &process, &order("A", 1, &[("X", "5", "50.00"), ("Y", "1", "1.00")])).await;
    process.drain().await;
    night(&house);
    close(&process).await;
    push(&house, &process, &order("A", 2, &[("X", "5", "45.00"), ("Z", "2", "2.00")])).await;
    process.drain().await;
    night(&house);
    assert_eq!(close(&process).await.bills, 2);
    process.drain().await;
    assert_eq!(
        bills(&house)[1..],
        [
            "S001/2026-11-22-2-R: X -5 -50.00 10.0000, Y -1 -1.00 1.0000",
            "S001/2026-11-22-2: X 5 45.00 9.0000, Z 2 2.00 1.0000",
        ]
    );
}

#[tokio::test]
async fn more_lines_than_a_bill_takes_are_several_bills() {
    let (house, _folder) = to_http(4, BY_DAY, "\"supplement\"");
    let process = house.start();
    let lines = [("V", "1", "1"), ("W", "1", "1"), ("X", "1", "1"), ("Y", "1", "1"), ("Z", "1", "1")];
    push(&house, &process, &order("A", 1, &lines)).await;
    process.drain().await;
    night(&house);
    assert_eq!(close(&process).await.bills, 3);
    process.drain().await;
    let numbers: Vec<_> =
        bills(&house).iter().map(|bill| bill.split(": ").next().unwrap().to_owned()).collect();
    assert_eq!(numbers, ["S001/2026-11-22-1.1", "S001/2026-11-22-1.2", "S001/2026-11-22-1.3"]);
}

#[tokio::test]
async fn an_order_that_cannot_be_mapped_holds_no_group_up_and_comes_in_the_next_seal() {
    let (house, _folder) = with_flow(5, TO_KINGDEE);
    let process = house.start();
    push(&house, &process, &order("A", 1, &[("ML-250-24", "3", "10.00")])).await;
    push(&house, &process, &order("B", 1, &[("NEW", "1", "7.00")])).await;
    let mut wrong = order("C", 1, &[("ML-250-24", "1", "1.00")]);
    wrong["total"] = json!("1.01");
    push(&house, &process, &wrong).await;
    let turns = process.drain().await;
    assert_eq!(count(&turns, "failed"), 2);
    night(&house);
    close(&process).await;
    process.drain().await;
    assert_eq!(house.vendors.kingdee.creates().len(), 1);

    let unit = house.vendors.kingdee.add_unit("U9", "袋");
    house.vendors.kingdee.add_material("NEW", "新品", &[&unit]);
    for failed in process.failures().await {
        process.replay(failed).await;
    }
    let turns = process.drain().await;
    assert_eq!(
        (count(&turns, "delivered"), count(&turns, "failed")),
        (1, 1),
        "the amounts of C do not add up"
    );
    night(&house);
    assert_eq!(close(&process).await.bills, 1);
    process.drain().await;
    assert_eq!(seals(&process).await[1].members[0].key, "B");
}

/// A twelfth has no end: no sum of it is exact.
#[tokio::test]
async fn an_order_whose_quantity_cannot_be_summed_fails_alone_and_holds_no_group_up() {
    let (house, _folder) = to_http(6, BY_DAY, "\"supplement\"");
    let process = house.start();
    push(&house, &process, &order("A", 1, &[("X", "0.0833333333333333333333333333", "10.00")])).await;
    push(&house, &process, &order("B", 1, &[("X", "12.5", "10.00")])).await;
    let turns = process.drain().await;
    assert_eq!((count(&turns, "failed"), count(&turns, "delivered")), (1, 1));
    let reason = process.operations().show(FLOW, "A").await.unwrap().failures.remove(0).message;
    assert!(reason.starts_with("lines[0].qty: ") && reason.contains("more than 10 decimals"), "{reason}");
    night(&house);
    assert_eq!(
        close(&process).await,
        Report { flow: FLOW.to_owned(), closed: 1, bills: 1, ..Report::default() }
    );
    process.drain().await;
    assert_eq!(bills(&house), ["S001/2026-11-22-1: X 12.5 10.00 0.8000"]);
}

#[tokio::test]
async fn a_group_closes_by_size_and_by_age() {
    let (house, _folder) = to_http(7, "{ size = 2, every = \"30m\" }", "\"supplement\"");
    let process = house.start();
    push(&house, &process, &order("A", 1, &[("X", "1", "10.00")])).await;
    process.drain().await;
    assert_eq!(close(&process).await.closed, 0);
    push(&house, &process, &order("B", 1, &[("X", "1", "10.00")])).await;
    process.drain().await;
    assert_eq!(close(&process).await.bills, 1, "two that no seal holds");
    push(&house, &process, &order("C", 1, &[("X", "1", "10.00")])).await;
    process.drain().await;
    assert_eq!(close(&process).await.closed, 0);
    house.clock.advance(Duration::from_secs(31 * 60));
    assert_eq!(close(&process).await.bills, 1);
    process.drain().await;
    assert_eq!(bills(&house).len(), 2);
}

#[tokio::test]
async fn what_was_cancelled_before_it_was_ever_there_is_nothing() {
    let (house, _folder) = to_http(8, BY_DAY, "\"supplement\"");
    let process = house.start();
    push(&house, &process, &cancelled("A", 1)).await;
    assert_eq!(outcomes(&process.drain().await), ["skipped"]);
    night(&house);
    assert_eq!(close(&process).await, Report { flow: FLOW.to_owned(), ..Report::default() });
}

#[tokio::test]
async fn a_bill_whose_price_cannot_be_worked_out_stands_as_failed_and_is_replayed() {
    let (house, _folder) = with_flow(9, TO_KINGDEE);
    let process = house.start();
    push(&house, &process, &order("A", 1, &[("ML-250-24", "2", "10.00")])).await;
    push(&house, &process, &order("B", 1, &[("ML-250-24", "-2", "0.00")])).await;
    process.drain().await;
    night(&house);
    close(&process).await;
    let turns = process.drain().await;
    assert!(
        failure(&turns).1.contains("divides by zero"),
        "a quantity of nothing has no price: {:?}",
        failure(&turns)
    );
    let failed = process.failures().await.remove(0);
    assert_eq!(failed.id.key, "@S001/2026-11-22-1");
    process.replay(failed).await;
    assert_eq!(count(&process.drain().await, "failed"), 1);
}
