"""rathole: a server on the near side, and a client at the upstream that dials it."""

from ..procs import Unavailable, finish, free_port
from ..upstream import answers
from .base import System

READY_SECONDS = 15.0
KEYS_SECONDS = 10.0

SERVER = """
[server]
bind_addr = "{control}"
default_token = "bench"
{transport}
[server.services.bench]
bind_addr = "127.0.0.1:{port}"
"""

CLIENT = """
[client]
remote_addr = "{control}"
default_token = "bench"
{transport}
[client.services.bench]
local_addr = "127.0.0.1:{to}"
"""

NOISE = """
[{side}.transport]
type = "noise"
[{side}.transport.noise]
{key} = "{value}"
"""


class Rathole(System):
    """Plain TCP, as it comes."""

    key = "rathole"
    title = "rathole"
    # What is added to the configuration of each side.
    transports = ("", "")

    @classmethod
    def reason_missing(cls, tools):
        return tools.reason_missing("rathole")

    def start(self):
        near, port = self.site.near_address, free_port()
        control = f"{near}:{port}"
        server, client = self.directory / "server.toml", self.directory / "client.toml"
        at_server, at_client = self.transports
        to = self.upstream.port
        server.write_text(SERVER.format(control=control, port=self.port, transport=at_server))
        client.write_text(CLIENT.format(control=control, to=to, transport=at_client))
        rathole = self.tools.path("rathole")
        server = self.run("near", [rathole, "--server", str(server)])
        server.wait_for(lambda: answers(port, near), READY_SECONDS, "listening")
        self.run("far", [rathole, "--client", str(client)])


class RatholeNoise(Rathole):
    """Encrypted, as between machines that trust no network."""

    key = "rathole-noise"
    title = "rathole, noise"
    places = ("", "link_", "narrow_")
    encrypted = True

    def prepare(self):
        no_keys = "`rathole --genkey` made no keys"
        lines = finish([self.tools.path("rathole"), "--genkey"], no_keys, KEYS_SECONDS).split()
        if "Key:" not in lines:
            raise Unavailable(no_keys)
        # "Private Key:" and the key, then the same of the public one.
        private, public = (lines[n + 1] for n, word in enumerate(lines) if word == "Key:")
        self.transports = (
            NOISE.format(side="server", key="local_private_key", value=private),
            NOISE.format(side="client", key="remote_public_key", value=public),
        )
