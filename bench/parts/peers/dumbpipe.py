"""dumbpipe, from the authors of iroh."""

import os
import re
import secrets
import socket

from ..procs import free_port
from .base import System

# It waits for a relay on each side before it goes on without one.
RELAY_SECONDS = 60.0


class Dumbpipe(System):
    """TCP over iroh without looking inside; the closest relative of `malai share --tcp`."""

    key = "dumbpipe"
    title = "dumbpipe"
    places = ("", "link_", "narrow_")
    encrypted = True

    @classmethod
    def reason_missing(cls, tools):
        return tools.reason_missing("dumbpipe")

    def start(self):
        dumbpipe = self.tools.path("dumbpipe")
        # With a key given there, both sides would be the same peer.
        env = {name: value for name, value in os.environ.items() if name != "IROH_SECRET"}
        # Key and port stay when it is started again, and so does the ticket.
        own = {**env, "IROH_SECRET": secrets.token_hex(32)}
        local = ["--ipv4-addr", f"{self.site.far_address}:{free_port(socket.SOCK_DGRAM)}"]
        to = f"127.0.0.1:{self.upstream.port}"
        far = self.run("far", [dumbpipe, "listen-tcp", *local, "--host", to], own)
        ticket = far.wait_for(lambda: self._ticket(far), RELAY_SECONDS, "printing a ticket")
        near = f"127.0.0.1:{self.port}"
        local = ["--ipv4-addr", f"{self.site.near_address}:0"]
        self.run("near", [dumbpipe, "connect-tcp", *local, "--addr", near, ticket], env)

    @staticmethod
    def _ticket(process):
        found = re.search(r"connect-tcp (\S+)\s", process.stderr.read_text(errors="replace"))
        return found and found.group(1)
