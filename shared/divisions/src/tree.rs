//! The data, loaded once.

use std::sync::LazyLock;

use crate::name::Name;

/// 省级.
pub(crate) struct Province {
    pub(crate) name: Name,
    pub(crate) cities: Vec<City>,
}

/// 地级.
pub(crate) struct City {
    pub(crate) name: Name,
    /// 县级; one of the city's own name where it has none.
    pub(crate) districts: Vec<Name>,
}

impl City {
    /// The city as its own district.
    pub(crate) fn itself(&self) -> Option<&Name> {
        self.districts.iter().find(|district| district.full == self.name.full)
    }
}

/// Every province, with what is in it.
pub(crate) fn provinces() -> &'static [Province] {
    static PROVINCES: LazyLock<Vec<Province>> = LazyLock::new(|| load(include_str!("../data/divisions.tsv")));
    &PROVINCES
}

/// Reads lines of `code name`, indented by one tab per level.
fn load(data: &'static str) -> Vec<Province> {
    let mut provinces: Vec<Province> = Vec::new();
    for line in data.lines() {
        let Some((code, name)) = line.split_once(' ') else { continue };
        let level = code.bytes().take_while(|byte| *byte == b'\t').count();
        match (level, provinces.last_mut()) {
            (0, _) => provinces.push(Province { name: Name::of_province(name), cities: Vec::new() }),
            (1, Some(province)) => {
                province.cities.push(City { name: Name::new(name), districts: Vec::new() });
            }
            (_, Some(province)) => {
                if let Some(city) = province.cities.last_mut() {
                    let mut district = Name::new(name);
                    district.also_without(&city.name);
                    city.districts.push(district);
                }
            }
            (_, None) => {}
        }
    }
    for province in &mut provinces {
        forget_stems_of_cities(province);
    }
    provinces
}

/// 湖南长沙芙蓉中路 means the city of 长沙 and leaves the district out; it never means 长沙县.
fn forget_stems_of_cities(province: &mut Province) {
    let names = std::iter::once(&province.name).chain(province.cities.iter().map(|city| &city.name));
    let taken: Vec<String> = names.filter_map(Name::stem).map(str::to_owned).collect();
    for district in province.cities.iter_mut().flat_map(|city| &mut city.districts) {
        if district.stem().is_some_and(|stem| taken.iter().any(|taken| taken == stem)) {
            district.forget_stem();
        }
    }
}
