//! Over sockets, to a mail server that misbehaves.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use relay_connector::{
    Class, Connection, Connector as _, Delivery, Failure, HttpTransport, Settings, Surroundings,
};
use relay_core::clock::{Deadline, SeededRng, SystemClock};
use relay_mail::Mail;
use relay_mail::smtp::Smtp;
use relay_simulators::mail::FROM;
use relay_simulators::{Fault, Served, Vendors};
use serde_json::{Value, json};

struct Bench {
    vendors: Arc<Vendors>,
    connection: Arc<dyn Connection>,
    _served: Served,
}

impl Bench {
    async fn with(settings: &[(&str, &str)]) -> Self {
        let clock = Arc::new(SystemClock);
        let vendors = Vendors::new(clock.clone(), 7);
        let served = vendors.serve_on_loopback().await.unwrap();
        let given: Settings =
            settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let addresses = served.base_urls().into_iter().map(|(name, value)| (name.to_owned(), value));
        let usual = relay_simulators::settings().into_iter();
        let usual = usual.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let settings = given.or(addresses.chain(usual).collect());
        let transport = Arc::new(Smtp::beside(Arc::new(HttpTransport::new()), clock.clone()));
        let surroundings = Surroundings::unshared(transport, clock, Arc::new(SeededRng::new(1)));
        let connection = Mail.connect(&settings, &surroundings).unwrap();
        Self { vendors, connection, _served: served }
    }

    async fn send(&self, delivery: Delivery<'_>) -> Result<Option<String>, Failure> {
        self.connection.target().unwrap().deliver(&[delivery], Deadline::NONE).await.remove(0)
    }

    async fn class_of(&self, mail: &Value) -> Result<(), Class> {
        self.send(of("failures/abc", mail)).await.map(drop).map_err(|failure| failure.class)
    }
}

fn of<'a>(key: &'a str, mail: &'a Value) -> Delivery<'a> {
    Delivery { key, ..Delivery::of(&Mail.documents()[0], &[], mail) }
}

fn mail() -> Value {
    json!({
        "to": "李雷 <li@shop.example>；wang@shop.example",
        "subject": "trade-to-kingdee: 3 张单据失败,自 2026-11-22 10:42:17,客户不存在,这是一个很长的主题",
        "text": "第一行\n.以点开头的一行\n=?utf-8?b?eA==?= 不是编码\n最后一行",
    })
}

#[tokio::test]
async fn a_mail_comes_as_it_was_written() {
    let bench = Bench::with(&[]).await;
    let mail = mail();
    let id = bench.send(of("failures/abc", &mail)).await.unwrap().unwrap();
    let taken = bench.vendors.mail.taken().remove(0);
    assert_eq!(taken.to, ["li@shop.example", "wang@shop.example"]);
    assert_eq!(taken.subject, mail["subject"].as_str().unwrap());
    assert_eq!(taken.text.replace("\r\n", "\n"), mail["text"].as_str().unwrap());
    assert_eq!((taken.message_id, taken.follows), (id, None));
}

#[tokio::test]
async fn a_repetition_has_its_message_id_and_nothing_else_has() {
    let bench = Bench::with(&[]).await;
    let (one, mut other) = (mail(), mail());
    other["text"] = json!("4 张单据失败");
    let at = |seconds| Some(DateTime::<Utc>::from_timestamp(seconds, 0).unwrap());
    let first = bench.send(of("failures/abc", &one)).await.unwrap().unwrap();
    let after = Delivery { replaces: Some(&first), follows: at(1), ..of("failures/abc", &one) };
    let sent = [
        bench.send(of("failures/abc", &one)).await.unwrap().unwrap(),
        bench.send(of("failures/other", &one)).await.unwrap().unwrap(),
        bench.send(of("failures/abc", &other)).await.unwrap().unwrap(),
        bench.send(after).await.unwrap().unwrap(),
    ];
    assert_eq!(sent[0], first, "the same document once more");
    let mut all = sent.to_vec();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 4, "of another document, with other words, and what comes back later: {sent:?}");
    assert!(sent.iter().all(|id| id.starts_with('<') && id.ends_with("@shop.example>")), "{sent:?}");
    let last = bench.vendors.mail.taken().pop().unwrap();
    assert_eq!(last.follows, Some(first), "mailboxes show it beside the one before");
}

