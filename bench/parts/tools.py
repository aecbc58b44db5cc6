"""Where the programs are, and dumbpipe from crates.io when the machine has none."""

import os
import pathlib
import shutil
import subprocess

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
DUMBPIPE_VERSION = "0.40.1"
# Debian keeps servers where only root looks.
SEARCH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
PACKAGES = {
    "nginx": "nginx",
    "wrk": "wrk",
    "curl": "curl",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "sshd": "openssh-server",
}


class Tools:
    """Finds programs by name."""

    def __init__(self, malai=None, install=True):
        target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or REPOSITORY / "target")
        self.directory = target / "tools"
        self._install = install
        # Why a program is not there, when it is not simply a missing package.
        self._reasons = {}
        self._own = {"malai": pathlib.Path(malai) if malai else target / "release" / "malai"}

    def path(self, name):
        """The program's path, or None."""
        own = self._own.get(name)
        if own:
            return str(own.resolve()) if os.access(own, os.X_OK) else None
        return shutil.which(name, path=SEARCH)

    def reason_missing(self, *names):
        """Why one of the programs cannot be used and what to do, or None when all are there."""
        for name in names:
            if not self.path(name):
                return self._reason(name)
        return None

    def _reason(self, name):
        if name in self._reasons:
            return self._reasons[name]
        if name == "malai":
            return (
                f"there is no `{self._own[name]}`; "
                "`make bench` builds it, `--malai PATH` names another"
            )
        return f"`{name}` is not installed; `scripts/setup bench` installs `{PACKAGES[name]}`"

    def get_dumbpipe(self, say):
        """Looks for dumbpipe, and installs it below the target directory when it is missing."""
        name = "dumbpipe"
        if shutil.which(name, path=SEARCH):
            return
        root = self.directory / name
        self._own[name] = root / "bin" / name
        if self.path(name):
            return
        if not self._install:
            self._reasons[name] = "it is not installed, and `--no-install` was given"
            return
        cargo = shutil.which("cargo")
        if not cargo:
            self._reasons[name] = "it is not installed, and there is no cargo to install it with"
            return
        say(f"installing {name} {DUMBPIPE_VERSION} with cargo; this takes some minutes, once")
        build = root / "build"
        command = [cargo, "install", name, "--version", DUMBPIPE_VERSION, "--locked"]
        command += ["--root", str(root), "--target-dir", str(build)]
        # Its talk goes to stderr, and this program's stdout holds nothing but results.
        made = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        if made.returncode == 0:
            # A gigabyte that nobody needs again.
            shutil.rmtree(build, ignore_errors=True)
        else:
            self._reasons[name] = (
                f"`cargo install {name} --version {DUMBPIPE_VERSION}` failed; "
                "its message is above"
            )

    def version(self, name, *flags):
        """What the program says about its version, for the report."""
        path = self.path(name)
        if not path:
            return None
        try:
            asked = subprocess.run(
                [path, *flags], stdin=subprocess.DEVNULL, capture_output=True, timeout=10
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        lines = (asked.stdout + asked.stderr).decode(errors="replace").splitlines()
        return lines[0].strip() if lines else None
