"""malai as two processes with homes of their own, as on two machines.

Nothing of this machine's malai is touched or read: own homes, keys in files there, no variable
`MALAI_…` passed on. There are no relays and no lookup, so that only what is measured is at work.
"""

import os
import pathlib
import re
import socket

from .procs import free_port

SHARED_SECONDS = 30.0
BRIDGED_SECONDS = 30.0
SERVICE = "bench"

CONFIG = """version = 1

[network]
relay = "none"
lookup = []
bind = "127.0.0.1:0"
"""
SERVICES = """
[service.bench-{n}]
protocol = "{protocol}"
upstream = "127.0.0.1:{to}"
allow = ["anyone"]
"""
PEER = """
[peer.far]
id = "{key}"
addresses = ["{address}"]
"""
BRIDGES = """
[bridge.bench-{n}]
to = ["far/bench-{n}"]
protocol = "{protocol}"
listen = "127.0.0.1:{port}"
"""
RUNS_AS = "malai runs as "
RELAY_PORT = 3340
RELAY_SECONDS = 15.0


class Pair:
    """`malai share` and `malai bridge`, to be mixed into a system."""

    share_flags = ()
    bridge_flags = ()
    # Which malai, as `tools.py` knows it.
    binary = "malai"
    protocol = "http"

    @classmethod
    def reason_missing(cls, tools):
        return tools.reason_missing(cls.binary, *(["lab-relay"] if cls.relayed else []))

    def start(self):
        if self.relayed:
            self._start_relay()
        binary = self.tools.path(self.binary)
        upstream = f"127.0.0.1:{self.upstream.port}"
        share = [binary, "share", upstream, "--name", SERVICE, "--anyone"]
        far = self.run("far", [*share, *self.share_flags], self._env("far"))
        link = far.wait_for(lambda: line(far, "malai://"), SHARED_SECONDS, "sharing")
        self.port = free_port()
        bridge = [binary, "bridge", link, "--port", str(self.port)]
        near = self.run("near", [*bridge, *self.bridge_flags], self._env("near"))
        near.wait_for(lambda: line(near, ""), BRIDGED_SECONDS, "bridging")

    def start_many(self, ports):
        """One service and one bridge for each port, all of them in one process on each side."""
        binary, protocol = self.tools.path(self.binary), self.protocol
        far_env, near_env = self._env("far"), self._env("near")
        services = "".join(
            SERVICES.format(n=n, protocol=protocol, to=self.upstream.port)
            for n in range(len(ports))
        )
        far_bind = add_to_config(far_env, services)
        far = self.run("far", [binary, "serve"], far_env)
        said = far.wait_for(lambda: runs_as(far), SHARED_SECONDS, "saying who it is")
        key = said.removeprefix(RUNS_AS)
        bridges = "".join(
            BRIDGES.format(n=n, protocol=protocol, port=port) for n, port in enumerate(ports)
        )
        add_to_config(near_env, PEER.format(key=key, address=far_bind) + bridges)
        near = self.run("near", [binary, "serve"], near_env)
        near.wait_for(lambda: runs_as(near), BRIDGED_SECONDS, "saying who it is")

    def _start_relay(self):
        """Beside the far side, from which the near side is a link away."""
        at = f"{self.site.far_address}:{RELAY_PORT}"
        relay = self.run("relay", [self.tools.path("lab-relay"), at])
        relay.wait_for(lambda: line(relay, "ready"), RELAY_SECONDS, "listening")

    def _env(self, role):
        home = self.directory / f"home-{role}"
        home.mkdir(mode=0o700)
        # A port that stays when it is started again, so that the link holds.
        host = self.site.far_address if role == "far" else self.site.near_address
        bind = f"{host}:{free_port(socket.SOCK_DGRAM)}"
        config = CONFIG.replace("127.0.0.1:0", bind)
        if self.relayed:
            config = config.replace('"none"', f'"http://{self.site.far_address}:{RELAY_PORT}"')
        (home / "malai.toml").write_text(config)
        (home / "malai.toml").chmod(0o600)
        env = {name: value for name, value in os.environ.items() if not name.startswith("MALAI_")}
        env.update(MALAI_HOME=str(home), MALAI_KEY_STORE="file")
        return env


def add_to_config(env, more):
    """Adds to the configuration that belongs to this environment; its UDP address."""
    file = pathlib.Path(env["MALAI_HOME"], "malai.toml")
    text = file.read_text()
    file.write_text(text + more)
    return re.search(r'bind = "(.+)"', text).group(1)


def runs_as(process):
    """What `malai serve` says when all is open."""
    return line(process, RUNS_AS, process.stderr)


def line(process, start, file=None):
    """The first whole line that begins so, in what the process printed so far.

    Plain output, as people use it: with `--json` every request would be printed as an event.
    """
    text = (file or process.stdout).read_text(errors="replace")
    for found in text.splitlines(keepends=True):
        # A line without its end is still being written.
        if found.endswith("\n") and found.startswith(start):
            return found.strip()
    return None
