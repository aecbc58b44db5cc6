"""Where the programs are, and peers from crates.io when the machine has none."""

import os
import pathlib
import shutil
import subprocess

from .procs import Process, Unavailable

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
# The crate that brings a program, its version, and how it is installed.
CRATES = {
    "dumbpipe": ("dumbpipe", "0.40.1", "--locked"),
    # Its lock file has a version of `time` that Rust refuses since 1.80; OpenSSL is not measured.
    "rathole": (
        "rathole",
        "0.5.0",
        "--no-default-features",
        "--features=server,client,noise",
    ),
    "bore": ("bore-cli", "0.6.0", "--locked"),
}
BUILD_SECONDS = 1800.0
# Debian keeps servers where only root looks.
SEARCH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
PACKAGES = {
    "nginx": "nginx",
    "wrk": "wrk",
    "curl": "curl",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "sshd": "openssh-server",
    "redis-server": "redis-server",
    "redis-benchmark": "redis-tools",
}


class Tools:
    """Finds programs by name."""

    def __init__(self, malai=None, install=True, before=None):
        target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or REPOSITORY / "target")
        self.directory = target / "tools"
        self._install = install
        # Why a program is not there, when it is not simply a missing package.
        self._reasons = {}
        self._own = {
            "malai": pathlib.Path(malai) if malai else target / "release" / "malai",
            "malai-before": pathlib.Path(before or target / "baseline" / "malai"),
            "lab-relay": target / "release" / "lab-relay",
            "raw": target / "release" / "examples" / "raw",
        }

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
        if self._reasons.get(name):
            return self._reasons[name]
        if name in self._own:
            if name == "malai-before":
                return f"there is no `{self._own[name]}`; `--before PATH` names another"
            other = ", `--malai PATH` names another" if name == "malai" else ""
            return f"there is no `{self._own[name]}`; `make bench` builds it{other}"
        return f"`{name}` is not installed; `scripts/setup bench` installs `{PACKAGES[name]}`"

    def get(self, name, say):
        """Looks for a peer of `CRATES`, and installs it below the target directory if missing."""
        if shutil.which(name, path=SEARCH):
            return
        root = self.directory / name
        self._own[name] = root / "bin" / name
        if self.path(name):
            return
        cargo = shutil.which("cargo")
        if not self._install:
            self._reasons[name] = "it is not installed, and `--no-install` was given"
        elif not cargo:
            self._reasons[name] = "it is not installed, and there is no cargo to install it with"
        else:
            self._reasons[name] = self._build(cargo, name, root, say)

    def _build(self, cargo, name, root, say):
        """None when it could be built, else why not."""
        crate, version, *flags = CRATES[name]
        say(f"installing {crate} {version} with cargo; this takes some minutes, once")
        build = root / "build"
        command = [cargo, "install", crate, "--version", version, *flags]
        command += ["--root", str(root), "--target-dir", str(build)]
        what = f"`cargo install {crate} --version {version}`"
        root.mkdir(parents=True, exist_ok=True)
        made = Process("build", command, root)
        try:
            made.wait_for(made.ended, BUILD_SECONDS, "an end")
        except Unavailable as error:
            return str(error)
        finally:
            made.stop()
            # A gigabyte that nobody needs again.
            shutil.rmtree(build, ignore_errors=True)
        if self.path(name):
            return None
        return f"{what} failed; the last lines it wrote:\n{made.said()}"

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
