//! `relay documents`, `relay fields`, `relay flows export`.

use std::fs;

use relay_connector::Settings;
use relay_mapping::{Diagnostics, Flow};
use relay_operations::documents::fields;

use crate::support::Installation;

#[test]
fn documents_are_listed_and_found_by_their_chinese_titles() {
    let installation = Installation::empty();
    let all = installation.relay(&["documents"]).with_status(0).stdout;
    for name in ["wangdian.trade_query", "kingdee.sal_order_save", "qince.direct_order", "kingdee.customer"] {
        assert!(all.contains(name), "{name} in {all}");
    }
    let found = installation.relay(&["documents", "销售订单", "--json"]).with_status(0).json();
    let names: Vec<_> = found["documents"].as_array().unwrap().iter().map(|row| &row["name"]).collect();
    assert!(names.iter().any(|name| *name == "kingdee.sal_order_save"), "{found}");
    assert!(!names.iter().any(|name| *name == "wangdian.shop"), "{found}");
    let none = installation.relay(&["documents", "没有这样的"]).with_status(0).stdout;
    assert!(none.contains("No document") && none.contains("没有这样的"), "{none}");
}

#[test]
fn fields_are_shown_with_title_kind_codes_and_who_says_so() {
    let installation = Installation::empty();
    let shown = installation.relay(&["fields", "wangdian.trade_query", "商家编码"]).with_status(0).stdout;
    let line =
        shown.lines().find(|line| line.contains("goods_list[].spec_no")).unwrap_or_else(|| panic!("{shown}"));
    for said in ["商家编码", "text", "vendor"] {
        assert!(line.contains(said), "{said} in {line}");
    }
    let json = installation.relay(&["fields", "kingdee.sal_order_save", "--json"]).with_status(0).json();
    assert_eq!((&json["name"], &json["can_be"]), (&"kingdee.sal_order_save".into(), &"target".into()));
    let billdate =
        json["field_list"].as_array().unwrap().iter().find(|row| row["path"] == "billdate").unwrap();
    assert_eq!((&billdate["required"], &billdate["kind"]), (&"yes".into(), &"date".into()));
    let whole = installation.relay(&["fields", "kingdee.sal_order_save"]).with_status(0).stdout;
    assert!(whole.contains("In a flow file:") && whole.contains("[fields.material_entity]"), "{whole}");
}

#[test]
fn a_misspelt_name_is_answered_with_what_was_meant() {
    let installation = Installation::empty();
    let answer = installation.relay(&["fields", "wangdian.trade_qeury"]).with_status(2);
    assert!(answer.stderr.contains("did you mean `wangdian.trade_query`?"), "{}", answer.stderr);
    let field = installation.relay(&["fields", "trade_query", "trade_tme"]).with_status(0).stdout;
    assert!(field.contains("Did you mean `trade_time`?"), "{field}");
}

#[test]
fn exported_flows_pass_the_check_and_overwrite_nothing() {
    let installation = Installation::empty();
    fs::create_dir(installation.path("flows")).unwrap();
    fs::write(installation.path("flows/trade-to-kingdee.toml"), "mine").unwrap();
    let answer = installation.relay(&["flows", "export", "flows", "--json"]).with_status(0).json();
    assert_eq!(answer["kept"], serde_json::json!(["trade-to-kingdee.toml"]));
    assert_eq!(
        answer["written"].as_array().unwrap().len(),
        13,
        "four flows, five tests, four documents: {answer}"
    );
    assert_eq!(fs::read_to_string(installation.path("flows/trade-to-kingdee.toml")).unwrap(), "mine");
    fs::remove_file(installation.path("flows/trade-to-kingdee.toml")).unwrap();
    let said = installation.relay(&["flows", "export", "flows"]).with_status(0).stdout;
    assert!(said.contains("wrote flows/trade-to-kingdee.toml") && said.contains("kept"), "{said}");
    installation.relay(&["flows", "check", "flows"]).with_status(0);
    installation.relay(&["flows", "test", "flows"]).with_status(0);
}

/// The flow that carries the documents of an example of `relay fields` to anybody, as they are.
fn flow_of(example: &str) -> Option<String> {
    let key = example.lines().find_map(|line| line.strip_prefix("key      = "))?;
    let fields: Vec<_> = key.split('"').skip(1).step_by(2).map(|field| format!("{{{field}}}")).collect();
    let target = "[target]\ndocument = \"http.post\"\n\n[fields]";
    Some(format!("{example}\n{target}\nid = {{ text = \"{}\" }}\n", fields.join("-")))
}

#[test]
fn the_example_of_every_source_passes_the_check_as_it_stands() {
    let mut checked = 0;
    for interface in ["v1", "v2"] {
        let settings = Settings::from_iter([("KINGDEE_AUTH".to_owned(), interface.to_owned())]);
        let catalog = relay_connectors::catalog_by(&settings);
        for connector in relay_connectors::documented() {
            let described = fields::of_all(&[connector], &settings).into_iter();
            for described in
                described.filter(|it| it.document.can_be == "source" && !it.example.contains('…'))
            {
                let Some(text) = flow_of(&described.example) else { continue };
                if let Err(Diagnostics(found)) = Flow::parse("example", "example.toml", &text, &catalog) {
                    panic!("{interface}: {text}\n{found:#?}");
                }
                checked += 1;
            }
        }
    }
    assert!(checked > 100, "{checked} examples");
}
