//! The ways in which people write a division's name.

/// What a name ends with that people leave out, longest first.
const SUFFIXES: &[&str] = &[
    "特别行政区",
    "自治区",
    "自治州",
    "自治县",
    "自治旗",
    "地区",
    "新区",
    "林区",
    "特区",
    "省",
    "市",
    "区",
    "县",
    "盟",
    "旗",
];

/// 民族: what people leave out of the names of autonomous divisions.
const PEOPLES: &[&str] = &[
    "各族",
    "蒙古",
    "蒙古族",
    "回族",
    "藏族",
    "维吾尔",
    "苗族",
    "彝族",
    "壮族",
    "布依族",
    "朝鲜族",
    "满族",
    "侗族",
    "瑶族",
    "白族",
    "土家族",
    "哈尼族",
    "哈萨克",
    "哈萨克族",
    "傣族",
    "黎族",
    "傈僳族",
    "佤族",
    "畲族",
    "拉祜族",
    "水族",
    "东乡族",
    "纳西族",
    "景颇族",
    "柯尔克孜",
    "土族",
    "达斡尔族",
    "仫佬族",
    "羌族",
    "布朗族",
    "撒拉族",
    "毛南族",
    "仡佬族",
    "锡伯",
    "普米族",
    "塔吉克",
    "怒族",
    "鄂温克族",
    "保安族",
    "裕固族",
    "独龙族",
];

/// A division's name.
pub(crate) struct Name {
    /// The name as the law has it.
    pub(crate) full: &'static str,
    /// Every way to write it.
    forms: Vec<(String, Written)>,
}

/// How much of a name was written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// The full name, or a shorter one that still says what the division is: 恩施州, 彭水县, 广西自治区.
    Whole,
    /// The name without its suffix, which says nothing by itself: 南京.
    Stem,
}

impl Name {
    pub(crate) fn new(full: &'static str) -> Self {
        let suffix = SUFFIXES.iter().copied().find(|suffix| full.ends_with(suffix)).unwrap_or_default();
        let stem = without_peoples(&full[..full.len() - suffix.len()]);
        let short_suffix = match suffix {
            "自治州" => "州",
            "自治县" => "县",
            "自治旗" => "旗",
            other => other,
        };
        let mut name = Self { full, forms: vec![(full.to_owned(), Written::Whole)] };
        name.also(format!("{stem}{short_suffix}"), Written::Whole);
        if stem.chars().count() >= 2 {
            name.also(stem.to_owned(), Written::Stem);
        }
        name
    }

    /// A province's name, which people give suffixes that it does not have: 广西省, 北京市.
    pub(crate) fn of_province(full: &'static str) -> Self {
        let mut name = Self::new(full);
        let stem = name.stem().unwrap_or(full).to_owned();
        for suffix in ["省", "市", "自治区", "特别行政区"] {
            name.also(format!("{stem}{suffix}"), Written::Whole);
        }
        if stem == "内蒙古" {
            name.also("内蒙".to_owned(), Written::Stem);
        }
        name
    }

    /// Adds the name without the city's in front, as people write 苏州市工业园区 for 苏州市苏州工业园区. A rest of less
    /// than four characters may be another district's whole name.
    pub(crate) fn also_without(&mut self, city: &Name) {
        let without = [Some(city.full), city.stem()].into_iter().flatten();
        let rest =
            without.filter_map(|city| self.full.strip_prefix(city)).find(|rest| rest.chars().count() >= 4);
        if let Some(rest) = rest {
            self.also(rest.to_owned(), Written::Whole);
        }
    }

    fn also(&mut self, form: String, written: Written) {
        if self.forms.iter().all(|(known, _)| *known != form) {
            self.forms.push((form, written));
        }
    }

    pub(crate) fn stem(&self) -> Option<&str> {
        let stem = self.forms.iter().find(|(_, written)| *written == Written::Stem);
        stem.map(|(form, _)| form.as_str())
    }

    pub(crate) fn forget_stem(&mut self) {
        self.forms.retain(|(_, written)| *written == Written::Whole);
    }

    /// Every way in which `text` begins with this name, with the bytes that it takes.
    pub(crate) fn at_start_of<'a>(&'a self, text: &'a str) -> impl Iterator<Item = (usize, Written)> + 'a {
        let found = self.forms.iter().filter(|(form, _)| text.starts_with(form.as_str()));
        found.map(|(form, written)| (form.len(), *written))
    }
}

fn without_peoples(name: &str) -> &str {
    let mut stem = name;
    while let Some(rest) = PEOPLES
        .iter()
        .filter_map(|people| stem.strip_suffix(people))
        // 内蒙古 is not 内, and 东乡族自治县 is named by its people alone.
        .filter(|rest| rest.chars().count() >= 2)
        .min_by_key(|rest| rest.len())
    {
        stem = rest;
    }
    if PEOPLES.contains(&stem) { stem.strip_suffix('族').unwrap_or(stem) } else { stem }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reads(full: &'static str, shorter: &str, stem: Option<&str>) {
        let name = Name::new(full);
        assert!(
            name.at_start_of(shorter)
                .any(|(length, written)| length == shorter.len() && written == Written::Whole),
            "{full}: {shorter}"
        );
        assert_eq!(name.stem(), stem, "{full}");
    }

    #[test]
    fn names_of_autonomous_divisions_are_shortened_as_people_do() {
        reads("恩施土家族苗族自治州", "恩施州", Some("恩施"));
        reads("积石山保安族东乡族撒拉族自治县", "积石山县", Some("积石山"));
        reads("鄂温克族自治旗", "鄂温克旗", Some("鄂温克"));
        reads("东乡族自治县", "东乡县", Some("东乡"));
        reads("梅里斯达斡尔族区", "梅里斯区", Some("梅里斯"));
        reads("克孜勒苏柯尔克孜自治州", "克孜勒苏州", Some("克孜勒苏"));
        reads("内蒙古自治区", "内蒙古自治区", Some("内蒙古"));
    }

    #[test]
    fn a_single_character_is_no_name() {
        reads("东区", "东区", None);
        reads("忠县", "忠县", None);
    }
}
