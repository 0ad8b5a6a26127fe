//! Names that nobody knows are wrong usage, with what was perhaps meant; documents that nobody knows are not.

use relay_operations::OperationError;

use crate::desk::{Desk, TRADES};

/// The error's words, and whether it is wrong usage.
fn told<T: std::fmt::Debug>(answer: Result<T, OperationError>) -> (String, bool) {
    let error = answer.unwrap_err();
    (error.to_string(), error.is_wrong_usage())
}

#[tokio::test]
async fn a_flow_or_a_target_that_nobody_knows_is_wrong_usage_with_the_one_that_was_meant() {
    let desk = Desk::new();
    let ask = desk.ask();
    let flow = "`trade-to-kingde` is no flow: did you mean `trade-to-kingdee`? (the flows are stock-to-sharecrm, \
                trade-to-kingdee)";
    for answer in [
        told(ask.failures(Some("trade-to-kingde")).await),
        told(ask.show("trade-to-kingde", "JY1").await),
        told(ask.replay_all(Some("trade-to-kingde")).await),
        told(ask.settle("trade-to-kingde", "JY1", None, "李").await),
    ] {
        assert_eq!(answer, (flow.to_owned(), true));
    }
    let (words, is_wrong_usage) = told(ask.dead_letters(Some("kingdom")).await);
    assert!(
        is_wrong_usage && words.contains("the targets are http, kingdee, mail, qince, sharecrm, wangdian"),
        "{words}"
    );
    for (name, meant) in [("kingde", "kingdee"), ("stock-to-sharcrm", "stock-to-sharecrm")] {
        for (words, is_wrong_usage) in
            [told(ask.pause(name, "", "李", None).await), told(ask.resume(name).await)]
        {
            assert!(is_wrong_usage && words.contains(&format!("did you mean `{meant}`?")), "{words}");
        }
    }
}

#[tokio::test]
async fn names_in_a_flows_place_are_known() {
    let desk = Desk::new();
    for name in ["unreadable", "qince/unrouted", "qince/unreadable"] {
        assert!(desk.ask().failures(Some(name)).await.unwrap().is_empty(), "{name}");
    }
    assert!(desk.ask().failures(Some("nobody/unrouted")).await.is_err());
}

#[tokio::test]
async fn a_document_that_nobody_knows_or_that_has_not_failed_is_no_wrong_usage() {
    let desk = Desk::new();
    desk.refused(TRADES, "JY202611220001").await;
    let ask = desk.ask();
    for answer in [
        told(ask.show(TRADES, "JY20261122001").await),
        told(ask.replay(TRADES, "JY20261122001").await),
        told(ask.settle(TRADES, "JY20261122001", None, "李").await),
    ] {
        assert!(answer.0.contains("did you mean `JY202611220001`?") && !answer.1, "{answer:?}");
    }
    ask.settle(TRADES, "JY202611220001", None, "李").await.unwrap();
    let answer = told(ask.replay(TRADES, "JY202611220001").await);
    assert_eq!(answer.0, "the document `JY202611220001` of the flow `trade-to-kingdee` has not failed");
}
