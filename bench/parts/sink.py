"""The reader of uploads behind the upstream's nginx."""

import socket
import threading

CHUNK_BYTES = 1 << 20
HEAD_BYTES = 64 << 10


class Sink:
    """Reads request bodies as fast as it can and answers with their length."""

    def __init__(self, path):
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self):
        # Wakes the `accept` of the thread, which closing alone does not.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                try:
                    self._answer(connection)
                except OSError:
                    # The load gave up; it says so itself.
                    continue

    def _answer(self, connection):
        received = bytearray()
        while b"\r\n\r\n" not in received and len(received) < HEAD_BYTES:
            piece = connection.recv(HEAD_BYTES)
            if not piece:
                return
            received += piece
        head, _, rest = bytes(received).partition(b"\r\n\r\n")
        length = content_length(head)
        if length is None:
            connection.sendall(b"HTTP/1.1 411 Length Required\r\nConnection: close\r\n\r\n")
            return
        count = len(rest)
        buffer = bytearray(CHUNK_BYTES)
        while count < length:
            size = connection.recv_into(buffer)
            if size == 0:
                return
            count += size
        text = b"%d\n" % count
        answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
        connection.sendall(answer % (len(text), text))


def content_length(head):
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return None
