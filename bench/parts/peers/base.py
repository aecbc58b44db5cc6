"""What all systems have in common, and the one that is none.

A system is started anew in each round, in a directory of its own, and offers the upstream on a port
of 127.0.0.1. Its processes have roles: `far` stands at the upstream, `near` at the client.
"""

import pathlib

from .. import load
from ..procs import Process, free_port
from ..site import LOCAL


class System:
    """`start` is the only thing each must bring."""

    key = ""
    title = ""
    # Whether it carries any TCP service, or HTTP alone.
    carries_tcp = True
    # Whether it finds the far side again, when that was killed and started anew, by itself.
    comes_back = True
    # Whether nobody on the way can read along, as with malai.
    encrypted = False
    # Whether it is malai itself.
    own = False
    # Where it is measured: "" is here, "link_" over a link, there maybe through a relay alone, and
    # "narrow_" over a narrow line.
    places = ("",)
    relayed = False
    # Whether one pair of its processes can lead to many services, by `start_many(ports)`.
    grows = False
    # The cells that it can do, when it cannot do all.
    only = None

    # Where its client finds it, seen from the near side.
    host = "127.0.0.1"

    def __init__(self, directory, upstream, tools, site=LOCAL):
        self.directory = pathlib.Path(directory, self.key)
        self.directory.mkdir(parents=True)
        self.upstream = upstream
        self.tools = tools
        self.site = site
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

    def first_response(self, deadline):
        """Returns when a good response came through it."""
        load.first_response(self.address, deadline, self.gone)

    def download(self, size):
        """MB/s of fetching the large file."""
        return load.download(self.tools.path("curl"), self.address, size)

    @property
    def serves(self):
        """Whether processes of its own stand between the client and the upstream."""
        return bool(self.processes) and self.only is None

    @classmethod
    def takes(cls, cell):
        """Whether this cell says something about it."""
        if cell.growth and not cls.grows:
            return False
        return cls.only is None or cell.name in cls.only

    def restart_far(self):
        """Kills the far side, as a machine that loses its power, and starts it again."""
        for place, process in enumerate(self.processes):
            if process.role == "far":
                process.kill()
                self.processes[place] = process.again()

    def run(self, role, command, env=None):
        with self.site.at(role):
            process = Process(role, command, self.directory, env)
        self.processes.append(process)
        return process

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    def gone(self):
        """A process that ended by itself, if there is one."""
        return next((process for process in self.processes if process.ended()), None)

    def pids(self):
        return [process.pid for process in self.processes]

    def stop(self):
        for process in reversed(self.processes):
            process.stop()


class Direct(System):
    """No system at all: what the upstream and the loads can do by themselves."""

    key = "direct"
    title = "direct"
    comes_back = False
    places = ("", "link_", "narrow_")

    def start(self):
        self.host, self.port = self.site.far_address, self.upstream.port
