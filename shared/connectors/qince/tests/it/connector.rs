use relay_connector::settings::Default;
use relay_connector::{Connector as _, Settings, Uses};
use relay_qince::Qince;
use relay_qince::settings::data_types;
use secrecy::{ExposeSecret as _, SecretString};

fn given(values: &[(&str, &str)]) -> Settings {
    values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn read(values: &[(&str, &str)]) -> relay_qince::Settings {
    relay_qince::Settings::read(&given(values)).unwrap()
}

fn problems(values: &[(&str, &str)]) -> Vec<String> {
    Qince.check(&given(values), &Uses::default()).unwrap_err().problems
}

#[test]
fn every_setting_that_is_read_is_declared_and_what_it_expects_is_told() {
    assert_eq!(
        problems(&[("QINCE_ALLOW_RAW_JSON", "yes")]),
        [
            "QINCE_PUSH_SECRETS is not set: it expects one or more push secrets (pushsecret), comma-separated",
            "QINCE_ALLOW_RAW_JSON expects `true` or `false`"
        ]
    );
    let names: Vec<_> = Qince.settings().iter().map(|setting| (setting.name, setting.is_secret)).collect();
    let declared = [
        ("QINCE_PUSH_SECRETS", true),
        ("QINCE_DATA_TYPES", false),
        ("QINCE_ALLOW_RAW_JSON", false),
        ("QINCE_MAX_AGE_MINUTES", false),
        ("QINCE_BASE_URL", false),
        ("QINCE_OPENID", false),
        ("QINCE_APPKEY", true),
        ("QINCE_CALLS_PER_MINUTE", false),
        ("QINCE_DIRECT_ORDER_QUERY_PATH", false),
        ("QINCE_BUSINESS_STATUS_PATH", false),
        ("QINCE_SIGN_PATH", false),
        ("QINCE_QUEUE_URL", false),
    ];
    assert_eq!(names, declared);
}

#[test]
fn what_holds_by_default_is_what_is_declared() {
    let unset = read(&[("QINCE_PUSH_SECRETS", "s")]);
    let default = |name: &str| Qince.settings().iter().find(|setting| setting.name == name).unwrap().default;
    assert_eq!(default("QINCE_DATA_TYPES"), Default::Value("dms_purchase"));
    assert_eq!(unset.data_types, ["dms_purchase"]);
    assert_eq!(default("QINCE_ALLOW_RAW_JSON"), Default::Value("false"));
    assert!(!unset.allow_raw_json);
}

/// What flows that name these documents need.
fn needed(documents: &[&str], values: &[(&str, &str)]) -> Vec<String> {
    let mut uses = Uses::default();
    for document in Qince.documents().iter().filter(|document| documents.contains(&document.name)) {
        uses.add(document, None);
    }
    let checked = Qince.check(&given(values), &uses);
    let problems = checked.map_or_else(|error| error.problems, |()| Vec::new());
    problems.iter().map(|problem| problem.split(' ').next().unwrap().to_owned()).collect()
}

const CALLS: [(&str, &str); 3] = [
    ("QINCE_BASE_URL", "https://openapi.qince.com"),
    ("QINCE_OPENID", "5465103569540931532"),
    ("QINCE_APPKEY", "k0EXAMPLEappkey018"),
];

#[test]
fn each_direction_needs_its_own_keys_and_a_call_without_a_public_path_needs_that() {
    assert_eq!(needed(&["qince.visit"], &[]), ["QINCE_PUSH_SECRETS"]);
    assert_eq!(needed(&["qince.addPurchase"], &[]), ["QINCE_BASE_URL", "QINCE_OPENID", "QINCE_APPKEY"]);
    assert!(needed(&["qince.addPurchase", "qince.addSent", "qince.queryStdomOrder"], &CALLS).is_empty());
    assert_eq!(
        needed(&["qince.business_status", "qince.sign", "qince.direct_order_query"], &CALLS),
        ["QINCE_BUSINESS_STATUS_PATH", "QINCE_DIRECT_ORDER_QUERY_PATH", "QINCE_SIGN_PATH"]
    );
    let set = [&CALLS[..], &[("QINCE_SIGN_PATH", "dmssign/v1/addSign")]].concat();
    assert!(needed(&["qince.sign"], &set).is_empty());
    assert_eq!(needed(&["qince.sign", "qince.direct_order"], &set), ["QINCE_PUSH_SECRETS"]);
}

#[test]
fn push_secrets_are_a_list_for_rotation() {
    let read = read(&[("QINCE_PUSH_SECRETS", "old, new ,")]);
    let secrets: Vec<_> = read.push_secrets.iter().map(SecretString::expose_secret).collect();
    assert_eq!(secrets, ["old", "new"]);
}

#[test]
fn a_list_of_commas_is_no_list_of_secrets() {
    assert_eq!(problems(&[("QINCE_PUSH_SECRETS", " , ,")]), ["QINCE_PUSH_SECRETS holds commas only"]);
}

#[test]
fn the_types_of_direct_orders_are_known_without_a_secret() {
    assert_eq!(
        data_types(&given(&[("QINCE_DATA_TYPES", "dms_purchase, custom_order")])),
        ["dms_purchase", "custom_order"]
    );
}

#[test]
fn no_secret_is_ever_shown() {
    let secret = "never-to-be-shown";
    let shown = [
        problems(&[("QINCE_PUSH_SECRETS", secret), ("QINCE_ALLOW_RAW_JSON", secret)]).concat(),
        format!("{:?}", read(&[("QINCE_PUSH_SECRETS", secret)])),
    ];
    for text in shown {
        assert!(!text.contains(secret), "{text}");
    }
}
