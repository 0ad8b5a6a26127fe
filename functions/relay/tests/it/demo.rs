//! The demo: what a newcomer runs first.

use rust_decimal::Decimal;
use serde_json::Value;

use crate::support::Installation;

#[test]
fn the_demo_runs_without_settings_and_leaves_nothing_behind() {
    let installation = Installation::empty();
    for arguments in [&[][..], &["demo", "--json"]] {
        installation.relay(arguments).with_status(0);
    }
    let left: Vec<_> = std::fs::read_dir(installation.path("")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn the_demo_is_told_in_the_language_of_people() {
    let mut installation = Installation::empty();
    let english = installation.relay(&["demo"]).with_status(0).stdout;
    assert!(english.contains("A lost answer") && english.contains("Took "), "{english}");
    installation.set("RELAY_LANG", "zh");
    let chinese = installation.relay(&["demo"]).with_status(0).stdout;
    for said in ["丢失的回答", "被拒绝", "旧版本迟到", "已审核", "每张单据都以最新的版本到达目标"]
    {
        assert!(chinese.contains(said), "{said}: {chinese}");
    }
    // Names and numbers alone: no sentence is left in English.
    for word in ["pushes", "orders", "trades", "audited", "sent", "came", "was", "hold"] {
        assert!(
            !chinese.split(|char: char| !char.is_ascii_alphabetic()).any(|it| it == word),
            "{word}: {chinese}"
        );
    }
}

#[test]
fn the_demo_books_a_day_as_one_audited_bill_and_a_late_order_as_a_supplement() {
    let told = Installation::empty().relay(&["demo", "--json"]).with_status(0).json();
    assert_eq!(told["problems"], serde_json::json!([]), "{told}");
    let day = &told["day"];
    let amount = |value: &Value| value.as_str().unwrap().parse::<Decimal>().unwrap();
    let bills = day["bills"].as_array().unwrap();
    let members: Vec<_> = bills.iter().map(|bill| bill["members"].as_array().unwrap().len()).collect();
    assert_eq!(members, [6, 1], "{day}");
    assert_eq!(bills[1]["members"][0], day["late"], "{day}");
    assert!(bills.iter().all(|bill| bill["is_audited"] == true), "{day}");
    assert_eq!(
        bills.iter().map(|bill| amount(&bill["total"])).sum::<Decimal>(),
        amount(&day["shipped"]),
        "{day}"
    );
    assert_eq!(told["targets"]["金蝶云星辰 sales outbound bills"], 2, "{told}");
    for (order, its_bills) in day["of_orders"].as_object().unwrap() {
        let [bill] = its_bills.as_array().unwrap().as_slice() else { panic!("{order} is in {its_bills}") };
        let holds = bills.iter().find(|known| known["name"] == *bill).unwrap();
        assert!(holds["members"].as_array().unwrap().contains(&order.as_str().into()), "{day}");
    }
}

#[test]
fn a_machine_without_certificates_is_told_what_to_install() {
    let mut installation = Installation::empty();
    let none = installation.path("none.pem");
    std::fs::write(&none, "").unwrap();
    installation.set("SSL_CERT_FILE", none.display().to_string());
    let told = installation.relay(&["demo"]).with_status(1).stderr;
    assert!(told.contains("the package ca-certificates") && told.contains("SSL_CERT_FILE"), "{told}");
}
