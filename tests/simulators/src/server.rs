//! The vendors on loopback sockets.

use std::io;
use std::net::SocketAddr;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::{Vendors, door};

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
    _running: watch::Sender<()>,
}

pub(crate) async fn serve(vendors: &Vendors) -> io::Result<Served> {
    let (running, stopped) = watch::channel(());
    let wangdian = listen(door::router(vendors.wangdian.clone()), stopped.clone()).await?;
    let kingdee = listen(door::router(vendors.kingdee.clone()), stopped.clone()).await?;
    let sharecrm = listen(door::router(vendors.sharecrm.clone()), stopped).await?;
    Ok(Served {
        wdt_base_url: format!("http://{wangdian}/openapi2"),
        qimen_base_url: format!("http://{wangdian}/router/qm"),
        kingdee_base_url: format!("http://{kingdee}"),
        sharecrm_base_url: format!("http://{sharecrm}"),
        _running: running,
    })
}

async fn listen(router: Router, mut stopped: watch::Receiver<()>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        let until_dropped = async move { while stopped.changed().await.is_ok() {} };
        axum::serve(listener, router).with_graceful_shutdown(until_dropped).await
    });
    Ok(address)
}
