"""Rounds: in each, all systems are started anew, and every measure goes through them in turn.

So two figures that make a ratio are taken seconds apart, and what else the machine does hits all
alike. A measure that gives no figure is told as a problem and leaves a gap; nothing is made up.
"""

import collections
import pathlib
import resource
import shutil
import statistics
import tempfile
import time

from . import load
from .procs import TICKS, Unavailable, cpu_seconds, forget_peak, peak_kib, rss_kib, settle, tree
from .upstream import Upstream

KEPT_CONNECTIONS = (1, 32, 256)
CLOSING_CONNECTIONS = 32
# The measure during which CPU time is taken.
CPU_CONNECTIONS = 32


class Results:
    """Figures by system, measure and round, and all that went wrong."""

    def __init__(self):
        self.round = 0
        self.figures = collections.defaultdict(lambda: collections.defaultdict(dict))
        self.left_out = {}
        # Loads that gave no figure, and figures that are not quite what they seem.
        self.problems = []
        self.notes = []
        self.busy = []

    def add(self, key, measure, value):
        self.figures[key][measure][self.round] = value

    def problem(self, system, measure, text):
        self.problems.append(f"{system.title}, {measure}, round {self.round}: {text}")

    def note(self, system, measure, text):
        self.notes.append(f"{system.title}, {measure}, round {self.round}: {text}")

    def by_round(self, key, measure):
        """The figures by round; empty when there is none."""
        return dict(self.figures.get(key, {}).get(measure, {}))

    def median(self, key, measure):
        values = self.by_round(key, measure).values()
        return statistics.median(values) if values else None


class Others:
    """How much of the machine's CPU time others took while a round ran.

    Of the time in user mode alone: what the kernel does for loopback traffic belongs to nobody, while
    a compiler or a test, which disturbs most, shows. Time stolen by a hypervisor counts as others'.
    """

    def __init__(self):
        self._before = self._now()

    @staticmethod
    def _now():
        fields = [int(n) for n in pathlib.Path("/proc/stat").read_text().split()[1:9]]
        user, nice, steal = fields[0], fields[1], fields[7]
        # Children count once they have been waited for: ask when all of them are stopped.
        own = sum(
            resource.getrusage(who).ru_utime
            for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
        return (user + nice + steal) / TICKS - own, sum(fields) / TICKS

    def share(self):
        theirs, total = self._now()
        return max(0.0, (theirs - self._before[0]) / max(1 / TICKS, total - self._before[1]))


def measures(options):
    """The loads of a round in order: a name, and what runs it against one system."""
    # Bulk first, so that its peak of memory is not that of many connections.
    yield "download", download
    yield "upload", upload
    yield f"close{CLOSING_CONNECTIONS}", requests(options, CLOSING_CONNECTIONS, keep_alive=False)
    for connections in KEPT_CONNECTIONS:
        yield f"c{connections}", requests(options, connections)


def requests(options, connections, keep_alive=True):
    def run(system, results, name):
        before = cpu_seconds(system.pids())
        wrk = system.tools.path("wrk")
        found = load.requests(wrk, system.port, connections, options.seconds, keep_alive)
        used = cpu_seconds(system.pids()) - before
        results.add(system.key, f"{name}_rps", found["requests_per_second"])
        results.add(system.key, f"{name}_p50_ms", found["p50_ms"])
        results.add(system.key, f"{name}_p99_ms", found["p99_ms"])
        if keep_alive and connections == CPU_CONNECTIONS and found["requests"] and system.pids():
            results.add(system.key, "cpu_seconds_per_10k", used / found["requests"] * 10_000)
        wrong = {"without a good status": "not_ok", "timed out": "timeouts", "broken": "broken"}
        for words, field in wrong.items():
            if found[field]:
                results.note(system, name, f"{found[field]} of {found['requests']} {words}")

    return run


def download(system, results, name):
    for pid in members(system):
        forget_peak(pid)
    curl = system.tools.path("curl")
    speed = load.download(curl, system.port, system.upstream.large_bytes)
    results.add(system.key, f"{name}_mb_s", speed)


def upload(system, results, name):
    curl, upstream = system.tools.path("curl"), system.upstream
    answer = system.directory / "counted"
    speed = load.upload(curl, system.port, upstream.source, upstream.large_bytes, answer)
    results.add(system.key, f"{name}_mb_s", speed)
    peaks = [peak for peak in map(peak_kib, members(system)) if peak]
    if peaks:
        results.add(system.key, "bulk_peak_kib", max(peaks))


def members(system):
    return [member for pid in system.pids() for member in tree(pid)]


def memory(system, results, name):
    """Of both sides together, of each role, and of the largest process."""
    for process in system.processes:
        if process.ended():
            results.problem(system, f"memory {name}", str(process.failure("ended by itself")))
            return
    by_role = {process.role: rss_kib(process.pid) for process in system.processes}
    if not by_role:
        return
    sizes = [size for role in by_role.values() for size in role]
    results.add(system.key, f"rss_{name}_kib", sum(sizes))
    results.add(system.key, f"rss_{name}_largest_kib", max(sizes))
    for role, role_sizes in by_role.items():
        results.add(system.key, f"rss_{name}_{role}_kib", sum(role_sizes))


def start(system, results):
    """Starts a system and takes the time to its first good response."""
    system.prepare()
    began = time.monotonic()
    system.start()

    def gone():
        return next((process for process in system.processes if process.ended()), None)

    load.first_response(system.port, began + load.FIRST_RESPONSE_SECONDS, gone)
    results.add(system.key, "start_seconds", time.monotonic() - began)
    settle(system.pids())
    memory(system, results, "idle")


def round_of(classes, tools, options, results, say):
    """One round of all measures through all systems."""
    results.round += 1
    others = Others()
    running = []
    upstream = None
    directory = tempfile.mkdtemp(prefix="malai-bench-")
    try:
        upstream = Upstream(tools.path("nginx"), directory, options.large_bytes)
        upstream.wait()
        for kind in classes:
            if kind.key in results.left_out:
                continue
            say(f"  start {kind.title}")
            system = kind(directory, upstream, tools)
            running.append(system)
            try:
                start(system, results)
            except Unavailable as error:
                results.left_out[kind.key] = str(error)
                running.pop().stop()
        for name, run in measures(options):
            say(f"  {name}")
            for system in running:
                try:
                    run(system, results, name)
                except load.LoadFailed as error:
                    results.problem(system, name, str(error))
                settle(system.pids())
        for system in running:
            memory(system, results, "after")
    finally:
        for system in reversed(running):
            system.stop()
        if upstream:
            upstream.stop()
        shutil.rmtree(directory, ignore_errors=True)
    results.busy.append(others.share())
