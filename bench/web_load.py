# SPDX-License-Identifier: Apache-2.0
"""Loads for a web server: an open loop, whose requests begin on time whatever the answers do, and a closed one.

In an open loop the time of an answer is counted from the moment its request was due, so that a server that falls
behind is seen to (a closed loop would politely wait with it).  HTTP/1.1 over kept connections, nothing of the answer
is looked at but its status and length.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import numpy as np

_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Request:
    """A page to fetch: what it is counted as, its path, and the cookie of who asks."""

    name: str
    path: str
    cookie: str


@dataclass(slots=True)
class Result:
    """Seconds until each page had come, by name, what was answered otherwise, and the bytes of all answers."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    failures: Counter[str] = field(default_factory=Counter)
    bytes: int = 0
    lasted: float = 0.0

    @property
    def count(self) -> int:
        """Pages that came."""
        return sum(len(each) for each in self.seconds.values())

    def percentile(self, name: str, percent: float) -> float:
        """Milliseconds within which `percent` of the pages came."""
        return float(np.percentile(self.seconds[name], percent)) * 1000

    def note(self, request: Request, status: int, size: int, seconds: float) -> None:
        """Count an answer."""
        self.bytes += size
        if status == 200:
            self.seconds.setdefault(request.name, []).append(seconds)
        else:
            self.failures[f"{request.name} {status}"] += 1


class Pool:
    """Connections to one server, kept and used again."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self.host, self.port = parts.hostname or "127.0.0.1", parts.port or 80
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def fetch(self, request: Request) -> tuple[int, int]:
        """Status and bytes of the answer."""
        reader, writer = self._free.pop() if self._free else await asyncio.open_connection(self.host, self.port)
        lines = (
            f"GET {request.path} HTTP/1.1",
            f"Host: {self.host}:{self.port}",
            f"Cookie: {request.cookie}",
            "Accept: text/html",
            "Accept-Encoding: gzip",
            "Accept-Language: nb",
        )
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        status = int(head.split(" ", 2)[1])
        size = len(await _read_body(reader, head))
        self._free.append((reader, writer))
        return status, size + len(head)

    def close(self) -> None:
        """Close what is open."""
        for _, writer in self._free:
            writer.close()


async def _read_body(reader: asyncio.StreamReader, head: str) -> bytes:
    headers = dict(line.split(": ", 1) for line in head.split("\r\n") if ": " in line)
    if "content-length" in headers:
        return await reader.readexactly(int(headers["content-length"]))
    body = b""
    while headers.get("transfer-encoding") == "chunked":
        size = int(await reader.readline(), 16)
        body += await reader.readexactly(size)
        await reader.readexactly(2)
        if not size:
            break
    return body


Choose = Callable[[int], Request]


async def _fetch_into(pool: Pool, request: Request, due: float, result: Result) -> None:
    try:
        status, size = await asyncio.wait_for(pool.fetch(request), _PATIENCE)
    except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
        result.failures[f"{request.name} {type(error).__name__}"] += 1
        return
    result.note(request, status, size, time.perf_counter() - due)


async def run_open_loop(address: str, choose: Choose, *, rate: float, seconds: float) -> Result:
    """Begin `rate` requests a second for `seconds`, evenly spaced, and wait for the last answers."""
    pool, result, tasks = Pool(address), Result(), []
    begun = time.perf_counter()
    for number in range(int(rate * seconds)):
        due = begun + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(_fetch_into(pool, choose(number), due, result)))
    await asyncio.gather(*tasks)
    result.lasted = time.perf_counter() - begun
    pool.close()
    return result


async def run_closed_loop(address: str, choose: Choose, *, clients: int, seconds: float) -> Result:
    """Let `clients` each ask again as soon as they have their answer, for `seconds`."""
    pool, result = Pool(address), Result()
    begun, number = time.perf_counter(), 0

    async def ask() -> None:
        nonlocal number
        while time.perf_counter() - begun < seconds:
            number += 1
            await _fetch_into(pool, choose(number), time.perf_counter(), result)

    await asyncio.gather(*(ask() for _ in range(clients)))
    result.lasted = time.perf_counter() - begun
    pool.close()
    return result


def in_turn(requests: Sequence[Request]) -> Choose:
    """One request after the other, over and over."""
    return lambda number: requests[number % len(requests)]
