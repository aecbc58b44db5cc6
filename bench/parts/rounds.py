"""Rounds: in each, all systems are started anew, and every cell goes through them in turn.

So two figures that make a ratio are taken seconds apart, and what else the machine does hits all
alike; who comes first is another one in each round. A cell that gives no figure is told as a
problem and leaves a gap; nothing is made up.
"""

import collections
import pathlib
import shutil
import statistics
import tempfile
import time

from . import cells, load, memory
from .procs import TICKS, Unavailable, own_user_seconds, settle
from .redis import Redis
from .upstream import Upstream


class Results:
    """Figures by system, measure and round, and all that went wrong."""

    def __init__(self):
        self.round = 0
        self.figures = collections.defaultdict(lambda: collections.defaultdict(dict))
        self.left_out = {}
        # Loads that gave no figure, and figures that are not quite what they seem.
        self.problems = []
        self.notes = []
        # What others used of the CPU, by round.
        self.busy = {}
        # How many rounds were taken out because of that.
        self.left_away = 0

    def add(self, key, measure, value):
        self.figures[key][measure][self.round] = value

    def problem(self, system, measure, text):
        self.problems.append(f"{system.title}, {measure}, round {self.round}: {text}")

    def note(self, system, measure, text):
        self.notes.append(f"{system.title}, {measure}, round {self.round}: {text}")

    def calm(self, limit):
        """The rounds in which others used no more than this share of the CPU."""
        return [number for number, share in self.busy.items() if share <= limit]

    def keep(self, numbers):
        """Takes all other rounds out, with their figures."""
        for number in set(self.busy) - set(numbers):
            self.left_away += 1
            del self.busy[number]
            for measures in self.figures.values():
                for figures in measures.values():
                    figures.pop(number, None)

    def by_round(self, key, measure):
        """The figures by round; empty when there is none."""
        return dict(self.figures.get(key, {}).get(measure, {}))

    def median(self, key, measure):
        values = self.by_round(key, measure).values()
        return statistics.median(values) if values else None

    def spread(self, key, measure):
        """Half the distance between the lowest and the highest round, as a share of the median."""
        values = self.by_round(key, measure).values()
        middle = self.median(key, measure)
        return (max(values) - min(values)) / 2 / middle if middle else None

    def ratios(self, key, other, measure):
        """The figure over that of another system, one for each round in which both were taken."""
        mine, theirs = self.by_round(key, measure), self.by_round(other, measure)
        return [mine[number] / theirs[number] for number in mine if theirs.get(number)]


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
        # Ask when all that was started is stopped.
        return (user + nice + steal) / TICKS - own_user_seconds(), sum(fields) / TICKS

    def share(self):
        theirs, total = self._now()
        return max(0.0, (theirs - self._before[0]) / max(1 / TICKS, total - self._before[1]))


def start(system, results):
    """Starts a system and takes the time to its first good response."""
    system.prepare()
    began = time.monotonic()
    system.start()

    load.first_response(system.port, began + load.FIRST_RESPONSE_SECONDS, system.gone)
    if system.processes:
        results.add(system.key, "start_seconds", time.monotonic() - began)
    settle(system.pids())
    memory.measure(system, results, "idle")


def in_turn(classes, number):
    """The classes, another one first in each round."""
    first = number % len(classes)
    return classes[first:] + classes[:first]


def round_of(classes, tools, options, results, say):
    """One round of all cells through all systems."""
    classes = in_turn(classes, results.round)
    results.round += 1
    others = Others()
    running = []
    upstream = None
    directory = tempfile.mkdtemp(prefix="malai-bench-")
    try:
        upstream = Upstream(tools.path("nginx"), directory, options.large_bytes)
        upstream.wait()
        if not tools.reason_missing("redis-server", "redis-benchmark"):
            upstream.redis = Redis(tools.path("redis-server"), directory)
            upstream.redis.wait()
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
        for cell in cells.ALL:
            if cell.name in options.cells:
                say(f"  {cell.name}")
                in_all(running, cell, options, results)
    finally:
        for system in reversed(running):
            system.stop()
        if upstream:
            upstream.stop()
        shutil.rmtree(directory, ignore_errors=True)
    results.busy[results.round] = others.share()


def in_all(running, cell, options, results):
    """One cell through all systems."""
    for system in running:
        if time.monotonic() > options.deadline:
            results.problem(system, cell.name, "no time was left")
            continue
        # What ends a process comes last.
        if cell.kind == "reconnect":
            memory.measure(system, results, "after")
        try:
            cells.Run(cell, system, results, options).go()
        except (load.LoadFailed, Unavailable, OSError) as error:
            results.problem(system, cell.name, str(error))
        settle(system.pids())
