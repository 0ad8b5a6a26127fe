//! The vendors' part of the template.

use std::collections::BTreeSet;

use house::template::{Vendor, filled, vendors};
use relay_connector::Setting;
use relay_connector::settings::Default;
use relay_host::settings::declared;

const TEMPLATE: &str = include_str!("../../../../template.yaml");

/// A further vendor, with everything that one can have, and no exception for its names.
fn with_a_further() -> Vec<Vendor> {
    const SETTINGS: &[Setting] = &[
        Setting::needed("SHOP_BASE_URL", "an address (地址)", ""),
        Setting::optional("SHOP_RETRIES_PER_CALL", Default::Value("3"), "a number of tries"),
        Setting::optional("SHOP_STYLE", Default::Absent, "`plain` or `signed`"),
        Setting::needed("SHOP_ACCOUNT", "企业微信's account: its `id`", ""),
        Setting::secret("SHOP_KEY", "a key", ""),
        Setting::needed("SHOP_QUEUE_URL", "an output of the stack", ""),
    ];
    let shop = Vendor {
        system: "shop".to_owned(),
        settings: SETTINGS,
        queue: Some("SHOP"),
        webhook: Some("/shop/"),
    };
    [vec![shop], vendors()].concat()
}

/// The lines that a template has and another has not.
fn added<'a>(template: &'a str, to: &str) -> Vec<&'a str> {
    let there: BTreeSet<_> = to.lines().collect();
    template.lines().filter(|line| !there.contains(line)).map(str::trim).collect()
}

#[test]
fn a_further_vendor_gets_all_that_a_stack_must_have_of_it() {
    let with = filled(TEMPLATE, &with_a_further()).unwrap();
    let added = added(&with, TEMPLATE);
    for line in [
        "- Label: { default: Shop }",
        "- ShopBaseUrl",
        r#"ShopBaseUrl: { Type: String, Default: "", AllowedPattern: "^$|^https?://\\S+$", Description: "An address." }"#,
        r#"ShopRetriesPerCall: { Type: String, Default: "", AllowedPattern: "^\\d*$", Description: "A number of tries. Empty - 3." }"#,
        r#"ShopStyle: { Type: String, Default: "", AllowedValues: ["", "plain", "signed"], Description: "`plain` or `signed`." }"#,
        r#"ShopAccount: { Type: String, Default: "", Description: "See docs/settings.md." }"#,
        "- ShopDelivery",
        r#"ShopDelivers: !Equals [!Ref ShopDelivery, "on"]"#,
        "Condition: ShopDelivers",
        "SHOP_BASE_URL: !Ref ShopBaseUrl",
        "SHOP_QUEUE_URL: !Ref ShopQueue",
        "- !GetAtt ShopQueue.Arn",
        "ShopWebhookRoute:",
        "RouteKey: POST /shop/{proxy+}",
        "ShopWebhookPermission:",
        "ShopQueue:",
        "QueueName: !Sub ${AWS::StackName}-shop.fifo",
        "ShopDeadLetters:",
        "FromShopQueue:",
        "ShopDeadLettersAlarm:",
        "A message for Shop stands in the dead-letter queue: the pusher could not even record it as failed.",
        "ShopOldestMessageAlarm:",
        "ShopWaitedAlarm:",
        "Dimensions: [{ Name: target, Value: shop }]",
        "ShopQueueUrl: { Value: !Ref ShopQueue }",
        "SHOP_QUEUE_URL=${ShopQueue}",
    ] {
        assert!(added.contains(&line), "{line}\nis not among\n{added:#?}");
    }
    assert!(!with.contains("SHOP_KEY"), "a secret is no parameter");
    assert!(added.iter().any(|line| line.starts_with("ShopDelivery: { Type: String, Default: \"on\"")));
    let queue = "- !GetAtt ShopQueue.Arn";
    assert_eq!(with.matches(queue).count(), TEMPLATE.matches("- !GetAtt KingdeeQueue.Arn").count());
    assert!(
        added.iter().filter(|line| line.contains("${ShopQueue.QueueName}")).count() > 2,
        "on the dashboard"
    );
}

#[test]
fn what_a_vendor_leaves_goes_with_it() {
    let with = filled(TEMPLATE, &with_a_further()).unwrap();
    assert_eq!(filled(&with, &vendors()).unwrap(), TEMPLATE);
}

