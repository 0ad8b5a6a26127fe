use relay_bill_closer::BillCloser;
use relay_core::clock::Deadline;
use relay_job::Job as _;
use serde_json::json;

use super::{BY_DAY, FLOW, GROUP, TO_KINGDEE, close, order, push, to_http, with_flow};

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
