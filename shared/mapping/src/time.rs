//! Times as vendors write them, and the formats that a flow file may name.

use chrono::FixedOffset;
use chrono::format::{Item, StrftimeItems};

pub(crate) use relay_core::time::{china, read};

/// Whether the text is WDT's way to say that there is no date.
pub(crate) fn is_zero_date(text: &str) -> bool {
    text.starts_with("0000-00-00")
}

/// Whether a format has directives (`%Y`, `%m`, …), and all of them exist: `yyyy-MM-dd` would read nothing.
pub(crate) fn is_format(format: &str) -> bool {
    let is_text = |item: &Item<'_>| matches!(item, Item::Literal(_) | Item::Space(_));
    let items: Vec<_> = StrftimeItems::new(format).collect();
    !items.iter().all(is_text) && !items.contains(&Item::Error)
}

/// Reads an offset such as `+08:00`.
pub(crate) fn zone(text: &str) -> Option<FixedOffset> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_with_an_unknown_directive_is_none() {
        assert!(is_format("%Y%m%d"));
        assert!(!is_format("%Q"));
        assert!(!is_format("yyyy-MM-dd"));
        assert!(!is_format(""));
    }
}
