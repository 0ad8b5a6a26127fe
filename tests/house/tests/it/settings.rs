//! The page of settings.

use std::collections::BTreeSet;

use relay_host::settings::declared;
use relay_operations::language::Language;

fn rows(page: &str) -> Vec<(&str, bool)> {
    let cells = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let is_secret = |rest: &str| rest.starts_with(" (secret)") || rest.starts_with("(密钥)");
    cells.map(|(name, rest)| (name, is_secret(rest))).collect()
}

#[test]
fn the_page_has_every_setting_once_and_says_which_are_secret() {
    for language in [Language::Chinese, Language::English] {
        let page = house::settings::page(language);
        let rows = rows(&page);
        let declared: BTreeSet<_> =
            declared::all().map(|setting| (setting.name, setting.is_secret)).collect();
        assert_eq!(rows.len(), declared.len());
        assert_eq!(rows.into_iter().collect::<BTreeSet<_>>(), declared);
    }
}

#[test]
fn every_row_has_as_many_cells_as_its_head() {
    for language in [Language::Chinese, Language::English] {
        for row in house::settings::page(language).lines().filter(|line| line.starts_with('|')) {
            assert_eq!(row.matches('|').count(), 5, "{row}");
        }
    }
}
