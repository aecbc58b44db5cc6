"""The flags of the programs that measure, and how such a program runs and ends."""

import argparse
import os
import pathlib
import platform
import resource
import signal
import sys

from . import procs

MIB = 1 << 20


def some_of(all_names):
    """A list of these names, with commas between."""

    def chosen(text):
        names = [name for name in text.split(",") if name]
        for name in names:
            if name not in all_names:
                known = ", ".join(all_names)
                raise argparse.ArgumentTypeError(f"`{name}` is not one of {known}")
        return names

    return chosen


def positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


class Flags:
    """Flags that each have a variable, too."""

    def __init__(self, prog, about):
        self.parser = argparse.ArgumentParser(
            prog=prog,
            description=about,
            epilog="Each flag has a variable, for example BENCH_ROUNDS for --rounds.",
        )

    def add(self, name, default, kind, about):
        value = os.environ.get(f"BENCH_{name.upper().replace('-', '_')}", default)
        self.parser.add_argument(f"--{name}", default=value, type=kind, help=about)

    def loads(self, rounds, seconds, size, idle, minutes):
        """How much is measured, which all of them can be told."""
        self.add("rounds", rounds, positive, f"how often all is measured ({rounds})")
        self.add("seconds", seconds, positive, f"how long each load takes ({seconds})")
        self.add("size", size, positive, f"MiB of the large file ({size})")
        self.add("idle", idle, positive, f"connections that are held idle ({idle})")
        self.add("minutes", minutes, positive, f"how long all rounds may take ({minutes})")
        self.add("busy", "5", positive, "%% of the CPU that others may use in a round (5)")
        self.add("malai", None, str, "the malai to measure (target/release/malai)")
        self.add("json", None, str, "also write all figures to this file")

    def parse(self, *files):
        options = self.parser.parse_args()
        # Told before an hour of work, not after.
        for name in files:
            file = getattr(options, name)
            if file and not os.access(pathlib.Path(file).resolve().parent, os.W_OK):
                self.parser.error(f"cannot write `{file}`: no such directory, or not ours")
        options.large_bytes = options.size * MIB
        # Above this share of the CPU used by others, figures are not worth keeping.
        options.busy_limit = options.busy / 100
        return options


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def run(measure, options):
    """Measures, ends all that was started however it goes, and returns the status to exit with."""
    if platform.system() != "Linux":
        say("this needs Linux: memory and CPU time are read from /proc")
        return 1
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _interrupted)
    # Idle connections take a file each, here and in what carries them.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    try:
        return measure(options)
    except procs.Unavailable as error:
        say(str(error))
        return 1
    finally:
        procs.stop_all()


def _interrupted(number, _frame):
    raise SystemExit(128 + number)
