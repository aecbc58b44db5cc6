"""What a run was measured on, and with."""

import os
import pathlib
import platform

CONGESTION_CONTROL = pathlib.Path("/proc/sys/net/ipv4/tcp_congestion_control")


def _processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _congestion_control():
    """What TCP makes of losses, which is what differs most over a lossy link."""
    try:
        return CONGESTION_CONTROL.read_text().strip()
    except OSError:
        return "an unknown congestion control"


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
        "psql": ("--version",),
    }
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.release()}, TCP with {_congestion_control()}",
        "versions": {name: found.version(name, *flags) for name, flags in versions.items()},
    }
