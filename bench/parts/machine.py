"""What a run was measured on, and with."""

import os
import pathlib
import platform


def _processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def facts(found):
    versions = {
        "malai": ("--version",),
        "dumbpipe": ("--version",),
        "rathole": ("--version",),
        "bore": ("--version",),
        "nginx": ("-v",),
        "ssh": ("-V",),
        "wrk": ("-v",),
        "curl": ("--version",),
        "redis-server": ("--version",),
    }
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.release()}",
        "versions": {name: found.version(name, *flags) for name, flags in versions.items()},
    }
