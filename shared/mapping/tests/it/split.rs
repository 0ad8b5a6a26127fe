//! `[split]`: what is a part, what it is called, and mistakes about both.

use std::fs;

use proptest::prelude::*;
use relay_mapping::flow_test::FlowTests;
use relay_mapping::{Flow, Mapped};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{apply, catalog, root};

fn parse(split: &str) -> Result<Flow, String> {
    let text = format!(
        "[source]\ndocument = \"wangdian.stockout_order_query_trade\"\nkey = \"order_no\"\nparams = {{ status = \"95\" }}\n\
         [target]\ndocument = \"kingdee.sal_outbound_save\"\n[split]\n{split}\n\
         [fields]\nbillno = \"order_no\"\nbilldate = {{ from = \"consign_time\", as = \"date\" }}\n\
         customerid_id = {{ from = \"shop_no\", lookup = \"kingdee.customer\" }}\n\
         [fields.material_entity]\neach = \"details_list\"\nmaterialid_id = {{ from = \"spec_no\", lookup = \"kingdee.material\" }}\n\
         unit_id = {{ from = \"spec_no\", lookup = \"kingdee.material_unit\" }}\nqty = \"goods_count\"\n\
         taxprice = \"share_price\"\n"
    );
    Flow::parse("f", "f.toml", &text, &catalog()).map_err(|mistakes| mistakes.to_string())
}

fn flow(split: &str) -> Flow {
    parse(split).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

fn line(spec: &str, batch: &str) -> Value {
    json!({"spec_no": spec, "goods_count": "1", "share_price": "2", "src_tid": batch})
}

fn document(lines: &[Value]) -> Value {
    json!({"order_no": "CK/1", "shop_no": "S1", "consign_time": "2026-11-29 23:30:00", "details_list": lines, "remark": "r"})
}

/// Each part's name, with the goods of its lines.
fn parts(flow: &Flow, document: &Value) -> Vec<(String, Vec<String>)> {
    let divided = flow.divide(document).unwrap().unwrap();
    let goods = |part: Value| {
        assert_eq!(part["remark"], document["remark"], "the rest of the document is in each part");
        let lines = part["details_list"].as_array().unwrap().clone();
        lines.iter().map(|line| line["spec_no"].as_str().unwrap().to_owned()).collect()
    };
    divided.parts().iter().map(|part| (part.name.clone(), goods(divided.document(part)))).collect()
}

#[test]
fn lines_of_equal_value_are_a_part_and_each_part_has_its_own_number_and_key() {
    let flow = flow("by = \"details_list.src_tid\"");
    let document = document(&[line("A", "1"), line("B", "2"), line("C", "1")]);
    let expected =
        [("1".to_owned(), vec!["A".to_owned(), "C".to_owned()]), ("2".to_owned(), vec!["B".to_owned()])];
    assert_eq!(parts(&flow, &document), expected);
    let key = flow.key(&document).unwrap();
    assert_eq!(key, "CK%2F1", "a part of a key is escaped");
    let of_part = flow.key_of_part(&key, "50%/a");
    assert_eq!(of_part, "CK%2F1/50%25%2Fa");
    assert_eq!(flow.part_of_key(&of_part), Some(("CK%2F1", "50%/a".to_owned())));
    assert_eq!(flow.part_of_key(&key), None);
    let divided = flow.divide(&document).unwrap().unwrap();
    let mapped = apply(&flow, &divided.document(&divided.parts()[1])).unwrap();
    assert_eq!(flow.numbered(mapped, "2").body["billno"], "CK/1-2");
    assert!(flow.is_without_lines(&divided.without_lines()) && !flow.is_without_lines(&document));
}

#[test]
fn a_line_without_the_value_takes_the_fall_back_of_the_line_the_document_or_the_flow() {
    let document = document(&[line("A", ""), line("B", "2")]);
    let names =
        |split: &str| parts(&flow(split), &document).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names("by = \"details_list.src_tid\""), ["", "2"]);
    assert_eq!(names("by = \"details_list.src_tid | details_list.spec_no\""), ["A", "2"]);
    assert_eq!(names("by = \"details_list.src_tid | shop_no\""), ["S1", "2"]);
    assert_eq!(names("by = \"details_list.src_tid | '-'\""), ["-", "2"]);
    assert_eq!(names("each = \"details_list\""), ["1", "2"]);
}

