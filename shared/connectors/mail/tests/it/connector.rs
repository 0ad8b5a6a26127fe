//! Which settings are needed, and what is wrong with them.

use relay_connector::{Connector as _, Settings, Uses};
use relay_mail::Mail;

fn settings(values: &[(&str, &str)]) -> Settings {
    values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn problems(values: &[(&str, &str)]) -> Vec<String> {
    let mut uses = Uses::default();
    uses.add(&Mail.documents()[0], None);
    Mail.check(&settings(values), &uses).err().map_or(Vec::new(), |error| error.problems)
}

const USUAL: [(&str, &str); 2] = [("MAIL_HOST", "smtp.exmail.qq.com"), ("MAIL_FROM", "relay@shop.example")];

fn with(more: &[(&str, &str)]) -> Vec<String> {
    let left = USUAL.into_iter().filter(|(name, _)| more.iter().all(|(other, _)| other != name));
    problems(&left.chain(more.iter().copied()).collect::<Vec<_>>())
}

fn server(more: &[(&str, &str)]) -> String {
    let values: Vec<_> = USUAL.into_iter().chain(more.iter().copied()).collect();
    relay_mail::Settings::read(&settings(&values)).unwrap().unwrap().server.to_string()
}

#[test]
fn a_server_and_a_sender_are_needed_and_only_where_a_flow_sends_mails() {
    assert_eq!(problems(&[]).len(), 2);
    assert!(Mail.check(&settings(&[]), &Uses::default()).is_ok());
    assert_eq!(with(&[]), Vec::<String>::new());
}

#[test]
fn what_is_malformed_is_told_with_what_is_expected() {
    for (name, value) in [
        ("MAIL_TLS", "ssl"),
        ("MAIL_TLS", "none"),
        ("MAIL_PORT", "smtp"),
        ("MAIL_FROM", "somebody"),
        ("MAIL_HOST", "smtp.qq.com/x"),
        ("MAIL_HOST", "user@smtp.qq.com"),
        ("MAIL_PER_MINUTE", "0"),
    ] {
        let problems = with(&[(name, value)]);
        assert!(problems.len() == 1 && problems[0].starts_with(name), "{name}={value}: {problems:?}");
    }
}

#[test]
fn the_port_is_the_usual_one_of_how_it_is_encrypted() {
    assert_eq!(server(&[]), "smtps://smtp.exmail.qq.com:465/send");
    assert_eq!(server(&[("MAIL_TLS", "starttls")]), "smtp://smtp.exmail.qq.com:587/send");
    assert_eq!(server(&[("MAIL_PORT", "994")]), "smtps://smtp.exmail.qq.com:994/send");
    let local = [("MAIL_HOST", "localhost"), ("MAIL_FROM", "a@b.example"), ("MAIL_TLS", "none")];
    assert_eq!(problems(&local), Vec::<String>::new(), "nobody listens in on this machine");
}

#[test]
fn no_stack_sends_mails_and_it_is_told_what_does() {
    let why = Mail.not_on_a_stack().unwrap();
    assert!(why.contains("SNS") && why.contains("AlarmEmail"), "{why}");
}
