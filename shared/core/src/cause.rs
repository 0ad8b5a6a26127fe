//! What a failure has in common with others: the flow, its class and code, and the reason without the values of this document.

use crate::FailureClass;
use crate::item::digest;

/// So many characters of a reason tell causes apart, and are read at a glance.
const LONGEST: usize = 120;

/// So many digits stand for the rest of a longer one.
const DIGITS: usize = 8;

/// The cause of a failure, in words: equal for failures that one change mends.
#[must_use]
pub fn of(flow: &str, class: &FailureClass, code: Option<&str>, message: &str) -> String {
    let code = code.map(|code| format!(" {code}")).unwrap_or_default();
    format!("{flow} {class}{code}: {}", short(&without_values(message)))
}

/// A reason without its values: what stands in quotes is `…`, and a word with a digit in it is `#`. Names of fields, in
/// backquotes, stay.
#[must_use]
pub fn without_values(message: &str) -> String {
    let mut text = String::with_capacity(message.len());
    let mut rest = message.chars().peekable();
    while let Some(sign) = rest.next() {
        if sign == '`' {
            text.push(sign);
            for sign in rest.by_ref() {
                text.push(sign);
                if sign == '`' {
                    break;
                }
            }
        } else if let Some(end) = closing(sign) {
            text.push('…');
            for inner in rest.by_ref() {
                if inner == end {
                    break;
                }
            }
        } else if is_of_code(sign) {
            let mut word = String::from(sign);
            while let Some(next) = rest.next_if(|next| is_of_code(*next)) {
                word.push(next);
            }
            let is_value = word.chars().any(|sign| sign.is_ascii_digit());
            text.push_str(if is_value { "#" } else { &word });
        } else {
            text.push(sign);
        }
    }
    text
}

/// What ends a quotation that begins so.
fn closing(sign: char) -> Option<char> {
    match sign {
        '"' => Some('"'),
        '“' => Some('”'),
        '「' => Some('」'),
        '【' => Some('】'),
        '《' => Some('》'),
        _ => None,
    }
}

/// Codes, numbers and dates are words of these; Chinese has no blanks that would end a word.
fn is_of_code(sign: char) -> bool {
    sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_' | '.' | '/')
}

fn short(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}… ({})", &text[..end], &digest(&[text])[..DIGITS]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(message: &str) -> String {
        of("orders", &FailureClass::Refused, Some("1024"), message)
    }

    #[test]
    fn failures_that_one_change_mends_have_one_cause() {
        assert_eq!(cause("商品编码P0001-2KG不存在"), "orders refused 1024: 商品编码#不存在");
        for (one, other) in [
            ("商品编码P0001-2KG不存在", "商品编码P2不存在"),
            ("客户“张三商行”已停用", "客户“李四商行”已停用"),
            ("kingdee.customer has no code S001", "kingdee.customer has no code A-17"),
            ("`receive_addr` = \"老地方\" cannot be split", "`receive_addr` = \"别处 7 号\" cannot be split"),
            ("at 2026-11-22 12:00:00 closed", "at 2026-11-23 09:30:01 closed"),
        ] {
            assert_eq!(cause(one), cause(other));
        }
    }

    #[test]
    fn another_field_another_reason_and_another_flow_are_other_causes() {
        assert_ne!(cause("`qty` is absent"), cause("`price` is absent"));
        assert_ne!(cause("商品不存在"), cause("客户不存在"));
        assert_ne!(cause("`line_1` is absent"), cause("`line_2` is absent"), "names of fields stay");
        let other = of("returns", &FailureClass::Refused, Some("1024"), "商品不存在");
        assert_ne!(cause("商品不存在"), other);
    }

    #[test]
    fn a_long_reason_is_cut_and_told_from_others_that_begin_like_it() {
        let long = |end: &str| cause(&format!("{}{end}", "很长的原因".repeat(60)));
        assert!(long("一").chars().count() < 180, "{}", long("一"));
        assert_ne!(long("一"), long("二"));
    }
}
