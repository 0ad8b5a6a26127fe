//! The answer that Qince waits for, five seconds at most.

use serde::Serialize;

/// `{"return_code": 0, "return_msg": "", "msg_id": "X0001"}`. Anything but 0 makes Qince deliver again, at 01:30 on
/// each of the next ten days and never after.
///
/// Source: `https://api.waiqin365.com/SERVER/app/dms/zy_order_push.html`, 响应信息.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reply {
    /// 响应编码: 0 taken, 1 failed.
    pub return_code: u8,
    /// 响应消息内容: why it failed, empty otherwise.
    pub return_msg: String,
    /// 消息ID: the `msgId` that was received, empty where none could be read.
    pub msg_id: String,
}

impl Reply {
    /// The push is stored durably.
    #[must_use]
    pub fn accepted(msg_id: impl Into<String>) -> Self {
        Self { return_code: 0, return_msg: String::new(), msg_id: msg_id.into() }
    }

    /// The push was not taken.
    #[must_use]
    pub fn failed(msg_id: impl Into<String>, message: impl Into<String>) -> Self {
        Self { return_code: 1, return_msg: message.into(), msg_id: msg_id.into() }
    }

    /// The answer's body, as JSON text.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::json!(self).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_the_three_fields_of_the_vendors_page() {
        assert_eq!(
            Reply::accepted("X0001").to_json(),
            r#"{"return_code":0,"return_msg":"","msg_id":"X0001"}"#
        );
        assert_eq!(
            Reply::failed("X0001", "the digest fits no secret").to_json(),
            r#"{"return_code":1,"return_msg":"the digest fits no secret","msg_id":"X0001"}"#
        );
    }
}
