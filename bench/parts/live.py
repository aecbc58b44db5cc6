"""A server of what stays open, started as a program with the path of its socket.

`/live/echo` is a WebSocket that sends back each message of 64 bytes; `/live/events` is a stream of
server-sent events that carry the time at which they were sent, of the clock that all processes of a
machine share. It speaks as little of the protocols as the loads in `streams.py` need.
"""

import base64
import hashlib
import os
import selectors
import socket
import sys
import time

MESSAGE_BYTES = 64
# A final text frame; that of a client is masked, here with zeros, which change nothing.
TO_CLIENT = bytes((0x81, MESSAGE_BYTES))
TO_SERVER = bytes((0x81, 0x80 | MESSAGE_BYTES)) + bytes(4)
FRAME_BYTES = len(TO_SERVER) + MESSAGE_BYTES
EVENT_SECONDS = 0.005
HEAD_BYTES = 16 << 10
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
EVENTS_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
    b"X-Accel-Buffering: no\r\nConnection: close\r\n\r\n"
)


class Connection:
    """One client: its head first, then messages to echo, or events for it."""

    def __init__(self, stream):
        self.stream = stream
        self.received = b""
        self.kind = None

    def read(self):
        """False when it is over."""
        piece = self.stream.recv(HEAD_BYTES)
        if not piece:
            return False
        self.received += piece
        if self.kind is None:
            return self._head()
        return self._echo() if self.kind == "echo" else False

    def _head(self):
        head, end, rest = self.received.partition(b"\r\n\r\n")
        if not end:
            return len(self.received) < HEAD_BYTES
        self.received = rest
        if head.startswith(b"GET /live/events "):
            self.kind = "events"
            self.stream.sendall(EVENTS_HEAD)
            return True
        key = field(head, b"sec-websocket-key")
        if not head.startswith(b"GET /live/echo ") or not key:
            self.stream.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            return False
        self.kind = "echo"
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
        self.stream.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        return self._echo()

    def _echo(self):
        while len(self.received) >= FRAME_BYTES:
            frame, self.received = self.received[:FRAME_BYTES], self.received[FRAME_BYTES:]
            if not frame.startswith(TO_SERVER):
                return False
            self.stream.sendall(TO_CLIENT + frame[len(TO_SERVER) :])
        return True


def field(head, name):
    for line in head.split(b"\r\n")[1:]:
        found, _, value = line.partition(b":")
        if found.strip().lower() == name:
            return value.strip()
    return None


def serve(path):
    # Under another name until it listens: who waits for the path may connect at once.
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path + ".new")
    listener.listen(1024)
    os.rename(path + ".new", path)
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    connections = {}

    def drop(stream):
        selector.unregister(stream)
        del connections[stream]
        stream.close()

    due = time.monotonic()
    while True:
        for key, _ in selector.select(max(0.0, due - time.monotonic())):
            stream = key.fileobj
            if stream is listener:
                accepted, _ = listener.accept()
                # What it writes is small; who does not read it is not waited for.
                accepted.settimeout(1.0)
                connections[accepted] = Connection(accepted)
                selector.register(accepted, selectors.EVENT_READ)
                continue
            try:
                goes_on = connections[stream].read()
            except OSError:
                goes_on = False
            if not goes_on:
                drop(stream)
        if time.monotonic() < due:
            continue
        due = time.monotonic() + EVENT_SECONDS
        for stream, connection in list(connections.items()):
            if connection.kind == "events":
                try:
                    stream.sendall(b"data: %d\n\n" % time.monotonic_ns())
                except OSError:
                    drop(stream)


if __name__ == "__main__":
    serve(sys.argv[1])
