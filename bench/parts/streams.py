"""The loads of what stays open: idle connections, WebSockets and server-sent events."""

import contextlib
import re
import selectors
import socket
import time

from .live import MESSAGE_BYTES, TO_CLIENT, TO_SERVER
from .load import LoadFailed
from .upstream import SMALL

ANSWER_SECONDS = 15.0
PIECE_BYTES = 64 << 10
ECHO_BYTES = len(TO_CLIENT) + MESSAGE_BYTES
MESSAGE = TO_SERVER + b"m" * MESSAGE_BYTES
EVENT = re.compile(rb"data: (\d+)\n\n")
UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


def connect(port):
    stream = socket.create_connection(("127.0.0.1", port), ANSWER_SECONDS)
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return stream


def ask(stream, path, status, fields=""):
    """Sends a request; what came after the head of its answer, which must have this status."""
    stream.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n".encode())
    received = b""
    while b"\r\n\r\n" not in received:
        piece = stream.recv(PIECE_BYTES)
        if not piece or len(received) > PIECE_BYTES:
            raise LoadFailed("a connection ended before its answer")
        received += piece
    head, _, rest = received.partition(b"\r\n\r\n")
    line = head.split(b"\r\n")[0]
    if line.split(b" ")[1:2] != [b"%d" % status]:
        raise LoadFailed(f"answered `{line.decode(errors='replace')}`")
    return head, rest


@contextlib.contextmanager
def idle(port, count):
    """That many kept connections, each of which had one good answer."""
    with contextlib.ExitStack() as held:
        for _ in range(count):
            stream = held.enter_context(connect(port))
            head, rest = ask(stream, f"/{SMALL}", 200)
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            if not length:
                raise LoadFailed("an answer without a length")
            missing = int(length.group(1)) - len(rest)
            while missing > 0:
                piece = stream.recv(PIECE_BYTES)
                if not piece:
                    raise LoadFailed("a connection ended within its answer")
                missing -= len(piece)
        yield


def echo(port, count, seconds):
    """Messages a second, and what one takes there and back; each WebSocket has one under way."""
    taken = []
    with contextlib.ExitStack() as held:
        sent, received = {}, {}
        selector = held.enter_context(contextlib.closing(selectors.DefaultSelector()))
        for _ in range(count):
            stream = held.enter_context(connect(port))
            _, rest = ask(stream, "/live/echo", 101, UPGRADE)
            received[stream] = rest
            selector.register(stream, selectors.EVENT_READ)
        began = time.monotonic()
        for stream in received:
            sent[stream] = time.monotonic()
            stream.sendall(MESSAGE)
        while (now := time.monotonic()) < began + seconds:
            ready = selector.select(ANSWER_SECONDS)
            if not ready:
                raise LoadFailed(f"no message came back for {ANSWER_SECONDS:.0f} s")
            for key, _ in ready:
                stream = key.fileobj
                piece = stream.recv(PIECE_BYTES)
                if not piece:
                    raise LoadFailed("a WebSocket ended")
                received[stream] += piece
                if len(received[stream]) < ECHO_BYTES:
                    continue
                if received[stream] != TO_CLIENT + MESSAGE[len(TO_SERVER) :]:
                    raise LoadFailed("another message came back")
                received[stream] = b""
                now = time.monotonic()
                taken.append(now - sent[stream])
                sent[stream] = now
                stream.sendall(MESSAGE)
        took = time.monotonic() - began
    return {"per_second": len(taken) / took, **percentiles(taken)}


def events(port, count, seconds):
    """How late server-sent events come, with that many streams open."""
    taken = []
    with contextlib.ExitStack() as held:
        received = {}
        selector = held.enter_context(contextlib.closing(selectors.DefaultSelector()))
        for _ in range(count):
            stream = held.enter_context(connect(port))
            ask(stream, "/live/events", 200, "Accept: text/event-stream\r\n")
            received[stream] = b""
            selector.register(stream, selectors.EVENT_READ)
        # What came while the others were opened waited for us, not for the system.
        _empty(received)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            ready = selector.select(ANSWER_SECONDS)
            if not ready:
                raise LoadFailed(f"no event came for {ANSWER_SECONDS:.0f} s")
            for key, _ in ready:
                stream = key.fileobj
                piece = stream.recv(PIECE_BYTES)
                now = time.monotonic_ns()
                if not piece:
                    raise LoadFailed("a stream of events ended")
                received[stream] += piece
                end = 0
                for found in EVENT.finditer(received[stream]):
                    taken.append((now - int(found.group(1))) / 1e9)
                    end = found.end()
                received[stream] = received[stream][end:]
    return {"per_second": len(taken) / seconds, **percentiles(taken)}


def _empty(streams):
    for stream in streams:
        stream.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while stream.recv(PIECE_BYTES):
                pass
        stream.settimeout(ANSWER_SECONDS)


def percentiles(seconds):
    """p50, p99 and p99.9 in ms."""
    if not seconds:
        raise LoadFailed("nothing came")
    ordered = sorted(seconds)

    def at(share):
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1e3

    return {"p50_ms": at(0.5), "p99_ms": at(0.99), "p999_ms": at(0.999)}
