"""Where the two sides of a system run: on this machine, or at the two ends of a link.

A link is two network namespaces with a TUN device each, between which a program of ours moves the
packets, late and not all of them (`delay/delay.rs`). They are there as long as somebody holds them
open, so that nothing is left of them when this program ends, however it ends.
"""

import contextlib
import ctypes
import fcntl
import os
import pathlib
import shutil
import struct
import subprocess
import typing

from .procs import Process, Unavailable, finish
from .tools import REPOSITORY, SEARCH

NEAR_ADDRESS = "10.77.0.1"
FAR_ADDRESS = "10.77.0.2"
PREFIX_BITS = 30
DEVICE = "link"
MTU = 1500
# Of <sched.h> and <linux/if_tun.h>.
CLONE_NEWNET = 0x4000_0000
TUNSETIFF = 0x4004_54CA
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000
TUN = "/dev/net/tun"
OWN_NETWORK = "/proc/thread-self/ns/net"
COMMAND_SECONDS = 10.0
BUILD_SECONDS = 120.0
SOURCE = REPOSITORY / "bench" / "delay" / "delay.rs"

_libc = ctypes.CDLL(None, use_errno=True)


class Road(typing.NamedTuple):
    """What a link is like, either way."""

    prefix: str
    words: str
    delay_ms: int
    # Of a thousand packets.
    loss_permille: int
    # What it carries, in kB/s, 0 for any amount; and how long a packet may wait for it.
    rate: int = 0
    queue_ms: int = 0


# A usual way through a country, there and back in twice the delay, and a bad one.
LOSSY = Road("link_", " over the link", 10, 10)
# A home's own line: 10 Mbit/s, behind a box that keeps a quarter of a second of it.
NARROW = Road("narrow_", " over the narrow line", 10, 0, 1250, 250)


class Local:
    """Both sides on this machine."""

    prefix = ""
    near_address = "127.0.0.1"
    far_address = "127.0.0.1"

    @contextlib.contextmanager
    def at(self, _role):
        yield

    def stop(self):
        """Nothing is there to be ended."""


LOCAL = Local()


class Link:
    """Two sides with a long way between them."""

    near_address = NEAR_ADDRESS
    far_address = FAR_ADDRESS

    def __init__(self, road, directory, program, seed, udp=True):
        self.prefix = road.prefix
        self._own = os.open(OWN_NETWORK, os.O_RDONLY | os.O_CLOEXEC)
        self._open = [self._own]
        self._process = None
        self._places = {}
        try:
            devices = [self._end("near", NEAR_ADDRESS), self._end("far", FAR_ADDRESS)]
            numbers = (road.delay_ms, road.loss_permille, seed, road.rate, road.queue_ms)
            command = [str(program), *map(str, numbers)]
            command += [] if udp else ["no-udp"]
            self._process = Process("delay", command, directory, ends=devices)
        except (OSError, subprocess.SubprocessError, Unavailable) as error:
            self.stop()
            raise Unavailable(f"no link can be made here: {error}") from error

    def _end(self, role, address):
        """Makes a namespace with its device, which is returned."""
        try:
            _called(_libc.unshare(CLONE_NEWNET), "unshare")
            self._places[role] = os.open(OWN_NETWORK, os.O_RDONLY | os.O_CLOEXEC)
            self._open.append(self._places[role])
            device = os.open(TUN, os.O_RDWR | os.O_CLOEXEC)
            self._open.append(device)
            asked = struct.pack("16sH", DEVICE.encode(), IFF_TUN | IFF_NO_PI)
            fcntl.ioctl(device, TUNSETIFF, asked)
            ip("link", "set", "dev", "lo", "up")
            ip("address", "add", f"{address}/{PREFIX_BITS}", "dev", DEVICE)
            ip("link", "set", "dev", DEVICE, "mtu", str(MTU), "up")
            return device
        finally:
            self._enter(self._own)

    @staticmethod
    def _enter(network):
        _called(_libc.setns(network, CLONE_NEWNET), "setns")

    @contextlib.contextmanager
    def at(self, role):
        """This program and what it starts are at that end meanwhile; all but `near` is far."""
        place = self._places["near" if role == "near" else "far"]
        before = os.open(OWN_NETWORK, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._enter(place)
            yield
        finally:
            self._enter(before)
            os.close(before)

    def stop(self):
        if self._process:
            self._process.stop()
        for file in self._open:
            os.close(file)
        self._open = []


def _called(answer, name):
    if answer != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def ip(*words):
    found = shutil.which("ip", path=SEARCH)
    subprocess.run(
        [found, *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        timeout=COMMAND_SECONDS,
    )


def program(tools):
    """The program that moves the packets, built if it is not there or older than its source."""
    if os.geteuid() != 0:
        raise Unavailable("only root can make networks of its own here")
    if not os.path.exists(TUN):
        raise Unavailable(f"there is no `{TUN}`")
    for name, package in (("ip", "iproute2"), ("rustc", "rust")):
        if not shutil.which(name, path=SEARCH):
            raise Unavailable(
                f"`{name}` is not installed; `scripts/setup bench` installs {package}"
            )
    built = pathlib.Path(tools.directory, "delay", "delay")
    if built.exists() and built.stat().st_mtime >= SOURCE.stat().st_mtime:
        return built
    built.parent.mkdir(parents=True, exist_ok=True)
    command = [shutil.which("rustc", path=SEARCH), "--edition", "2024", "-O"]
    command += ["-o", str(built), str(SOURCE)]
    finish(command, f"`{SOURCE.name}` was not built", BUILD_SECONDS, REPOSITORY)
    return built
