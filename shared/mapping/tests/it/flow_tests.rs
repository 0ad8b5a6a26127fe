//! The tests that stand beside flow files.

use std::io;

use relay_mapping::flow_test::{Difference, FlowTests, Tested};
use relay_mapping::{Coverage, Covered, Flow};

use super::catalog;

/// Trades in state 55 or 95, with a line for each good that is no gift.
const FLOW: &str = r#"[source]
document = "wangdian.trade_query"
key      = "trade_no"
version  = "modified"
filter   = "trade_status in (55, 95)"

[target]
document = "sharecrm.objdata_push"

[fields]
objAPIName   = { value = "o" }
dataCenterId = { setting = "RELAY_CENTER" }
id           = "trade_no"

[fields.masterFieldVal]
paid  = { from = "paid", as = "decimal", scale = 2 }
shop  = { from = "shop_no", lookup = "kingdee.customer" }
level = [
  { when = "paid > 100", value = "A" },
  { when = "paid > 10", value = "B" },
]

[fields.detailFieldVals.lines]
each  = "goods_list"
where = "gift_type = 0"
num   = "num"
"#;

/// One trade that is sent.
const GIVEN: &str = r#"
[settings]
RELAY_CENTER = "D"
[lookups]
"kingdee.customer" = { S1 = "C-1" }
[[test]]
name = "sent"
"#;

const DOCUMENT: &str = r#"
document = '''{"trade_no": "T1", "modified": "2026-11-22 10:00:00", "trade_status": "55", "shop_no": "S1", "paid": "12.5",
  "goods_list": [{"gift_type": "0", "num": "2"}, {"gift_type": "1", "num": "1"}]}'''
"#;