/// PHP writes a sparse list as an object, and some converters a single line without its list.
#[test]
fn lists_are_read_as_everywhere() {
    let flow = flow("each = \"details_list\"");
    let mut document = document(&[]);
    for (lines, count) in [
        (json!({"0": line("A", ""), "7": line("B", "")}), 2),
        (line("A", ""), 1),
        (Value::Null, 0),
        (json!([]), 0),
    ] {
        document["details_list"] = lines;
        assert_eq!(parts(&flow, &document).len(), count, "{document}");
    }
    document["details_list"] = json!("none");
    assert!(flow.divide(&document).unwrap_err().to_string().contains("is not a list"));
}

#[test]
fn what_is_wrong_about_parts_is_said_when_the_flow_is_checked() {
    for (split, said) in [
        ("", "nothing says into which parts"),
        ("by = \"shop_no\"", "`shop_no` leads through no list"),
        ("by = \"details_list.src_tud\"", "did you mean `src_tid`?"),
        ("each = \"shop_no\"", "`shop_no` is not a list"),
        ("each = \"details_list[0]\"", "name the list by its fields"),
        ("by = \"details_list.src_tid\"\neach = \"details_list\"", "not both"),
        ("by = \"details_list.src_tid\"\nwithdrawn = \"dlete\"", "did you mean `delete`?"),
        ("by = \"details_list.src_tid\"\nwithdrawn = \"forget\"", "does not do `forget`"),
        ("by = \"details_list.src_tid\"\nlines = \"x\"", "unknown key `lines`"),
    ] {
        let found = parse(split).unwrap_err();
        assert!(found.contains(said), "{split}: {found}");
    }
}

/// Two documents, or two parts of one, never have the same number in the target: it would be asked for one and answer for the other.
#[test]
fn no_two_parts_have_the_same_number_and_a_plain_one_is_written_behind_its_document_as_it_stands() {
    let flow = flow("by = \"details_list.src_tid\"");
    let number = |document: &str, part: &str| {
        let body = json!({"billno": document});
        let mapped = Mapped { body, params: Vec::new(), route: None, open_from: None };
        flow.numbered(mapped, part).body["billno"].as_str().unwrap().to_owned()
    };
    for (document, part, plain) in
        [("JY1", "W01", "JY1-W01"), ("A-1", "2", "A-1-2"), ("JY1", "东仓", "JY1-东仓"), ("JY1", "", "JY1-")]
    {
        assert_eq!(number(document, part), plain);
    }
    assert_eq!((number("A-1", "2"), number("A", "1-2")), ("A-1-2".to_owned(), "A-1%2D2".to_owned()));
    // All pairs of texts of up to three of the signs that could be mistaken for one another.
    let mut texts = vec![String::new()];
    for length in 1..=3 {
        let longer: Vec<_> = texts.iter().filter(|text| text.chars().count() == length - 1).collect();
        let longer: Vec<_> = longer
            .iter()
            .flat_map(|text| ["-", "%", "2D", "25", "A"].map(|sign| format!("{text}{sign}")))
            .collect();
        texts.extend(longer);
    }
    let mut seen = std::collections::HashMap::new();
    for document in &texts {
        for part in &texts {
            if let Some(other) = seen.insert(number(document, part), (document, part)) {
                assert_eq!(other, (document, part), "two pairs with the number {}", number(document, part));
            }
        }
    }
    assert!(seen.len() > 5_000, "{}", seen.len());
}

#[test]
fn what_is_too_much_for_a_key_is_said() {
    let flow = flow("by = \"details_list.src_tid\"");
    let document = document(&[line("A", &"长".repeat(67))]);
    let fault = flow.divide(&document).unwrap_err().to_string();
    assert!(fault.starts_with("split: `details_list.src_tid`") && fault.contains("200 bytes"), "{fault}");
}

#[test]
fn the_paths_of_a_split_are_among_those_that_documents_are_watched_for() {
    let flow = flow("by = \"details_list.src_tid\"");
    assert!(flow.paths().any(|path| path == "details_list[].src_tid"));
}

