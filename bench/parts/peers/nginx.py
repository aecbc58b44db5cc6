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
        self.add_hop("far", self.port, self.upstream.port)

    def add_hop(self, role, port, to):
        binary = self.tools.path(NGINX)
        self.processes.append(hop(binary, role, self.directory, port, to))


class TwoHops(OneHop):
    """Two reverse proxies in a row, as between two machines, without any encryption."""

    key = "nginx2"
    title = "nginx, two hops"

    def start(self):
        middle = free_port()
        self.add_hop("far", middle, self.upstream.port)
        self.add_hop("near", self.port, middle)
