//! Addresses as people write them.

use relay_divisions::{Reason, split};

#[track_caller]
fn splits(address: &str, expected: [&str; 4]) {
    let parts = split(address).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!([parts.province, parts.city, parts.district, parts.street], expected, "{address}");
}

#[track_caller]
fn refused(address: &str, reached: &str) -> Reason {
    let error = split(address).expect_err(address);
    assert_eq!((error.address.as_str(), error.reached.as_str()), (address, reached));
    assert!(error.to_string().contains(address));
    error.reason
}

#[test]
fn suffixes_may_be_left_out() {
    let jianye = ["江苏省", "南京市", "建邺区", "云龙山路66号"];
    splits("江苏省南京市建邺区云龙山路66号", jianye);
    splits("江苏省南京建邺区云龙山路66号", jianye);
    splits("江苏南京建邺云龙山路66号", jianye);
    splits("浙江义乌北苑街道5号", ["浙江省", "金华市", "义乌市", "北苑街道5号"]);
}

#[test]
fn the_province_may_be_left_out() {
    splits("南京市建邺区云龙山路66号", ["江苏省", "南京市", "建邺区", "云龙山路66号"]);
    splits("苏州昆山市玉山镇", ["江苏省", "苏州市", "昆山市", "玉山镇"]);
}

#[test]
fn the_city_may_be_left_out_where_the_district_is_unique() {
    splits("江苏省建邺区云龙山路66号", ["江苏省", "南京市", "建邺区", "云龙山路66号"]);
    splits("昆山市玉山镇", ["江苏省", "苏州市", "昆山市", "玉山镇"]);
    splits("江苏昆山玉山镇", ["江苏省", "苏州市", "昆山市", "玉山镇"]);
    splits("河北省赵县平棘路", ["河北省", "石家庄市", "赵县", "平棘路"]);
}

#[test]
fn municipalities_are_printed_as_wdt_prints_them() {
    let changping = ["北京", "北京市", "昌平区", "回龙观西大街1号"];
    splits("北京市昌平区回龙观西大街1号", changping);
    splits("北京昌平区回龙观西大街1号", changping);
    splits("北京北京市昌平区回龙观西大街1号", changping);
    splits("北京市北京市昌平区回龙观西大街1号", changping);
    splits("北京市市辖区昌平区回龙观西大街1号", changping);
    splits("上海市市辖区浦东新区世纪大道100号", ["上海", "上海市", "浦东新区", "世纪大道100号"]);
    splits("重庆市县云阳县青龙街道", ["重庆", "重庆市", "云阳县", "青龙街道"]);
    splits("重庆彭水县汉葭街道", ["重庆", "重庆市", "彭水苗族土家族自治县", "汉葭街道"]);
}

#[test]
fn autonomous_divisions_leagues_and_prefectures_are_read() {
    splits("内蒙古锡林郭勒盟锡林浩特市1号", ["内蒙古自治区", "锡林郭勒盟", "锡林浩特市", "1号"]);
    splits("内蒙呼伦贝尔鄂温克旗巴彦托海镇", ["内蒙古自治区", "呼伦贝尔市", "鄂温克族自治旗", "巴彦托海镇"]);
    splits("吉林省延边州延吉市1号", ["吉林省", "延边朝鲜族自治州", "延吉市", "1号"]);
    splits("西藏阿里地区噶尔县1号", ["西藏自治区", "阿里地区", "噶尔县", "1号"]);
    splits("广西省桂林市龙胜县1号", ["广西壮族自治区", "桂林市", "龙胜各族自治县", "1号"]);
    splits("香港九龙观塘区1号", ["香港特别行政区", "九龙", "观塘区", "1号"]);
    splits("香港特别行政区东区1号", ["香港特别行政区", "香港岛", "东区", "1号"]);
}

