use relay_connectors::documented;
use relay_host::Settings;
use relay_operations::documents::{self, DocumentRow, LookupRow};
use serde_json::json;

use crate::Done;
use crate::output::say;
use crate::tally::plain_table;

/// `relay documents`
pub(crate) fn run(text: Option<&str>, json: bool) -> Done {
    let documents = documents::documents(&documented(), &Settings::from_environment(), text);
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
        say!("No document and no look-up table has `{text}` in its name or title.");
        return;
    }
    let mut table = plain_table(&["document", "title", "can be", "read by", "fields"]);
    for DocumentRow { name, title, role, can_be, fields, is_complete, .. } in documents {
        let more = if *is_complete { "" } else { " or more" };
        let read = if *can_be == *role { "" } else { role };
        table.add_row([*name, *title, *can_be, read, &format!("{fields}{more}")]);
    }
    if !documents.is_empty() {
        say!("{table}\n");
    }
    if !lookups.is_empty() {
        let mut table = plain_table(&["look-up", "title"]);
        lookups.iter().for_each(|lookup| _ = table.add_row([lookup.name, lookup.title]));
        say!("{table}\n");
    }
    say!("`relay fields DOCUMENT [TEXT]` lists the fields of one.");
}