#[test]
fn the_example_does_what_its_tests_say() {
    let text = |file: &str| fs::read_to_string(root().join("shared/flows/examples").join(file)).unwrap();
    let name = "order-by-warehouse-to-kingdee";
    let flow = Flow::parse(name, name, &text(&format!("{name}.toml")), &catalog());
    let flow = flow.unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let none = |_: &str| Err(std::io::ErrorKind::NotFound.into());
    let tests = FlowTests::parse(&flow, name, &text(&format!("{name}.test.toml")), &none);
    let tested = tests.unwrap_or_else(|mistakes| panic!("{mistakes}")).run(&flow);
    assert_eq!(tested.len(), 6);
    for test in tested {
        assert_eq!(test.differences, [], "{}", test.name);
    }
}

const SHARED: &str = "by = \"details_list.src_tid\"\nshare = [\"post_amount\", \"discount\"]\nshare_by = \"goods_count * share_price\"\n\
                      remainder = \"last\"";

/// What each part says of an amount.
fn shares(flow: &Flow, document: &Value, field: &str) -> Vec<Value> {
    let divided = flow.divide(document).unwrap().unwrap();
    divided.parts().iter().map(|part| divided.document(part)[field].clone()).collect()
}

fn priced(price: &str, batch: &str) -> Value {
    json!({"spec_no": "A", "goods_count": "1", "share_price": price, "src_tid": batch})
}

#[test]
fn amounts_of_the_whole_document_are_shared_out_over_its_parts_in_the_proportion_of_their_lines() {
    let flow = flow(SHARED);
    let mut document = document(&[priced("10", "1"), priced("20", "2"), priced("30", "3")]);
    document["post_amount"] = json!("10");
    document["discount"] = json!(0.05);
    assert_eq!(shares(&flow, &document, "post_amount"), ["1.67", "3.33", "5.00"]);
    assert_eq!(shares(&flow, &document, "discount"), ["0.01", "0.02", "0.02"], "the last bears it");
    assert_eq!(shares(&flow, &document, "remark"), ["r", "r", "r"], "nothing else is touched");
    let largest = self::flow(&SHARED.replace("last", "largest"));
    document["details_list"] =
        json!([priced("1", "1"), priced("9", "2"), priced("1", "3"), priced("1", "4")]);
    document["post_amount"] = json!("0.03");
    assert_eq!(shares(&largest, &document, "post_amount"), ["0.00", "0.03", "0.00", "0.00"]);
    document["post_amount"] = Value::Null;
    assert_eq!(shares(&flow, &document, "post_amount"), [Value::Null, Value::Null, Value::Null, Value::Null]);
    let paths: Vec<_> = flow.paths().collect();
    assert!(paths.contains(&"post_amount") && paths.contains(&"details_list[].share_price"), "{paths:?}");
}

#[test]
fn parts_that_count_nothing_share_alike_and_a_gift_among_others_takes_nothing() {
    let flow = flow(SHARED);
    let mut document = document(&[priced("0", "1"), priced("0", "2")]);
    document["post_amount"] = json!("5.01");
    assert_eq!(shares(&flow, &document, "post_amount"), ["2.51", "2.50"]);
    document["details_list"] = json!([priced("7", "1"), priced("0", "2")]);
    assert_eq!(shares(&flow, &document, "post_amount"), ["5.01", "0.00"]);
}

#[test]
fn what_cannot_be_shared_out_fails_with_its_field() {
    let flow = flow(SHARED);
    let mut document = document(&[priced("1", "1"), priced("2", "2")]);
    for (amount, said) in [("5.001", "more than 2 decimals"), ("five", "is not a decimal number")] {
        document["post_amount"] = json!(amount);
        let fault = flow.divide(&document).unwrap_err().to_string();
        assert!(fault.starts_with("split.share: `post_amount`") && fault.contains(said), "{fault}");
    }
    document["post_amount"] = json!("5");
    document["details_list"][1]["share_price"] = json!("");
    let fault = flow.divide(&document).unwrap_err().to_string();
    assert!(fault.starts_with("split.share_by: ") && fault.contains("share_price"), "{fault}");
    assert!(fault.contains("details_list[1]"), "{fault}");
}

