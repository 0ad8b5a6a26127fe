//! Flows as a user meets them: the shipped files, mistakes in a file, faults of a document.

#![expect(clippy::unwrap_used, clippy::panic, reason = "the helpers of tests fail by panicking, as tests do")]

mod any;
mod bench;
mod catalogs;
mod diagnostics;
mod ends;
mod faults;
mod flow_tests;
mod groups;
mod hostile;
mod interfaces;
mod language;
mod life;
mod links;
mod money;
mod outcomes;
mod properties;
mod reads;
mod shipped;
mod split;
mod trace;
mod ways_out;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use relay_connector::Catalog;
use relay_mapping::{Context, Fault, Flow, LookupKey, Mapped};
use serde_json::Value;

fn catalog() -> Catalog {
    relay_connectors::catalog()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn shipped(name: &str) -> Flow {
    let file = format!("shared/flows/{name}.toml");
    let text = fs::read_to_string(root().join(&file)).unwrap();
    Flow::parse(name, &file, &text, &catalog()).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

/// A vendor document of `events/`.
fn document(path: &str) -> Value {
    let text = fs::read_to_string(root().join("events").join(path)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Every look-up answered with an id that tells what was asked, every setting with its name.
fn apply(flow: &Flow, document: &Value) -> Result<Mapped, Vec<Fault>> {
    let settings = flow.settings().into_iter().map(|name| (name.to_owned(), format!("<{name}>"))).collect();
    let lookups: BTreeMap<LookupKey, String> =
        flow.lookups(document).into_iter().map(|asked| (asked.clone(), id(&asked))).collect();
    flow.apply(document, &Context { settings: &settings, lookups: &lookups })
}

fn id(asked: &LookupKey) -> String {
    format!("<{} {}>", asked.table, asked.key)
}

/// A flow of two fields that reads trades, around the lines under test.
fn trade_flow(fields: &str) -> Flow {
    let text = format!(
        "[source]\ndocument = \"wangdian.trade_query\"\nkey = \"trade_no\"\n\
         [target]\ndocument = \"sharecrm.objdata_push\"\n\
         [fields]\nobjAPIName = {{ value = \"o\" }}\ndataCenterId = {{ value = \"d\" }}\nid = \"stockout_no\"\n\
         [fields.masterFieldVal]\n{fields}\n"
    );
    Flow::parse("test", "test.toml", &text, &catalog()).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

/// What those fields become of a trade that is known by its stock-out and what the document says.
fn master(fields: &str, document: &Value) -> Result<Value, Vec<Fault>> {
    let mut document = document.clone();
    document["stockout_no"] = Value::from("CK1");
    apply(&trade_flow(fields), &document).map(|mut mapped| mapped.body["masterFieldVal"].take())
}
