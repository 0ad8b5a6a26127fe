use std::time::Duration;

use relay_core::life::Step;
use relay_simulators::Fault;
use serde_json::json;

use super::{bills, calls, cancelled, entry, house, of, pushed, saved, shipment, steps};
use crate::house::House;
use crate::process::{Process, failure, outcomes};

const AUDITED: &str = "then = [\"audit\"]\nchanges = \"WORD\"\nwhen_cancelled = \"refuse\"";
const CANCELS: &str = "then = [\"audit\"]\nwhen_cancelled = \"WORD\"";

fn under(word: &str) -> String {
    AUDITED.replace("WORD", word)
}

/// The first version, and what becomes of a second one under these words.
async fn changed(life: &str) -> (House, Process, Vec<relay_erp_pusher::Turn>) {
    let (house, folder) = house(1, life);
    let process = house.start();
    drop(folder);
    pushed(&house, &process, &shipment(1, 3)).await;
    let turns = pushed(&house, &process, &shipment(2, 5)).await;
    (house, process, turns)
}

#[tokio::test]
async fn a_newer_version_changes_no_bill_where_the_flow_says_nothing_or_refuses() {
    for life in ["then = [\"audit\"]", &under("refuse")] {
        let (house, _, turns) = changed(life).await;
        let (class, reason) = failure(&turns);
        assert!(class == "changed" && reason.contains("SO-1 (id "), "{class}: {reason}");
        assert_eq!(bills(&house), ["SO-1: 3 7 audited"]);
    }
}

/// As it was before flows could say it.
#[tokio::test]
async fn the_setting_for_all_bills_stands_in_where_a_flow_says_nothing() {
    let (house, _folder) = house(1, "closed_period = \"next_open_day\"");
    let house = house.with("KINGDEE_EDITS", "on");
    let process = house.start();
    pushed(&house, &process, &shipment(1, 3)).await;
    assert_eq!(outcomes(&pushed(&house, &process, &shipment(2, 5)).await), ["delivered"]);
    assert_eq!(bills(&house), ["SO-1: 5 7 saved"]);
}

#[tokio::test]
async fn edit_changes_a_bill_that_is_not_audited_and_refuses_one_that_is() {
    let (house, process, turns) = changed("changes = \"edit\"").await;
    assert_eq!(outcomes(&turns), ["delivered"]);
    assert_eq!(bills(&house), ["SO-1: 5 7 saved"]);
    // A person audits it.
    house.vendors.kingdee.set_audited("sal_outbound", &saved(&house)[0].id, true);
    let turns = pushed(&house, &process, &shipment(3, 6)).await;
    let (class, reason) = failure(&turns);
    assert!(class == "changed" && reason.contains("is audited in kingdee"), "{class}: {reason}");
    assert!(reason.contains("changes = \"reopen\""), "the way out: {reason}");
    assert_eq!(bills(&house), ["SO-1: 5 7 audited"]);
}

/// Saved, and not audited yet because that was refused: the newer version mends it.
#[tokio::test]
async fn edit_mends_a_bill_that_could_not_be_audited() {
    let (house, _folder) = house(1, &under("edit"));
    let process = house.start();
    house.vendors.kingdee.faults.inject_for("common_operate", Fault::InnerRefusal("库存不足".to_owned()));
    pushed(&house, &process, &shipment(1, 30)).await;
    assert_eq!(outcomes(&pushed(&house, &process, &shipment(2, 3)).await), ["delivered"]);
    assert_eq!(bills(&house), ["SO-1: 3 7 audited"]);
    assert!(process.failures().await.is_empty(), "the newer version settles the older one");
}

