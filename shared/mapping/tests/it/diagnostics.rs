use std::fs;
use std::path::Path;

use relay_mapping::Flow;

use super::catalog;

fn mistakes(stem: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/mistakes/{stem}.toml"));
    let text = fs::read_to_string(path).unwrap();
    Flow::parse(stem, &format!("{stem}.toml"), &text, &catalog()).unwrap_err().to_string()
}

#[test]
fn each_kind_of_mistake_is_shown_with_its_place_and_a_suggestion() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes");
    let mut stems: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    stems.sort();
    assert!(stems.len() >= 20);
    for stem in stems {
        insta::assert_snapshot!(stem.clone(), mistakes(&stem));
    }
}

#[test]
fn a_diagnostic_knows_its_line_and_column() {
    let text = "[source]\ndocument = \"wangdian.trade_query\"\nkey = '商品 | trade_no'\n";
    let mistakes = Flow::parse("f", "flows/f.toml", text, &catalog()).unwrap_err();
    let key = mistakes.0.iter().find(|mistake| mistake.line == 3).unwrap();
    assert_eq!((key.file.as_str(), key.column), ("flows/f.toml", 8));
    assert!(key.message.contains("`商品`"), "{}", key.message);
}

#[test]
fn a_flow_may_have_a_chinese_name_and_none_that_a_shell_reads_otherwise() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../flows/trade-to-kingdee.toml");
    let text = fs::read_to_string(path).unwrap();
    for name in ["trade to kingdee", "trade.v2", "", "a/b", "订单→金蝶", &"订".repeat(80)] {
        let mistakes = Flow::parse(name, &format!("{name}.toml"), &text, &catalog());
        let mistakes = mistakes.map(|_| ()).unwrap_err();
        assert_eq!(mistakes.0.len(), 1, "{name}");
        let report = mistakes.to_string();
        assert!(report.contains("the name of") && report.contains(&format!("{name}.toml")), "{report}");
    }
    for name in ["Trade_2-to-kingdee", "订单到金蝶", "订单-1"] {
        assert!(Flow::parse(name, "f.toml", &text, &catalog()).is_ok(), "{name}");
    }
}

#[test]
fn a_title_is_what_people_are_shown() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../flows/trade-to-kingdee.toml");
    let text = fs::read_to_string(path).unwrap();
    let titled = Flow::parse("f", "f.toml", &format!("title = \"订单 → 金蝶\"\n{text}"), &catalog()).unwrap();
    assert_eq!(titled.title(), Some("订单 → 金蝶"));
    assert_eq!(Flow::parse("f", "f.toml", &text, &catalog()).unwrap().title(), None);
}
