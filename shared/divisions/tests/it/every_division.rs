//! Every division of the data, written out, splits back to itself.

use relay_divisions::split;

const DATA: &str = include_str!("../../data/divisions.tsv");
const STREET: &str = "人民路1号";

fn every_district() -> Vec<[&'static str; 3]> {
    let mut names = [""; 3];
    let mut districts = Vec::new();
    for line in DATA.lines() {
        let level = line.bytes().take_while(|byte| *byte == b'\t').count();
        names[level] = line.split(' ').next_back().unwrap_or_default();
        if level == 2 {
            districts.push(names);
        }
    }
    districts
}

fn splits_back(written: &str, names: [&str; 3]) {
    let address = format!("{written}{STREET}");
    let parts = split(&address).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!([parts.province, parts.city, parts.district], names, "{address}");
    assert_eq!(parts.street, STREET);
}

#[test]
fn with_and_without_the_province() {
    let districts = every_district();
    assert!(districts.len() > 3300, "{} districts", districts.len());
    for names @ [province, city, district] in districts {
        splits_back(&format!("{province}{city}{district}"), names);
        splits_back(&format!("{city}{district}"), names);
    }
}

/// Shortened addresses may be refused, but never end up elsewhere.
#[test]
fn without_the_city_it_is_right_or_refused() {
    for names @ [province, _, district] in every_district() {
        for address in [format!("{province}{district}{STREET}"), format!("{district}{STREET}")] {
            if let Ok(parts) = split(&address) {
                assert_eq!([parts.province, parts.city, parts.district], names, "{address}");
            }
        }
    }
}

#[test]
fn cities_that_are_their_own_district_need_not_be_repeated() {
    for names @ [province, city, district] in every_district() {
        if city == district {
            splits_back(&format!("{province}{city}"), names);
        }
    }
}
