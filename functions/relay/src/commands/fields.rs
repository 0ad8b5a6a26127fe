use relay_connectors::documented;
use relay_host::Settings;
use relay_operations::documents::fields::{self, Described, FieldRow};
use serde_json::json;

use crate::Done;
use crate::output::say;
use crate::tally::plain_table;

/// `relay fields`
pub(crate) fn run(document: &str, text: Option<&str>, json: bool) -> anyhow::Result<Done> {
    let described = fields::fields(&documented(), &Settings::from_environment(), document, text)?;
    if json {
        say!("{}", json!(described));
    } else if let Some(text) = text {
        found(&described, text);
    } else {
        print(&described);
    }
    Ok(Done::Well)
}

/// Only what was looked for.
fn found(described: &Described, text: &str) {
    if described.params.is_empty() && described.fields.is_empty() {
        let name = described.document.name;
        say!("No field of `{name}` has `{text}` in its name, title or codes.");
        let all = fields::fields(&documented(), &Settings::from_environment(), name, None);
        let all = all.map(|all| all.fields).unwrap_or_default();
        if let Some(meant) = fields::closest(text, &all) {
            say!("Did you mean `{meant}`?");
        }
        return;
    }
    tables(described);
}

fn print(described: &Described) {
    let document = &described.document;
    say!("{}  {}  {}\n", document.name, document.title, document.vendor);
    for fact in &described.facts {
        say!("{}: {}", fact.about, fact.says);
    }
    say!("");
    tables(described);
    if !described.example.is_empty() {
        say!("In a flow file:\n\n{}", described.example);
    }
}

fn tables(described: &Described) {
    for (head, rows) in [("parameter", &described.params), ("field", &described.fields)] {
        if !rows.is_empty() {
            table(head, rows);
        }
    }
}

fn table(head: &str, rows: &[FieldRow]) {
    let mut table = plain_table(&[head, "title", "kind", "required", "says", "codes and notes"]);
    for FieldRow { path, title, kind, required, codes, certainty, note } in rows {
        let codes: Vec<_> = codes.iter().map(|code| format!("{} {}", code.code, code.meaning)).collect();
        let rest = [codes.join("; ").as_str(), note]
            .into_iter()
            .filter(|it| !it.is_empty())
            .collect::<Vec<_>>()
            .join(". ");
        table.add_row([path.as_str(), title, kind, required, certainty, &rest]);
    }
    say!("{table}\n");
}
