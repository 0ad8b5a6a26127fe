//! Mistakes as consultants make them, in a file that is right otherwise: each is told once, at its line, with what to write
//! instead.

use relay_connector::Settings;
use relay_mapping::{Diagnostic, Flow};

const RIGHT: &str = r#"[source]
document = "wangdian.trade_query"
route    = "qimen"
params   = { status = "55" }
key      = "trade_no"
version  = "modified"

[target]
document = "kingdee.sal_order_save"

[fields]
billno        = "trade_no"
billdate      = "trade_time | created"
customerid_id = { from = "shop_no", lookup = "kingdee.customer" }

[fields.material_entity]
each          = "goods_list"
materialid_id = { from = "spec_no", lookup = "kingdee.material" }
stockid_id    = { from = "^.warehouse_no", lookup = "kingdee.store", absent = "error" }
qty           = "num"
taxprice      = { from = "share_price", absent = "error" }
is_free       = { from = "gift_type", codes = { "0" = false }, otherwise = true, default = false }
unit_id       = { from = "spec_no", lookup = "kingdee.material_unit", absent = "error" }
"#;

const GROUP: &str = r#"
[group]
by    = ["shop_no", "day(trade_time)"]
lines = ["materialid_id", "stockid_id", "unit_id", "is_free", "taxprice"]
sum   = ["qty"]
close = { after = "day", wait = "2h" }
"#;

fn found(text: &str) -> Vec<Diagnostic> {
    let catalog = relay_connectors::catalog_by(&Settings::default());
    match Flow::parse("mistake", "mistake.toml", text, &catalog) {
        Ok(flow) => flow.warnings().to_vec(),
        Err(found) => found.0,
    }
}

/// The one thing that is said where `right` is written as `wrong`: at the line of what is wrong, with a way out that holds
/// those words.
#[track_caller]
fn told(text: &str, right: &str, wrong: &str, way_out: &str) {
    told_at(None, text, right, wrong, way_out);
}

/// The same, at the line that begins so: of what is missing, and of what does not go with another.
#[track_caller]
fn told_at(place: Option<&str>, text: &str, right: &str, wrong: &str, way_out: &str) {
    assert_eq!(text.matches(right).count(), 1, "{right}");
    let line = text[..text.find(right).unwrap()].matches('\n').count() + 1;
    let lines = line..=line + wrong.trim_end_matches('\n').matches('\n').count();
    let found = found(&text.replace(right, wrong));
    let [only] = found.as_slice() else { panic!("{wrong}: {} things are told: {found:#?}", found.len()) };
    let lines = match place {
        Some(place) => {
            let line = text[..text.find(place).unwrap()].matches('\n').count() + 1;
            line - 1..=line
        }
        None => lines,
    };
    assert!(lines.contains(&only.line), "{wrong}: line {} and not {lines:?}", only.line);
    let said = format!("{} {}", only.message, only.help.as_deref().unwrap_or_default());
    assert!(said.contains(way_out), "{wrong}: {said}");
}

#[test]
fn the_files_without_mistakes_have_none() {
    assert_eq!(found(RIGHT), []);
    assert_eq!(found(&grouped()), []);
}

fn grouped() -> String {
    RIGHT.replace("billno        = \"trade_no\"\n", "") + GROUP
}

#[test]
fn of_lists_and_levels() {
    told(RIGHT, "\"goods_list\"", "\"trade_no\"", "each = \"goods_list\"");
    let list = Some("[fields.material_entity]");
    told_at(list, RIGHT, "each          = \"goods_list\"\n", "", "each = \"goods_list\"");
    told(RIGHT, "qty           = \"num\"", "qty           = \"goods_list.num\"", "did you mean `num`?");
    told(RIGHT, "qty           = \"num\"", "qty           = \"^.^.num\"", "remove one");
    told(
        RIGHT,
        "qty           = \"num\"",
        "qty           = { compute = \"sum(num)\" }",
        "sum(lines, price * num)",
    );
    told(RIGHT, "\"modified\"", "\"modified\"\nfilter   = \"trade_status in 55, 95\"", "in (1, 2)");
}

#[test]
fn of_rules() {
    let qty = "qty           = \"num\"";
    told(RIGHT, qty, "qty           = { from = \"num\", value = \"1\" }", "remove one of the two");
    told(RIGHT, "codes = { \"0\" = false }", "codes = [\"0\"]", "codes = { \"0\" = false");
    told(RIGHT, qty, "qty           = { value = \"two\" }", "such as \"0.13\"");
    told(
        RIGHT,
        "\"trade_no\"\nbilldate",
        "{ from = \"trade_no\", send = false }\nbilldate",
        "remove send = false",
    );
    told(RIGHT, "\"trade_no\"\nbilldate", "{ from = \"trade_no\", unique = true }\nbilldate", "remove it");
    let formats = "{ from = \"trade_time\", as = \"date\", formats = \"yyyy-MM-dd\" }";
    told(RIGHT, "\"trade_time | created\"", formats, "%Y the year");
}

#[test]
fn of_lookups() {
    told(RIGHT, "\"kingdee.customer\"", "\"wangdian.trade_query\"", "`relay documents`");
    let missing = found(&RIGHT.replace("\"kingdee.customer\"", "\"delivered.orders\""));
    assert_eq!(missing, [], "which other flows there are is known where all files are read");
    told(RIGHT, "\"kingdee.customer\"", "\"delivered.orders\", wait = \"3 days\"", "not \"3 days\"");
}

