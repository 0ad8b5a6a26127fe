use local_aws::on_the_stack;
use local_aws::stack::minutes_ago;
use relay_simulators::qince::{Digest, PushStyle, Story};

#[test]
#[ignore = "needs the local AWS: tests/local-aws/run"]
fn a_push_reaches_crm_and_erp_once() {
    on_the_stack(async |stack| {
        let qince = &stack.vendors.qince;
        let order = qince.order(minutes_ago(1));
        let id = order["id"].as_str().unwrap();
        // Twice, the second time as if our answer had been lost.
        for push in qince.tell(Story::Redelivered, &order) {
            assert_eq!(stack.push(&push).await.unwrap(), (200, true));
        }
        stack.until_quiet().await.unwrap();

        let records = stack.vendors.sharecrm.records();
        let record = &records[&("erpSalesOrderObj".to_owned(), id.to_owned())];
        assert_eq!(record.history.len(), 1);
        assert_eq!(record.current().unwrap()["masterFieldVal"]["receive_addr"], order["receive_addr"]);
        let pushed = &stack.vendors.wangdian.pushed_orders()[id];
        assert_eq!((pushed.creates, pushed.updates, pushed.repeats), (1, 0, 0));
    });
}

#[test]
#[ignore = "needs the local AWS: tests/local-aws/run"]
fn a_bad_digest_is_401_and_nothing_is_stored() {
    on_the_stack(async |stack| {
        let qince = &stack.vendors.qince;
        let order = qince.order(minutes_ago(1));
        let id = order["id"].as_str().unwrap();
        for digest in [Digest::Wrong, Digest::Tampered] {
            let push = qince.push(&order, &PushStyle { digest, ..PushStyle::default() });
            assert_eq!(stack.push(&push).await.unwrap(), (401, false));
        }
        stack.until_quiet().await.unwrap();
        for flow in ["direct-order-to-sharecrm", "direct-order-to-wangdian"] {
            assert_eq!(stack.entry(flow, id).await.unwrap(), None);
        }
        assert!(!stack.vendors.wangdian.pushed_orders().contains_key(id));
    });
}