#[tokio::test]
async fn reopen_unaudits_changes_and_audits() {
    let (house, process, turns) = changed(&under("reopen")).await;
    assert_eq!(outcomes(&turns), ["delivered"]);
    assert_eq!(bills(&house), ["SO-1: 5 7 audited"]);
    assert_eq!(steps(&house), ["audit", "unaudit", "audit"]);
    let bill = entry(&process).await.bills.remove(0);
    assert_eq!((bill.version.as_deref(), bill.stage), (Some("2026-11-22 12:00:02"), Some(Step::Audit)));
}

#[tokio::test]
async fn whichever_answer_of_reopen_is_lost_each_step_is_taken_once() {
    for lost in 1..=3 {
        let (house, _folder) = house(lost, &under("reopen"));
        let process = house.start();
        pushed(&house, &process, &shipment(1, 3)).await;
        match lost {
            1 => house.vendors.kingdee.faults.inject_for("common_operate", Fault::LostAnswer),
            2 => house.vendors.kingdee.faults.inject_for("sal_outbound_save", Fault::LostAnswer),
            // The second of the two: the first only takes its time.
            _ => {
                let slow = Fault::Slow(std::time::Duration::from_millis(1));
                house.vendors.kingdee.faults.inject_for("common_operate", slow);
                house.vendors.kingdee.faults.inject_for("common_operate", Fault::LostAnswer);
            }
        }
        let turns = pushed(&house, &process, &shipment(2, 5)).await;
        assert!(process.failures().await.is_empty(), "lost answer {lost}: {:?}", outcomes(&turns));
        assert_eq!(bills(&house), ["SO-1: 5 7 audited"], "lost answer {lost}");
        assert_eq!(steps(&house), ["audit", "unaudit", "audit"], "lost answer {lost}");
        assert_eq!(calls(&house, "common_operate"), 3, "lost answer {lost}: none is repeated blindly");
    }
}

/// The change itself is refused: the bill stands open, and the failure says at which step.
#[tokio::test]
async fn a_change_that_is_refused_after_unauditing_stands_as_failed_and_the_next_version_mends_it() {
    let (house, _folder) = house(1, &under("reopen"));
    let process = house.start();
    pushed(&house, &process, &shipment(1, 3)).await;
    house.vendors.kingdee.faults.inject_for("sal_outbound_save", Fault::InnerRefusal("数量超限".to_owned()));
    let turns = pushed(&house, &process, &shipment(2, 5)).await;
    assert_eq!(failure(&turns).0, "refused");
    let failed = entry(&process).await.failed.unwrap();
    assert_eq!(failed.step, Some(Step::Save));
    assert_eq!(failed.target_id.as_deref(), Some(saved(&house)[0].id.as_str()));
    assert_eq!(outcomes(&pushed(&house, &process, &shipment(3, 4)).await), ["delivered"]);
    assert_eq!(bills(&house), ["SO-1: 4 7 audited"]);
    assert_eq!(steps(&house), ["audit", "unaudit", "audit"]);
}

#[tokio::test]
async fn offset_takes_the_bill_back_and_makes_another_and_the_ledger_links_all_three() {
    let (house, process, turns) = changed(&under("offset")).await;
    assert_eq!(outcomes(&turns), ["delivered"]);
    assert_eq!(bills(&house), ["SO-1-B2: 5 7 audited", "SO-1-R1: -3 -7 audited", "SO-1: 3 7 audited"]);
    let red = house.vendors.kingdee.saved("sal_outbound", "SO-1-R1").remove(0);
    assert_eq!(red.body["remark"], json!("轻放;冲销SO-1"));
    assert_eq!(red.body["material_entity"][0]["tax_price"].to_string(), "10.01", "a price has no sign");
    let entry = entry(&process).await;
    let links: Vec<_> = entry.bills.iter().map(|bill| (bill.number.as_deref(), bill.takes_back)).collect();
    assert_eq!(links, [(Some("SO-1"), None), (Some("SO-1-R1"), Some(0)), (Some("SO-1-B2"), None)]);
    let blue = house.vendors.kingdee.saved("sal_outbound", "SO-1-B2").remove(0);
    let delivered = entry.delivered.unwrap();
    assert_eq!(delivered.target_id, Some(blue.id), "what counts now");
    assert_eq!(delivered.number.as_deref(), Some("SO-1-B2"));

    pushed(&house, &process, &shipment(3, 6)).await;
    let all = bills(&house);
    assert_eq!(all[1..3], ["SO-1-B4: 6 7 audited", "SO-1-R1: -3 -7 audited"]);
    assert_eq!(all[3], "SO-1-R3: -5 -7 audited");
}

