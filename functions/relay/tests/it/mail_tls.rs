//! Mails go over TLS, from the beginning and by STARTTLS, to a server whose certificate is trusted, and to no other.

use std::fs;
use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::support::{Installation, Town};

const ALARM: &str = include_str!("../../../../shared/flows/examples/health-to-mail.toml");

/// Speaks TLS before the simulated mail server.
struct Encrypted {
    port: u16,
    /// The certificate of the authority that has signed its own.
    authority: String,
}

impl Encrypted {
    /// From the beginning, or from STARTTLS on.
    fn before(server: SocketAddr, by_starttls: bool) -> Self {
        let authority_key = KeyPair::generate().unwrap();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority_certificate = authority.self_signed(&authority_key).unwrap();
        let key = KeyPair::generate().unwrap();
        let own = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let own = own.signed_by(&key, &Issuer::from_params(&authority, &authority_key)).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder().with_no_client_auth();
        let config = config.with_single_cert(vec![CertificateDer::from(own)], key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let (bound, port) = mpsc::channel();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                bound.send(listener.local_addr().unwrap().port()).unwrap();
                while let Ok((client, _)) = listener.accept().await {
                    // A client that does not trust us goes away in the midst of it.
                    _ = between(client, server, &acceptor, by_starttls).await;
                }
            });
        });
        Self { port: port.recv().unwrap(), authority: authority_certificate.pem() }
    }
}

async fn between(
    mut client: TcpStream,
    server: SocketAddr,
    acceptor: &TlsAcceptor,
    by_starttls: bool,
) -> std::io::Result<()> {
    let mut server = BufReader::new(TcpStream::connect(server).await?);
    if by_starttls {
        let mut greeting = String::new();
        server.read_line(&mut greeting).await?;
        let mut lines = BufReader::new(&mut client);
        for (said, answered) in
            [("EHLO", "250-localhost\r\n250 STARTTLS\r\n"), ("STARTTLS", "220 go ahead\r\n")]
        {
            if said == "EHLO" {
                lines.get_mut().write_all(greeting.as_bytes()).await?;
            }
            let mut line = String::new();
            lines.read_line(&mut line).await?;
            assert!(line.starts_with(said), "{line}");
            lines.get_mut().write_all(answered.as_bytes()).await?;
        }
    }
    let mut client = acceptor.accept(client).await?;
    copy_bidirectional(&mut client, &mut server).await.map(drop)
}

/// An installation that is told by mail that Kingdee rests.
fn told_by_mail(town: &Town, encrypted: &Encrypted, tls: &str) -> Installation {
    let mut installation = town.installation();
    fs::create_dir(installation.path("flows")).unwrap();
    fs::write(installation.path("flows/health-to-mail.toml"), ALARM).unwrap();
    fs::write(installation.path("event.json"), "{}").unwrap();
    installation.set("RELAY_FLOWS_DIR", "flows").set("ALERTS_TO", "li@shop.example");
    installation
        .set("MAIL_HOST", "localhost")
        .set("MAIL_PORT", encrypted.port.to_string())
        .set("MAIL_TLS", tls);
    installation.relay(&["invoke", "bill-closer", "--event", "event.json"]).with_status(0);
    installation.relay(&["pause", "kingdee", "--reason", "stock-taking", "--by", "li"]).with_status(0);
    installation.relay(&["invoke", "bill-closer", "--event", "event.json"]).with_status(0);
    installation
}

#[test]
fn a_mail_goes_over_tls_to_a_server_whose_authority_is_trusted() {
    for (tls, by_starttls) in [("tls", false), ("starttls", true)] {
        let town = Town::open();
        let encrypted = Encrypted::before(town.mail(), by_starttls);
        let mut installation = told_by_mail(&town, &encrypted, tls);
        fs::write(installation.path("authority.pem"), &encrypted.authority).unwrap();
        installation.set("SSL_CERT_FILE", installation.path("authority.pem").display().to_string());
        installation.relay(&["drain"]).with_status(0);
        let mails = town.vendors.mail.taken();
        let [mail] = &mails[..] else { panic!("{tls}: {mails:?}") };
        assert_eq!(mail.subject, "kingdee: paused by li: stock-taking", "{tls}");
        let tested = installation.relay(&["test-alert", "--json"]).with_status(0).json();
        assert_eq!(tested["tested"][0]["is_taken"], true, "{tested}");
        assert!(tested["tested"][0]["answer"].as_str().is_some_and(|answer| !answer.is_empty()), "{tested}");
        let subject = town.vendors.mail.taken()[1].subject.clone();
        assert_eq!(subject, "test: this is a test alert, and nothing needs to be done", "{tls}");
    }
}

#[test]
fn a_mail_server_whose_certificate_nobody_vouches_for_gets_no_mail() {
    let town = Town::open();
    let encrypted = Encrypted::before(town.mail(), false);
    let mut installation = told_by_mail(&town, &encrypted, "tls");
    // Another authority's certificate is trusted.
    let other = Encrypted::before(town.mail(), false);
    fs::write(installation.path("other.pem"), &other.authority).unwrap();
    installation.set("SSL_CERT_FILE", installation.path("other.pem").display().to_string());
    // It would go on trying.
    let drain = format!("timeout 10 {} drain", env!("CARGO_BIN_EXE_relay"));
    installation.shell(&drain).output().unwrap();
    let waiting = installation.relay(&["waiting", "--target", "mail", "--json"]).with_status(0).json();
    let tries = &waiting["documents"][0]["receive_count"];
    assert!(tries.as_u64().is_some_and(|tries| tries > 0), "{waiting}");
    assert!(town.vendors.mail.taken().is_empty());
}