#[test]
fn the_dashboard_stays_json() {
    for template in [TEMPLATE.to_owned(), filled(TEMPLATE, &with_a_further()).unwrap()] {
        let (_, body) = template.split_once("DashboardBody: !Sub |\n").unwrap();
        let (body, _) = body.split_once("\nOutputs:").unwrap();
        let _: serde_json::Value = serde_json::from_str(body).unwrap();
    }
}

#[test]
fn names_that_a_stack_has_stay() {
    for name in [
        "KingdeeQueue:",
        "KingdeeDeadLetters:",
        "ShareCrmQueue:",
        "ShareCrmDeadLetters:",
        "WangdianQueue:",
        "WangdianDeadLetters:",
        "KingdeeQueueUrl: { Value: !Ref KingdeeQueue }",
        "ShareCrmQueueUrl: { Value: !Ref ShareCrmQueue }",
        "WdtQueueUrl: { Value: !Ref WangdianQueue }",
        "QueueName: !Sub ${AWS::StackName}-wangdian.fifo",
        "WebhookRoute:",
        "WebhookPermission:",
        "WDT_APPKEY: !Ref WdtAppKey",
        "WDT_QUEUE_URL: !Ref WangdianQueue",
        "QIMEN_TARGET_APP_KEY: !Ref QimenTargetAppKey",
        "SHARECRM_DATA_CENTER_ID: !Ref ShareCrmDataCenterId",
    ] {
        assert!(TEMPLATE.lines().any(|line| line.trim() == name), "{name}");
    }
}

#[test]
fn what_cloudformation_shows_is_ascii() {
    for line in TEMPLATE.lines().filter(|line| !line.trim_start().starts_with('#')) {
        assert!(line.is_ascii(), "{line}");
    }
}

#[test]
fn a_mark_without_its_end_or_that_nobody_knows_is_told() {
    let error = |template: &str| filled(template, &vendors()).unwrap_err().to_string();
    assert_eq!(error("# [made: variables]\nA: B\n"), "template.yaml: a mark [end] is missing");
    assert_eq!(error("# [for each target]\nA: B\n"), "template.yaml: a mark [made] is missing");
    assert_eq!(error("# [made: tea]\n# [end]\n"), "template.yaml: nobody knows the mark [made: tea]");
}

/// The names in capitals that a text holds.
fn names_in(text: &str) -> BTreeSet<&str> {
    let is_part = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let words = text.split(|c| !is_part(c));
    words.filter(|word| word.contains('_') && !word.starts_with("AWS_")).collect()
}

#[test]
fn the_template_sets_every_setting_that_is_no_secret_and_no_other() {
    let mut set = BTreeSet::new();
    for (_, variables) in TEMPLATE.match_indices("Variables:").map(|(start, _)| TEMPLATE.split_at(start)) {
        let indent = |line: &str| line.len() - line.trim_start().len();
        let mut lines = variables.lines();
        let first = lines.next().unwrap_or_default();
        set.extend(names_in(first));
        let deeper = lines.take_while(|line| indent(line) >= 8);
        set.extend(
            deeper.filter_map(|line| line.trim().split_once(": ")).flat_map(|(name, _)| names_in(name)),
        );
    }
    let elsewhere =
        relay_connectors::CONNECTORS.iter().filter(|connector| connector.not_on_a_stack().is_some());
    let elsewhere: Vec<_> = elsewhere.flat_map(|connector| connector.settings()).collect();
    assert_eq!(
        set,
        declared::all()
            .filter(|setting| !setting.is_secret && !declared::OF_THE_COMMAND_LINE.contains(setting))
            .filter(|setting| !elsewhere.contains(setting))
            .map(|setting| setting.name)
            .collect()
    );
}

/// Whoever gets a mail finds on both pages what it means.
#[test]
fn every_alarm_stands_in_docs_in_both_languages() {
    const ENGLISH: &str = include_str!("../../../../docs/aws.md");
    const CHINESE: &str = include_str!("../../../../docs/zh/tasks.md");
    let names =
        TEMPLATE.lines().filter_map(|line| line.trim().strip_prefix("AlarmName: !Sub ${AWS::StackName}-"));
    let systems: Vec<_> = vendors().into_iter().map(|vendor| vendor.system).collect();
    let mut names: BTreeSet<_> = names
        .map(|name| match name.split_once('-') {
            Some((system, alarm)) if systems.iter().any(|known| known == system) => format!("-{alarm}`"),
            _ => format!("`{name}`"),
        })
        .collect();
    assert!(names.len() > 15, "{names:?}");
    names.retain(|name| !ENGLISH.contains(name) || !CHINESE.contains(name));
    assert!(names.is_empty(), "told on one page or none: {names:?}");
}
