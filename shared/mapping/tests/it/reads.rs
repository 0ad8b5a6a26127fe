//! What a flow reads, and what of it no document has held.

use relay_mapping::Sightings;
use serde_json::json;

use super::{document, shipped, trade_flow};

#[test]
fn every_path_is_known_by_its_place_in_the_document() {
    let flow = trade_flow(
        "a = [{ when = \"has(shop_no)\", from = \"trade_time | created\" }, { text = \"{paid}-{#}\" }]\n\
         b = { compute = \"sum(goods_list where gift_type = 0, num * ^.discount) + target.c\" }\n\
         c = { value = \"1\" }\nd = \"goods_list[0].spec_no\"\ncopy = [\"cs_remark\"]",
    );
    let paths: Vec<_> = flow.paths().collect();
    assert_eq!(
        paths,
        [
            "trade_no",
            "stockout_no",
            "shop_no",
            "trade_time",
            "created",
            "paid",
            "goods_list",
            "goods_list[].gift_type",
            "goods_list[].num",
            "discount",
            "goods_list[0].spec_no",
            "cs_remark"
        ]
    );
}

#[test]
fn what_no_document_has_held_is_missing_until_one_does() {
    let flow =
        trade_flow("x = \"buyer_message\"\ny = { compute = \"sum(goods_list, num)\" }\nz = \"cs_remark\"");
    let mut sightings = Sightings::default();
    assert_eq!(sightings.missing(&flow).len(), flow.paths().count(), "nothing has been met yet");
    assert!(
        sightings.note(&flow, &json!({"trade_no": "1", "cs_remark": " ", "goods_list": [{}, {"num": 1}]}))
    );
    assert!(!sightings.note(&flow, &json!({"trade_no": "2"})), "nothing new");
    assert_eq!(sightings.missing(&flow), ["stockout_no", "buyer_message", "cs_remark"]);

    let stored: Vec<_> = sightings.seen().map(str::to_owned).collect();
    let mut again: Sightings = stored.into_iter().collect();
    assert_eq!(again, sightings);
    assert!(again.note(&flow, &json!({"cs_remark": "x", "buyer_message": 0, "stockout_no": "CK1"})));
    assert!(again.missing(&flow).is_empty());
}

#[test]
fn an_empty_document_lacks_all_and_a_full_one_next_to_nothing() {
    let flow = shipped("trade-to-kingdee");
    assert_eq!(flow.absent_paths(&json!({})), flow.paths().collect::<Vec<_>>());
    let absent = flow.absent_paths(&document("wangdian/trade.json"));
    assert!(absent.len() < 3, "{absent:?}");
    for odd in [json!([]), json!(null), json!({"goods_list": "x"})] {
        assert!(flow.absent_paths(&odd).contains(&"goods_list[].spec_no"), "{odd}");
    }
}
