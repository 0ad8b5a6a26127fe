//! Amounts: nothing is gained or lost by rounding, and what does not add up is not sent.

use std::fs;

use proptest::prelude::*;
use relay_mapping::Flow;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};

use super::{apply, catalog, document, root};

/// A flow from trades, with a target of the tenant's own fields.
fn parse(target: &str, fields: &str) -> Result<Flow, String> {
    let text = format!(
        "[source]\ndocument = \"wangdian.trade_query\"\nkey = \"trade_no\"\n\
         [target]\ndocument = \"http.post\"\n{target}\n[fields]\nid = \"trade_no\"\n{fields}\n"
    );
    Flow::parse("money", "money.toml", &text, &catalog()).map_err(|mistakes| mistakes.to_string())
}

fn flow(target: &str, fields: &str) -> Flow {
    parse(target, fields).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

fn body(flow: &Flow, document: &Value) -> Value {
    apply(flow, document).unwrap_or_else(|faults| panic!("{faults:#?}")).body
}

fn fault(flow: &Flow, document: &Value) -> String {
    apply(flow, document)
        .unwrap_err()
        .into_iter()
        .map(|fault| fault.to_string())
        .collect::<Vec<_>>()
        .join("\n")
}

fn amounts(lines: &Value) -> Vec<Decimal> {
    let amount = |line: &Value| line["amount"].as_str().unwrap().parse().unwrap();
    lines.as_array().unwrap().iter().map(amount).collect()
}

fn trade(amounts: &[&str]) -> Value {
    let lines: Vec<_> = amounts.iter().map(|amount| json!({"share_amount": amount, "num": "3"})).collect();
    json!({"trade_no": "T1", "goods_list": lines})
}

const LINES: &str = "[fields.lines]\neach = \"goods_list\"\n";

#[test]
fn a_price_is_derived_from_the_amount_after_the_remainder() {
    let fields = format!(
        "{LINES}amount = {{ compute = \"share_amount / 1\", as = \"decimal\", scale = 2, remainder = \"last\" }}\n\
         price = {{ compute = \"target.amount / num\", as = \"decimal\", scale = 6 }}"
    );
    let body = body(&flow("", &fields), &trade(&["3.335", "3.335", "3.335"]));
    assert_eq!(body["lines"][2], json!({"amount": "3.33", "price": "1.110000"}));
}

#[test]
fn a_total_of_the_head_is_shared_out_to_the_cent() {
    let fields = format!(
        "{LINES}amount = {{ compute = \"^.paid * num / sum(^.goods_list, num)\", as = \"decimal\", scale = 2, \
         remainder = \"largest\", total = \"^.paid\" }}"
    );
    let flow = flow("", &fields);
    let mut document = trade(&["1", "1", "1"]);
    document["paid"] = json!("100.00");
    assert_eq!(
        amounts(&body(&flow, &document)["lines"]),
        ["33.34", "33.33", "33.33"].map(|text| text.parse().unwrap())
    );
}

#[test]
fn what_rounding_does_not_explain_is_a_fault_that_names_both_sides() {
    let fields = format!(
        "{LINES}amount = {{ from = \"share_amount\", as = \"decimal\", scale = 2, remainder = \"last\", total = \"^.paid\" }}"
    );
    let mut document = trade(&["10.00", "20.00"]);
    document["paid"] = json!("31");
    let fault = fault(&flow("", &fields), &document);
    assert!(
        fault.starts_with("lines.amount: `^.paid` does not hold: 30 against 31, a difference of -1"),
        "{fault}"
    );
}

#[test]
fn a_total_is_met_to_its_last_digit_or_refused() {
    let fields = format!(
        "{LINES}where = \"num != 0\"\namount = {{ from = \"share_amount\", as = \"decimal\", scale = 2, remainder = \"last\", total = \"^.paid\" }}"
    );
    let flow = flow("", &fields);
    let mut document = trade(&["3.335", "3.335", "3.335"]);
    document["paid"] = json!("10.005");
    let found = fault(&flow, &document);
    assert!(found.starts_with("lines.amount: `^.paid` has more than 2 decimals"), "{found}");
    document["paid"] = json!("10.0100");
    assert_eq!(amounts(&body(&flow, &document)["lines"]).iter().sum::<Decimal>(), "10.01".parse().unwrap());
}

#[test]
fn a_total_of_lines_that_there_are_none_of_is_refused_unless_it_is_zero() {
    let fields = format!(
        "{LINES}where = \"num != 0\"\namount = {{ from = \"share_amount\", as = \"decimal\", scale = 2, remainder = \"last\", total = \"^.paid\" }}"
    );
    let flow = flow("", &fields);
    let mut document = trade(&["5.00"]);
    document["goods_list"][0]["num"] = json!("0");
    document["paid"] = json!("5.00");
    for lines in [document["goods_list"].clone(), json!([]), Value::Null] {
        document["goods_list"] = lines;
        let found = fault(&flow, &document);
        assert!(found.starts_with("lines.amount: `^.paid` does not hold: 0 against 5"), "{found}");
    }
    document["paid"] = json!("0.00");
    assert_eq!(body(&flow, &document), json!({"id": "T1"}));
}

#[test]
fn the_amounts_that_the_documents_show_hold_for_a_discounted_order() {
    let text = include_str!("../../../../docs/flows.md").split_once("## Amounts").unwrap().1;
    let (_, shown) = text.split_once("```toml\n").unwrap();
    let (target, fields) = shown.split_once("```").unwrap().0.split_once("[[fields").unwrap();
    let flow = flow(target.trim_start_matches("[target]"), &format!("[[fields{fields}"));
    let trade = document("wangdian/trade.json");
    let lines = body(&flow, &trade)["material_entity"].clone();
    let number =
        |line: &Value, field: &str| -> Decimal { line[field].to_string().trim_matches('"').parse().unwrap() };
    let lines = lines.as_array().unwrap();
    let found: Vec<_> = lines.iter().map(|line| (number(line, "qty"), number(line, "taxprice"))).collect();
    let priced = |qty: i64, tenths: i64| (Decimal::from(qty), Decimal::new(tenths, 1));
    let goods = [priced(20, 100), priced(10, 75), priced(1, 0)];
    assert_eq!(
        found,
        [goods[0], goods[1], goods[2], priced(1, 100), priced(-1, 200)],
        "postage and discount last"
    );
}

#[test]
fn a_field_that_is_not_sent_is_read_and_left_out() {
    let fields = format!(
        "goods = {{ from = \"paid\", as = \"decimal\", send = false }}\nfee = {{ compute = \"target.goods * 2\", as = \"decimal\" }}\n\
         {LINES}amount = {{ from = \"share_amount\", as = \"decimal\", send = false }}\nprice = {{ compute = \"target.amount / num\", as = \"decimal\" }}"
    );
    let mut document = trade(&["6"]);
    document["paid"] = json!("5");
    assert_eq!(
        body(&flow("", &fields), &document),
        json!({"id": "T1", "fee": "10", "lines": [{"price": "2"}]})
    );
}

#[test]
fn a_list_has_blocks_of_lines_and_single_lines() {
    let fields = "[[fields.lines]]\neach = \"goods_list\"\nn = { from = \"#\", as = \"text\" }\namount = \"share_amount\"\n\
         [[fields.lines]]\nwhen = \"post_amount > 0\"\namount = \"post_amount\"\nwhat = { value = \"postage\" }\n\
         [[fields.lines]]\nwhen = \"discount > 0\"\namount = { compute = \"0 - discount\", as = \"decimal\" }\nwhat = { value = \"discount\" }";
    let flow = flow("", fields);
    let mut document = trade(&["6", "7"]);
    document["post_amount"] = json!("8");
    let goods = [json!({"n": "1", "amount": "6"}), json!({"n": "2", "amount": "7"})];
    let postage = json!({"amount": "8", "what": "postage"});
    assert_eq!(body(&flow, &document)["lines"], json!([goods[0], goods[1], postage]));
    document["discount"] = json!("0.5");
    assert_eq!(body(&flow, &document)["lines"][3], json!({"amount": "-0.5", "what": "discount"}));
}

#[test]
fn a_fault_of_a_later_block_names_the_line_in_the_targets_list() {
    let fields = "[[fields.lines]]\neach = \"goods_list\"\namount = \"share_amount\"\n\
         [[fields.lines]]\nwhen = \"has(post_amount)\"\namount = { from = \"post_amount\", as = \"decimal\" }";
    let mut document = trade(&["6", "7"]);
    document["post_amount"] = json!("free");
    assert!(fault(&flow("", fields), &document).starts_with("lines[2].amount: `post_amount` = \"free\""));
}

#[test]
fn what_a_check_asks_for_is_asked_before_sending() {
    let fields = format!("{LINES}amount = {{ from = \"share_amount\", as = \"decimal\" }}");
    let exact = flow("check = \"sum(target.lines.amount) = paid\"", &fields);
    let mut document = trade(&["10.00", "20.01"]);
    document["paid"] = json!("30.00");
    let found = fault(&exact, &document);
    assert!(
        found.starts_with("check: `sum(target.lines.amount) = paid` does not hold: 30.01 against 30, a difference of 0.01 (tolerance: 0)"),
        "{found}"
    );
    let tolerant = flow("check = \"sum(target.lines.amount) = paid\"\ntolerance = \"0.01\"", &fields);
    assert!(apply(&tolerant, &document).is_ok());
    document["paid"] = json!("29.99");
    assert!(apply(&tolerant, &document).is_err());
}

#[test]
fn several_checks_are_all_told() {
    let fields = format!("{LINES}amount = {{ from = \"share_amount\", as = \"decimal\" }}");
    let flow = flow("check = [\"sum(target.lines.amount) = paid\", \"count(goods_list) < 2\"]", &fields);
    let mut document = trade(&["10.00", "20.01"]);
    document["paid"] = json!("0");
    assert_eq!(fault(&flow, &document).lines().count(), 2);
}

#[test]
fn mistakes_about_amounts_are_told_where_they_stand() {
    let lines = |rule: &str| format!("{LINES}amount = {rule}");
    for (target, fields, message) in [
        (
            "check = \"sum(target.lines.amuont) = paid\"",
            lines("\"share_amount\""),
            "the target's `amuont` has no rule",
        ),
        (
            "check = \"sum(target.line.amount) = paid\"",
            lines("\"share_amount\""),
            "the target's `line` has no rule",
        ),
        ("check = \"has(paid)\"", lines("\"share_amount\""), "a check compares two amounts"),
        ("tolerance = \"0.01\"", lines("\"share_amount\""), "`tolerance` belongs to `check`"),
        (
            "check = \"paid = paid\"\ntolerance = 0.01",
            lines("\"share_amount\""),
            "`tolerance` must be an amount in quotes",
        ),
        (
            "",
            lines("{ from = \"share_amount\", as = \"decimal\", remainder = \"last\" }"),
            "`remainder` belongs to an amount that is rounded",
        ),
        (
            "",
            lines("{ from = \"share_amount\", as = \"decimal\", scale = 2, remainder = \"first\" }"),
            "no line is called `first`",
        ),
        (
            "",
            lines("{ from = \"share_amount\", as = \"decimal\", scale = 2, total = \"^.paid\" }"),
            "`total` belongs to `remainder`",
        ),
        (
            "",
            lines(
                "{ from = \"share_amount\", as = \"decimal\", scale = 2, remainder = \"last\", total = \"paid\" }",
            ),
            "a total is the same for all lines",
        ),
        (
            "",
            "x = { from = \"paid\", as = \"decimal\", scale = 2, remainder = \"last\" }".to_owned(),
            "belongs to an amount of a list's lines",
        ),
        ("", lines("{ from = \"share_amount\", send = 0 }"), "`send` must be true or false"),
        (
            "",
            "[[fields.lines]]\nwhere = \"num > 0\"\nx = \"paid\"\n[[fields.lines]]\nx = \"paid\"".to_owned(),
            "`where` belongs to `each`",
        ),
        (
            "",
            "[[fields.lines]]\nx = \"paid\"\n[[fields.lines]]\nx = { from = \"paid\", send = false }"
                .to_owned(),
            "one block of `lines` sends `x`",
        ),
    ] {
        let mistakes = parse(target, &fields).unwrap_err();
        assert!(mistakes.contains(message), "{message}:\n{mistakes}");
    }
}

#[test]
fn the_shipped_example_of_amounts_adds_up_with_a_shared_out_discount_postage_and_a_gift() {
    let file = "shared/flows/examples/trade-amounts-to-kingdee.toml";
    let text = fs::read_to_string(root().join(file)).unwrap();
    let flow = Flow::parse("trade-amounts-to-kingdee", file, &text, &catalog())
        .unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let mut document = json!({
        "trade_no": "T1", "trade_time": "2026-11-29 10:00:00", "shop_no": "SMALL", "warehouse_no": "W1",
        "goods_amount": "110.00", "post_amount": "8.00", "discount": "10.00", "receivable": "108.00",
        "goods_list": [
            {"spec_no": "A", "num": "3.0000", "share_amount": "66.6633", "discount": "10", "gift_type": "0"},
            {"spec_no": "B", "num": "7", "share_amount": "33.3333", "gift_type": 0},
            {"spec_no": "C", "num": 1, "share_amount": "0", "gift_type": 1},
        ],
    });
    let mapped = body(&flow, &document);
    insta::assert_json_snapshot!("amounts_to_kingdee", mapped);
    document["receivable"] = json!("108.05");
    assert!(fault(&flow, &document).contains("99.99 against 100.05, a difference of -0.06"));
}

fn rounding() -> impl Strategy<Value = (&'static str, RoundingStrategy)> {
    prop::sample::select(&[
        ("half_up", RoundingStrategy::MidpointAwayFromZero),
        ("half_even", RoundingStrategy::MidpointNearestEven),
        ("up", RoundingStrategy::AwayFromZero),
        ("down", RoundingStrategy::ToZero),
    ])
}

fn decimal() -> impl Strategy<Value = Decimal> {
    (-10_i64.pow(12)..10_i64.pow(12), 0_u32..9).prop_map(|(mantissa, scale)| Decimal::new(mantissa, scale))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rounded_lines_sum_up_to_the_rounded_sum(
        exact in prop::collection::vec(decimal(), 1..40),
        scale in 0_u32..9,
        (name, strategy) in rounding(),
        bearer in prop::sample::select(&["last", "largest"]),
    ) {
        let fields = format!(
            "{LINES}amount = {{ from = \"share_amount\", as = \"decimal\", scale = {scale}, rounding = \"{name}\", remainder = \"{bearer}\" }}"
        );
        let texts: Vec<_> = exact.iter().map(Decimal::to_string).collect();
        let document = trade(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let rounded = amounts(&body(&flow("", &fields), &document)["lines"]);
        let sum: Decimal = rounded.iter().sum();
        let exact_sum: Decimal = exact.iter().sum();
        prop_assert_eq!(sum, exact_sum.round_dp_with_strategy(scale, strategy));
        prop_assert!(rounded.iter().all(|amount| amount.scale() == scale), "written with {} digits", scale);
        // One line bears what is left; the others are rounded as they would be alone.
        let apart = rounded.iter().zip(&exact).filter(|(rounded, exact)| **rounded != exact.round_dp_with_strategy(scale, strategy));
        prop_assert!(apart.count() <= 1);
    }

    #[test]
    fn a_head_that_is_shared_out_by_quantity_is_shared_out_whole(
        cents in 0_i64..10_i64.pow(10),
        quantities in prop::collection::vec(1_i64..10_000, 1..60),
        (name, _) in rounding(),
        bearer in prop::sample::select(&["last", "largest"]),
    ) {
        let fields = format!(
            "{LINES}amount = {{ compute = \"^.paid * num / sum(^.goods_list, num)\", as = \"decimal\", scale = 2, \
             rounding = \"{name}\", remainder = \"{bearer}\", total = \"^.paid\" }}\n\
             price = {{ compute = \"target.amount / num\", as = \"decimal\", scale = 10 }}\nnum = \"num\""
        );
        let flow = flow("check = \"sum(target.lines.amount) = paid\"", &fields);
        let paid = Decimal::new(cents, 2);
        let lines: Vec<_> = quantities.iter().map(|quantity| json!({"num": quantity.to_string()})).collect();
        let mapped = body(&flow, &json!({"trade_no": "T", "paid": paid.to_string(), "goods_list": lines}));
        prop_assert_eq!(amounts(&mapped["lines"]).iter().sum::<Decimal>(), paid);
        for line in mapped["lines"].as_array().unwrap() {
            let read = |field: &str| line[field].as_str().unwrap().parse::<Decimal>().unwrap();
            let computed_by_the_target = (read("price") * read("num")).round_dp(2);
            prop_assert_eq!(computed_by_the_target, read("amount"));
        }
    }
}