#[tokio::test]
async fn whichever_answer_of_offset_is_lost_there_is_one_red_bill_and_one_blue_one() {
    for (lost, operation) in
        ["sal_outbound_save", "sal_outbound_save", "common_operate", "common_operate"].into_iter().enumerate()
    {
        let (house, _folder) = house(1, &under("offset"));
        let process = house.start();
        pushed(&house, &process, &shipment(1, 3)).await;
        if lost % 2 == 1 {
            let slow = Fault::Slow(std::time::Duration::from_millis(1));
            house.vendors.kingdee.faults.inject_for(operation, slow);
        }
        house.vendors.kingdee.faults.inject_for(operation, Fault::LostAnswer);
        pushed(&house, &process, &shipment(2, 5)).await;
        assert!(process.failures().await.is_empty(), "lost answer {lost}");
        let wanted = ["SO-1-B2: 5 7 audited", "SO-1-R1: -3 -7 audited", "SO-1: 3 7 audited"];
        assert_eq!(bills(&house), wanted, "lost answer {lost}");
        assert_eq!(calls(&house, "common_operate"), 3, "lost answer {lost}");
    }
}

/// A third version in the middle of it: what takes the first back is finished, and the second never counts.
#[tokio::test]
async fn a_newer_version_in_the_middle_of_an_offset_finishes_it() {
    let (house, _folder) = house(1, &under("offset"));
    let process = house.start();
    pushed(&house, &process, &shipment(1, 3)).await;
    house
        .vendors
        .kingdee
        .faults
        .inject_for("common_operate", Fault::InnerRefusal("稍等,不能审核".to_owned()));
    let turns = pushed(&house, &process, &shipment(2, 5)).await;
    assert!(failure(&turns).1.contains("audit of SO-1-R1"), "{:?}", failure(&turns));
    pushed(&house, &process, &shipment(3, 6)).await;
    assert_eq!(bills(&house), ["SO-1-B2: 6 7 audited", "SO-1-R1: -3 -7 audited", "SO-1: 3 7 audited"]);
    assert!(process.failures().await.is_empty());
}

#[tokio::test]
async fn a_cancelled_document_that_was_never_delivered_makes_no_bill_and_an_older_version_none_either() {
    let (house, _folder) = house(1, &CANCELS.replace("WORD", "delete"));
    let process = house.start();
    assert_eq!(outcomes(&pushed(&house, &process, &cancelled(2)).await), ["unchanged"]);
    assert_eq!(outcomes(&pushed(&house, &process, &shipment(1, 3)).await), ["skipped"]);
    assert_eq!(bills(&house), Vec::<String>::new());
}

#[tokio::test]
async fn a_cancellation_deletes_or_takes_back_as_the_flow_says() {
    let refused = "its source has cancelled it";
    let audited = "is audited in kingdee";
    for (word, left, why) in [
        ("refuse", vec!["SO-1: 3 7 audited"], Some(refused)),
        ("delete", vec!["SO-1: 3 7 audited"], Some(audited)),
        ("unaudit+delete", vec![], None),
        ("offset", vec!["SO-1-R1: -3 -7 audited", "SO-1: 3 7 audited"], None),
    ] {
        let (house, _folder) = house(1, &CANCELS.replace("WORD", word));
        let process = house.start();
        pushed(&house, &process, &shipment(1, 3)).await;
        let turns = pushed(&house, &process, &cancelled(2)).await;
        match why {
            Some(why) => assert!(failure(&turns).1.contains(why), "{word}: {:?}", failure(&turns)),
            None => assert_eq!(outcomes(&turns), ["delivered"], "{word}"),
        }
        assert_eq!(bills(&house), left, "{word}");
        // The same word once more does nothing.
        pushed(&house, &process, &cancelled(3)).await;
        assert_eq!(bills(&house), left, "{word}");
        if why.is_none() {
            assert_eq!(entry(&process).await.delivered.unwrap().target_id, None, "{word}: nothing counts");
        }
    }
}

