//! `relay flows check`.

use crate::support::Installation;

/// A flow with three mistakes: a target field, a path, a route.
const WRONG: &str = include_str!("flows/wrong.toml");

fn with_folder(files: &[(&str, &str)]) -> Installation {
    let installation = Installation::empty();
    std::fs::create_dir(installation.path("flows")).unwrap();
    for (name, text) in files {
        std::fs::write(installation.path("flows").join(name), text).unwrap();
    }
    installation
}

#[test]
fn the_shipped_flows_have_no_mistakes() {
    let installation = Installation::empty();
    let answer = installation.relay(&["flows", "check"]).with_status(0);
    assert!(
        answer.stdout.contains("trade-to-kingdee: wangdian.trade_query → kingdee.sal_order_save"),
        "{}",
        answer.stdout
    );
    assert!(answer.stdout.contains("5 flows, no mistakes"), "{}", answer.stdout);
    let json = installation.relay(&["flows", "check", "--json"]).with_status(0).json();
    assert_eq!(json["flows"].as_array().unwrap().len(), 5);
    assert_eq!(json["mistakes"].as_array().unwrap().len(), 0);
}

#[test]
fn the_flow_that_the_documents_show_has_no_mistakes() {
    for document in [include_str!("../../../../README.md"), include_str!("../../../../docs/flows.md")] {
        let (_, flow) = document.split_once("```toml\n").unwrap();
        let (flow, _) = flow.split_once("```").unwrap();
        let installation = with_folder(&[("trade-to-kingdee.toml", flow)]);
        installation.relay(&["flows", "check", "flows"]).with_status(0);
    }
}

#[test]
fn every_mistake_is_shown_with_its_line_underlined_and_a_suggestion() {
    let installation = with_folder(&[("wrong.toml", WRONG)]);
    let answer = installation.relay(&["flows", "check", "flows"]).with_status(1);
    for said in [
        "flows/wrong.toml:5:12",
        r#"route    = "qimeng""#,
        "           ^^^^^^^^",
        "did you mean `qimen`?",
        "flows/wrong.toml:14:",
        "did you mean `trade_time`?",
        "flows/wrong.toml:21:",
        "did you mean `taxprice`?",
        "3 mistakes.",
    ] {
        assert!(answer.stdout.contains(said), "{said} in {}", answer.stdout);
    }
}

#[test]
fn programs_get_the_mistakes_as_json() {
    let mut installation = with_folder(&[("wrong.toml", WRONG)]);
    installation.set("RELAY_FLOWS_DIR", "flows");
    let answer = installation.relay(&["flows", "check", "--json"]).with_status(1).json();
    let mistakes = answer["mistakes"].as_array().unwrap();
    let lines: Vec<_> = mistakes.iter().map(|mistake| mistake["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [5, 14, 21], "{answer}");
    assert!(mistakes.iter().all(|mistake| mistake["file"] == "flows/wrong.toml"), "{answer}");
}

/// A flow with two fields that no list of fields knows, and one in quotes that its author vouches for.
const DOUBTFUL: &str = include_str!("flows/doubtful.toml");

#[test]
fn a_field_that_is_not_known_is_a_warning_with_its_line_and_a_suggestion() {
    let installation = with_folder(&[("doubtful.toml", DOUBTFUL)]);
    let answer = installation.relay(&["flows", "check", "flows"]).with_status(0);
    for said in [
        "warning: the document has no known field `cm_level` here",
        "flows/doubtful.toml:14:",
        "warning: the target has no known field `refund_fe` here",
        "flows/doubtful.toml:15:1",
        "did you mean `refund_fee`?",
        "doubtful: qince.direct_order → wangdian.sales_refund_push",
        "1 flow, no mistakes, 2 warnings.",
    ] {
        assert!(answer.stdout.contains(said), "{said} in {}", answer.stdout);
    }
    let json = installation.relay(&["flows", "check", "flows", "--json"]).with_status(0).json();
    assert_eq!(json["mistakes"], serde_json::json!([]));
    let lines: Vec<_> = json["warnings"].as_array().unwrap().iter().map(|warning| &warning["line"]).collect();
    assert_eq!(lines, [14, 15], "{json}");
    assert!(json["warnings"][1]["help"].as_str().unwrap().contains("`refund_fee`"), "{json}");
}

#[test]
fn a_typo_in_version_is_a_mistake_where_the_list_of_fields_is_incomplete_too() {
    let wrong = DOUBTFUL.replace("\"modify_time_str\"", "\"changed_at\"");
    let installation = with_folder(&[("doubtful.toml", &wrong)]);
    let json = installation.relay(&["flows", "check", "flows", "--json"]).with_status(1).json();
    let mistakes = json["mistakes"].as_array().unwrap();
    assert_eq!(mistakes.len(), 1, "{json}");
    assert_eq!(mistakes[0]["line"], 4, "{json}");
    assert!(mistakes[0]["message"].as_str().unwrap().contains("`changed_at`"), "{json}");
    assert_eq!(json["warnings"].as_array().unwrap().len(), 2, "{json}");
}

#[test]
fn a_doubtful_flow_starts_and_each_of_its_fields_is_logged_once() {
    let twice = DOUBTFUL.replace("refund_fe ", "reason = \"cm_level\"\nrefund_fe ");
    let mut installation = with_folder(&[("doubtful.toml", &twice)]);
    installation.set("RELAY_FLOWS_DIR", "flows");
    installation.set("RUST_LOG", "warn");
    // A start that goes no further than its settings.
    let answer = installation.invoke("webhook-receiver", "webhook-receiver/direct-order.json").with_status(2);
    for field in ["`cm_level`", "`refund_fe`"] {
        assert_eq!(answer.stderr.matches(field).count(), 1, "{field} in {}", answer.stderr);
    }
}

#[test]
fn a_wrong_flow_starts_no_function() {
    let mut installation = with_folder(&[("wrong.toml", WRONG)]);
    installation.set("RELAY_FLOWS_DIR", "flows");
    let answer = installation.relay(&["drain"]).with_status(2);
    assert!(answer.stderr.contains("flows/wrong.toml:5:12"), "{}", answer.stderr);
    assert!(!installation.path("relay.db").exists(), "nothing was begun");
}

#[test]
fn a_folder_without_flow_files_is_named() {
    let installation = with_folder(&[("notes.txt", "")]);
    for (folder, said) in [("flows", "holds no flow files (*.toml)"), ("nowhere", "cannot be read")] {
        let answer = installation.relay(&["flows", "check", folder]).with_status(2);
        assert!(answer.stderr.contains(said) && answer.stderr.contains(folder), "{}", answer.stderr);
    }
}
