//! What there is: the documents of all vendors with their fields, and the look-up tables. Nothing is asked of a store.
//!
//! | module | what for |
//! |---|---|
//! | [`fields`] | a document's fields, each with title, kind, code table and who says so |
//! | `facts` | the rules of a document, in words |
//! | `example` | the part of a flow file that names a document |

mod example;
mod facts;
pub mod fields;

use relay_connector::{Connector, Document, Role, Settings, field};
use serde::Serialize;

use crate::OperationError;

/// A document that flows may name, or that look-ups ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DocumentRow {
    /// What a flow file writes: `wangdian.trade_query`.
    pub name: &'static str,
    /// The vendor's own name of it, in Chinese.
    pub title: &'static str,
    /// The vendor's own name.
    pub vendor: &'static str,
    /// How it is read or written: `pushed`, `windows`, `pool`, `own`, `target`, `list`.
    pub role: &'static str,
    /// Which end of a flow it can be: `source`, `target`; or `look-up`.
    pub can_be: &'static str,
    /// How many fields are known of it, those of lines included.
    pub fields: usize,
    /// Whether these are all, so that an unknown name is a mistake.
    pub is_complete: bool,
}

/// A look-up table that flows may name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LookupRow {
    /// What a flow file writes: `kingdee.customer`.
    pub name: &'static str,
    /// What it turns into what, in Chinese.
    pub title: &'static str,
    /// The vendor's own name.
    pub vendor: &'static str,
}

/// Every document by these settings whose name or title, or whose vendor's, holds that text, in the order of vendors and of
/// their lists.
#[must_use]
pub fn documents(connectors: &[&dyn Connector], settings: &Settings, text: Option<&str>) -> Vec<DocumentRow> {
    let rows = every(connectors, settings).map(|(connector, document)| row(connector, document));
    rows.filter(|row| holds(&[row.name, row.title, row.vendor], text)).collect()
}

/// Every look-up table whose name or title, or whose vendor's, holds that text.
#[must_use]
pub fn lookups(connectors: &[&dyn Connector], text: Option<&str>) -> Vec<LookupRow> {
    let all = connectors.iter().map(|connector| (connector.title(), connector.lookups()));
    let rows = all.flat_map(|(vendor, lookups)| {
        lookups.iter().map(move |lookup| LookupRow { name: lookup.name, title: lookup.title, vendor })
    });
    rows.filter(|row| holds(&[row.name, row.title, row.vendor], text)).collect()
}

fn every<'a>(
    connectors: &'a [&'a dyn Connector],
    settings: &'a Settings,
) -> impl Iterator<Item = (&'a dyn Connector, &'static Document)> {
    let of = |connector: &&'a dyn Connector| {
        let connector = *connector;
        connector.documents_by(settings).iter().map(move |document| (connector, document))
    };
    connectors.iter().flat_map(of)
}

/// The field that versions are told by. Of some documents the vendor shows none: then the content decides.
fn version(document: &Document) -> Option<&'static str> {
    let is_there = |name: &&str| document.is_open() || field(document.fields(), name).is_some();
    document.version.filter(is_there)
}

fn row(connector: &dyn Connector, document: &Document) -> DocumentRow {
    DocumentRow {
        name: document.name,
        title: document.title,
        vendor: connector.title(),
        role: document.role.name(),
        can_be: match document.role {
            Role::Pushed | Role::Windowed | Role::Pool | Role::Listed | Role::Own => "source",
            Role::Target => "target",
        },
        fields: fields::count(document.fields()),
        is_complete: !document.is_open(),
    }
}

/// Whether one of these holds the text, in whatever case; all do where there is none.
fn holds(these: &[&str], text: Option<&str>) -> bool {
    let Some(text) = text.map(str::to_lowercase) else { return true };
    these.iter().any(|it| it.to_lowercase().contains(&text))
}

/// The document of that name: `wangdian.trade_query`, its part after the point, or its title, where only one has it.
///
/// # Errors
/// [`OperationError::NoDocument`], with those that were perhaps meant.
fn named<'a>(
    connectors: &'a [&'a dyn Connector],
    settings: &'a Settings,
    name: &str,
) -> Result<(&'a dyn Connector, &'static Document), OperationError> {
    const MEANT: usize = 5;
    let short = |document: &Document| document.name.split_once('.').map_or("", |(_, short)| short);
    let is_so = |document: &Document| [document.name, short(document), document.title].contains(&name);
    let found: Vec<_> = every(connectors, settings).filter(|(_, document)| is_so(document)).collect();
    if let [only] = found.as_slice() {
        return Ok(*only);
    }
    let candidates: Vec<_> = match found.len() {
        0 => every(connectors, settings).collect(),
        _ => found,
    };
    let names = candidates.iter().flat_map(|(_, document)| [document.name, short(document)]);
    let nearest = relay_job::suggest::closest(name, names);
    let is_meant = |document: &Document| {
        nearest.is_some_and(|nearest| nearest == document.name || nearest == short(document))
            || holds(&[document.name, document.title], Some(name))
    };
    let meant = candidates.iter().filter(|(_, document)| is_meant(document));
    let meant = meant.map(|(_, document)| document.name.to_owned()).take(MEANT).collect();
    Err(OperationError::NoDocument { name: name.to_owned(), meant })
}
