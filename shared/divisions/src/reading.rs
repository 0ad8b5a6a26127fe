//! Every way to read the start of an address.

use crate::name::{Name, Written};
use crate::street;
use crate::tree::{City, Province, provinces};

/// One way to read the start of an address. What was left out is filled in from what was written.
#[derive(Clone, Copy)]
pub(crate) struct Reading {
    pub(crate) province: Option<&'static Province>,
    pub(crate) city: Option<&'static City>,
    /// Missing while the reading is incomplete.
    pub(crate) district: Option<&'static Name>,
    /// How many bytes it explains.
    pub(crate) length: usize,
    /// How the last name was written.
    last: Written,
}

impl Reading {
    /// The full names in one; 北京市昌平区 rather than 北京北京市昌平区.
    pub(crate) fn place(&self) -> String {
        let city = self.city.map(|city| city.name.full);
        let province = self.province.map(|province| province.name.full);
        let province = province.filter(|province| !city.is_some_and(|city| city.starts_with(province)));
        let district = self.district.map(|district| district.full);
        [province, city, district].into_iter().flatten().collect()
    }

    fn then(self, (length, last): (usize, Written)) -> Self {
        Self { length: self.length + length, last, ..self }
    }
}

/// The headings that some systems print between the levels.
const HEADINGS: &[&str] =
    &["市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划", "省直辖县", "省直辖"];

const SEPARATORS: &[char] =
    &[',', '，', '、', '.', '。', ';', '；', ':', '：', '/', '／', '-', '－', '—', '_', '|', '｜', '·'];

/// The text without the separators that it begins with.
pub(crate) fn skip_separators(text: &str) -> &str {
    text.trim_start_matches(|character: char| character.is_whitespace() || SEPARATORS.contains(&character))
}

/// The address without the country.
pub(crate) fn start(address: &str) -> &str {
    let text = skip_separators(address);
    let country = ["中华人民共和国", "中国"].into_iter().find_map(|country| text.strip_prefix(country));
    country.map_or(text, skip_separators)
}

/// Every reading of `text`, incomplete ones included.
pub(crate) fn all(text: &str) -> Vec<Reading> {
    let nothing = Reading { province: None, city: None, district: None, length: 0, last: Written::Whole };
    let mut readings = vec![nothing];
    for province in provinces() {
        let here = Reading { province: Some(province), ..nothing };
        readings.extend(province.name.at_start_of(text).map(|found| here.then(found)));
    }
    for reading in readings.clone() {
        readings.extend(with_city(reading, text));
    }
    for reading in readings.clone() {
        readings.extend(with_district(reading, text));
    }
    readings.retain(|reading| reading.length > 0 && is_believable(reading, text));
    readings
}

fn with_city(reading: Reading, text: &str) -> Vec<Reading> {
    let mut found = Vec::new();
    for (skipped, rest) in after(reading, text) {
        for province in reading.province.map_or(provinces(), std::slice::from_ref) {
            for city in &province.cities {
                let here = Reading { province: Some(province), city: Some(city), ..reading };
                found.extend(
                    city.name.at_start_of(rest).map(|(length, last)| here.then((skipped + length, last))),
                );
            }
        }
    }
    found
}

fn with_district(reading: Reading, text: &str) -> Vec<Reading> {
    let mut found = Vec::new();
    // A city without districts is complete by itself, whether its name is then repeated or not.
    if let Some(itself) = reading.city.and_then(City::itself) {
        found.push(Reading { district: Some(itself), ..reading });
    }
    for (skipped, rest) in after(reading, text) {
        for province in reading.province.map_or(provinces(), std::slice::from_ref) {
            for city in reading.city.map_or(province.cities.as_slice(), std::slice::from_ref) {
                for district in &city.districts {
                    let here = Reading {
                        province: Some(province),
                        city: Some(city),
                        district: Some(district),
                        ..reading
                    };
                    let places = district.at_start_of(rest);
                    let places = places.filter(|(length, written)| {
                        reading.length > 0 || says_where_alone(&rest[..*length], *written)
                    });
                    found.extend(places.map(|(length, last)| here.then((skipped + length, last))));
                }
            }
        }
    }
    found
}

/// What follows a reading, with and without a heading in front, and how many bytes were skipped to get there.
fn after(reading: Reading, text: &str) -> Vec<(usize, &str)> {
    let end = &text[reading.length..];
    let rest = skip_separators(end);
    let mut rests = vec![rest];
    if reading.length > 0 {
        let headings = HEADINGS.iter().filter_map(|heading| rest.strip_prefix(heading));
        rests.extend(headings.map(skip_separators));
    }
    rests.into_iter().map(|rest| (end.len() - rest.len(), rest)).collect()
}

/// Whether a district's name says where it is with nothing in front: 昆山市 and 忠县 do; 建邺 may be anything, 东区 and
/// 白沙乡 are too common.
fn says_where_alone(name: &str, written: Written) -> bool {
    let long_enough = name.chars().count() >= 3 || name.ends_with('县');
    written == Written::Whole && long_enough && name.ends_with(['市', '区', '县', '旗'])
}

/// A name without its suffix at the end of a reading is believed only if the address goes on elsewhere after it.
fn is_believable(reading: &Reading, text: &str) -> bool {
    let rest = &text[reading.length..];
    let set_apart = skip_separators(rest).len() < rest.len() || rest.is_empty();
    reading.district.is_none() || reading.last == Written::Whole || set_apart || street::begins(rest)
}
