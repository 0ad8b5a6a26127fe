use relay_connectors::documented;
use relay_host::settings;
use relay_operations::documents::{self, DocumentRow, LookupRow};
use serde_json::json;

use crate::Done;
use crate::language;
use crate::output::say;
use crate::tally::plain_table;

/// `relay documents`
pub(crate) fn run(text: Option<&str>, json: bool) -> Done {
    let documents = documents::documents(&documented(), &settings::of_process(), text);
    let lookups = documents::lookups(&documented(), text);
    if json {
        say!("{}", json!({ "documents": documents, "lookups": lookups }));
    } else {
        print(&documents, &lookups, text);
    }
    Done::Well
}

fn print(documents: &[DocumentRow], lookups: &[LookupRow], text: Option<&str>) {
    if documents.is_empty() && lookups.is_empty() {
        let text = text.unwrap_or_default();
        say!(
            "没有单据或对照表的名称、标题里有 `{text}`。",
            "No document and no look-up table has `{text}` in its name or title."
        );
        return;
    }
    let mut table = plain_table(&[
        ("单据", "document"),
        ("标题", "title"),
        ("可作", "can be"),
        ("读法", "read by"),
        ("字段", "fields"),
    ]);
    for DocumentRow { name, title, role, can_be, fields, is_complete, .. } in documents {
        let more = if *is_complete { "" } else { language::current().says(" 或更多", " or more") };
        let read = if *can_be == *role { "" } else { role };
        table.add_row([*name, *title, *can_be, read, &format!("{fields}{more}")]);
    }
    if !documents.is_empty() {
        say!("{table}\n");
    }
    if !lookups.is_empty() {
        let mut table = plain_table(&[("对照表", "look-up"), ("标题", "title")]);
        lookups.iter().for_each(|lookup| _ = table.add_row([lookup.name, lookup.title]));
        say!("{table}\n");
    }
    say!(
        "`relay fields 单据 [文字]` 列出一种单据的字段。",
        "`relay fields DOCUMENT [TEXT]` lists the fields of one."
    );
}
