//! The pages of the documents: what `relay fields` shows, one page a document, and an index.

use relay_connector::Settings;
use relay_operations::documents::fields::{Described, FieldRow, of_all};
use relay_operations::documents::{LookupRow, lookups};

use crate::Made;

/// Where they stand.
pub const FOLDER: &str = "docs/reference";

const MADE: &str = "<!-- Made from the catalog by `cargo run -p house`: change that, not this file. -->";

const HEAD: &str = "The documents of all vendors, as flow files name them, each with its fields. `relay documents` and `relay \
fields DOCUMENT [TEXT]` show the same. [How a flow file reads](../flows.md) says how they are used.

Of each field stands there who says that it exists: the *vendor* (a page, a demo, an SDK), others who have *seen* it, or nobody
(*inferred* from a document of the same kind). Where a list may be incomplete, a name that is not in it is a warning, and is
written in quotes by who knows better.
";

/// Every page.
#[must_use]
pub fn pages() -> Vec<Made> {
    let sections = sections();
    let mut pages = vec![Made { file: format!("{FOLDER}/README.md"), text: index(&sections) }];
    for section in &sections {
        let of = |document| Made { file: file(section, document), text: page(section, document) };
        pages.extend(section.documents.iter().map(of));
    }
    pages
}

/// The documents of a vendor, by one of its interfaces where it has several.
struct Section {
    /// The setting by which they are known, such as `KINGDEE_AUTH=v2`; empty where that is the default.
    setting: String,
    /// What is added to the vendor's name in the names of files.
    suffix: String,
    documents: Vec<Described>,
}

fn sections() -> Vec<Section> {
    let unset = Settings::default();
    let mut sections = Vec::new();
    for connector in relay_connectors::documented() {
        let of = |setting: String, suffix: String, settings: &Settings| Section {
            setting,
            suffix,
            documents: of_all(&[connector], settings),
        };
        sections.push(of(String::new(), String::new(), &unset));
        for variant in connector.variants().iter().filter(|variant| !variant.is_chosen(&unset)) {
            let (name, value) = (variant.setting.name, variant.value);
            let settings = Settings::from_iter([(name.to_owned(), value.to_owned())]);
            sections.push(of(format!("{name}={value}"), format!("-{value}"), &settings));
        }
    }
    sections
}

/// From the root of the repository: `docs/reference/wangdian/trade_query.md`.
fn file(section: &Section, described: &Described) -> String {
    format!("{FOLDER}/{}", link(section, described))
}

fn link(section: &Section, described: &Described) -> String {
    format!("{}.md", described.document.name.replacen('.', &format!("{}/", section.suffix), 1))
}

fn index(sections: &[Section]) -> String {
    let mut page = format!("# Documents\n\n{MADE}\n\n{HEAD}");
    for section in sections {
        let documents = &section.documents;
        let vendor = documents.first().map_or("", |described| described.document.vendor);
        let by = in_brackets(&section.setting);
        page.push_str(&format!(
            "\n## {vendor}{by}\n\n| document | title | can be | read by | fields |\n|---|---|---|---|---|\n"
        ));
        for described in documents {
            let document = &described.document;
            let more = if document.is_complete { "" } else { " or more" };
            let read = if document.role == document.can_be { "" } else { document.role };
            let (name, title, can_be) = (document.name, cell(document.title), document.can_be);
            let (fields, link) = (document.fields, link(section, described));
            page.push_str(&format!(
                "| [`{name}`]({link}) | {title} | {can_be} | {read} | {fields}{more} |\n"
            ));
        }
    }
    let lookups = lookups(relay_connectors::CONNECTORS, None);
    let rows =
        lookups.iter().map(|LookupRow { name, title, .. }| format!("| `{name}` | {} |\n", cell(title)));
    page + "\n## Look-up tables\n\n| look-up | title |\n|---|---|\n" + &rows.collect::<String>()
}

fn in_brackets(setting: &str) -> String {
    if setting.is_empty() { String::new() } else { format!(" ({setting})") }
}

fn page(section: &Section, described: &Described) -> String {
    let document = &described.document;
    let vendor = format!("{}{}", document.vendor, in_brackets(&section.setting));
    let mut page = format!("# `{}`\n\n{MADE}\n\n{vendor}: {}\n", document.name, document.title);
    page.push_str("\n| | |\n|---|---|\n");
    for fact in &described.facts {
        page.push_str(&format!("| {} | {} |\n", fact.about, cell(&fact.says)));
    }
    if !described.example.is_empty() {
        page.push_str(&format!(
            "\n## In a flow file\n\nWhat must stand there; `…` is what only you know.\n\n```toml\n{}```\n",
            described.example
        ));
    }
    if !described.params.is_empty() {
        page.push_str("\n## Parameters that a flow may fix\n\n");
        page.push_str(&table("parameter", &described.params));
    }
    if !described.fields.is_empty() {
        page.push_str("\n## Fields\n\n");
        page.push_str(&table("field", &described.fields));
    }
    page
}

fn table(head: &str, rows: &[FieldRow]) -> String {
    let mut table =
        format!("| {head} | title | kind | required | says | codes and notes |\n|---|---|---|---|---|---|\n");
    for FieldRow { path, title, kind, required, codes, certainty, note } in rows {
        let codes: Vec<_> = codes.iter().map(|code| format!("{} {}", code.code, code.meaning)).collect();
        let rest = [codes.join("; ").as_str(), note]
            .into_iter()
            .filter(|it| !it.is_empty())
            .collect::<Vec<_>>()
            .join(". ");
        let (title, rest) = (cell(title), cell(&rest));
        table.push_str(&format!("| `{path}` | {title} | {kind} | {required} | {certainty} | {rest} |\n"));
    }
    table
}

/// Text that ends no cell and begins no markup.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;").replace('\n', " ")
}
