//! What a rule for a field that the target is not known to have may stand for.

use relay_connector::{Field, Kind};
use toml_edit::Item;

use super::reach;
use super::report::closest;
use super::rule;
use super::table::Entry;

/// Whether it is lines or an object, and not the rule of one value: what stands under a head of its own and takes its value
/// from nowhere.
pub(super) fn is_composed(item: &Item) -> bool {
    match item {
        Item::ArrayOfTables(_) => true,
        Item::Table(table) => !rule::TAKES.iter().any(|take| table.contains_key(take)),
        _ => false,
    }
}

/// The known field that an unknown name most likely stands for.
pub(super) fn stands_for(entry: &Entry<'_>, known: &'static [Field]) -> Option<&'static str> {
    let names: Vec<_> = known.iter().map(|field| field.name).collect();
    let meant = reach::titled(known, entry.key).or_else(|| closest(entry.key, &names));
    meant.or_else(|| only_list(entry, known))
}

/// What a table of lines under an unknown name stands for, where the target requires one list alone.
fn only_list(entry: &Entry<'_>, known: &[Field]) -> Option<&'static str> {
    let has_each = entry.item.as_table_like().is_some_and(|table| table.contains_key("each"));
    let mut required =
        known.iter().filter(|field| field.is_required() && matches!(field.kind, Kind::List(_)));
    let only = required.next().filter(|_| required.next().is_none())?;
    (has_each || entry.item.is_array_of_tables()).then_some(only.name)
}
