//! What the registry knows of the generic connector, and which settings it needs for what.

use relay_connector::{Connector as _, Settings, Uses};
use relay_http::Http;

use crate::support::{Receiver, SECRET, all, document, settings};

const NEEDED: [(&str, &str); 5] = [
    ("http.post", "HTTP_POST_URL"),
    ("http.wecom_robot", "HTTP_WECOM_KEY"),
    ("http.dingtalk_robot", "HTTP_DINGTALK_TOKEN"),
    ("http.feishu_robot", "HTTP_FEISHU_TOKEN"),
    ("http.webhook", "HTTP_WEBHOOK_SECRETS"),
];

fn uses(documents: &[&str]) -> Uses {
    let mut uses = Uses::default();
    documents.iter().for_each(|name| uses.add(document(name), None));
    uses
}

fn problems(settings: &Settings, documents: &[&str]) -> Vec<String> {
    Http.check(settings, &uses(documents)).err().map_or(Vec::new(), |error| error.problems)
}

#[test]
fn it_is_known_by_its_name_takes_documents_and_pushes_them() {
    assert_eq!(
        (Http.system().name(), Http.queue(), Http.webhook_prefix()),
        ("http", Some("HTTP"), Some("/http/"))
    );
    assert_eq!(Http.documents().len(), NEEDED.len());
    assert!(Http.documents().iter().all(|document| document.name.starts_with("http.")));
}

#[test]
fn each_document_needs_its_own_settings_and_no_other() {
    assert_eq!(problems(&settings(&[]), &[]), Vec::<String>::new());
    for (document, setting) in NEEDED {
        let problems = problems(&settings(&[]), &[document]);
        assert!(problems.len() == 1 && problems[0].starts_with(setting), "{document}: {problems:?}");
    }
    assert_eq!(problems(&settings(&[]), &NEEDED.map(|(document, _)| document)).len(), NEEDED.len());
    assert_eq!(problems(&all(&[]), &NEEDED.map(|(document, _)| document)), Vec::<String>::new());
}

#[test]
fn what_goes_to_another_machine_goes_over_https() {
    for url in ["http://127.0.0.1:80/x", "http://localhost/x", "http://[::1]:8080/", "https://receiver.test"]
    {
        assert_eq!(
            problems(&settings(&[("HTTP_POST_URL", url)]), &["http.post"]),
            Vec::<String>::new(),
            "{url}"
        );
    }
    for url in ["http://receiver.test/x", "http://localhost.test/", "http://10.0.0.1/", "http://[fe80::1]/"] {
        let problems = problems(&settings(&[("HTTP_POST_URL", url)]), &["http.post"]);
        assert!(problems.len() == 1 && problems[0].contains("HTTPS"), "{url}: {problems:?}");
    }
    let robot = settings(&[("HTTP_FEISHU_TOKEN", "t"), ("HTTP_FEISHU_BASE_URL", "http://open.feishu.cn")]);
    assert_eq!(problems(&robot, &["http.feishu_robot"]).len(), 1);
}

#[test]
fn what_is_malformed_is_told_all_at_once() {
    let wrong = [
        ("HTTP_POST_URL", "ftp://receiver"),
        ("HTTP_POST_HEADERS", "no colon"),
        ("HTTP_POST_REPEAT", "maybe"),
        ("HTTP_CALLS_PER_MINUTE", "0"),
        ("HTTP_WEBHOOK_SECRETS", " , "),
    ];
    let problems = problems(&settings(&wrong), &["http.post"]);
    for (name, _) in wrong {
        assert!(problems.iter().any(|problem| problem.starts_with(name)), "{name}: {problems:?}");
    }
}

#[test]
fn nothing_is_taken_in_without_a_secret() {
    let receiver = Receiver::answering([]);
    assert!(receiver.connected(&settings(&[])).webhook().is_none());
    let connection = receiver.connected(&all(&[]));
    assert!(connection.webhook().is_some() && connection.target().is_some());
    assert!(connection.windows().is_none() && connection.lists().is_none() && connection.pools().is_none());
    assert!(receiver.sent().is_empty());
}

#[test]
fn no_secret_is_ever_shown() {
    let read = relay_http::Settings::read(&all(&[])).unwrap();
    assert!(!format!("{read:?}").contains(SECRET));
    let secrets: Vec<_> =
        Http.settings().iter().filter(|setting| setting.is_secret).map(|setting| setting.name).collect();
    assert_eq!(
        secrets,
        [
            "HTTP_POST_HEADERS",
            "HTTP_POST_SECRET",
            "HTTP_WECOM_KEY",
            "HTTP_DINGTALK_TOKEN",
            "HTTP_DINGTALK_SECRET",
            "HTTP_FEISHU_TOKEN",
            "HTTP_FEISHU_SECRET",
            "HTTP_WEBHOOK_SECRETS",
        ]
    );
}
