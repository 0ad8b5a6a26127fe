use std::collections::BTreeSet;
use std::time::Duration;

use local_aws::on_the_stack;
use local_aws::stack::minutes_ago;
use relay_core::groups::GroupId;
use rust_decimal::Decimal;
use serde_json::json;

use crate::flows::{deploy, shipped_flows_and};

const FLOW: &str = "trades-by-shop";

/// Six trades of a shop are one order.
const BY_SHOP: &str = r#"
[source]
document = "wangdian.trade_query"
route    = "qimen"
params   = { status = "55" }
key      = "trade_no"
version  = "modified"
filter   = "shop_no = 'S001'"

[target]
document = "kingdee.sal_order_save"

[group]
by     = ["shop_no"]
lines  = ["materialid_id", "stockid_id", "unit_id"]
sum    = ["qty", "amount"]
close  = { size = 6 }
prefix = "LA-"

[fields]
billdate      = { from = "trade_time | created", as = "date" }
customerid_id = { from = "shop_no", lookup = "kingdee.customer" }

[fields.material_entity]
each          = "goods_list"
materialid_id = { from = "spec_no", lookup = "kingdee.material" }
stockid_id    = { from = "^.warehouse_no", lookup = "kingdee.store", absent = "error" }
unit_id       = { from = "spec_no", lookup = "kingdee.material_unit", absent = "error" }
qty           = "num"
amount        = { compute = "num * share_price", as = "decimal", scale = 2, send = false }
taxprice      = { compute = "target.amount / target.qty", as = "decimal", scale = 6 }
"#;

/// By the deployed closer, under its role, when its schedule says so.
#[test]
#[ignore = "needs the local AWS: tests/local-aws/run"]
fn a_group_is_closed_by_the_deployed_closer_and_becomes_one_bill() {
    on_the_stack(async |stack| {
        deploy(Some(&shipped_flows_and(&[(FLOW, BY_SHOP)])));
        let watermark = json!({ "read_until": minutes_ago(52) }).to_string();
        let checkpoints = &stack.stores.checkpoints;
        assert!(checkpoints.put(&format!("watermark/{FLOW}"), &watermark, None, None).await.unwrap());
        let wangdian = &stack.vendors.wangdian;
        let trades: BTreeSet<_> =
            (0..6).map(|_| wangdian.generate_trade("S001", 55, minutes_ago(20))).collect();
        let polled = stack.invoke("TradePoller", &json!({ "flow": FLOW })).await.unwrap();
        assert!(!polled.failed, "{}", polled.payload);
        stack.until_quiet().await.unwrap();

        let bills = || {
            let creates = stack.vendors.kingdee.creates();
            creates.into_iter().filter(|(number, _)| number.starts_with("LA-")).collect::<Vec<_>>()
        };
        assert_eq!(bills(), [], "its members are sent together, or not at all");
        stack.move_clock(Duration::from_secs(6 * 60)).unwrap();
        stack.until("the bill is in Kingdee", async || !bills().is_empty()).await.unwrap();
        stack.until_quiet().await.unwrap();
        let groups = &stack.stores.groups;
        let seals = groups.seals(&GroupId::new(FLOW, "S001")).await.unwrap();
        deploy(None);

        assert_eq!(bills(), [("LA-S001-1".to_owned(), 1)]);
        let members: BTreeSet<_> = seals[0].members.iter().map(|member| member.key.clone()).collect();
        assert!(trades.is_subset(&members) && seals[0].is_queued, "{members:?}");
        let order = stack.vendors.kingdee.orders("LA-S001-1").remove(0);
        let lines = order.body["material_entity"].as_array().unwrap();
        let read = |line: &serde_json::Value| line["qty"].as_str().unwrap().parse::<Decimal>().unwrap();
        let goods = members.iter().filter_map(|trade| wangdian.trade(trade));
        let goods = goods.flat_map(|trade| trade["goods_list"].as_array().cloned().unwrap_or_default());
        let number =
            |value: &serde_json::Value| value.to_string().trim_matches('"').parse::<Decimal>().unwrap();
        assert_eq!(lines.iter().map(read).sum::<Decimal>(), goods.map(|good| number(&good["num"])).sum());
    });
}
