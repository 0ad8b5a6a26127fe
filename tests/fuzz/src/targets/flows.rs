//! Flow files, and documents that go through them.
//!
//! An input is a flow file; documents may follow it, each after a line of its own. A file that holds no mistake maps them,
//! and the sample of what it reads.

use relay_mapping::{Diagnostics, Flow, Severity, Sightings};
use serde_json::Value;

use crate::Depth;
use crate::house::{CATALOG, follow, sample};
use crate::input::{parts, text};

/// Words that its parser looks for.
pub const WORDS: &[&str] = &[
    "[source]\n",
    "[target]\n",
    "[fields]\n",
    "[fields.material_entity]\n",
    "[[fields]]\n",
    "document = \"wangdian.trade_query\"\n",
    "document = \"qince.direct_order\"\n",
    "document = \"http.webhook\"\n",
    "document = \"kingdee.sal_order_save\"\n",
    "document = \"sharecrm.objdata_push\"\n",
    "document = \"http.post\"\n",
    "key = \"trade_no\"\n",
    "key = [\"trade_no\", \"shop_no\"]\n",
    "version = \"modified\"\n",
    "window = \"created\"\n",
    "route = \"direct\"\n",
    "params = { status = \"55\" }\n",
    "filter = \"trade_status = 55\"\n",
    "each = \"goods_list\"\n",
    "where = \"num > 0\"\n",
    "copy = [\"remark\"]\n",
    "x = { from = \"a | b | 'c'\" }\n",
    "x = { value = \"v\" }\n",
    "x = { setting = \"WDT_SHOP_NO\" }\n",
    "x = { text = \"{trade_no}-{#}{{}}\" }\n",
    "x = { compute = \"sum(goods_list, num * price)\" }\n",
    "x = [{ when = \"has(a)\", from = \"a\" }, { from = \"b\" }]\n",
    ", as = \"decimal\", scale = 20, rounding = \"half_even\"",
    ", as = \"time\", formats = [\"%Y%m%d\"], zone = \"+23:59\", write = \"%s\"",
    ", as = \"epoch\", write = \"milliseconds\"",
    ", as = \"date\"",
    ", as = \"flag\"",
    ", as = \"json\"",
    ", as = \"value\"",
    ", as = \"province\"",
    ", as = \"street\", strip = \"emoji\"",
    ", write = \"%Y-%m-%d %H:%M:%S%.9f %:z %+ %c %C %G %V %U\"",
    ", lookup = \"kingdee.customer\"",
    ", codes = { \"0\" = false }, otherwise = true",
    ", absent = \"error\"",
    ", default = \"0\"",
    ", unique = true",
    "$.",
    "^.",
    "^.^.",
    "target.x",
    "#",
    "[0]",
    "[ext_key=级别]",
    ".'a b'",
    "'''",
    "\"\"\"",
    "\\u0041",
    "\\U0001F600",
    "\r\n",
    "\t",
    "\u{200D}",
    "\u{202E}",
    "级别",
    "😀",
    "1979-05-27T07:32:00Z",
    "0x7fffffffffffffff",
    "inf",
    "a.b.c.d.e.f.g.h",
    "[[[[[[[[",
    "{a={a={a={a=",
    "\n====\n",
    "{\"trade_no\":\"1\"}",
];

/// Feeds a flow file and documents.
pub fn run(input: &[u8]) -> Depth {
    let parts = parts(input);
    let file = text(parts[0]);
    let flow = match Flow::parse("f", "f.toml", &file, &CATALOG) {
        Ok(flow) => flow,
        Err(mistakes) => {
            are_told(&mistakes, &file);
            // What is no TOML is one mistake alone.
            let is_toml = !mistakes.0.iter().any(|mistake| mistake.message.starts_with("this is not TOML"));
            return if is_toml { Depth::Opened } else { Depth::Refused };
        }
    };
    are_told(&Diagnostics(flow.warnings().to_vec()), &file);
    maps(&flow, sample(flow.source().document.name));
    for document in &parts[1..] {
        if let Ok(document) = serde_json::from_slice(document) {
            maps(&flow, &document);
        }
    }
    Depth::Accepted
}

/// Mistakes stand in the file, and print.
fn are_told(found: &Diagnostics, file: &str) {
    let lines = file.matches('\n').count() + 1;
    for mistake in &found.0 {
        assert!((1..=lines).contains(&mistake.line), "line {} of {lines}", mistake.line);
        assert!(mistake.column >= 1 && !mistake.message.is_empty() && !mistake.to_string().is_empty());
    }
}

fn maps(flow: &Flow, document: &Value) {
    let mapped = follow(flow, document);
    assert!(flow.warnings().iter().all(|warning| warning.severity == Severity::Warning));
    let mut sightings = Sightings::default();
    sightings.note(flow, document);
    assert_eq!(sightings.missing(flow), flow.absent_paths(document), "what one document lacks is missing");
    assert!(!sightings.note(flow, document), "a document holds nothing new when it is seen again");
    let Ok(mapped) = mapped else { return };
    for field in flow.target().document.fields().iter().filter(|field| field.is_required()) {
        assert!(mapped.body.get(field.name).is_some(), "the target requires `{}`", field.name);
    }
}
