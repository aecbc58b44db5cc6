"""The systems that are measured, a file for each; all lead to the same upstream."""

from .base import Direct
from .bore import Bore
from .dumbpipe import Dumbpipe
from .malai import HttpBefore, MalaiHttp, MalaiRelayed, MalaiTcp, TcpBefore
from .nginx import OneHop, TwoHops
from .rathole import Rathole, RatholeNoise
from .raw import Raw
from .ssh import Ssh

ALL = (
    Direct,
    OneHop,
    TwoHops,
    Ssh,
    Dumbpipe,
    Rathole,
    RatholeNoise,
    Bore,
    Raw,
    MalaiHttp,
    MalaiTcp,
    MalaiRelayed,
)

# Who would belong here, and why they are not.
ABSENT = {
    "legacy malai": "crates.io has only its prototype, 0.1.0, and not what was released as 0.2.9; "
    "neither can be told an address, and both ask servers on the internet for their peers",
    "iroh-proxy-utils": "it is a library, and has no program to run",
}

# What `bench/quick` measures: each build beside the other.
BUILDS = (MalaiHttp, HttpBefore, MalaiTcp, TcpBefore)
