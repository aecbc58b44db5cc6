"""The transport of malai alone: one stream of iroh between two processes, with nothing around."""

import json

from .. import load
from .base import System

READY_SECONDS = 15.0


class Raw(System):
    """What a download could be at most; `crates/p2p/examples/raw.rs`."""

    key = "raw"
    title = "raw loop of iroh"
    only = ("download",)
    carries_tcp = False
    comes_back = False

    @classmethod
    def reason_missing(cls, tools):
        return tools.reason_missing("raw")

    def start(self):
        far = self.run("far", [self.tools.path("raw"), "serve"])
        far.wait_for(lambda: self._peer(far), READY_SECONDS, "listening")

    @staticmethod
    def _peer(process):
        """Key and address, once it has written the whole line."""
        said = process.stdout.read_text()
        return said.split() if said.endswith("\n") else None

    def first_response(self, _deadline):
        """It answers no requests."""

    def download(self, size):
        key, address = self._peer(self.processes[0])
        command = [self.tools.path("raw"), "fetch", key, address, str(size)]
        found = json.loads(load.run_program(command, load.limit(size)))
        if found["bytes"] != size:
            raise load.LoadFailed(f"{found['bytes']} of {size} bytes came")
        return size / found["seconds"] / 1e6
