"""The upstream that all systems lead to, and the configuration of every nginx here.

Files to fetch, of 1 KB, of 100 KB and large ones (sparse: they take no room on the disk), `/upload`,
and `/live/` for what stays open, which a program of its own serves.
nginx alone cannot swallow a body without writing it to a file or answering too early, so it passes
uploads on to a reader in this program, which counts them and answers with the count.
"""

import os
import pathlib
import socket
import sys

from .procs import Process, free_port
from .sink import Sink

SMALL = "small"
MIDDLE = "middle"
LARGE = "large"
# One of eight that are fetched at the same time, which together are the large one.
PART = "part"
PARTS = 8
SOURCE = "source"
UPLOAD = "upload"
SMALL_BYTES = 1024
MIDDLE_BYTES = 100 << 10
# Far above what a load opens, so that nginx never closes a connection for having served enough.
KEPT_REQUESTS = 1_000_000_000
CHUNK_BYTES = 1 << 20
READY_SECONDS = 10.0
LIVE = pathlib.Path(__file__).with_name("live.py")

NGINX = """
daemon off;
master_process on;
worker_processes auto;
worker_rlimit_nofile 16384;
pid {dir}/nginx.pid;
error_log stderr error;
{user}
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {dir}/body;
  proxy_temp_path {dir}/proxy;
  fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi;
  scgi_temp_path {dir}/scgi;
  client_max_body_size 0;
  client_body_buffer_size 512k;
  keepalive_requests {kept};
  keepalive_timeout 300s;
  sendfile on;
  tcp_nodelay on;
  map $http_upgrade $upgrading {{ default upgrade; '' ''; }}
{body}
}}
"""

SERVE = """
  upstream sink {{ server unix:{sink}; }}
  upstream live {{ server unix:{live}; }}
  server {{
    listen {host}:{port} backlog=4096;
    root {root};
    location /{upload} {{
      proxy_pass http://sink;
      proxy_http_version 1.1;
      proxy_request_buffering off;
    }}
    location /live/ {{
      proxy_pass http://live;
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $upgrading;
      proxy_buffering off;
    }}
  }}
"""

HOP = """
  upstream next{n} {{
    server {to};
    keepalive 512;
    keepalive_requests {kept};
    keepalive_timeout 300s;
  }}
  server {{
    listen {at} backlog=4096;
    location / {{
      proxy_pass http://next{n};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $upgrading;
      proxy_request_buffering off;
      proxy_max_temp_file_size 0;
    }}
    location /live/ {{
      proxy_pass http://next{n};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $upgrading;
      proxy_buffering off;
    }}
  }}
"""


def nginx(binary, role, directory, body):
    """Starts an nginx with this `http` part in a directory of its own."""
    home = pathlib.Path(directory, role)
    home.mkdir()
    # Workers of root are another user by default, who may not enter our temporary directory.
    user = "user root;" if os.geteuid() == 0 else ""
    conf = home / "nginx.conf"
    conf.write_text(NGINX.format(dir=home, user=user, kept=KEPT_REQUESTS, body=body))
    return Process(role, [binary, "-p", str(home), "-e", "stderr", "-c", str(conf)], directory)


def hop(binary, role, directory, *ways):
    """Starts an nginx that is a reverse proxy, from an address to another for each way."""
    servers = (HOP.format(n=n, at=at, to=to, kept=KEPT_REQUESTS) for n, (at, to) in enumerate(ways))
    return nginx(binary, role, directory, "".join(servers))


def answers(port, host="127.0.0.1"):
    """Whether somebody listens on the port."""
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


def sparse(path, size):
    """A file of zeros that takes no room on the disk."""
    with open(path, "wb") as file:
        file.truncate(size)
    # Read once, so that the first to fetch it does not wait for the kernel to make its pages.
    with open(path, "rb", buffering=0) as file:
        while file.read(CHUNK_BYTES):
            pass


class Upstream:
    """The nginx with the files, and the reader of uploads behind it."""

    def __init__(self, binary, directory, large_bytes, source_bytes, host="127.0.0.1"):
        """`source_bytes` is what is sent up."""
        self.port = free_port()
        self.large_bytes = large_bytes
        # TCP services beside it, by name, when they are there.
        self.services = {}
        root = pathlib.Path(directory, "files")
        root.mkdir()
        (root / SMALL).write_bytes(b"x" * SMALL_BYTES)
        (root / MIDDLE).write_bytes(b"x" * MIDDLE_BYTES)
        self.source, self.source_bytes = root / SOURCE, source_bytes
        self.part_bytes = large_bytes // PARTS
        sparse(root / LARGE, large_bytes)
        sparse(root / PART, self.part_bytes)
        sparse(self.source, self.source_bytes)
        sink, live = pathlib.Path(directory, "sink"), pathlib.Path(directory, "live")
        self._sink = Sink(sink)
        self._live = Process("live", [sys.executable, "-B", str(LIVE), str(live)], directory)
        self._live.wait_for(live.exists, READY_SECONDS, "listening")
        body = SERVE.format(
            sink=sink, live=live, host=host, port=self.port, root=root, upload=UPLOAD
        )
        self._nginx = nginx(binary, "upstream", directory, body)

    def wait(self):
        self._nginx.wait_for(lambda: answers(self.port), READY_SECONDS, "listening")

    def stop(self):
        for service in self.services.values():
            service.stop()
        self._nginx.stop()
        self._live.stop()
        self._sink.stop()
