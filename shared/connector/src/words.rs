//! What the words of a refusal say of the call itself. No vendor publishes all of its codes, and they fail in the same words.

use crate::failure::Class;

/// Something behind the vendor's door has failed, or was given up: what was done by then is not known.
const BROKE_OFF: [&str; 9] = [
    "超时",
    "timeout",
    "time out",
    "timed out",
    "服务异常",
    "系统异常",
    "内部错误",
    "服务不可用",
    "unavailable",
];

/// The call was not taken up.
const BUSY: [&str; 5] = ["繁忙", "稍后", "稍候", "busy", "try again"];

/// What a vendor's words mean that speak of no document and not of us: [`Class::Unknown`] where the work on the call may
/// have been done, [`Class::Retry`] where it was not begun. `None` where they say neither.
///
/// Who says both (处理超时,请稍后再试) may have done it.
#[must_use]
pub fn class(said: &str) -> Option<Class> {
    let said = said.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if says(&BROKE_OFF) { Some(Class::Unknown) } else { says(&BUSY).then_some(Class::Retry { after: None }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_have_been_done_is_told_from_what_was_not_begun() {
        for said in ["处理超时,请稍后再试", "Read timed out", "服务异常", "Service Unavailable"]
        {
            assert_eq!(class(said), Some(Class::Unknown), "{said}");
        }
        for said in ["系统繁忙", "请稍后重试", "Server is BUSY"] {
            assert_eq!(class(said), Some(Class::Retry { after: None }), "{said}");
        }
        assert_eq!(class("无效店铺编号"), None);
    }
}