#[test]
fn of_keys_and_versions() {
    told(RIGHT, "\"trade_no\"\nversion", "[]\nversion", "key = \"trade_no\"");
    told_at(Some("[source]"), RIGHT, "key      = \"trade_no\"\n", "", "key = \"trade_no\"");
    // As text, 9.5 would be newer than 10.
    told(RIGHT, "\"modified\"", "\"goods_count\"", "a time or a counter");
    told(RIGHT, "\"modified\"", "\"modified\"\nechoes   = true", "\"take\"");
}

#[test]
fn of_sections_and_toml() {
    told(RIGHT, "[fields]", "[field]", "`fields`");
    told(
        RIGHT,
        "qty           = \"num\"",
        "qty           = \"num\"\nqty           = \"actual_num\"",
        "one of the two",
    );
    told(RIGHT, "qty           = \"num\"", "qty           = num", "in quotes");
    told(RIGHT, "qty           = \"num\"", "数量          = \"num\"", "in quotes");
    told(RIGHT, "qty           = \"num\"", "qty\u{a0}         = \"num\"", "a plain one");
    told(
        RIGHT,
        "document = \"kingdee.sal_order_save\"",
        "document = \"kingdee.sal_order_list\"",
        "`relay documents`",
    );
}

#[test]
fn of_groups() {
    let grouped = grouped();
    told(&grouped, "\"is_free\", ", "", "name it in `lines`");
    let sum = ("sum   = [\"qty\"]", "sum   = [\"qty\", \"taxprice\"]");
    told_at(Some("lines"), &grouped, sum.0, sum.1, "take it out");
    told(&grouped, "close = { after = \"day\", wait = \"2h\" }", "close = { daily = true }", "`after`");
    told(&grouped, "after = \"day\"", "after = \"week\"", "`day`");
    told(&grouped, "\"shop_no\", \"day", "\"shop_nr\", \"day", "`shop_no`");
    told(&grouped, "day(trade_time)", "day(receivable)", "a day");
    told_at(Some("close"), &grouped, ", \"day(trade_time)\"", "", "day(consign_time)");
}

#[test]
fn of_checks_and_splits() {
    let target = "document = \"kingdee.sal_order_save\"";
    let check = format!("{target}\ncheck    = \"sum(target.material_entity.amount) = receivable\"");
    told(RIGHT, target, &check, "send = false");
    let split = |keys: &str| format!("{RIGHT}\n[split]\n{keys}\n");
    let both = split("by = \"goods_list.spec_no\"\neach = \"goods_list\"");
    told(&both, "each = \"goods_list\"\n", "each = \"goods_list\" \n", "remove one of the two");
    // A number of its own is what tells the part from others.
    let own = split("by = \"goods_list.spec_no\"\nnumber = \"own\"");
    told(&own, "number = \"own\"", "number = \"own\" ", "billno = \"goods_list[0].spec_no\"");
    let numbered = own.replace("billno        = \"trade_no\"", "billno        = \"goods_list[0].spec_no\"");
    assert_eq!(found(&numbered), []);
}

#[test]
fn of_parameters() {
    let push = RIGHT.replace("kingdee.sal_order_save", "wangdian.trade_push");
    let said = found(&push);
    let shop = said.iter().find(|it| it.message.contains("`shop_no`")).expect("the shop is asked for");
    assert!(shop.help.as_deref().unwrap_or_default().contains("setting"), "{shop:?}");
    let given =
        push.replace("trade_push\"", "trade_push\"\nparams   = { shop_no = { setting = \"WDT_SHOP_NO\" } }");
    assert!(!found(&given).iter().any(|it| it.message.contains("`shop_no`")));
    // One at a time is asked for of several states.
    assert_eq!(found(&RIGHT.replace("status = \"55\"", "status = [\"55\", 95]")), []);
    told(RIGHT, "status = \"55\"", "status = [\"55\", 56]", "55 已确认");
    told(RIGHT, "status = \"55\"", "status = [5.5]", "a list of such");
}

#[test]
fn what_whoever_reads_a_source_sets_is_left_out() {
    for name in ["start_time", "page_size"] {
        let params = format!(r#"params   = {{ status = "55", {name} = "1" }}"#);
        told(
            RIGHT,
            r#"params   = { status = "55" }"#,
            &params,
            "leave it out; from when a flow reads is RELAY_START",
        );
    }
}

#[test]
fn signs_that_arithmetic_does_not_have_are_told_with_those_that_it_has() {
    let price = r#"taxprice      = { from = "share_price", absent = "error" }"#;
    for (compute, way_out) in [
        ("share_price ÷ num", "(write `/`)"),
        ("share_price × num", "(write `*`)"),
        ("round(share_price, 2)", "rounding is as = \"decimal\" with a scale"),
    ] {
        told(RIGHT, price, &format!(r#"taxprice      = {{ compute = "{compute}" }}"#), way_out);
    }
}

#[test]
fn a_text_without_quotes_is_told_how_it_is_written() {
    let version = "version  = \"modified\"\n";
    told_at(
        Some("[target]"),
        RIGHT,
        version,
        "version  = \"modified\"\nfilter   = \"shop_no = S1\"\n",
        "a text is written so: 'S1'",
    );
}

#[test]
fn lines_under_another_name_are_told_once() {
    told(RIGHT, "[fields.material_entity]", "[fields.entries]", "did you mean `material_entity`?");
}
