//! What runs `relay serve` as a service: a unit for `systemd`, and a `Caddyfile` for the TLS in front of it.

use std::path::{Path, PathBuf, absolute};

use crate::config;

/// Where `relay serve` listens for the proxy.
const LISTEN: &str = "127.0.0.1:8080";

/// Where its console listens, for whoever turns it on.
const CONSOLE: &str = "127.0.0.1:8081";

/// `relay.service`: the user `relay` alone runs it, and it may write nothing but this folder. It sees /proc whole
/// (`ProcSubset` is left out), for /proc/sys tells one run of the machine from another: by that it shares quotas and times with the
/// commands of a shell.
pub(crate) fn unit(folder: &Path) -> String {
    let folder = absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let folder = folder.components().collect::<PathBuf>();
    let settings = word(&folder.join(config::FILE));
    let writes = word(&folder);
    // This one takes the rest of its line, quotes and all.
    let starts_in = folder.display().to_string().replace('%', "%%");
    format!(
        "\
# 安装 / to install:
#   useradd --system --home-dir {writes} --shell /usr/sbin/nologin relay
#   chown -R relay: {writes}
#   cp relay.service /etc/systemd/system/ && systemctl daemon-reload && systemctl enable --now relay
# 改了流程文件之后 / after a change of flow files: systemctl reload relay
# 控制台 / the console: ExecStart … --console {CONSOLE}

[Unit]
Description=erp-relay
Wants=network-online.target
After=network-online.target

[Service]
Type=exec
User=relay
WorkingDirectory={starts_in}
ExecStart=/usr/local/bin/relay --config {settings} serve --listen {LISTEN}
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
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=read-only
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProtectSystem=strict
ReadWritePaths={writes}
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

/// A path as one word of a unit: `%` stands for something there, and a space ends a word.
fn word(path: &Path) -> String {
    let escaped = path.display().to_string().replace('\\', "\\\\").replace('"', "\\\"");
    let escaped = escaped.replace('%', "%%");
    if escaped.contains(char::is_whitespace) { format!("\"{escaped}\"") } else { escaped }
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

# 控制台:先设用户和 RELAY_CONSOLE_URL / the console, once RELAY_CONSOLE_USERS and RELAY_CONSOLE_URL are set
# console.example.com {{
# \treverse_proxy {CONSOLE}
# }}
"
    )
}
