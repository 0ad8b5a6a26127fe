//! `[split]`: what is a part, what it is called, and mistakes about both.

use std::fs;

use relay_mapping::Flow;
use relay_mapping::flow_test::FlowTests;
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
        (
            "by = \"details_list.src_tid\"\nwithdrawn = \"delete\"",
            "withdrawn = \"delete\" is not possible yet",
        ),
        ("by = \"details_list.src_tid\"\nwithdrawn = \"forget\"", "does not `forget`"),
        ("by = \"details_list.src_tid\"\nlines = \"x\"", "unknown key `lines`"),
    ] {
        let found = parse(split).unwrap_err();
        assert!(found.contains(said), "{split}: {found}");
    }
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
    assert_eq!(tested.len(), 5);
    for test in tested {
        assert_eq!(test.differences, [], "{}", test.name);
    }
}
