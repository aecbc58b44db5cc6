"""malai itself, both ways."""

from ..malai import Pair
from .base import System


class MalaiHttp(Pair, System):
    """What this repository is about: requests parsed, checked and counted on both sides."""

    encrypted = True
    own = True
    key = "malai"
    title = "malai http"
    grows = True
    places = ("", "link_", "narrow_")
    carries_tcp = False


class MalaiTcp(Pair, System):
    """The same two programs, carrying bytes."""

    encrypted = True
    own = True
    key = "malai-tcp"
    title = "malai tcp"
    grows = True
    protocol = "tcp"
    places = ("", "link_", "narrow_")
    share_flags = ("--tcp",)
    bridge_flags = ("--tcp",)


class MalaiRelayed(MalaiHttp):
    """Where no UDP gets through, so that a relay carries everything."""

    key = "malai-relay"
    title = "malai http, by a relay"
    places = ("link_",)
    relayed = True
    grows = False


class HttpBefore(MalaiHttp):
    """Another build, to see what a change has made of it."""

    key = "malai-before"
    title = "malai http, before"
    binary = "malai-before"


class TcpBefore(MalaiTcp):
    """The same, carrying bytes."""

    key = "malai-tcp-before"
    title = "malai tcp, before"
    binary = "malai-before"
