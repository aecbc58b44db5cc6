"""A TCP service to carry: PostgreSQL, and pgbench as the load."""

import os
import pathlib
import pwd
import re
import shutil
import tempfile
import time

from .load import LoadFailed, run_program
from .procs import POLL_SECONDS, Process, Unavailable, finish, free_port
from .upstream import answers

# What Debian does not put where others look for programs.
PROGRAMS = pathlib.Path("/usr/lib/postgresql")
READY_SECONDS = 30.0
MAKE_SECONDS = 120.0
GRACE_SECONDS = 30.0
CONNECT_SECONDS = 5
# For one question with its connection.
ANSWER_SECONDS = 15.0
CLIENTS = 8
THREADS = 2
# 100,000 accounts: all of them stay in memory.
SCALE = 1
USER = "bench"
DATABASE = "postgres"
# Nothing that is measured is written; what is made before need not survive.
SERVER = (
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "fsync=off",
    "max_connections=100",
)
RESULT = re.compile(r"latency average = ([\d.]+) ms.*?tps = ([\d.]+) ", re.DOTALL)


def program(name):
    """Debian's newest of that name, or what is on the path; None when there is none."""
    found = sorted(PROGRAMS.glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]))
    return str(found[-1]) if found else shutil.which(name)


def reason_missing():
    """Why it cannot be measured here, or None."""
    for name in ("initdb", "postgres", "psql", "pgbench"):
        if not program(name):
            return f"`{name}` is not installed; `scripts/setup bench` installs `postgresql`"
    return None


class Postgres:
    """A server in a directory of its own, which may not belong to root."""

    def __init__(self):
        reason = reason_missing()
        if reason:
            raise Unavailable(reason)
        self.port = free_port()
        self._home = pathlib.Path(tempfile.mkdtemp(prefix="malai-bench-postgres-"))
        self._process = None
        try:
            self._as_user = self._leave_root()
            data = self._home / "data"
            made = [program("initdb"), "-D", str(data), "-U", USER, "-A", "trust", "--no-sync"]
            self._run([*self._as_user, *made])
            server = [program("postgres"), "-D", str(data), "-p", str(self.port)]
            for setting in SERVER:
                server += ["-c", setting]
            self._process = Process("postgres", [*self._as_user, *server], self._home)
        except BaseException:
            self.stop()
            raise

    def _leave_root(self):
        """The command before a command that makes it another user's, when we are root."""
        if os.geteuid() != 0:
            return []
        user = next((user for user in pwd.getpwall() if user.pw_name == "postgres"), None)
        user = user or pwd.getpwnam("nobody")
        os.chown(self._home, user.pw_uid, user.pw_gid)
        return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]

    def _run(self, command):
        """Something that must succeed before there is a server."""
        # Our own directory may be closed to that user.
        finish(command, "PostgreSQL could not be made", MAKE_SECONDS, self._home)

    def wait(self):
        self._process.wait_for(lambda: answers(self.port), READY_SECONDS, "listening")
        first_answer(self.port, time.monotonic() + READY_SECONDS, lambda: None)
        self._run([program("pgbench"), "-i", "-q", "-s", str(SCALE), url(self.port)])

    def stop(self):
        if self._process:
            self._process.stop()
        shutil.rmtree(self._home, ignore_errors=True)


def url(port):
    """Without encryption, which every system but the plain ones brings itself."""
    options = f"sslmode=disable&connect_timeout={CONNECT_SECONDS}"
    return f"postgresql://{USER}@127.0.0.1:{port}/{DATABASE}?{options}"


def first_answer(port, deadline, gone):
    """Returns when the server has answered a query through the port."""
    while time.monotonic() < deadline:
        try:
            run_program([program("psql"), "-X", "-c", "SELECT 1", url(port)], ANSWER_SECONDS)
            return
        except LoadFailed:
            time.sleep(POLL_SECONDS)
        ended = gone()
        if ended:
            raise ended.failure("ended before PostgreSQL answered")
    raise Unavailable("PostgreSQL did not answer through it")


def load(port, seconds):
    """Selects of one row by its key: transactions a second, and what one takes in ms."""
    command = [program("pgbench"), "-S", "-n", "-c", str(CLIENTS), "-j", str(THREADS)]
    command += ["-T", str(seconds), url(port)]
    found = RESULT.search(run_program(command, seconds + GRACE_SECONDS))
    if not found:
        raise LoadFailed("pgbench printed no result")
    return {"average_ms": float(found.group(1)), "per_second": float(found.group(2))}
