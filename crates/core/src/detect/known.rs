//! Ports and processes that are known: usual places of dev servers, and what nobody means to share.

use super::process::Process;

/// Where dev servers usually listen.
const USUAL: &[u16] = &[
    80, 443, 1234, 1313, 3000, 3001, 3002, 3003, 3030, 3333, 4000, 4173, 4200, 4321, 5000, 5001,
    5173, 5174, 5175, 5500, 6006, 7000, 7860, 8000, 8001, 8002, 8008, 8080, 8081, 8082, 8088, 8090,
    8443, 8501, 8787, 8888, 9000, 9090, 9292,
];

/// Privileged ports on which a user's own web server may listen.
const WEB: [u16; 2] = [80, 443];

/// The first port that every user may listen on.
const FIRST_UNPRIVILEGED: u16 = 1024;

/// Databases, queues, mail, remote desktops, container engines, debuggers, live-reload channels.
const INFRASTRUCTURE: &[u16] = &[
    1025, 1433, 1521, 2049, 2375, 2376, 2379, 2380, 3306, 3389, 4222, 4369, 5037, 5353, 5355, 5432,
    5433, 5672, 5900, 5901, 5984, 6379, 6380, 6432, 6463, 8086, 9042, 9092, 9222, 9229, 9230, 9300,
    11211, 15672, 17500, 24678, 26257, 27017, 27018, 33060, 35729, 50000,
];

/// Processes that listen for their own parts, or speak no HTTP.
const OTHERS: &[&str] = &[
    // Databases and queues.
    "postgres",
    "postmaster",
    "mysqld",
    "mariadbd",
    "redis-server",
    "valkey-server",
    "mongod",
    "memcached",
    "epmd",
    "etcd",
    "nats-server",
    "rabbitmq",
    "clickhouse-serv",
    // The system and its services.
    "sshd",
    "cupsd",
    "systemd",
    "systemd-resolve",
    "systemd-resolved",
    "dnsmasq",
    "avahi-daemon",
    "dbus-daemon",
    "rpcbind",
    "smbd",
    "Xvfb",
    "Xorg",
    "x11vnc",
    "Xtigervnc",
    "gpg-agent",
    "ControlCenter",
    "rapportd",
    "sharingd",
    "ARDAgent",
    "svchost",
    "lsass",
    "wininit",
    "spoolsv",
    // Browsers, editors and other applications.
    "chrome",
    "chromium",
    "chromium-browse",
    "chromedriver",
    "geckodriver",
    "firefox",
    "msedge",
    "WebKitWebDriver",
    "WebKitWebProces",
    "code",
    "code-insiders",
    "Code Helper",
    "Code",
    "codium",
    "cursor",
    "zed",
    "idea",
    "adb",
    "Discord",
    "discord",
    "Spotify",
    "spotify",
    "Dropbox",
    "dropbox",
    "steam",
    "Telegram",
    "slack",
    "Slack",
    "syncthing",
    "tailscaled",
    "tor",
    "containerd",
    "dockerd",
    "docker-proxy",
    "com.docker.backend",
    "limactl",
    "rust-analyzer",
    "gopls",
    "esbuild",
    "watchman",
    "sccache",
];

/// Whether a person may well want to share it.
pub(super) fn is_offered(port: u16, process: &Process) -> bool {
    let is_free = port >= FIRST_UNPRIVILEGED || WEB.contains(&port);
    let is_other = |name: &str| OTHERS.contains(&name);
    let is_other = is_other(&process.name) || is_other(&process.program());
    is_free && !INFRASTRUCTURE.contains(&port) && !is_other
}

/// Whether dev servers usually listen there.
pub(super) fn is_usual(port: u16) -> bool {
    USUAL.contains(&port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(name: &str) -> Process {
        Process {
            name: name.to_owned(),
            ..Process::default()
        }
    }

    #[test]
    fn leaves_out_what_nobody_means() {
        let is_offered = |port, name: &str| is_offered(port, &process(name));
        for (port, process) in [
            (22, "x"),
            (53, "x"),
            (631, "x"),
            (5432, "x"),
            (3000, "postgres"),
            (3000, "chrome"),
        ] {
            assert!(!is_offered(port, process), "{port} {process}");
        }
        for port in [80, 443, 3000, 8080, 40000] {
            assert!(is_offered(port, "node"), "{port}");
        }
    }

    #[test]
    fn no_usual_port_is_left_out() {
        for port in USUAL {
            assert!(is_offered(*port, &process("node")), "{port}");
        }
    }
}