#[tokio::test]
async fn who_may_not_log_in_or_write_as_that_sender_is_told_so() {
    for (settings, sent) in [
        (vec![("MAIL_PASSWORD", "wrong")], Err(Class::Paused { until: None })),
        // An empty setting is an unset one: nobody logs in.
        (vec![("MAIL_USER", "nobody@shop.example")], Err(Class::Paused { until: None })),
        (vec![("MAIL_FROM", "boss@shop.example"), ("MAIL_USER", FROM)], Err(Class::Refused)),
        (vec![], Ok(())),
    ] {
        let bench = Bench::with(&settings).await;
        assert_eq!(bench.class_of(&mail()).await, sent, "{settings:?}");
        assert_eq!(bench.vendors.mail.taken().len(), usize::from(sent.is_ok()));
    }
}

#[tokio::test]
async fn what_breaks_off_after_the_message_may_have_been_sent_and_what_is_refused_was_not() {
    let later = || Err(Class::Retry { after: Some(std::time::Duration::from_secs(60)) });
    for (fault, class, taken) in [
        (Fault::LostAnswer, Err(Class::Unknown), 1),
        (Fault::LostRequest, Err(Class::Unknown), 0),
        (Fault::Garbage, Err(Class::Unknown), 1),
        (Fault::EndlessAnswer, Err(Class::Unknown), 1),
        (Fault::ServiceException, Err(Class::Unknown), 1),
        (Fault::RateLimited, later(), 0),
        (Fault::Status(421), later(), 0),
        (Fault::Status(552), Err(Class::Refused), 0),
        (Fault::Status(535), Err(Class::Paused { until: None }), 0),
        (Fault::InnerRefusal("5.7.1 looks like spam".to_owned()), Err(Class::Refused), 0),
        (Fault::OuterRefusal("5.1.1 no such mailbox".to_owned()), Err(Class::Refused), 0),
        (Fault::OuterRefusal("Ip frequency limited".to_owned()), later(), 0),
    ] {
        let bench = Bench::with(&[]).await;
        bench.vendors.mail.faults.inject_for("send", fault.clone());
        assert_eq!(bench.class_of(&mail()).await, class, "{fault:?}");
        assert_eq!(bench.vendors.mail.taken().len(), taken, "{fault:?}");
        assert_eq!(bench.class_of(&mail()).await, Ok(()), "the next one after {fault:?}");
    }
}

#[tokio::test]
async fn no_password_goes_out_in_the_clear_where_it_was_to_be_encrypted() {
    for lies in [false, true] {
        let bench = Bench::with(&[("MAIL_TLS", "starttls")]).await;
        if lies {
            bench.vendors.mail.lie_about_tls();
        }
        let sent = bench.class_of(&mail()).await;
        assert!(matches!(sent, Err(Class::Retry { .. })), "{sent:?}");
        assert_eq!((bench.vendors.mail.log_ins(), bench.vendors.mail.taken().len()), (0, 0));
    }
}

#[tokio::test]
async fn what_is_no_address_is_refused_and_where_nobody_answers_it_is_tried_again() {
    let bench = Bench::with(&[]).await;
    let mut wrong = mail();
    for to in ["", "li@", "li shop.example", "li@shop.example\r\nBcc: all@shop.example"] {
        wrong["to"] = json!(to);
        assert_eq!(bench.class_of(&wrong).await, Err(Class::Refused), "{to:?}");
    }
    assert!(bench.vendors.mail.taken().is_empty());
    let bench = Bench::with(&[("MAIL_PORT", "1")]).await;
    assert_eq!(bench.class_of(&mail()).await, Err(Class::Retry { after: None }));
}
