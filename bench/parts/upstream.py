"""The upstream that all systems lead to, and the configuration of every nginx here.

Two files to fetch, one of 1 KB and one large (sparse: it takes no room on the disk), and `/upload`.
nginx alone cannot swallow a body without writing it to a file or answering too early, so it passes
uploads on to a reader in this program, which counts them and answers with the count.
"""

import os
import pathlib
import socket
import threading

from .procs import Process, free_port

SMALL = "small"
LARGE = "large"
UPLOAD = "upload"
SMALL_BYTES = 1024
# Far above what a load opens, so that nginx never closes a connection for having served enough.
KEPT_REQUESTS = 1_000_000_000
CHUNK_BYTES = 1 << 20
HEAD_BYTES = 64 << 10
READY_SECONDS = 10.0

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
{body}
}}
"""

SERVE = """
  upstream sink {{ server unix:{sink}; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    root {root};
    location /{upload} {{
      proxy_pass http://sink;
      proxy_http_version 1.1;
      proxy_request_buffering off;
    }}
  }}
"""

HOP = """
  upstream next {{
    server 127.0.0.1:{to};
    keepalive 512;
    keepalive_requests {kept};
    keepalive_timeout 300s;
  }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://next;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_request_buffering off;
      proxy_max_temp_file_size 0;
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


def hop(binary, role, directory, port, to):
    """Starts an nginx that is a reverse proxy to a port."""
    return nginx(binary, role, directory, HOP.format(port=port, to=to, kept=KEPT_REQUESTS))


def answers(port):
    """Whether somebody listens on the port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Upstream:
    """The nginx with the files, and the reader of uploads behind it."""

    def __init__(self, binary, directory, large_bytes):
        self.port = free_port()
        self.large_bytes = large_bytes
        root = pathlib.Path(directory, "files")
        root.mkdir()
        (root / SMALL).write_bytes(b"x" * SMALL_BYTES)
        self.source = root / LARGE
        with open(self.source, "wb") as file:
            file.truncate(large_bytes)
        # Read once, so that the first to fetch it does not wait for the kernel to make its pages.
        with open(self.source, "rb", buffering=0) as file:
            while file.read(CHUNK_BYTES):
                pass
        sink = pathlib.Path(directory, "sink")
        self._sink = Sink(sink)
        body = SERVE.format(sink=sink, port=self.port, root=root, upload=UPLOAD)
        self._nginx = nginx(binary, "upstream", directory, body)

    def wait(self):
        self._nginx.wait_for(lambda: answers(self.port), READY_SECONDS, "listening")

    def stop(self):
        self._nginx.stop()
        self._sink.stop()


class Sink:
    """Reads request bodies as fast as it can and answers with their length."""

    def __init__(self, path):
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self):
        # Wakes the `accept` of the thread, which closing alone does not.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                try:
                    self._answer(connection)
                except OSError:
                    # The load gave up; it says so itself.
                    continue

    def _answer(self, connection):
        received = bytearray()
        while b"\r\n\r\n" not in received and len(received) < HEAD_BYTES:
            piece = connection.recv(HEAD_BYTES)
            if not piece:
                return
            received += piece
        head, _, rest = bytes(received).partition(b"\r\n\r\n")
        length = content_length(head)
        if length is None:
            connection.sendall(b"HTTP/1.1 411 Length Required\r\nConnection: close\r\n\r\n")
            return
        count = len(rest)
        buffer = bytearray(CHUNK_BYTES)
        while count < length:
            size = connection.recv_into(buffer)
            if size == 0:
                return
            count += size
        text = b"%d\n" % count
        answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
        connection.sendall(answer % (len(text), text))


def content_length(head):
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return None
