//! ShareCRM's document, as data.

use relay_connector::{Document, Field, Kind, Lookup, Push, Repeat, Role, Step};

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

const DOCUMENTS: &[Document] = &[Document {
    name: "sharecrm.objdata_push",
    title: "ERP 数据推送 (ERP external data push)",
    role: Role::Target,
    params: &[],
    fields: PUSH,
    open: false,
    // That the same id updates the same record follows from its part as the record's key; the page does not promise it.
    // One record with its details is one call, and nothing but saving it is known of it.
    push: Some(Push::new(Some("id"), Repeat::Replaces, None).batched(1).with_steps(&[Step::Save])),
    ..Document::UNKNOWN
}];

/// What stands inside `data`. The three that are marked as required make it the platform's standard format.
const PUSH: &[Field] = &[
    Field::required("objAPIName", "ERP 对象 apiName (ERP object API name)", Kind::Text),
    Field::required("dataCenterId", "数据中心 id (data center ID)", Kind::Text),
    Field::required("id", "主对象数据 id (record id)", Kind::Text),
    Field::new("masterFieldVal", "主对象数据 (master object data)", Kind::Map),
    Field::new("detailFieldVals", "从对象数据列表 (detail object data list)", Kind::MapOfLists),
    Field::new("directSync", "是否实时同步 (sync in real time)", Kind::Flag),
    Field::new("destObjectApiName", "目标对象 apiName,实时同步时必填 (target object API name)", Kind::Text),
];
