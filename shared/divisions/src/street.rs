//! Whether what follows a shortened name looks like a street.
//!
//! 建邺云龙山路 is the district 建邺区 and a street, but 江宁路 is one street and 西湖文化广场 one square. A name without
//! its suffix is only believed in front of a street's name that stands by itself.

/// What the name of a street, village or town ends with.
const STREET_ENDS: &str = "路街道巷弄镇乡村";

/// What makes one street of the name before it and of what follows: 南京东路, 中山四路, 江宁大道.
const STREET_MIDDLES: &str = "东西南北中上下前后左右内外大小新老一二三四五六七八九十";

/// What makes one place of the name before it and of what follows: another division, or a landmark.
const CONTINUATIONS: &[&str] = &[
    "省", "市", "区", "县", "州", "盟", "旗", "山", "湖", "河", "江", "湾", "港", "岛", "坝", "寺", "塔",
    "宫", "祠", "门", "口", "桥", "站", "园", "苑", "广场", "医院", "大学", "学院", "公园", "车站", "火车",
    "机场", "大桥", "大厦", "中心", "国际", "酒店", "宾馆", "饭店", "体育", "客运", "花园", "小区", "新村",
    "新城", "社区", "市场", "文化", "码头",
];

/// Whether `rest` begins with a street of its own.
pub(crate) fn begins(rest: &str) -> bool {
    if CONTINUATIONS.iter().any(|continuation| rest.starts_with(continuation)) {
        return false;
    }
    let mut before = Vec::new();
    for character in rest.chars().take_while(|character| is_han(*character)) {
        if STREET_ENDS.contains(character) {
            return before.len() >= 2 && !before.iter().all(|character| STREET_MIDDLES.contains(*character));
        }
        before.push(character);
    }
    false
}

fn is_han(character: char) -> bool {
    ('\u{4E00}'..='\u{9FFF}').contains(&character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_street_by_itself_is_one() {
        for street in ["云龙山路66号", "虎门镇", "民治街道", "北苑街道5号"] {
            assert!(begins(street), "{street}");
        }
    }

    #[test]
    fn the_rest_of_a_name_is_no_street() {
        for rest in [
            "路5号",
            "东路5号",
            "四路",
            "北一路",
            "中大街",
            "大道1号",
            "文化广场",
            "市莱城区凤城街",
            "66号",
            "",
        ] {
            assert!(!begins(rest), "{rest}");
        }
    }
}
