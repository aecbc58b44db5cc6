"""What is measured: the list of cells, and how each kind of them is run against one system.

A cell is a name, a kind and its settings; a figure of it is called by the cell's name and what it
is, as `c32_p99_ms`. What the report shows of them is in `columns.py`.
"""

import contextlib
import time
import typing

from . import load, memory, postgres, redis, streams
from .procs import cpu_seconds, free_ports, settle
from .upstream import MIDDLE, PARTS, SMALL

REQUESTS_OF_CPU = 10_000
SHORT_SECONDS = 2
GIB = 1 << 30
# Of redis-benchmark: as many as in the middle one of the HTTP loads.
REDIS_CONNECTIONS = 32
RECONNECT_SECONDS = 60.0
# An answer that waits behind a full queue takes a quarter of a second.
BESIDE_SECONDS = 3
# Over all services together, however many there are; each has a thread of wrk.
SERVICES_CONNECTIONS = 64


class Cell(typing.NamedTuple):
    name: str
    kind: str
    settings: dict
    # As in `places.py`: "" is on this machine.
    place: str = ""
    # Only of systems that can lead to many services.
    growth: bool = False
    # Loads that say as much in less time, so that five rounds fit into an hour.
    short: bool = False


# In the order in which they run: bulk before many connections, so that its peak is its own, and
# last what ends a process.
ALL = (
    Cell("download", "download", {}),
    Cell("download8", "together", {"streams": PARTS}),
    Cell("upload", "upload", {}),
    Cell("close32", "requests", {"connections": 32, "keep_alive": False}),
    Cell("c1", "requests", {"connections": 1}),
    Cell("c32", "requests", {"connections": 32}),
    Cell("c256", "requests", {"connections": 256}),
    Cell("c1000", "requests", {"connections": 1000}, growth=True),
    Cell("kb100", "requests", {"connections": 32, "file": MIDDLE}, short=True),
    Cell("ws", "websocket", {"connections": 64}, short=True),
    Cell("sse", "events", {"connections": 8}, short=True),
    Cell("idle", "idle", {}),
    Cell("redis", "redis", {"pipelines": (1, 16)}, short=True),
    Cell("postgres", "postgres", {}, short=True),
    Cell("services1", "services", {"count": 1}, growth=True, short=True),
    Cell("services64", "services", {"count": 64}, growth=True, short=True),
    Cell("reconnect", "reconnect", {}),
    Cell("link_download", "download", {}, "link_"),
    Cell("link_upload", "upload", {}, "link_"),
    Cell("link_close32", "requests", {"connections": 32, "keep_alive": False}, "link_", short=True),
    Cell("link_c32", "requests", {"connections": 32}, "link_", short=True),
    Cell("narrow_beside", "beside", {"connections": 8, "streams": PARTS}, "narrow_"),
)


