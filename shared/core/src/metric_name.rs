//! What a flow is called where it is counted.

use crate::item::digest;

/// A flow's name in metrics. CloudWatch drops what is counted under a name with other than ASCII characters, and tells
/// nobody; of such a name its ASCII part is kept, and a digest tells it from others.
#[must_use]
pub fn metric_name(flow: &str) -> String {
    const DIGITS: usize = 8;
    if flow.is_ascii() {
        return flow.to_owned();
    }
    let plain: String = flow.chars().filter(char::is_ascii).collect();
    let plain = plain.trim_matches(['-', '_']);
    let plain = if plain.is_empty() { "flow" } else { plain };
    let digest = digest(&[flow]);
    format!("{plain}-{}", digest.get(..DIGITS).unwrap_or(&digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_ascii_stands_for_itself_and_others_are_told_apart_by_a_digest() {
        assert_eq!(metric_name("trade-to-kingdee"), "trade-to-kingdee");
        let names = ["订单到金蝶", "退货到金蝶", "订单-kingdee", "订单-2"].map(metric_name);
        assert!(names.iter().all(|name| name.is_ascii()), "{names:?}");
        assert!(names[0].starts_with("flow-") && names[0] != names[1], "{names:?}");
        assert!(names[2].starts_with("kingdee-") && names[3].starts_with("2-"), "{names:?}");
    }
}
