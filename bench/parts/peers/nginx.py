"""nginx as a reverse proxy: what HTTP costs on plain TCP, once and twice."""

from ..procs import free_port
from ..upstream import hop
from .base import System

NGINX = "nginx"


class OneHop(System):
    """One reverse proxy, as in front of most services."""

    key = "nginx1"
    title = "nginx, one hop"
    carries_tcp = False

    @classmethod
    def reason_missing(cls, tools):
        return tools.reason_missing(NGINX)

    def start(self):
        self.add_hop("far", (self.address, f"127.0.0.1:{self.upstream.port}"))

    def add_hop(self, role, *ways):
        binary = self.tools.path(NGINX)
        with self.site.at(role):
            self.processes.append(hop(binary, role, self.directory, *ways))


class TwoHops(OneHop):
    """Two reverse proxies in a row, as between two machines, without any encryption."""

    key = "nginx2"
    title = "nginx, two hops"
    grows = True
    places = ("", "link_", "narrow_")

    def start(self):
        middle = f"{self.site.far_address}:{free_port()}"
        self.add_hop("far", (middle, f"127.0.0.1:{self.upstream.port}"))
        self.add_hop("near", (self.address, middle))

    def start_many(self, ports):
        upstream = f"127.0.0.1:{self.upstream.port}"
        # The same ports at another loopback address, where nobody else is.
        middle = [f"127.0.0.2:{port}" for port in ports]
        near = [f"127.0.0.1:{port}" for port in ports]
        self.add_hop("far", *((at, upstream) for at in middle))
        self.add_hop("near", *zip(near, middle, strict=True))
