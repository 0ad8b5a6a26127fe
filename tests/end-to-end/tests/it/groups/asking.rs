use relay_bill_closer::BillCloser;
use relay_core::clock::Deadline;
use relay_job::Job as _;
use relay_operations::delivered::Wanted;
use relay_operations::groups;
use relay_operations::language::Language;
use serde_json::json;

use super::{BY_DAY, FLOW, GROUP, TO_KINGDEE, cancelled, close, order, push, to_http, with_flow};

#[tokio::test]
async fn a_member_tells_its_bills_and_a_bill_its_members_and_a_person_closes_a_group() {
    let (house, _folder) = to_http(11, BY_DAY, "\"supplement\"");
    let process = house.start();
    push(&house, &process, &order("A", 1, &[("X", "5", "50.00")])).await;
    push(&house, &process, &order("B", 1, &[("X", "1", "10.00")])).await;
    process.drain().await;
    let operations = process.operations();
    let listed = operations.groups(None).await.unwrap().remove(0);
    assert_eq!((listed.group.as_str(), listed.sealed_at), (GROUP, None));
    assert_eq!(
        listed.due.map(|due| due.to_rfc3339()),
        Some("2026-11-22T18:00:00+00:00".to_owned()),
        "two at night in China"
    );
    let group = operations.show(FLOW, "A").await.unwrap().group.unwrap();
    assert_eq!((group.group.as_str(), group.bills.len()), (GROUP, 0));

    assert_eq!(close(&process).await.closed, 0);
    operations.close_group(None, GROUP).await.unwrap();
    assert_eq!(close(&process).await.bills, 1, "a person has asked for it");
    process.drain().await;
    let group = operations.show(FLOW, "A").await.unwrap().group.unwrap();
    assert_eq!(group.bills, ["S001/2026-11-22-1"]);
    let bill = operations.show(FLOW, "S001/2026-11-22-1").await.unwrap();
    let members: Vec<_> = bill.group.unwrap().members.into_iter().map(|member| member.key).collect();
    assert_eq!(members, ["A", "B"]);
    let shown = operations.group(Some(FLOW), GROUP).await.unwrap();
    assert!(shown.members.iter().all(|member| member.is_sealed && member.seals == [1]));
    assert_eq!(shown.seals[0].bills[0].target_id.as_deref(), Some("R1"));
    let unknown = operations.group(None, "S001/2026-11-2").await.unwrap_err();
    assert!(unknown.to_string().contains("did you mean `S001/2026-11-22`"), "{unknown}");
    assert!(unknown.is_wrong_usage());
}

#[tokio::test]
async fn an_event_names_a_flow_that_has_groups() {
    let (house, _folder) = with_flow(10, TO_KINGDEE);
    let closer = house.start().wiring.build::<BillCloser>().unwrap();
    let answer = closer.invoke(json!({"flow": FLOW}), Deadline::NONE).await.unwrap();
    assert_eq!(answer["flows"][0]["flow"], FLOW);
    let error = closer.invoke(json!({"flow": "other"}), Deadline::NONE).await.unwrap_err().to_string();
    assert!(error.contains("`other` has no groups; the flows that have are: orders-by-day"), "{error}");
}

#[tokio::test]
async fn an_open_group_tells_what_it_would_be_closed_with_and_is_closed_with_that() {
    let (house, _folder) = with_flow(12, TO_KINGDEE);
    let process = house.start();
    push(&house, &process, &order("A", 1, &[("ML-250-24", "3", "10.00"), ("ML-1L-12", "1", "5.55")])).await;
    push(&house, &process, &order("B", 1, &[("ML-250-24", "2", "6.67")])).await;
    process.drain().await;
    let operations = process.operations();
    let mut listed = operations.groups(None).await.unwrap();
    assert_eq!(listed[0].closed_now, None, "its members are read where somebody asks");
    operations.note_closed_now(&mut listed).await.unwrap();
    let now = listed[0].closed_now.clone().unwrap();
    assert_eq!((now.members, now.unsealed, now.lines), (2, 2, 2));
    let numbers = [now.quantity(), now.amount()].map(|number| number.map(|number| number.to_string()));
    assert_eq!(numbers, [Some("6".to_owned()), Some("22.22".to_owned())]);
    assert_eq!(now.summed(), "qty 6, amount 22.22");
    let [bill] = &now.bills[..] else { panic!("{now:?}") };
    assert_eq!((bill.name.as_str(), bill.faults.len()), ("S001/2026-11-22-1", 0));
    let shown = operations.group(None, GROUP).await.unwrap();
    assert_eq!(shown.listed.closed_now.as_ref(), Some(&now));
    let csv = groups::csv(&listed, Language::English).unwrap();
    assert!(csv.ends_with(",2,1,2,6,22.22,\"qty 6, amount 22.22\"\n"), "{csv}");
    assert!(csv.contains("orders-by-day,S001/2026-11-22,2026-11-22 12:"), "{csv}");

    operations.close_group(None, GROUP).await.unwrap();
    close(&process).await;
    process.drain().await;
    let wanted = Wanted {
        flow: Some(FLOW.to_owned()),
        since: house.now() - chrono::TimeDelta::hours(1),
        until: house.now(),
        limit: None,
        amounts: true,
        by: None,
        after: None,
        grep: Some("@".to_owned()),
    };
    let delivered = operations.delivered(&wanted).await.unwrap().delivered;
    let of_bill = delivered.iter().find(|delivery| delivery.key == "@S001/2026-11-22-1").unwrap();
    assert_eq!(of_bill.content, now.content, "what was sent is what was told before");
    let mut listed = operations.groups(None).await.unwrap();
    operations.note_closed_now(&mut listed).await.unwrap();
    assert_eq!((listed.len(), &listed[0].closed_now), (1, &None), "nothing is open");

    push(&house, &process, &cancelled("B", 2)).await;
    process.drain().await;
    let now = operations.group(None, GROUP).await.unwrap().listed.closed_now.unwrap();
    assert_eq!((now.members, now.unsealed, now.lines), (1, 1, 1), "what is taken back");
    assert_eq!(now.summed(), "qty -2, amount -6.67");
    assert_eq!(now.amount().map(|amount| amount.to_string()).as_deref(), Some("-6.67"));
}

#[tokio::test]
async fn where_a_target_is_not_summed_what_the_flow_sums_is_told() {
    let (house, _folder) = to_http(13, BY_DAY, "\"red\"");
    let process = house.start();
    push(&house, &process, &order("A", 1, &[("X", "5", "50.00"), ("Y", "1", "1.00"), ("Z", "2", "2.00")]))
        .await;
    process.drain().await;
    let now = process.operations().group(None, GROUP).await.unwrap().listed.closed_now.unwrap();
    assert_eq!((now.bills.len(), now.lines), (2, 3), "two lines are all that a bill takes");
    assert_eq!((now.content.clone(), now.amount()), (None, None));
    assert_eq!(now.quantity().map(|quantity| quantity.to_string()).as_deref(), Some("8"));
    assert_eq!(now.summed(), "qty 8, amount 53.00");
}
