"""OpenSSH, as people forward a port with it."""

import contextlib
import os
import pathlib
import pwd
import shutil

from ..procs import finish, free_port
from ..upstream import answers
from .base import System

READY_SECONDS = 15.0
KEYGEN_SECONDS = 20.0

SSHD = "sshd"
SSHD_DIRECTORY = pathlib.Path("/run/sshd")


class Ssh(System):
    """Port forwarding of OpenSSH, with a server and keys made for this run."""

    key = "ssh"
    title = "ssh -L"
    places = ("", "link_", "narrow_")
    # The client ends with its connection; something else has to start it again.
    comes_back = False
    encrypted = True
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
        host, port = self.site.far_address, free_port()
        key = (self.directory / "host.pub").read_text()
        (self.directory / "known").write_text(f"[{host}]:{port} {key}")
        shutil.copy(self.directory / "user.pub", self.directory / "authorized")
        # Without PAM a server that cannot read the password file takes every account for locked.
        (self.directory / "sshd_config").write_text(
            f"ListenAddress {host}:{port}\n"
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
        far.wait_for(lambda: answers(port, host), READY_SECONDS, "listening")
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
        near += ["-L", f"127.0.0.1:{self.port}:127.0.0.1:{self.upstream.port}", f"{user}@{host}"]
        self.run("near", near)

    def _keygen(self, path):
        command = [self.tools.path("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", str(path)]
        finish(command, "`ssh-keygen` made no key", KEYGEN_SECONDS)
