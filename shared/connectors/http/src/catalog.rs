//! The documents, as data.

use relay_connector::{ANY_FIELDS, Document, Field, Fields, Kind, Push, Repeat, Role};

/// Signed JSON from anybody, at `/http/{name}`.
pub const WEBHOOK: &str = "http.webhook";
/// JSON to the address of `HTTP_POST_URL`.
pub const POST: &str = "http.post";
/// A message to a group of 企业微信.
pub const WECOM_ROBOT: &str = "http.wecom_robot";
/// A message to a group of 钉钉.
pub const DINGTALK_ROBOT: &str = "http.dingtalk_robot";
/// A message to a group of 飞书.
pub const FEISHU_ROBOT: &str = "http.feishu_robot";

/// The parameter of a flow that tells one kind of push from another: the `name` of `/http/{name}`.
pub const NAME: &str = "name";

/// The parameter of a flow that goes on from `HTTP_POST_URL`: `orders/new`.
pub const PATH: &str = "path";

/// The field of `http.post` that holds our number of the document.
pub const ID: &str = "id";

/// The documents of this crate.
#[must_use]
pub fn documents() -> &'static [Document] {
    &DOCUMENTS
}

/// What is pushed to us.
pub(crate) fn webhook() -> &'static Document {
    &DOCUMENTS[0]
}

static DOCUMENTS: [Document; 5] = [
    // Nothing is known of what others push: no field, no key, no version. The flow says all of it, and its author knows.
    Document {
        name: WEBHOOK,
        title: "通用 Webhook (signed JSON, pushed to /http/{name})",
        role: Role::Pushed,
        params: &[NAME],
        fields: Fields::Written(ANY_FIELDS),
        ..Document::UNKNOWN
    },
    // Whether a receiver keeps what comes twice apart, nobody knows but who runs it, so a repeat may double; who knows
    // better says so in HTTP_POST_REPEAT. It cannot be asked either: there is no common way to.
    Document {
        name: POST,
        title: "通用 HTTP 推送 (JSON to an HTTPS address)",
        role: Role::Target,
        params: &[PATH],
        fields: Fields::Written(POST_FIELDS),
        push: Some(Push::new(Some(ID), Repeat::Doubles, None)),
        ..Document::UNKNOWN
    },
    Document {
        name: WECOM_ROBOT, title: "企业微信群机器人", fields: Fields::Written(WECOM_FIELDS), ..ROBOT
    },
    Document {
        name: DINGTALK_ROBOT,
        title: "钉钉群机器人",
        fields: Fields::Written(DINGTALK_FIELDS),
        ..ROBOT
    },
    Document {
        name: FEISHU_ROBOT, title: "飞书群机器人", fields: Fields::Written(FEISHU_FIELDS), ..ROBOT
    },
];

/// A message in a group. A robot replaces nothing: what is sent twice is there twice. `Replaces` is what is wanted all
/// the same: after a lost answer the message is sent again, because one that is read twice does no harm and one that is
/// never read does; and the newer version of a document is one more message, as people in a chat expect it. Messages have
/// no number, and nobody can be asked for one.
const ROBOT: Document = Document {
    role: Role::Target,
    push: Some(Push::new(None, Repeat::Replaces, None)),
    // The pages know more kinds of messages (pictures, links, cards) than are described here.
    open: true,
    ..Document::UNKNOWN
};

const POST_FIELDS: &[Field] = &[
    Field::required(
        ID,
        "编号 (what tells the document from others; part of the Idempotency-Key)",
        Kind::Text,
    ),
    Field::new("*", "接收方的字段 (the receiver's own fields)", Kind::Any),
];

/// Source: 企业微信开发者中心, 群机器人配置说明, from memory; `msgtype`, `text` and `markdown` are certain.
const WECOM_FIELDS: &[Field] = &[
    Field::required("msgtype", "消息类型: text, markdown", Kind::Text),
    Field::new("text", "文本消息", Kind::Object(WECOM_TEXT)),
    Field::new("markdown", "markdown 消息", Kind::Object(WECOM_MARKDOWN)),
];
const WECOM_TEXT: &[Field] = &[
    Field::required("content", "文本内容,最长不超过2048个字节", Kind::Text),
    Field::new("mentioned_list", "提醒群中的指定成员(userid 的列表)", Kind::Any),
    Field::new("mentioned_mobile_list", "提醒手机号对应的群成员", Kind::Any),
];
const WECOM_MARKDOWN: &[Field] =
    &[Field::required("content", "markdown内容,最长不超过4096个字节", Kind::Text)];

/// Source: 钉钉开放平台, 自定义机器人接入, from memory; `msgtype`, `text`, `markdown` and `at` are certain.
const DINGTALK_FIELDS: &[Field] = &[
    Field::required("msgtype", "消息类型: text, markdown", Kind::Text),
    Field::new("text", "文本类型消息", Kind::Object(DINGTALK_TEXT)),
    Field::new("markdown", "markdown 类型消息", Kind::Object(DINGTALK_MARKDOWN)),
    Field::new("at", "被@的群成员信息", Kind::Object(DINGTALK_AT)),
];
const DINGTALK_TEXT: &[Field] = &[Field::required("content", "文本消息的内容", Kind::Text)];
const DINGTALK_MARKDOWN: &[Field] = &[
    Field::required("title", "首屏会话透出的展示内容", Kind::Text),
    Field::required("text", "markdown 格式的消息内容", Kind::Text),
];
const DINGTALK_AT: &[Field] = &[
    Field::new("atMobiles", "被@的群成员手机号", Kind::Any),
    Field::new("atUserIds", "被@的群成员 userId", Kind::Any),
    Field::new("isAtAll", "是否@所有人", Kind::Flag),
];

/// Source: 飞书开放平台, 自定义机器人使用指南, from memory; `msg_type` and `content.text` are certain. `timestamp` and
/// `sign` are ours to add.
const FEISHU_FIELDS: &[Field] = &[
    Field::required("msg_type", "消息类型: text, post, interactive", Kind::Text),
    Field::new("content", "消息内容", Kind::Object(FEISHU_CONTENT)),
    Field::new("card", "消息卡片,msg_type 为 interactive 时", Kind::Any),
];
const FEISHU_CONTENT: &[Field] =
    &[Field::new("text", "文本内容", Kind::Text), Field::new("post", "富文本内容", Kind::Any)];