#[tokio::test]
async fn delete_deletes_what_is_not_audited() {
    let (house, _folder) = house(1, "when_cancelled = \"delete\"");
    let process = house.start();
    pushed(&house, &process, &shipment(1, 3)).await;
    assert_eq!(outcomes(&pushed(&house, &process, &cancelled(2)).await), ["delivered"]);
    assert_eq!(bills(&house), Vec::<String>::new());
    assert_eq!(house.vendors.kingdee.deleted("sal_outbound").len(), 1);
}

#[tokio::test]
async fn a_deletion_whose_answer_was_lost_is_asked_after() {
    let (house, _folder) = house(1, "when_cancelled = \"delete\"");
    let process = house.start();
    pushed(&house, &process, &shipment(1, 3)).await;
    house.vendors.kingdee.faults.inject_for("common_operate", Fault::LostAnswer);
    pushed(&house, &process, &cancelled(2)).await;
    assert!(process.failures().await.is_empty());
    assert_eq!(calls(&house, "common_operate"), 1);
}

/// The first version may have arrived, and nobody knows: it is looked for.
#[tokio::test]
async fn a_bill_whose_answer_was_lost_is_deleted_when_its_source_cancels_it() {
    let (house, _folder) = house(1, "when_cancelled = \"delete\"");
    let process = house.start();
    house.vendors.kingdee.faults.inject_for("sal_outbound_save", Fault::LostAnswer);
    super::push(&house, &process, &shipment(1, 3)).await;
    process.work_once().await;
    assert_eq!(bills(&house), ["SO-1: 3 7 saved"]);
    pushed(&house, &process, &cancelled(2)).await;
    assert_eq!(bills(&house), Vec::<String>::new());
    assert!(process.failures().await.is_empty());
}

/// V1 tells no states: the bill is asked for by its number before it is taken back.
#[tokio::test]
async fn a_bill_that_a_person_has_deleted_is_not_taken_back() {
    for version in [cancelled(2), shipment(2, 5)] {
        let (house, _folder) = house(1, "changes = \"offset\"\nwhen_cancelled = \"offset\"");
        let house = house.with("KINGDEE_AUTH", "v1");
        let process = house.start();
        pushed(&house, &process, &shipment(1, 3)).await;
        house.vendors.kingdee.remove("sal_outbound", &saved(&house)[0].id);
        house.clock.advance(Duration::from_secs(300));
        let turns = pushed(&house, &process, &version).await;
        assert_eq!(bills(&house), Vec::<String>::new(), "{version}");
        if version["status"] == "cancelled" {
            assert!(process.failures().await.is_empty());
        } else {
            let (class, reason) = failure(&turns);
            assert!(class == "changed" && reason.contains("somebody has deleted it"), "{class}: {reason}");
        }
    }
}

#[tokio::test]
async fn what_was_cancelled_and_comes_back_is_made_anew() {
    let (house, _folder) = house(1, &CANCELS.replace("WORD", "unaudit+delete"));
    let process = house.start();
    pushed(&house, &process, &shipment(1, 3)).await;
    pushed(&house, &process, &cancelled(2)).await;
    assert_eq!(outcomes(&pushed(&house, &process, &of(shipment(3, 3), "note", "急")).await), ["delivered"]);
    assert_eq!(bills(&house), ["SO-1: 3 7 audited"]);
}
