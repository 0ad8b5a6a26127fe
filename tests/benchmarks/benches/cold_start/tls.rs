//! What the first TLS connection of a process costs: the trusted roots are read, the library sets itself up, the
//! handshake is made.

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::{Arc, mpsc};
use std::thread;

use anyhow::{Context as _, ensure};
use axum::Router;
use axum::routing::get;
use axum::serve::Listener;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use relay_connector::{HttpTransport, Request, Transport as _};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;
use url::Url;

/// Where Debian, Ubuntu and Amazon Linux keep the trusted roots.
const ROOTS: [&str; 2] = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];

/// A vendor behind TLS, and the roots of this machine with its own among them.
pub(crate) struct Server {
    address: SocketAddr,
    roots: NamedTempFile,
}

/// Processor time.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Cost {
    /// Of the client's set-up, the first connection and a request over it.
    pub(crate) first_us: u64,
    /// Of the next request.
    pub(crate) next_us: u64,
}

impl Server {
    /// Listens on a thread of its own.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let authority_key = KeyPair::generate()?;
        let mut authority = CertificateParams::new(Vec::new())?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority_certificate = authority.self_signed(&authority_key)?;
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(vec!["localhost".to_owned()])?
            .signed_by(&key, &Issuer::from_params(&authority, &authority_key))?;

        let mut roots = NamedTempFile::new()?;
        let of_machine = ROOTS.iter().find_map(|file| fs::read(file).ok()).context("no trusted roots")?;
        roots.write_all(&of_machine)?;
        roots.write_all(authority_certificate.pem().as_bytes())?;

        let chain = vec![CertificateDer::from(certificate)];
        let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(anyhow::Error::msg)?;
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
        let (bound, address) = mpsc::channel();
        thread::spawn(move || -> anyhow::Result<()> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let tcp = TcpListener::bind("127.0.0.1:0").await?;
                bound.send(tcp.local_addr()?)?;
                let listener = Tls { tcp, acceptor: TlsAcceptor::from(Arc::new(config)) };
                Ok(axum::serve(listener, Router::new().route("/", get(async || "{}"))).await?)
            })
        });
        Ok(Self { address: address.recv()?, roots })
    }

    /// Connects from a new process.
    pub(crate) fn first_connection(&self) -> anyhow::Result<Cost> {
        let address = format!("https://localhost:{}/", self.address.port());
        let output = Command::new(std::env::current_exe()?)
            .args(["connect", &address])
            .env("SSL_CERT_FILE", self.roots.path())
            .env_remove("SSL_CERT_DIR")
            .output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}

/// The client's side, in a process of its own: prints what it cost.
pub(crate) fn connect(address: &str) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let cost = runtime.block_on(async {
        let url: Url = address.parse()?;
        let began = processor_time_us()?;
        let transport = HttpTransport::new();
        transport.send(Request::get(url.clone())).await?;
        let connected = processor_time_us()?;
        transport.send(Request::get(url)).await?;
        let done = processor_time_us()?;
        anyhow::Ok(Cost { first_us: connected - began, next_us: done - connected })
    })?;
    println!("{}", serde_json::json!(cost));
    Ok(())
}

/// The processor time of all threads so far.
fn processor_time_us() -> anyhow::Result<u64> {
    let mut nanoseconds = 0;
    for task in fs::read_dir("/proc/self/task").context("only Linux tells a thread's time")? {
        let schedule = fs::read_to_string(task?.path().join("schedstat"))?;
        nanoseconds += schedule.split_whitespace().next().context("an empty schedstat")?.parse::<u64>()?;
    }
    Ok(nanoseconds / 1_000)
}

struct Tls {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let Ok((stream, address)) = self.tcp.accept().await else { continue };
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.tcp.local_addr()
    }
}
