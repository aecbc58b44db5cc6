"""Where the systems of a section run, and the upstream they lead to there."""

import contextlib

from . import memory, postgres, site
from .procs import Unavailable
from .redis import Redis
from .upstream import Upstream

MIB = 1 << 20
# What is sent up is a quarter of what is fetched.
SOURCE_PART = 4
# One transfer over the link, either way: enough to leave the slow start.
LINK_BYTES = 4 * MIB


class Here:
    """All systems on this machine, with one upstream."""

    prefix = ""
    words = ""

    def __init__(self, directory, tools, options, _round):
        self._directory = directory / "here"
        self._tools = tools
        self._options = options
        self._upstream = None
        # What cannot be measured here at all, and why.
        self.missing = {}

    @contextlib.contextmanager
    def ready(self):
        self._directory.mkdir()
        nginx = self._tools.path("nginx")
        size = self._options.large_bytes
        self._upstream = Upstream(nginx, self._directory, size, size // SOURCE_PART)
        try:
            self._upstream.wait()
            self._services()
            yield
        finally:
            self._upstream.stop()

    def _services(self):
        """Starts what is carried as a TCP service; why one cannot is told, and no reason to end."""
        for name, start in (("redis", self._redis), ("postgres", self._postgres)):
            if name in self._options.cells:
                try:
                    self._upstream.services[name] = start()
                    self._upstream.services[name].wait()
                except Unavailable as error:
                    self.missing[f"cell {name}"] = str(error)
                    service = self._upstream.services.pop(name, None)
                    if service:
                        service.stop()

    def _redis(self):
        reason = self._tools.reason_missing("redis-server", "redis-benchmark")
        if reason:
            raise Unavailable(reason)
        return Redis(self._tools.path("redis-server"), self._directory)

    @staticmethod
    def _postgres():
        return postgres.Postgres()

    def add(self, kind, _stack):
        """A system of this kind, not yet started."""
        return kind(self._directory, self._upstream, self._tools)

    def started(self, system, results):
        memory.measure(system, results, "idle")


class OverLink:
    """Each system with a link of its own, and its upstream at the far end."""

    road = site.LOSSY
    prefix = road.prefix
    words = road.words

    def __init__(self, directory, tools, options, number):
        self._directory = directory / self.prefix
        self._tools = tools
        self._bytes = min(LINK_BYTES, options.large_bytes)
        # All links of a round lose alike.
        self._seed = number
        self._program = None
        self.missing = {}

    @contextlib.contextmanager
    def ready(self):
        self._directory.mkdir()
        self._program = site.program(self._tools)
        yield

    def add(self, kind, stack):
        """A system of this kind with its link and upstream, which `stack` ends."""
        own = self._directory / f"at-{kind.key}"
        own.mkdir()
        link = site.Link(self.road, own, self._program, self._seed, udp=not kind.relayed)
        stack.callback(link.stop)
        nginx = self._tools.path("nginx")
        with link.at("far"):
            upstream = Upstream(nginx, own, self._bytes, self._bytes, "0.0.0.0")
            stack.callback(upstream.stop)
            upstream.wait()
        return kind(own, upstream, self._tools, link)

    def started(self, system, results):
        """What it takes is measured without a link."""


class OverNarrow(OverLink):
    """The same with a line that is soon full."""

    road = site.NARROW
    prefix = road.prefix
    words = road.words


ALL = (Here, OverLink, OverNarrow)
