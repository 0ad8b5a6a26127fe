//! What SECURITY.md says, where the template or the tests can bear it out.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const TEMPLATE: &str = include_str!("../../../../template.yaml");
const SECURITY: &str = include_str!("../../../../SECURITY.md");

/// The text of a resource: from its name up to the next of the same depth.
fn resource(name: &str) -> &'static str {
    let (_, rest) = TEMPLATE.split_once(&format!("\n  {name}:\n")).unwrap_or_else(|| panic!("no {name}"));
    let is_next =
        |line: &&str| line.starts_with("  ") && !line.starts_with("   ") && !line.starts_with("  #");
    let end = rest.lines().find(is_next).map_or(rest.len(), |next| rest.find(&format!("\n{next}")).unwrap());
    &rest[..end]
}

/// The names of the resources of a type.
fn resources(of: &str) -> Vec<&'static str> {
    let mut names = Vec::new();
    let lines: Vec<_> = TEMPLATE.lines().collect();
    for pair in lines.windows(2) {
        if pair[1].trim() == format!("Type: {of}") {
            names.push(pair[0].trim().trim_end_matches(':'));
        }
    }
    assert!(!names.is_empty(), "{of}");
    names
}

/// The actions that a text allows, `sqs:SendMessage` say.
fn actions(text: &str) -> BTreeSet<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == ':' || c == '*';
    let services =
        ["sqs:", "dynamodb:", "s3:", "secretsmanager:", "kms:", "logs:", "lambda:", "sns:", "iam:"];
    let code = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let words = code.flat_map(|line| line.split(|c| !is_part(c)));
    let is_action = |word: &&str| {
        services.iter().any(|service| word.starts_with(service)) && word.len() > word.find(':').unwrap() + 1
    };
    words.filter(is_action).filter(|word| !word.ends_with("LeadingKeys")).collect()
}

#[test]
fn no_role_has_a_wildcard() {
    for name in resources("AWS::IAM::Role").into_iter().chain(resources("AWS::IAM::ManagedPolicy")) {
        let role = resource(name);
        assert!(!role.contains(r#"Resource: "*""#) && !role.contains("Resource: '*'"), "{name}");
        let wide: Vec<_> = actions(role).into_iter().filter(|action| action.contains('*')).collect();
        assert!(wide.is_empty() && actions(role).len() > 1, "{name}: {wide:?}");
        assert!(role.matches("Effect: Allow").count() > 1 && !role.contains("NotAction"), "{name}");
    }
}

#[test]
fn the_receiver_may_send_and_record_and_nothing_else() {
    let allowed = BTreeSet::from([
        "dynamodb:BatchGetItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "sqs:SendMessage",
    ]);
    let role = resource("WebhookReceiverRole");
    assert_eq!(actions(role), allowed);
    let checkpoints = role.split_once("CheckpointTable.Arn").unwrap().1;
    assert!(
        checkpoints.contains("LeadingKeys\": [flows, health/push, tally/*]"),
        "no token, no watermark: {checkpoints}"
    );
    let readers =
        resources("AWS::IAM::Role").into_iter().filter(|name| resource(name).contains("s3:GetObject"));
    let readers: Vec<_> = readers.collect();
    assert_eq!(readers, ["DayReconcilerRole"], "no other function reads the archive");
}

#[test]
fn what_compares_days_sends_and_receives_nothing_and_changes_one_table_of_documents() {
    let role = resource("DayReconcilerRole");
    let of_queues: Vec<_> = actions(role).into_iter().filter(|action| action.starts_with("sqs:")).collect();
    assert_eq!(of_queues, ["sqs:GetQueueAttributes"]);
    for table in ["ArchiveTable", "GroupTable", "LookupTable"] {
        let before = role.split_once(&format!("{table}.Arn")).unwrap().0;
        let statement = before.rsplit("Effect: Allow").next().unwrap();
        assert!(!statement.contains("PutItem") && !statement.contains("Write"), "{table}: {statement}");
    }
}

#[test]
fn what_lies_in_the_stack_is_encrypted_and_the_archive_is_nobody_elses() {
    for name in resources("AWS::SQS::Queue") {
        assert!(resource(name).contains("SqsManagedSseEnabled: true"), "{name}");
    }
    for name in resources("AWS::DynamoDB::Table") {
        assert!(resource(name).contains("SSESpecification: { SSEEnabled: true }"), "{name}");
    }
    for name in resources("AWS::S3::Bucket") {
        let bucket = resource(name);
        for part in ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"] {
            assert!(bucket.contains(&format!("{part}: true")), "{name}: {part}");
        }
        assert!(bucket.contains("SSEAlgorithm: AES256") && bucket.contains("BucketOwnerEnforced"), "{name}");
        let policy = resource(&format!("{name}Policy"));
        assert!(
            policy.contains("Effect: Deny") && policy.contains(r#""aws:SecureTransport": "false""#),
            "{policy}"
        );
    }
}

/// Every Rust file below a folder, but for what is built.
fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// The folder of the crate of that name.
fn folder(name: &str) -> PathBuf {
    let root = house::root();
    let folders = ["functions", "shared", "shared/connectors", "tests"].map(|folder| root.join(folder));
    let children = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let is_it = |folder: &PathBuf| {
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
        manifest.contains(&format!("\nname = \"{name}\"\n"))
    };
    children.map(|entry| entry.unwrap().path()).find(is_it).unwrap_or_else(|| panic!("no crate {name}"))
}

/// Whether a crate has a test of that name in a file, or in a folder, of that name.
fn has_test(krate: &str, file: &str, test: &str) -> bool {
    let mut files = Vec::new();
    sources(&folder(krate), &mut files);
    let is_it = |path: &&PathBuf| {
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let above = path.parent().and_then(|parent| parent.file_name()?.to_str()).unwrap_or_default();
        stem == file || (matches!(stem, "main" | "mod" | "tests") && above == file)
    };
    let texts = files.iter().filter(is_it).map(|path| fs::read_to_string(path).unwrap());
    texts.into_iter().any(|text| text.contains(&format!("fn {test}(")))
}

#[test]
fn every_test_that_security_md_names_is_there() {
    let quoted = SECURITY.split('`').skip(1).step_by(2);
    let is_named = |text: &&str| text.matches("::").count() == 2 && *text != "crate::file::test";
    let named: BTreeSet<_> = quoted.filter(is_named).collect();
    assert!(named.len() > 40, "{} tests", named.len());
    let is_missing = |name: &&&str| {
        let [krate, file, test] = name.split("::").collect::<Vec<_>>()[..] else { return true };
        !has_test(krate, file, test)
    };
    let missing: Vec<_> = named.iter().filter(is_missing).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn each_kind_of_attacker_has_what_is_not_stopped() {
    let attackers: Vec<_> =
        SECURITY.split("\n## ").skip(1).filter(|part| !part.starts_with("How to")).collect();
    assert_eq!(attackers.len(), 7);
    for attacker in attackers {
        assert!(attacker.contains("**Not stopped.**"), "{attacker}");
        let rows = attacker.lines().filter(|line| line.starts_with("| ")).skip(1);
        for row in rows {
            assert_eq!(row.matches(" | ").count(), 2, "{row}");
            let held = row.rsplit(" | ").next().unwrap();
            assert!(held.contains("::") || held.contains("the same") || held.contains(".ci/run"), "{row}");
        }
    }
}