fn flow() -> Flow {
    Flow::parse("f", "f.toml", FLOW, &catalog()).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

fn no_file(_name: &str) -> io::Result<String> {
    Err(io::ErrorKind::NotFound.into())
}

fn run(text: &str) -> Vec<Tested> {
    let flow = flow();
    let tests = FlowTests::parse(&flow, "f.test.toml", text, &no_file);
    tests.unwrap_or_else(|mistakes| panic!("{mistakes}")).run(&flow)
}

/// What one test that says this differs in.
fn differences(says: &str) -> Vec<Difference> {
    let mut tested = run(&format!("{DOCUMENT}{GIVEN}{says}"));
    assert_eq!(tested.len(), 1);
    tested.remove(0).differences
}

#[track_caller]
fn passes(says: &str) {
    assert_eq!(differences(says), []);
}

/// The fields that differ, each with what was found.
#[track_caller]
fn differs(says: &str) -> Vec<(String, String)> {
    differences(says).into_iter().map(|difference| (difference.field, difference.found)).collect()
}

fn pair(field: &str, found: &str) -> (String, String) {
    (field.to_owned(), found.to_owned())
}

fn mistakes(text: &str) -> String {
    FlowTests::parse(&flow(), "f.test.toml", text, &no_file).unwrap_err().to_string()
}

#[test]
fn fields_that_a_test_does_not_name_may_hold_anything() {
    passes("request = { id = \"T1\", masterFieldVal = { level = \"B\" } }");
    passes("request = {}");
}

#[test]
fn a_difference_names_the_field_the_line_and_both_values() {
    let found = differences("[test.request]\nid = \"T1\"\n[test.request.masterFieldVal]\nlevel = \"A\"\n");
    let [difference] = found.as_slice() else { panic!("{found:#?}") };
    let line = format!("{DOCUMENT}{GIVEN}").lines().count() + 4;
    assert_eq!((difference.field.as_str(), difference.line), ("masterFieldVal.level", line));
    assert_eq!((difference.expected.as_str(), difference.found.as_str()), ("\"A\"", "\"B\""));
}

#[test]
fn a_bare_number_is_compared_by_its_value_and_a_text_as_text() {
    for paid in ["12.5", "12.50", "12.500", "\"12.50\""] {
        passes(&format!("request = {{ masterFieldVal = {{ paid = {paid} }} }}"));
    }
    for paid in ["\"12.5\"", "12.51", "12.500000000000000000001", "true"] {
        let found = differs(&format!("request = {{ masterFieldVal = {{ paid = {paid} }} }}"));
        assert_eq!(found, [pair("masterFieldVal.paid", "\"12.50\"")], "{paid}");
    }
}

#[test]
fn a_list_has_as_many_lines_as_the_test_names() {
    let lines = |lines: &str| differs(&format!("request = {{ detailFieldVals = {{ lines = {lines} }} }}"));
    assert_eq!(lines("[{ num = 2 }]"), []);
    assert_eq!(lines("[{}]"), []);
    assert_eq!(lines("[{ num = 2 }, {}]"), [pair("detailFieldVals.lines", "1 line")]);
    assert_eq!(lines("[{ num = 3 }]"), [pair("detailFieldVals.lines[0].num", "\"2\"")]);
}

#[test]
fn what_must_not_be_sent_is_named_by_its_place() {
    passes("set = { paid = \"1\" }\nabsent = [\"masterFieldVal.level\", \"detailFieldVals.lines[1]\"]");
    let found = differs("absent = [\"masterFieldVal.level\", \"detailFieldVals.lines[0].num\"]");
    assert_eq!(found, [pair("masterFieldVal.level", "\"B\""), pair("detailFieldVals.lines[0].num", "\"2\"")]);
}

#[test]
fn a_place_that_nothing_can_stand_at_is_a_mistake() {
    for (place, said) in [
        ("masterFieldVal.levle", "a rule for `levle`"),
        ("masterFieldVal.levle", "did you mean `level`?"),
        ("detailFieldVals.line[0]", "did you mean `lines`?"),
        ("detailFieldVals.lines[0].nmu", "did you mean `num`?"),
        ("masterFieldVals.level", "did you mean `masterFieldVal`?"),
    ] {
        let found = mistakes(&format!("{DOCUMENT}{GIVEN}absent = [\"{place}\"]"));
        assert!(found.contains(said), "{place}: {said} in\n{found}");
    }
}

#[test]
fn single_fields_of_a_document_are_set_and_removed() {
    passes(
        "set = { paid = 200.0, \"goods_list[1].gift_type\" = \"0\" }\n\
            request = { masterFieldVal = { paid = \"200.00\" }, detailFieldVals = { lines = [{}, { num = 1 }] } }",
    );
    passes("remove = [\"paid\", \"goods_list[0]\"]\nabsent = [\"masterFieldVal.paid\", \"detailFieldVals\"]");
    passes(
        "set = { \"goods_list[gift_type=0].num\" = \"7\" }\nrequest = { detailFieldVals = { lines = [{ num = 7 }] } }",
    );
}

#[test]
fn a_document_may_be_a_table() {
    let text = format!(
        "{GIVEN}request = {{ id = \"T2\", masterFieldVal = {{ paid = 0.10 }} }}\n[test.document]\ntrade_no = \"T2\"\n\
         trade_status = 55\npaid = 0.1\nshop_no = \"S1\"\n[[test.document.goods_list]]\ngift_type = 0\n"
    );
    assert_eq!(run(&text)[0].differences, []);
}

#[test]
fn each_expected_fault_is_one_of_the_documents_and_no_other_is_left() {
    let set = "set = { shop_no = \"S9\", paid = \"x\" }\n";
    let [paid, shop] =
        ["\"masterFieldVal.paid: `paid` = \\\"x\\\"\"", "\"has no entry in `kingdee.customer`\""];
    let level = "\"masterFieldVal.level\"";
    passes(&format!("{set}faults = [{shop}, {paid}, {level}]"));
    let found = differs(&format!("{set}faults = [{shop}, {level}]"));
    assert!(
        matches!(found.as_slice(), [(field, fault)] if field == "faults" && fault.contains("`paid` = \"x\"")),
        "{found:?}"
    );
    let found = differs("faults = [\"anything\"]");
    assert_eq!(found, [pair("faults", "a request")]);
}

#[test]
fn nothing_is_sent_of_what_is_filtered_older_or_unchanged() {
    passes("set = { trade_status = \"30\" }\nnothing = true");
    passes("set = { trade_status = \"30\" }\nnothing = \"filtered\"");
    passes("before = { set = { modified = \"2026-11-22 10:00:01\", paid = \"1\" } }\nnothing = \"older\"");
    passes("before = {}\nnothing = \"same\"");
    passes("before = {}\nset = { modified = \"2026-11-22 10:00:01\" }\nnothing = \"unchanged\"");
    passes("before = {}\nset = { modified = \"2026-11-22 10:00:01\", paid = \"13\" }\nrequest = {}");
    assert_eq!(differs("nothing = true"), [pair("nothing", "a request")]);
    assert_eq!(differs("before = {}\nnothing = \"older\""), [pair("nothing", "same")]);
    assert_eq!(
        differs("set = { trade_status = \"30\" }\nrequest = {}"),
        [pair("request", "that nothing is sent (filtered)")]
    );
}

#[test]
fn key_version_and_parameters_are_compared_too() {
    passes("key = \"T1\"\nversion = \"2026-11-22 10:00:00\"\nrequest = {}");
    assert_eq!(differs("key = \"T2\"\nrequest = {}"), [pair("key", "\"T1\"")]);
    assert_eq!(differs("params = { shop_no = \"S\" }"), [pair("params.shop_no", "nothing")]);
}

#[test]
fn a_look_up_or_a_setting_that_is_not_given_is_not_there() {
    let text = format!(
        "{DOCUMENT}[[test]]\nname = \"n\"\nfaults = [\"kingdee.customer\", \"setting RELAY_CENTER\"]\n"
    );
    assert_eq!(run(&text)[0].differences, []);
}

#[test]
fn every_mistake_of_a_test_file_has_its_line() {
    let found = mistakes(
        "documents = \"x.json\"\n[lookups]\n\"kingdee.custmer\" = { a = \"1\" }\n[[test]]\nname = \"n\"\n\
         document = \"../x.json\"\nnothing = \"never\"\n[[test]]\nname = \"o\"\ndocument = { a = 1 }\nset = { \"b[0].c\" = 1 }\n\
         request = { d = 2026-01-01 }\nfaults = []\n[[test]]\ndocument = \"y.json\"\n",
    );
    for said in [
        "unknown key `documents`",
        "did you mean `document`?",
        "f.test.toml:3:1",
        "did you mean `kingdee.customer`?",
        "stand in the folder of the test",
        "the document has no place `b[0].c`",
        "it has `request` already",
        "`name` is missing",
    ] {
        assert!(found.contains(said), "{said} in\n{found}");
    }
    assert!(mistakes("").contains("there is no test here"));
    assert!(
        mistakes("[[test]]\nname = \"n\"\ndocument = \"y.json\"\nnothing = true\n")
            .contains("`y.json` cannot be read")
    );
    assert!(
        mistakes("[[test]]\nname = \"n\"\ndocument = { a = 1 }\n").contains("expects nothing in particular")
    );
}

fn covered(says: &[&str]) -> Covered {
    let mut coverage = Coverage::default();
    for says in says {
        let tested = run(&format!("{DOCUMENT}{GIVEN}{says}"));
        tested.iter().flat_map(|test| &test.traces).for_each(|trace| coverage.add(trace));
    }
    coverage.of(&flow())
}

#[test]
fn rules_branches_and_conditions_that_no_test_reaches_are_named_with_their_place() {
    let one = covered(&["request = {}"]);
    let missing: Vec<_> = one
        .missing
        .iter()
        .map(|missing| (missing.at.line, missing.target.as_str(), missing.what.as_str()))
        .collect();
    assert_eq!(
        missing,
        [
            (5, "filter", "no document is filtered out by `trade_status in (55, 95)`"),
            (19, "masterFieldVal.level", "nothing is sent under `paid > 100`"),
            (19, "masterFieldVal.level", "no document meets none of its conditions"),
        ]
    );
    assert_eq!(one.of - one.reached, 3);
    let all = covered(&[
        "request = {}",
        "set = { paid = \"101\" }\nrequest = {}",
        "set = { paid = \"1\" }\nrequest = {}",
        "set = { trade_status = \"30\" }\nnothing = true",
    ]);
    assert_eq!((all.reached, all.missing), (all.of, Vec::new()));
}

#[test]
fn a_rule_that_had_nothing_to_read_is_not_reached() {
    let missing = covered(&["remove = [\"paid\"]\nrequest = {}"]).missing;
    assert!(missing.iter().any(|missing| missing.target == "masterFieldVal.paid"), "{missing:#?}");
}
