//! "Did you mean": for names that a person has typed.

/// The known name that is closest to one that is not known, where it is close enough to be meant.
#[must_use]
pub fn closest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let slips = name.chars().count() / 3 + 1;
    let distances = known.into_iter().map(|known| (distance(name, known), known));
    distances.min().filter(|(distance, _)| *distance <= slips).map(|(_, known)| known)
}

/// How many letters were left out, added, swapped or mistaken.
#[must_use]
pub fn distance(name: &str, known: &str) -> usize {
    strsim::damerau_levenshtein(name, known)
}

/// The suggestion as the end of a message; nothing where no name is close.
#[must_use]
pub fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    closest(name, known).map(|known| format!(": did you mean `{known}`?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_told_from_another_name() {
        let known = ["trade-to-kingdee", "stock-to-sharecrm"];
        assert_eq!(closest("trade-to-kingde", known), Some("trade-to-kingdee"));
        assert_eq!(closest("returns", known), None);
        assert_eq!(did_you_mean("stock-to-sharcrm", known), ": did you mean `stock-to-sharecrm`?");
    }
}