class Run:
    """One cell against one system."""

    def __init__(self, cell, system, results, options):
        self.cell = cell
        self.system = system
        self.results = results
        self.options = options
        self.seconds = min(options.seconds, SHORT_SECONDS) if cell.short else options.seconds

    def go(self):
        getattr(self, self.cell.kind)(**self.cell.settings)

    def add(self, what, value):
        self.results.add(self.system.key, f"{self.cell.name}_{what}", value)

    def add_all(self, figures, *names):
        for name in names:
            self.add(name, figures[name])

    def tool(self, name):
        return self.system.tools.path(name)

    def requests(self, connections, keep_alive=True, file=SMALL):
        self.wrk(self.system, connections, keep_alive, file)

    def services(self, count):
        """That many of them through one pair of processes, the same load over all of them."""
        ports = free_ports(count)
        with self.fresh(self.system.upstream, ports) as system:
            for port in ports:
                load.first_response(f"127.0.0.1:{port}", first_deadline(), system.gone)
            settle(system.pids())
            self.wrk(system, SERVICES_CONNECTIONS, ports=ports)

    def wrk(self, system, connections, keep_alive=True, file=SMALL, ports=()):
        memory.forget_peaks(system)
        before = cpu_seconds(system.pids())
        seconds = self.seconds
        found = load.requests(
            self.tool("wrk"), system.address, connections, seconds, keep_alive, file, ports
        )
        used = cpu_seconds(system.pids()) - before
        self.add_all(found, "per_second", "p50_ms", "p99_ms", "p999_ms")
        if system.processes:
            if found["requests"]:
                self.add("cpu_seconds", used / found["requests"] * REQUESTS_OF_CPU)
            memory.add_peaks(system, self.add)
        wrong = {"without a good status": "not_ok", "timed out": "timeouts", "broken": "broken"}
        for words, field in wrong.items():
            if found[field]:
                text = f"{found[field]} of {found['requests']} {words}"
                self.results.note(system, self.cell.name, text)

    def download(self):
        memory.forget_peaks(self.system)
        size = self.system.upstream.large_bytes
        self.bulk(size, lambda: self.system.download(size))

    def together(self, streams):
        size = self.system.upstream.part_bytes
        curl, address = self.tool("curl"), self.system.address
        self.bulk(streams * size, lambda: load.download_together(curl, address, size, streams))

    def beside(self, connections, streams):
        """Requests while so many downloads fill the way."""
        system, curl = self.system, self.tool("curl")
        self.seconds = max(self.seconds, BESIDE_SECONDS)
        with load.downloads_going_on(curl, system.address, streams, system.directory):
            self.wrk(system, connections)

    def upload(self):
        system, upstream = self.system, self.system.upstream
        size, answer = upstream.source_bytes, system.directory / "counted"
        curl = self.tool("curl")
        self.bulk(size, lambda: load.upload(curl, system.address, upstream.source, size, answer))
        # Of all transfers: none before it forgets the peak but the first.
        memory.add_peaks(system, self.add)

    def bulk(self, size, transfer):
        before = cpu_seconds(self.system.pids())
        self.add("mb_s", transfer())
        if self.system.serves:
            self.add("cpu_seconds", (cpu_seconds(self.system.pids()) - before) / size * GIB)

    @contextlib.contextmanager
    def fresh(self, upstream, ports=None):
        """A system of the same kind that has served nothing yet, for this cell alone."""
        place = self.system.directory / self.cell.name
        system = type(self.system)(place, upstream, self.system.tools, self.system.site)
        try:
            system.prepare()
            if ports:
                system.port = ports[0]
                system.start_many(ports)
            else:
                system.start()
            yield system
        finally:
            system.stop()

    def idle(self):
        """On a fresh system: memory that a load has left behind would be used again."""
        count = self.options.idle
        if not self.system.processes:
            return
        with self.fresh(self.system.upstream) as system:
            load.first_response(system.address, first_deadline(), system.gone)
            settle(system.pids())
            before = memory.total_kib(system)
            with streams.idle(system.port, count):
                settle(system.pids())
                self.add("kib", (memory.total_kib(system) - before) / count)

    def websocket(self, connections):
        found = streams.echo(self.system.port, connections, self.seconds)
        self.add_all(found, "per_second", "p50_ms", "p99_ms", "p999_ms")

    def events(self, connections):
        found = streams.events(self.system.port, connections, self.seconds)
        self.add_all(found, "per_second", "p50_ms", "p99_ms", "p999_ms")

    def redis(self, pipelines):
        service = self.system.upstream.services.get(self.cell.name)
        if not self.system.carries_tcp or not service:
            return
        with self.fresh(service) as system:
            redis.first_answer(system.port, first_deadline(), system.gone)
            settle(system.pids())
            for pipeline in pipelines:
                found = redis.load(
                    self.tool("redis-benchmark"),
                    system.port,
                    REDIS_CONNECTIONS,
                    pipeline,
                    self.seconds,
                )
                self.add(f"p{pipeline}_per_second", found["per_second"])
                self.add(f"p{pipeline}_p99_ms", found["p99_ms"])
                settle(system.pids())

    def postgres(self):
        service = self.system.upstream.services.get(self.cell.name)
        if not self.system.carries_tcp or not service:
            return
        with self.fresh(service) as system:
            postgres.first_answer(system.port, first_deadline(), system.gone)
            settle(system.pids())
            found = postgres.load(system.port, self.seconds)
            self.add_all(found, "per_second", "average_ms")

    def reconnect(self):
        """From the new start of the far side to the first good response."""
        system = self.system
        if not system.comes_back:
            return
        system.restart_far()
        began = time.monotonic()
        load.first_response(system.address, began + RECONNECT_SECONDS, system.gone)
        self.add("seconds", time.monotonic() - began)


def first_deadline():
    return time.monotonic() + load.FIRST_RESPONSE_SECONDS
