use relay_connectors::documented;
use relay_host::settings;
use relay_operations::documents::fields::{self, Described, FieldRow};
use serde_json::json;

use crate::Done;
use crate::output::say;
use crate::tally::plain_table;

/// `relay fields`
pub(crate) fn run(document: &str, text: Option<&str>, json: bool) -> anyhow::Result<Done> {
    let described = fields::fields(&documented(), &settings::of_process(), document, text)?;
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
        say!(
            "`{name}` 没有字段的名称、标题或代码里有 `{text}`。",
            "No field of `{name}` has `{text}` in its name, title or codes."
        );
        let all = fields::fields(&documented(), &settings::of_process(), name, None);
        let all = all.map(|all| all.fields).unwrap_or_default();
        if let Some(meant) = fields::closest(text, &all) {
            say!("是不是 `{meant}`?", "Did you mean `{meant}`?");
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
        say!("写在流程文件里:\n\n{}", "In a flow file:\n\n{}", described.example);
    }
}

fn tables(described: &Described) {
    for (head, rows) in [(("参数", "parameter"), &described.params), (("字段", "field"), &described.fields)]
    {
        if !rows.is_empty() {
            table(head, rows);
        }
    }
}

fn table(head: (&str, &str), rows: &[FieldRow]) {
    let mut table = plain_table(&[
        head,
        ("标题", "title"),
        ("类型", "kind"),
        ("必填", "required"),
        ("出处", "says"),
        ("代码和说明", "codes and notes"),
    ]);
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
