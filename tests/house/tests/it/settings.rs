//! The page of settings.

use std::collections::BTreeSet;

use relay_host::settings::declared;

fn rows(page: &str) -> Vec<(&str, bool)> {
    let cells = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    cells.map(|(name, rest)| (name, rest.starts_with(" (secret)"))).collect()
}

#[test]
fn the_page_has_every_setting_once_and_says_which_are_secret() {
    let page = house::settings::page();
    let rows = rows(&page);
    let declared: BTreeSet<_> = declared::all().map(|setting| (setting.name, setting.is_secret)).collect();
    assert_eq!(rows.len(), declared.len());
    assert_eq!(rows.into_iter().collect::<BTreeSet<_>>(), declared);
}

#[test]
fn every_row_has_as_many_cells_as_its_head() {
    for row in house::settings::page().lines().filter(|line| line.starts_with('|')) {
        assert_eq!(row.matches('|').count(), 5, "{row}");
    }
}