#[test]
fn a_city_without_districts_is_its_own() {
    splits("广东省东莞市虎门镇", ["广东省", "东莞市", "东莞市", "虎门镇"]);
    splits("东莞虎门镇", ["广东省", "东莞市", "东莞市", "虎门镇"]);
    splits("中山市小榄镇", ["广东省", "中山市", "中山市", "小榄镇"]);
    splits("海南省儋州市那大镇", ["海南省", "儋州市", "儋州市", "那大镇"]);
    splits("甘肃省嘉峪关市新华路", ["甘肃省", "嘉峪关市", "嘉峪关市", "新华路"]);
    splits("湖北省仙桃市沔阳大道", ["湖北省", "仙桃市", "仙桃市", "沔阳大道"]);
    splits("湖北省省直辖县级行政区划仙桃市沔阳大道", ["湖北省", "仙桃市", "仙桃市", "沔阳大道"]);
    splits("海南省文昌市文城镇", ["海南省", "文昌市", "文昌市", "文城镇"]);
    splits("海南省定安县定城镇", ["海南省", "定安县", "定安县", "定城镇"]);
}

#[test]
fn the_longest_name_is_meant() {
    splits("吉林省吉林市船营区1号", ["吉林省", "吉林市", "船营区", "1号"]);
    splits("海南省文昌市1号", ["海南省", "文昌市", "文昌市", "1号"]);
    splits("海南藏族自治州共和县1号", ["青海省", "海南藏族自治州", "共和县", "1号"]);
    splits("朝阳市双塔区1号", ["辽宁省", "朝阳市", "双塔区", "1号"]);
    splits("长春市朝阳区1号", ["吉林省", "长春市", "朝阳区", "1号"]);
    splits("湖南长沙县星沙街道", ["湖南省", "长沙市", "长沙县", "星沙街道"]);
    splits("苏州工业园区星湖街1号", ["江苏省", "苏州市", "苏州工业园区", "星湖街1号"]);
    splits("江苏省苏州市工业园区星湖街1号", ["江苏省", "苏州市", "苏州工业园区", "星湖街1号"]);
}

#[test]
fn separators_and_the_country_are_passed_over_and_the_street_is_untouched() {
    let street = "云龙山路66号 (A座), 210019 18254623212";
    splits(
        "中国 江苏省, 南京市， 建邺区 云龙山路66号 (A座), 210019 18254623212",
        ["江苏省", "南京市", "建邺区", street],
    );
    splits("江苏-南京-建邺-66号", ["江苏省", "南京市", "建邺区", "66号"]);
    splits(
        "\u{3000}江苏省／南京市／建邺区",
        ["江苏省", "南京市", "建邺区", "／"].map(|part| part.trim_matches('／')),
    );
}

#[test]
fn an_ambiguous_district_is_told_with_the_places_it_may_be() {
    let Reason::Ambiguous { places } = refused("鼓楼区中山路1号", "鼓楼区") else {
        panic!("not ambiguous")
    };
    assert_eq!(
        places,
        ["江苏省南京市鼓楼区", "江苏省徐州市鼓楼区", "河南省开封市鼓楼区", "福建省福州市鼓楼区"]
    );
    let Reason::Ambiguous { places } = refused("江苏省鼓楼区中山路1号", "江苏省鼓楼区")
    else {
        panic!("not ambiguous")
    };
    assert_eq!(places, ["江苏省南京市鼓楼区", "江苏省徐州市鼓楼区"]);
}

#[test]
fn what_does_not_exist_or_contradicts_is_refused() {
    for (address, reached) in [
        ("江苏省南京市白下区中山路1号", "江苏省南京市"),
        ("上海市闸北区天目西路1号", "上海市"),
        ("山东省莱芜市莱城区凤城街道", "山东省"),
        ("江苏省杭州市西湖区文三路", "江苏省"),
        ("江苏省南京市西湖区文三路", "江苏省南京市"),
        ("江苏省南京市中山路1号", "江苏省南京市"),
    ] {
        assert_eq!(refused(address, reached), Reason::NoDistrict);
    }
    for address in ["", "中山东路888号", "云龙山路66号", "建邺云龙山路66号", "白沙乡1号", "矿区1号"]
    {
        refused(address, split(address).expect_err(address).reached.as_str());
    }
}

#[test]
fn a_street_named_after_a_place_is_not_taken_for_it() {
    for address in [
        "南京市江宁路5号",
        "杭州市西湖文化广场1号",
        "上海市浦东大道1号",
        "广东省中山路5号",
        "中山路5号",
        "中山四路5号",
        "湖南长沙芙蓉中路1号",
        "江西南昌红谷摊路1号",
    ] {
        assert!(split(address).is_err(), "{address}: {:?}", split(address));
    }
}