#[test]
fn mistakes_about_what_is_shared_out_are_said_when_the_flow_is_checked() {
    let of = |more: &str| parse(&format!("by = \"details_list.src_tid\"\n{more}")).unwrap_err();
    for (more, said) in [
        ("share = [\"post_amount\"]\nshare_by = \"goods_count\"", "which part takes what rounding leaves"),
        ("share = [\"post_amount\"]\nremainder = \"last\"", "in which proportion"),
        ("share_by = \"goods_count\"", "`share_by` belongs to `share`"),
        (
            "share = [\"post_amount\"]\nshare_by = \"goods_count\"\nremainder = \"first\"",
            "no line is called `first`",
        ),
        (
            "share = [\"post_amuont\"]\nshare_by = \"goods_count\"\nremainder = \"last\"",
            "did you mean `post_amount`?",
        ),
        (
            "share = [\"details_list\"]\nshare_by = \"goods_count\"\nremainder = \"last\"",
            "is no amount of the document as a whole",
        ),
        (
            "share = [\"details_list[0].num\"]\nshare_by = \"goods_count\"\nremainder = \"last\"",
            "is no amount of the document as a whole",
        ),
        (
            "share = [\"post_amount\"]\nshare_by = \"goods_cuont\"\nremainder = \"last\"",
            "did you mean `goods_count`?",
        ),
        (
            "share = [\"post_amount\"]\nshare_by = \"goods_count\"\nremainder = \"last\"\nscale = 30",
            "0 to 20",
        ),
    ] {
        let found = of(more);
        assert!(found.contains(said), "{more}: {found}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_of_an_amount_is_gained_or_lost_between_parts(
        cents in -10_i64.pow(12)..10_i64.pow(12),
        scale in 0_u32..6,
        lines in prop::collection::vec((0_u8..8, -10_i64.pow(9)..10_i64.pow(9), 0_u32..5, 1_u32..1_000), 1..40),
        bearer in prop::sample::select(&["last", "largest"]),
    ) {
        let flow = flow(&format!("{}\nscale = {scale}", SHARED.replace("last", bearer)));
        let amount = Decimal::new(cents, scale);
        let details: Vec<_> = lines.iter().map(|(part, price, digits, count)| json!({
            "spec_no": "A", "goods_count": count, "share_price": Decimal::new(*price, *digits).to_string(),
            "src_tid": part.to_string(),
        })).collect();
        let mut document = document(&details);
        document["post_amount"] = json!(amount.to_string());
        let shares = shares(&flow, &document, "post_amount");
        let sum: Decimal = shares.iter().map(|share| share.as_str().unwrap().parse::<Decimal>().unwrap()).sum();
        prop_assert_eq!(sum, amount);
        let parts: std::collections::BTreeSet<_> = lines.iter().map(|(part, ..)| part).collect();
        prop_assert_eq!(shares.len(), parts.len());
        // None of a part's lines is lost or in two of them.
        let divided = flow.divide(&document).unwrap().unwrap();
        let of_parts: usize = divided.parts().iter().map(|part| divided.document(part)["details_list"].as_array().unwrap().len()).sum();
        prop_assert_eq!(of_parts, lines.len());
    }

    #[test]
    fn no_part_is_further_from_its_exact_share_than_rounding_explains(
        cents in 0_i64..10_i64.pow(10),
        prices in prop::collection::vec(1_i64..10_i64.pow(8), 1..30),
    ) {
        let flow = flow(SHARED);
        let details: Vec<_> = prices.iter().enumerate().map(|(part, price)| json!({
            "spec_no": "A", "goods_count": "1", "share_price": Decimal::new(*price, 2).to_string(), "src_tid": part.to_string(),
        })).collect();
        let mut document = document(&details);
        let amount = Decimal::new(cents, 2);
        document["post_amount"] = json!(amount.to_string());
        let (whole, cent) = (prices.iter().sum::<i64>(), Decimal::new(1, 2));
        let shares = shares(&flow, &document, "post_amount");
        let apart = shares.iter().zip(&prices).map(|(share, price)| {
            let exact = amount * Decimal::from(*price) / Decimal::from(whole);
            (share.as_str().unwrap().parse::<Decimal>().unwrap() - exact).abs()
        });
        let most = cent * Decimal::from(prices.len() as u64) / Decimal::TWO + cent;
        prop_assert!(apart.clone().all(|apart| apart <= most));
        prop_assert!(apart.filter(|apart| *apart > cent / Decimal::TWO).count() <= 1, "one bears what is left");
    }
}
