"""A TCP service to carry: redis, and its own benchmark as the load."""

import csv
import io
import pathlib
import socket
import time

from .load import LoadFailed, run_program
from .procs import POLL_SECONDS, Process, Unavailable, free_port
from .upstream import answers

READY_SECONDS = 15.0
ANSWER_SECONDS = 5.0
# Requests for each second that a load shall take: a little less than the slowest system does.
PER_SECOND = {1: 15_000, 16: 60_000}
# The slowest system may take this many times as long before it counts as hung.
PATIENCE = 20
GRACE_SECONDS = 30.0
DATA_BYTES = "100"


class Redis:
    """A server that keeps nothing."""

    def __init__(self, binary, directory):
        self.port = free_port()
        home = pathlib.Path(directory, "redis-server")
        home.mkdir()
        command = [binary, "--port", str(self.port), "--bind", "127.0.0.1"]
        command += ["--save", "", "--appendonly", "no", "--dir", str(home)]
        self._process = Process("redis", command, home)

    def wait(self):
        self._process.wait_for(lambda: answers(self.port), READY_SECONDS, "listening")

    def stop(self):
        self._process.stop()


def first_answer(port, deadline, gone):
    """Returns when redis has answered through the port."""
    while time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), ANSWER_SECONDS) as stream:
                stream.sendall(b"PING\r\n")
                if stream.recv(64).startswith(b"+PONG"):
                    return
        except OSError:
            pass
        ended = gone()
        if ended:
            raise ended.failure("ended before redis answered")
        time.sleep(POLL_SECONDS)
    raise Unavailable("redis did not answer through it")


def load(binary, port, connections, pipeline, seconds):
    """Sets of 100 bytes: requests a second, and latencies in ms."""
    count = PER_SECOND[pipeline] * seconds
    command = [binary, "-h", "127.0.0.1", "-p", str(port), "-t", "set", "-d", DATA_BYTES]
    command += ["-c", str(connections), "-P", str(pipeline), "-n", str(count), "--csv"]
    text = run_program(command, GRACE_SECONDS + PATIENCE * seconds)
    # Warnings of the server's configuration may stand before the table.
    start = text.find('"test"')
    rows = list(csv.DictReader(io.StringIO(text[start:]))) if start >= 0 else []
    if not rows:
        raise LoadFailed("redis-benchmark printed no result")
    row = rows[0]
    return {
        "per_second": float(row["rps"]),
        "p50_ms": float(row["p50_latency_ms"]),
        "p99_ms": float(row["p99_latency_ms"]),
    }
