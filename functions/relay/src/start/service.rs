//! What runs `relay serve` as a service: a unit for `systemd`, and a `Caddyfile` for the TLS in front of it.

use std::path::{Path, absolute};

use crate::config;

/// Where `relay serve` listens for the proxy.
const LISTEN: &str = "127.0.0.1:8080";

/// `relay.service`: the user `relay` alone runs it, and it may write nothing but this folder.
pub(crate) fn unit(folder: &Path) -> String {
    let folder = absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let folder = folder.components().collect::<std::path::PathBuf>().display().to_string();
    let settings = config::FILE;
    format!(
        "\
# 安装 / to install:
#   useradd --system --home-dir {folder} --shell /usr/sbin/nologin relay
#   chown -R relay: {folder}
#   cp relay.service /etc/systemd/system/ && systemctl daemon-reload && systemctl enable --now relay
# 改了流程文件之后 / after a change of flow files: systemctl reload relay

[Unit]
Description=erp-relay
Documentation=man:relay(1)
Wants=network-online.target
After=network-online.target

[Service]
Type=exec
User=relay
WorkingDirectory={folder}
ExecStart=/usr/local/bin/relay --config {folder}/{settings} serve --listen {LISTEN}
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=5
# Wrong settings or flow files: a person mends them, and no start in between helps.
RestartPreventExitStatus=2
# Longer than the work in hand may take.
TimeoutStopSec=45
UMask=0077

NoNewPrivileges=yes
CapabilityBoundingSet=
LockPersonality=yes
MemoryDenyWriteExecute=yes
PrivateDevices=yes
PrivateTmp=yes
ProcSubset=pid
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=read-only
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProtectSystem=strict
ReadWritePaths={folder}
RemoveIPC=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"
    )
}

/// `Caddyfile`: the paths of the webhooks and nothing else.
pub(crate) fn proxy() -> String {
    let prefixes = relay_connectors::CONNECTORS.iter().filter_map(|connector| connector.webhook_prefix());
    let paths = prefixes.map(|prefix| format!("{prefix}*")).collect::<Vec<_>>().join(" ");
    format!(
        "\
# 换成您的域名;证书由 Caddy 自动申请 / your domain; Caddy gets the certificate by itself
relay.example.com {{
\t# 只转发推送的路径;/metrics、/readyz 不对外 / the webhooks' paths alone
\t@webhooks path {paths}
\thandle @webhooks {{
\t\trequest_body {{
\t\t\tmax_size 4MiB
\t\t}}
\t\treverse_proxy {LISTEN}
\t}}
\thandle {{
\t\trespond 404
\t}}
}}
"
    )
}
