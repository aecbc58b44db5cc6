"""Rounds: in each, all systems are started anew, and every cell goes through them in turn.

So two figures that make a ratio are taken seconds apart, and what else the machine does hits all
alike; who comes first is another one in each round. A cell that gives no figure is told as a
problem and leaves a gap; nothing is made up.
"""

import contextlib
import pathlib
import shutil
import tempfile
import time

from . import cells, load, memory, places
from .procs import TICKS, Unavailable, own_user_seconds, settle


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


def all_of(classes, tools, options, results, say):
    """As many calm rounds as are wanted, within the time there is."""
    options.deadline = time.monotonic() + options.minutes * 60
    took = 0.0
    while len(results.calm(options.busy_limit)) < options.rounds:
        began = time.monotonic()
        if results.busy and (options.quick or began + took > options.deadline):
            break
        say(f"round {results.round + 1}, for {options.rounds} that count")
        round_of(classes, tools, options, results, say)
        took = time.monotonic() - began
    calm = results.calm(options.busy_limit)
    # Too few are told as they are, with the warning that belongs to them.
    if len(calm) == options.rounds:
        results.keep(calm)


def start(system, results):
    """Starts a system and takes the time to its first good response."""
    with system.site.at("near"):
        system.prepare()
        began = time.monotonic()
        system.start()
        system.first_response(began + load.FIRST_RESPONSE_SECONDS)
    if system.serves:
        results.add(system.key, f"{system.site.prefix}start_seconds", time.monotonic() - began)
    settle(system.pids())


def in_turn(classes, number):
    """The classes, another one first in each round."""
    first = number % len(classes) if classes else 0
    return classes[first:] + classes[:first]


def round_of(classes, tools, options, results, say):
    """One round of all cells through all systems, here and then over a link."""
    turn = results.round
    results.round += 1
    others = Others()
    directory = pathlib.Path(tempfile.mkdtemp(prefix="malai-bench-"))
    try:
        for place in (kind(directory, tools, options, results.round) for kind in places.ALL):
            kinds = [kind for kind in classes if place.prefix in kind.places]
            chosen = [cell for cell in cells.ALL if cell.place == place.prefix]
            chosen = [cell for cell in chosen if cell.name in options.cells]
            if not kinds or not chosen or place.prefix in results.left_out:
                continue
            try:
                with place.ready():
                    results.left_out.update(place.missing)
                    section(in_turn(kinds, turn), place, chosen, options, results, say)
            except Unavailable as error:
                if not place.prefix:
                    raise
                say(f"nothing{place.words}: {error}")
                results.left_out[place.prefix] = str(error)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    results.busy[results.round] = others.share()


def section(classes, place, chosen, options, results, say):
    """The systems of one place, and the cells through them in turn."""
    running = []
    with contextlib.ExitStack() as stack:
        for kind in classes:
            if kind.key in results.left_out or place.prefix + kind.key in results.left_out:
                continue
            say(f"  start {kind.title}{place.words}")
            try:
                system = place.add(kind, stack)
                stack.callback(system.stop)
                start(system, results)
                place.started(system, results)
                running.append(system)
            except Unavailable as error:
                results.left_out[place.prefix + kind.key] = str(error)
        for cell in chosen:
            say(f"  {cell.name}")
            in_all(running, cell, options, results)


def in_all(running, cell, options, results):
    """One cell through all systems."""
    for system in running:
        if not system.takes(cell):
            continue
        if time.monotonic() > options.deadline:
            results.problem(system, cell.name, "no time was left")
            continue
        # What ends a process comes last.
        if cell.kind == "reconnect":
            memory.measure(system, results, "after")
        try:
            with system.site.at("near"):
                cells.Run(cell, system, results, options).go()
        except (load.LoadFailed, Unavailable, OSError) as error:
            results.problem(system, cell.name, str(error))
        settle(system.pids())
