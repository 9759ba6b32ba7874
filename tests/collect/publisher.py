# SPDX-License-Identifier: Apache-2.0
"""A publisher that never gives up: every message at QoS 1 until the broker has acknowledged it (MQTT 3.1.1).

Written on sockets, so that what goes over the wire when is known: after a lost connection everything that was not
acknowledged is sent again, as a gateway does.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

_CONNECT = bytes.fromhex("10") + b"\x12\x00\x04MQTT\x04\x00\x00\x3c\x00\x06sender"
_PUBACK = 4
_IN_FLIGHT = 500


@dataclass(slots=True)
class Publisher:
    """Sends `messages` to `topic`; `rate` a second (0: as fast as the broker takes them)."""

    port: int
    topic: str
    messages: Sequence[bytes]
    rate: float = 0.0
    sent: int = 0
    connections: int = 0
    _unacknowledged: dict[int, bytes] = field(default_factory=dict)
    _next: int = 0

    def run(self, stop: threading.Event) -> None:
        """Return when all are acknowledged."""
        while not stop.is_set() and (self._next < len(self.messages) or self._unacknowledged):
            try:
                self._run_connection(stop)
            except OSError:
                time.sleep(0.1)

    def _run_connection(self, stop: threading.Event) -> None:
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as link:
            link.sendall(_CONNECT)
            stream = link.makefile("rb")
            if stream.read(4)[3] != 0:
                raise ConnectionError("refused")
            self.connections += 1
            for number, message in list(self._unacknowledged.items()):
                link.sendall(self._pack(number, message, again=True))
            started, first = time.monotonic(), self.sent
            while not stop.is_set() and (self._next < len(self.messages) or self._unacknowledged):
                room = min(_IN_FLIGHT - len(self._unacknowledged), len(self.messages) - self._next)
                if self.rate:
                    room = min(room, int((time.monotonic() - started) * self.rate) - (self.sent - first))
                if room > 0:
                    link.sendall(b"".join(self._take(room)))
                if self._unacknowledged:
                    self._read_acknowledgements(link)
                else:
                    time.sleep(0.005)

    def _take(self, count: int) -> Iterator[bytes]:
        for _ in range(count):
            number = self._next % 60_000 + 1
            message = self.messages[self._next]
            self._unacknowledged[number] = message
            self._next += 1
            self.sent += 1
            yield self._pack(number, message, again=False)

    def _pack(self, number: int, message: bytes, *, again: bool) -> bytes:
        topic = self.topic.encode()
        body = len(topic).to_bytes(2, "big") + topic + number.to_bytes(2, "big") + message
        return bytes((0x3A if again else 0x32,)) + pack_length(len(body)) + body

    def _read_acknowledgements(self, link: socket.socket) -> None:
        link.settimeout(0.02)
        with contextlib.suppress(TimeoutError):
            data = link.recv(65536)
            if not data:
                raise ConnectionError("closed")
            link.settimeout(5)
            while len(data) % 4:
                data += link.recv(4 - len(data) % 4)
            for at in range(0, len(data), 4):
                if data[at] >> 4 == _PUBACK:
                    self._unacknowledged.pop(int.from_bytes(data[at + 2 : at + 4], "big"), None)
        link.settimeout(5)


def pack_length(length: int) -> bytes:
    """The remaining length of an MQTT packet: seven bits a byte."""
    packed = bytearray()
    while True:
        length, low = divmod(length, 128)
        packed.append(low | (0x80 if length else 0))
        if not length:
            return bytes(packed)


def start_thread(run: Callable[[threading.Event], None]) -> tuple[threading.Thread, threading.Event]:
    """Run something beside; it ends when the event is set."""
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(stop,), daemon=True)
    thread.start()
    return thread, stop
