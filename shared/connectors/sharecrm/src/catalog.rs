//! ShareCRM's documents, as data: one push interface, in its standard and in its non-standard format.

use relay_connector::{Document, Field, Fields, Kind, Lookup, Need, Push, Repeat, Role, Step, sheet};

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

/// A record with its details, which the platform knows by its `id`.
pub(crate) const STANDARD: &str = "sharecrm.objdata_push";

/// Any data, which a function of the tenant's makes records of.
pub(crate) const NON_STANDARD: &str = "sharecrm.objdata_push_custom";

/// What stands beside `data` in a push: whether users and files in it are to be converted.
pub(crate) const BESIDE: &[&str] = &["convertUserId", "convertMediaId"];

static DOCUMENTS: &[Document] = &[
    Document {
        name: STANDARD,
        title: "ERP 数据推送 (ERP external data push)",
        role: Role::Target,
        params: BESIDE,
        fields: sheet!("../catalog/objdata_push.tsv"),
        // That the same id updates the same record follows from its part as the record's key; the page does not promise it.
        // One record with its details is one call, and nothing but saving it is known of it.
        push: Some(Push::new(Some("id"), Repeat::Replaces, None).batched(1).with_steps(&[Step::Save])),
        ..Document::UNKNOWN
    },
    // What a second push does is the function's to say, and nobody can be asked.
    Document {
        name: NON_STANDARD,
        title: "ERP 数据推送, 非标准格式 (a push-interface function of the console reads it)",
        role: Role::Target,
        params: BESIDE,
        fields: Fields::Written(CUSTOM),
        push: Some(Push::new(None, Repeat::Doubles, None).batched(1).with_steps(&[Step::Save])),
        ..Document::UNKNOWN
    },
];

const CUSTOM: &[Field] = &[
    expected("objAPIName", "ERP对象apiName"),
    expected("dataCenterId", "数据中心id"),
    Field::new("directSync", "是否实时同步", Kind::Flag),
    Field::new("destObjectApiName", "目标对象apiName", Kind::Text),
    Field::new("*", "函数的字段 (the function's own fields)", Kind::Any),
];

/// The vendor's page asks for nothing but data, and its one example names both.
const fn expected(name: &'static str, title: &'static str) -> Field {
    Field { need: Need::Expected, ..Field::new(name, title, Kind::Text) }
}
