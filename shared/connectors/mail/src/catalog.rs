//! The document, as data.

use relay_connector::{Document, Field, Fields, Kind, Push, Repeat, Role};

/// A mail.
pub const SEND: &str = "mail.send";

/// The documents of this crate.
#[must_use]
pub fn documents() -> &'static [Document] {
    &DOCUMENTS
}

/// As a message in a group, a mail replaces nothing, and no mail server can be asked whether it has one. `Replaces` is what is
/// wanted all the same: after a lost answer it is sent again, under the Message-ID that it had, by which mailboxes and people know
/// the repetition; and the newer version of a document is one more mail, an answer to the one before.
static DOCUMENTS: [Document; 1] = [Document {
    name: SEND,
    title: "电子邮件 (e-mail over SMTP)",
    role: Role::Target,
    fields: Fields::Written(FIELDS),
    open: false,
    push: Some(Push::new(None, Repeat::Replaces, None)),
    ..Document::UNKNOWN
}];

const FIELDS: &[Field] = &[
    Field::required("to", "收件人,多个用逗号隔开 (addresses, comma-separated)", Kind::Text),
    Field::required("subject", "主题", Kind::Text),
    Field::required("text", "正文,纯文本", Kind::Text),
];
