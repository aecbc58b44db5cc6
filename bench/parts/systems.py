"""The systems that are measured, all leading to the same upstream.

A system is started anew in each round, in a directory of its own, and offers the upstream on a port
of 127.0.0.1. Its processes have roles: `far` stands at the upstream, `near` at the client.
"""

import contextlib
import os
import pathlib
import pwd
import re
import shutil
import subprocess

from . import malai
from .procs import Process, Unavailable, free_port
from .upstream import answers, hop

READY_SECONDS = 15.0
# dumbpipe waits for a relay on each side before it goes on without one.
RELAY_SECONDS = 60.0
KEYGEN_SECONDS = 20.0

NGINX = "nginx"
SSHD = "sshd"
SSHD_DIRECTORY = pathlib.Path("/run/sshd")


class System:
    """What all have in common; `start` is the only thing each must bring."""

    key = ""
    title = ""

    def __init__(self, directory, upstream, tools):
        self.directory = pathlib.Path(directory, self.key)
        self.directory.mkdir()
        self.upstream = upstream
        self.tools = tools
        self.port = free_port()
        self.processes = []

    @classmethod
    def reason_missing(cls, tools):
        """Why it cannot run on this machine, or None."""
        return None

    def prepare(self):
        """What is done before the clock of the first response runs."""

    def start(self):
        """Starts its processes; the port answers soon after, if not at once."""
        raise NotImplementedError

    def run(self, role, command, env=None):
        process = Process(role, command, self.directory, env)
        self.processes.append(process)
        return process

    def pids(self):
        return [process.pid for process in self.processes]

    def stop(self):
        for process in reversed(self.processes):
            process.stop()


class Direct(System):
    """No system at all: what the upstream and the loads can do by themselves."""

    key = "direct"
    title = "direct"

    def start(self):
        self.port = self.upstream.port


class TwoHops(System):
    """Two reverse proxies in a row, as between two machines, without any encryption."""

    key = "nginx2"
    title = "nginx, two hops"

    @classmethod
    def reason_missing(cls, tools):
        return tools.reason_missing(NGINX)

    def start(self):
        middle = free_port()
        binary = self.tools.path(NGINX)
        self.processes.append(hop(binary, "far", self.directory, middle, self.upstream.port))
        self.processes.append(hop(binary, "near", self.directory, self.port, middle))


class Ssh(System):
    """Port forwarding of OpenSSH, with a server and keys made for this run."""

    key = "ssh"
    title = "ssh -L"
    made_directory = False

    @classmethod
    def reason_missing(cls, tools):
        return tools.reason_missing("ssh", SSHD, "ssh-keygen")

    def prepare(self):
        for name in ("host", "user"):
            self._keygen(self.directory / name)
        # A server of root wants this empty directory, which the system's own makes when it starts.
        if os.geteuid() == 0 and not SSHD_DIRECTORY.exists():
            SSHD_DIRECTORY.mkdir(mode=0o755)
            self.made_directory = True

    def stop(self):
        super().stop()
        if self.made_directory:
            # Somebody else may have come to use it, or have removed it.
            with contextlib.suppress(OSError):
                SSHD_DIRECTORY.rmdir()

    def start(self):
        user = pwd.getpwuid(os.geteuid()).pw_name
        port = free_port()
        key = (self.directory / "host.pub").read_text()
        (self.directory / "known").write_text(f"[127.0.0.1]:{port} {key}")
        shutil.copy(self.directory / "user.pub", self.directory / "authorized")
        # Without PAM a server that cannot read the password file takes every account for locked.
        (self.directory / "sshd_config").write_text(
            f"ListenAddress 127.0.0.1:{port}\n"
            f"HostKey {self.directory}/host\n"
            f"AuthorizedKeysFile {self.directory}/authorized\n"
            f"AllowUsers {user}\n"
            "PidFile none\nUsePAM yes\nStrictModes no\nPermitRootLogin prohibit-password\n"
            "PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
            "AllowTcpForwarding local\nLogLevel ERROR\n"
        )
        # sshd insists on being started by its full path, since it starts itself again.
        server = [self.tools.path(SSHD), "-D", "-e", "-f", str(self.directory / "sshd_config")]
        far = self.run("far", server)
        far.wait_for(lambda: answers(port), READY_SECONDS, "listening")
        near = [self.tools.path("ssh"), "-N", "-F", "none", "-p", str(port)]
        near += ["-i", str(self.directory / "user")]
        for option in (
            "BatchMode=yes",
            "IdentitiesOnly=yes",
            "IdentityAgent=none",
            "StrictHostKeyChecking=yes",
            f"UserKnownHostsFile={self.directory}/known",
            "GlobalKnownHostsFile=none",
            "ExitOnForwardFailure=yes",
            "LogLevel=ERROR",
        ):
            near += ["-o", option]
        near += ["-L", f"127.0.0.1:{self.port}:127.0.0.1:{self.upstream.port}", f"{user}@127.0.0.1"]
        self.run("near", near)

    def _keygen(self, path):
        command = [self.tools.path("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", str(path)]
        made = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=KEYGEN_SECONDS
        )
        if made.returncode != 0:
            said = made.stderr.decode(errors="replace").strip()
            raise Unavailable(f"`ssh-keygen` made no key: {said}")


class Dumbpipe(System):
    """TCP over iroh without looking inside; the closest relative of `malai share --tcp`."""

    key = "dumbpipe"
    title = "dumbpipe"

    @classmethod
    def reason_missing(cls, tools):
        return tools.reason_missing("dumbpipe")

    def start(self):
        dumbpipe = self.tools.path("dumbpipe")
        # With a key given there, both sides would be the same peer.
        env = {name: value for name, value in os.environ.items() if name != "IROH_SECRET"}
        local = ["--ipv4-addr", "127.0.0.1:0"]
        to = f"127.0.0.1:{self.upstream.port}"
        far = self.run("far", [dumbpipe, "listen-tcp", *local, "--host", to], env)
        ticket = far.wait_for(lambda: self._ticket(far), RELAY_SECONDS, "printing a ticket")
        near = f"127.0.0.1:{self.port}"
        self.run("near", [dumbpipe, "connect-tcp", *local, "--addr", near, ticket], env)

    @staticmethod
    def _ticket(process):
        found = re.search(r"connect-tcp (\S+)\s", process.stderr.read_text(errors="replace"))
        return found and found.group(1)


class MalaiHttp(malai.Pair, System):
    """What this repository is about: requests parsed, checked and counted on both sides."""

    key = "malai"
    title = "malai http"


class MalaiTcp(malai.Pair, System):
    """The same two programs, carrying bytes."""

    key = "malai-tcp"
    title = "malai tcp"
    share_flags = ("--tcp",)
    bridge_flags = ("--tcp",)


ALL = (Direct, TwoHops, Ssh, Dumbpipe, MalaiHttp, MalaiTcp)
