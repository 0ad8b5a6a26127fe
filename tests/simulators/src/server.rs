//! The vendors on loopback sockets.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::mail::listen as listen_for_mail;
use crate::{Vendors, door};

/// Ports of 127.0.0.1; 0 is any that is free.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ports {
    /// 旺店通, both routes.
    pub wangdian: u16,
    /// 金蝶云·星辰.
    pub kingdee: u16,
    /// 纷享销客.
    pub sharecrm: u16,
    /// Everything else.
    pub http: u16,
    /// 勤策.
    pub qince: u16,
    /// The mail server.
    pub mail: u16,
}

impl Ports {
    /// Six ports in a row.
    #[must_use]
    pub fn from(first: u16) -> Self {
        let [kingdee, sharecrm, http, qince, mail] = [1, 2, 3, 4, 5].map(|place| first.saturating_add(place));
        Self { wangdian: first, kingdee, sharecrm, http, qince, mail }
    }

    /// The addresses of vendors on these ports, by the settings that name them.
    #[must_use]
    pub fn base_urls(self) -> [(&'static str, String); 12] {
        let host = Ipv4Addr::LOCALHOST;
        [
            ("WDT_BASE_URL", format!("http://{host}:{}/openapi2", self.wangdian)),
            ("QIMEN_BASE_URL", format!("http://{host}:{}/router/qm", self.wangdian)),
            ("KINGDEE_BASE_URL", format!("http://{host}:{}", self.kingdee)),
            ("SHARECRM_BASE_URL", format!("http://{host}:{}", self.sharecrm)),
            ("HTTP_POST_URL", format!("http://{host}:{}/receive", self.http)),
            ("HTTP_WECOM_BASE_URL", format!("http://{host}:{}", self.http)),
            ("HTTP_DINGTALK_BASE_URL", format!("http://{host}:{}", self.http)),
            ("HTTP_FEISHU_BASE_URL", format!("http://{host}:{}", self.http)),
            ("QINCE_BASE_URL", format!("http://{host}:{}/api", self.qince)),
            ("MAIL_HOST", host.to_string()),
            ("MAIL_PORT", self.mail.to_string()),
            ("MAIL_TLS", "none".to_owned()),
        ]
    }
}

/// Vendors that listen; dropped, they stop.
pub struct Served {
    /// 旺店通, as `WDT_BASE_URL`.
    pub wdt_base_url: String,
    /// The Qimen route, as `QIMEN_BASE_URL`.
    pub qimen_base_url: String,
    /// 金蝶, as `KINGDEE_BASE_URL`.
    pub kingdee_base_url: String,
    /// 纷享销客, as `SHARECRM_BASE_URL`.
    pub sharecrm_base_url: String,
    /// Everything else, as what `HTTP_POST_URL` and its like begin with.
    pub http_base_url: String,
    /// 勤策, as `QINCE_BASE_URL`.
    pub qince_base_url: String,
    ports: Ports,
    _running: watch::Sender<()>,
}

impl Served {
    /// The addresses, by the settings that name them.
    #[must_use]
    pub fn base_urls(&self) -> [(&'static str, String); 12] {
        self.ports.base_urls()
    }
}

pub(crate) async fn serve(vendors: &Vendors, ports: Ports) -> io::Result<Served> {
    let (running, stopped) = watch::channel(());
    let wangdian = door::router(vendors.wangdian.clone());
    let kingdee = door::router(vendors.kingdee.clone());
    let sharecrm = door::router(vendors.sharecrm.clone());
    let http = door::router(vendors.http.clone());
    let qince = door::router(vendors.qince.clone());
    let bound = Ports {
        wangdian: listen(wangdian, ports.wangdian, stopped.clone()).await?,
        kingdee: listen(kingdee, ports.kingdee, stopped.clone()).await?,
        sharecrm: listen(sharecrm, ports.sharecrm, stopped.clone()).await?,
        http: listen(http, ports.http, stopped.clone()).await?,
        qince: listen(qince, ports.qince, stopped.clone()).await?,
        mail: listen_for_mail(vendors.mail.clone(), ports.mail, stopped).await?,
    };
    let [wdt, qimen, kingdee, sharecrm, _, http, _, _, qince, ..] = bound.base_urls().map(|(_, url)| url);
    Ok(Served {
        wdt_base_url: wdt,
        qimen_base_url: qimen,
        kingdee_base_url: kingdee,
        sharecrm_base_url: sharecrm,
        http_base_url: http,
        qince_base_url: qince,
        ports: bound,
        _running: running,
    })
}

/// The port that is listened on.
async fn listen(router: Router, port: u16, mut stopped: watch::Receiver<()>) -> io::Result<u16> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        let until_dropped = async move { while stopped.changed().await.is_ok() {} };
        axum::serve(listener, router).with_graceful_shutdown(until_dropped).await
    });
    Ok(port)
}
