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

# What `bench/quick` measures: each build beside the other.
BUILDS = (MalaiHttp, HttpBefore, MalaiTcp, TcpBefore)
