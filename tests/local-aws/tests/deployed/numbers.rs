use chrono::TimeDelta;
use local_aws::stack::minutes_ago;
use local_aws::{Stack, again_and_again, on_the_stack};
use relay_simulators::Fault;

use crate::flows::{deploy, shipped_flows_and};
use crate::histories::{failures, id, push};

const TRANSFERS: &str = "order-to-transfer";

/// A flow to a document of WDT that is made once under our number, and not changed.
const FLOW: &str = r#"
[source]
document = "qince.direct_order"
key      = "id"
version  = "modify_time_str"

[target]
document = "wangdian.stock_transfer_push"

[fields]
outer_no          = "id"
from_warehouse_no = { value = "WH01" }
to_warehouse_no   = { value = "WH02" }
remark            = "remark"

[fields.skus]
each    = "prods"
spec_no = "product_code"
num     = "purchase_count"
"#;

#[test]
#[ignore = "needs the local AWS: tests/local-aws/run"]
fn a_transfer_behind_a_lost_answer_is_asked_for_by_its_number() {
    deploy(Some(&shipped_flows_and(&[(TRANSFERS, FLOW)])));
    again_and_again(&async |stack: &Stack| {
        let wangdian = &stack.vendors.wangdian;
        let calls = |name: &str| wangdian.calls().get(name).copied().unwrap_or(0);
        let (pushes, queries) = (calls("stock_transfer_push"), calls("stock_transfer_query"));
        let order = stack.vendors.qince.order(minutes_ago(10));
        let id = id(&order);
        wangdian.faults.inject_for("stock_transfer_push", Fault::LostAnswer);
        push(stack, &order).await;
        stack.until_quiet().await.unwrap();
        let made = || {
            let transfers = wangdian.pushed_documents("stock_transfer_push").into_iter();
            transfers.filter(|made| made.number.as_deref() == Some(id)).collect::<Vec<_>>()
        };
        assert_eq!((made().len(), made()[0].pushes), (1, 1));
        assert_eq!(calls("stock_transfer_push"), pushes + 1, "it is not sent a second time");
        assert!(calls("stock_transfer_query") > queries);
        let delivered = stack.entry(TRANSFERS, id).await.unwrap().unwrap().delivered.unwrap();
        assert_eq!(delivered.target_id.as_ref(), Some(&made()[0].id));

        stack.age(TRANSFERS, id, TimeDelta::hours(1)).await.unwrap();
        let newer = stack.vendors.qince.changed(&order, TimeDelta::seconds(5), "CG_FHZ");
        push(stack, &newer).await;
        stack.until_quiet().await.unwrap();
        let failed = failures(stack, TRANSFERS, id).await;
        assert_eq!((failed.len(), failed[0].class.code(), &failed[0].document), (1, "changed", &newer));
        assert_eq!((made().len(), &made()[0].body["remark"]), (1, &order["remark"]));
    });
    deploy(None);
    // Otherwise what comes for it is kept, as for any flow whose file is away.
    on_the_stack(async |stack| stack.run_relay(&["flows", "retire", TRANSFERS]).await.unwrap());
}
