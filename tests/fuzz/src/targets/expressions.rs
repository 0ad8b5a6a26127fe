//! The little language of flow files, in a flow whose documents may hold anything.
//!
//! An input is an expression and, after a line of its own, a document that it is evaluated over. The expression is put
//! wherever a flow file takes one.

use std::sync::LazyLock;

use relay_connector::{ANY_FIELDS, Catalog, Document, Field, Fields, Kind, Push, Repeat, Role};
use relay_mapping::Flow;
use serde_json::{Value, json};

use crate::Depth;
use crate::house::{apply, follow};
use crate::input::{parts, text};

/// Words that its parser looks for.
pub const WORDS: &[&str] = &[
    "a",
    "b.c",
    "lines",
    "lines[0].n",
    "lines[k=v].n",
    "[k='v']",
    "['",
    "$",
    "$.a",
    "^",
    "^.a",
    "^.^.a",
    ".'x y'",
    "$.\"x\"",
    "target",
    "target.y",
    "#",
    " | ",
    "'text'",
    "\"text\"",
    "\"it's\"",
    "'\"'",
    " and ",
    " or ",
    "not ",
    " in (1, '2', a)",
    "has(a)",
    "count(lines)",
    "count(lines where n > 1)",
    "sum(lines, n)",
    "sum(lines where has(n), n * ^.a)",
    " where ",
    "(",
    ")",
    "((((((((",
    ",",
    " + ",
    " - ",
    " * ",
    " / ",
    " = ",
    " != ",
    " < ",
    " <= ",
    " > ",
    " >= ",
    "==",
    "-",
    "0",
    "1.50",
    "0.0000000000000000000000000001",
    "79228162514264337593543950335",
    "99999999999999999999999999999",
    "1e5",
    "级别",
    "😀",
    "\u{3000}",
    "\n",
    "\t",
    "{a}",
    "{{",
    "}}",
    "{a | 'x'}-{#}",
    "\n====\n",
    "{\"a\":1}",
    "\"lines\":[{\"n\":\"2\"}]",
    "\"n\":\"1e-28\"",
    "null",
    "true",
    "[]",
    "{}",
];

static OPEN: [Document; 2] = [
    Document {
        name: "any.event",
        role: Role::Pushed,
        fields: Fields::Written(ANY_FIELDS),
        ..Document::UNKNOWN
    },
    Document {
        name: "any.call",
        role: Role::Target,
        fields: Fields::Written(&[
            Field::required("id", "编号", Kind::Text),
            Field::new("*", "任意字段", Kind::Any),
        ]),
        push: Some(Push::new(Some("id"), Repeat::Doubles, None)),
        ..Document::UNKNOWN
    },
];

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::default().with(&OPEN, &[]));

/// Feeds an expression and a document.
pub fn run(input: &[u8]) -> Depth {
    let parts = parts(input);
    let expression = text(parts[0]);
    let document = parts.get(1).and_then(|part| serde_json::from_slice(part).ok());
    let document = document.unwrap_or_else(|| json!({"a": 1, "lines": [{"n": "2", "k": "v"}, {"n": 3}]}));
    let sites = [
        prints(&expression, &document),
        denies(&expression, &document),
        adds_nothing(&expression, &document),
        stands(&field(&format!("{{ from = {} }}", quoted(&expression))), &document),
        stands(&field(&format!("{{ text = {} }}", quoted(&expression))), &document),
        stands(
            &field(&format!("[{{ when = {}, value = 1 }}, {{ value = 2 }}]", quoted(&expression))),
            &document,
        ),
        stands(&list(&quoted(&expression), "'has($)'"), &document),
        stands(&list("'lines'", &quoted(&expression)), &document),
    ];
    // Something takes it, or nothing does.
    if sites.contains(&true) { Depth::Accepted } else { Depth::Refused }
}

/// Fall-backs print as what they are read from: the same again.
fn prints(expression: &str, document: &Value) -> bool {
    let Some(flow) = flow(&format!("version = {}", quoted(expression)), "") else { return false };
    _ = follow(&flow, document);
    let printed = flow.version_source().expect("a version");
    let again = self::flow(&format!("version = {}", quoted(&printed)), "");
    let again = again.unwrap_or_else(|| panic!("what it prints is none: {printed}"));
    assert_eq!(again.version_source().as_ref(), Some(&printed));
    assert_eq!(again.version(document), flow.version(document), "{printed}");
    true
}

/// A condition and its denial are never both true, nor both false; and what cannot be told of one cannot of the other.
fn denies(expression: &str, document: &Value) -> bool {
    let filtered = |filter: &str| flow(&format!("filter = {}", quoted(filter)), "");
    let Some(flow) = filtered(expression) else { return false };
    // One level more may be one too many.
    if let Some(denied) = filtered(&format!("not ({expression})")) {
        let (is, is_not) = (flow.admits(document), denied.admits(document));
        assert_eq!(
            is.as_ref().ok(),
            is_not.as_ref().ok().map(|is_not| !is_not).as_ref(),
            "{is:?} {is_not:?}"
        );
    }
    true
}

/// An amount and nothing are that amount.
fn adds_nothing(expression: &str, document: &Value) -> bool {
    let computed = |amount: &str| field(&format!("{{ compute = {} }}", quoted(amount)));
    let Some(flow) = computed(expression) else { return false };
    if let Some(more) = computed(&format!("({expression}) + 0")) {
        assert_eq!(amount(&flow, document), amount(&more, document));
    }
    true
}

/// What is computed; nothing where it is absent, or cannot be.
fn amount(flow: &Flow, document: &Value) -> Option<Value> {
    apply(flow, document).ok()?.body.get("x").cloned()
}

/// Whether a flow is one, and what it makes of a document.
fn stands(flow: &Option<Flow>, document: &Value) -> bool {
    if let Some(flow) = flow {
        _ = follow(flow, document);
    }
    flow.is_some()
}

/// A flow with one more rule.
fn field(rule: &str) -> Option<Flow> {
    flow("", &format!("y = \"a\"\nx = {rule}\n"))
}

/// A flow with a list of lines.
fn list(each: &str, filter: &str) -> Option<Flow> {
    flow("", &format!("[fields.list]\neach = {each}\nwhere = {filter}\nno = \"n\"\n"))
}

fn flow(source: &str, fields: &str) -> Option<Flow> {
    let file = format!(
        "[source]\ndocument = \"any.event\"\nkey = \"id\"\n{source}\n[target]\ndocument = \"any.call\"\n[fields]\nid = \"id\"\n\
         {fields}"
    );
    Flow::parse("f", "f.toml", &file, &CATALOG).ok()
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    toml_edit::Value::from(text).to_string()
}
