//! ShareCRM's document, as data.

use relay_connector::{Document, Lookup, Push, Repeat, Role, Step, sheet};

/// The documents of this crate.
#[must_use]
pub fn documents() -> &'static [Document] {
    DOCUMENTS
}

/// The look-up tables of this crate: none, for the platform resolves references itself.
#[must_use]
pub fn lookups() -> &'static [Lookup] {
    &[]
}

static DOCUMENTS: &[Document] = &[Document {
    name: "sharecrm.objdata_push",
    title: "ERP 数据推送 (ERP external data push)",
    role: Role::Target,
    fields: sheet!("../catalog/objdata_push.tsv"),
    // That the same id updates the same record follows from its part as the record's key; the page does not promise it.
    // One record with its details is one call, and nothing but saving it is known of it.
    push: Some(Push::new(Some("id"), Repeat::Replaces, None).batched(1).with_steps(&[Step::Save])),
    ..Document::UNKNOWN
}];
