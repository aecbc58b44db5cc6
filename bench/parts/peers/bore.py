"""bore: a server on the near side, and a client at the upstream that dials it."""

import secrets

from ..upstream import answers
from .base import System

READY_SECONDS = 15.0
# It cannot be told another one.
CONTROL_PORT = 7835


class Bore(System):
    """Plain TCP, and no more."""

    key = "bore"
    title = "bore"

    @classmethod
    def reason_missing(cls, tools):
        return tools.reason_missing("bore")

    def start(self):
        # A loopback address of its own, where that port is free.
        control = "127." + ".".join(str(1 + secrets.randbelow(250)) for _ in range(3))
        bore = self.tools.path("bore")
        server = [bore, "server", "--bind-addr", control, "--bind-tunnels", "127.0.0.1"]
        near = self.run("near", server)
        near.wait_for(lambda: answers(CONTROL_PORT, control), READY_SECONDS, "listening")
        client = [bore, "local", str(self.upstream.port), "--local-host", "127.0.0.1"]
        self.run("far", [*client, "--to", control, "--port", str(self.port)])
