"""Processes of a system: started, watched through /proc, and always ended.

Each gets a process group of its own, so that ending it takes its children along and a Ctrl-C on the
terminal reaches this program alone, which then cleans up in order.
"""

import contextlib
import os
import pathlib
import resource
import signal
import socket
import subprocess
import time

# A process that has not ended this long after SIGTERM is killed.
END_SECONDS = 5.0
# The last lines of what a process said, shown when it did not do its work.
TAIL_LINES = 8
POLL_SECONDS = 0.002
# A system that used no CPU for this long has dealt with the load before, or gets no more time to.
QUIET_SECONDS = 0.2
SETTLE_SECONDS = 3.0

# What was started and not yet stopped; see `stop_all`.
_living = []
# User time of killed processes that were not our own children; see `own_user_seconds`.
_orphaned_seconds = 0.0

TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_KIB = os.sysconf("SC_PAGE_SIZE") // 1024


class Unavailable(Exception):
    """A system cannot be run here; the text says why and what to do."""


class Process:
    """One started program, its output in files."""

    def __init__(self, role, command, directory, env=None, ends=None):
        """`ends` are two open files that it gets as its standard input and output instead."""
        self.role = role
        self.command = command
        self.env = env
        self.directory = directory
        self.stdout = pathlib.Path(directory, f"{role}.out")
        self.stderr = pathlib.Path(directory, f"{role}.err")
        with open(self.stdout, "wb") as out, open(self.stderr, "wb") as err:
            try:
                self._child = subprocess.Popen(
                    command,
                    stdin=ends[0] if ends else subprocess.DEVNULL,
                    stdout=ends[1] if ends else out,
                    stderr=err,
                    env=env,
                    start_new_session=True,
                )
            except OSError as error:
                raise Unavailable(f"`{command[0]}` does not start: {error.strerror}") from error
        self.pid = self._child.pid
        _living.append(self)

    def ended(self):
        return self._child.poll() is not None

    def said(self):
        """The end of what it wrote, for messages."""
        text = self.stderr.read_text(errors="replace") + self.stdout.read_text(errors="replace")
        return "\n".join(f"    {line}" for line in text.splitlines()[-TAIL_LINES:])

    def failure(self, what):
        return Unavailable(f"`{self.command[0]}` {what}. The last lines it wrote:\n{self.said()}")

    def wait_for(self, ready, seconds, what):
        """What `ready()` returns as soon as it is true; Unavailable at the end or at the deadline."""
        deadline = time.monotonic() + seconds
        while True:
            # Asked before `ready`, so that the last words of an ended process still count.
            ended = self.ended()
            value = ready()
            if value:
                return value
            if ended:
                raise self.failure(f"ended before {what}")
            if time.monotonic() > deadline:
                raise self.failure(f"ran for {seconds:.0f} s without {what}")
            time.sleep(POLL_SECONDS)

    def stop(self):
        self._signal(signal.SIGTERM)
        try:
            self._child.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        # The group too, after its leader: whatever it started must not outlive it.
        self.kill()

    def kill(self):
        """Ends it and its children without a word, as a machine that loses its power."""
        global _orphaned_seconds
        # Nobody of ours waits for its children then, and so nobody tells us what they used.
        _orphaned_seconds += sum(user_seconds(member) for member in tree(self.pid)[1:])
        self._signal(signal.SIGKILL)
        self._child.wait()
        if self in _living:
            _living.remove(self)

    def again(self):
        """The same program started once more."""
        return Process(self.role, self.command, self.directory, self.env)

    def _signal(self, number):
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            pass


def finish(command, what, seconds, cwd=None):
    """Runs a program to its good end and returns what it printed; `what` did not work otherwise."""
    try:
        done = subprocess.run(
            command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{what}: {error}") from error
    if done.returncode != 0:
        raise Unavailable(f"{what}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout.decode(errors="replace")


def stop_all():
    """Stops whatever an interrupted start has left running."""
    for process in list(_living):
        process.stop()


def tree(pid):
    """The process and all its descendants."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            fields = _stat(entry)
            if fields:
                children.setdefault(int(fields[1]), []).append(int(entry))
    found = [pid]
    for parent in found:
        found.extend(children.get(parent, ()))
    return found


def rss_kib(pid):
    """Resident memory of each process of the tree."""
    sizes = []
    for member in tree(pid):
        try:
            sizes.append(int(pathlib.Path(f"/proc/{member}/statm").read_text().split()[1]))
        except OSError:
            continue
    return [pages * _PAGE_KIB for pages in sizes]


def forget_peak(pid):
    """Makes the peak of resident memory start anew; False where the kernel does not let us."""
    try:
        pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def peak_kib(pid):
    """The peak of resident memory since `forget_peak`; None when the process is gone."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    lines = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(lines[0].split()[1]) if lines else None


def cpu_seconds(pids):
    """CPU time, user and system, of the processes and their living descendants."""
    ticks = 0
    for pid in pids:
        for member in tree(pid):
            fields = _stat(member)
            if fields:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS


def user_seconds(pid):
    """User time of a living process and of those it has waited for."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[13])) / TICKS if fields else 0.0


def own_user_seconds():
    """User time of this program and all it has started; whole once all of them are stopped."""
    asked = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return _orphaned_seconds + sum(resource.getrusage(who).ru_utime for who in asked)


def settle(pids):
    """Waits until the processes are idle, so that one load does not disturb the next."""
    deadline = time.monotonic() + SETTLE_SECONDS
    before = cpu_seconds(pids)
    while time.monotonic() < deadline:
        time.sleep(QUIET_SECONDS)
        after = cpu_seconds(pids)
        if after == before:
            return
        before = after


def _stat(pid):
    """The fields of /proc/PID/stat from the state on; None when the process is gone."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The name before it is in parentheses and may hold anything.
    return text.rpartition(")")[2].split()


def free_ports(count):
    """That many at once, so that none comes twice."""
    with contextlib.ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(type=kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
