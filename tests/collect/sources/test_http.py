# SPDX-License-Identifier: Apache-2.0
"""HTTP push over a real socket: tokens, formats, limits and clear answers."""

from __future__ import annotations

import base64
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.db import OperationalError

from avlest.collect.heard import Heard
from avlest.collect.sources.http import make_push_view
from avlest.collect.sources.state import StateBoard
from tests.collect.sources.support import make_settings, make_telegram

TOKEN = "0123456789abcdef"
UPLINK = {
    "time": "2026-01-31T12:00:00.123456789+00:00",
    "deviceInfo": {"devEui": "0011223344556677", "deviceProfileName": "Flow"},
    "fCnt": 12,
    "fPort": 1,
    "data": base64.b64encode(b"\x78\x04\x13\x01\x00\x00\x00").decode(),
    "rxInfo": [
        {"gatewayId": "aaaa000000000001", "rssi": -101, "snr": 2.5},
        {"gatewayId": "aaaa000000000002", "rssi": -88, "snr": 7.25},
    ],
}


class ListInbox:
    """Keeps what is put, or fails."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.failing: Exception | None = None

    def put(self, batch: Sequence[Heard], /) -> None:
        if self.failing is not None:
            raise self.failing
        self.heard += batch


class Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


class Server:
    """The view behind a real HTTP server, and what it took in."""

    def __init__(self, tmp_path: Path) -> None:
        self.inbox, self.board = ListInbox(), StateBoard()
        (tmp_path / "token").write_text("another-long-token\n", encoding="utf-8")
        sources = [
            make_settings(tmp_path, name="lns", kind="http", token=TOKEN, max_kb=10),
            make_settings(tmp_path, name="elvaco", kind="http", token_file="token"),
            make_settings(tmp_path, name="gone", kind="http", token_file="nowhere"),
        ]
        self.view = make_push_view(sources, self.inbox, board=self.board, parts_folder=tmp_path / "parts")
        self._server = make_server("127.0.0.1", 0, self._answer, handler_class=Quiet)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        response = self.view(WSGIRequest(environ), environ["PATH_INFO"].strip("/"))
        start(f"{response.status_code} X", list(response.items()))
        return [response.content]

    def send(self, source: str, body: bytes | Any, **headers: str) -> tuple[int, Any]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"http://127.0.0.1:{self._server.server_port}/{source}"
        request = urllib.request.Request(url, data, headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    yield server
    server.close()


def test_an_uplink_of_chirpstack_is_taken_in(server: Server) -> None:
    """The payload with port, counter and the gateway that heard best; the answer says how many."""
    assert server.send("lns?event=up", UPLINK, Authorization=f"Bearer {TOKEN}") == (200, {"taken": 1, "problems": []})
    (heard,) = server.inbox.heard
    assert (heard.road, heard.address, heard.port, heard.counter) == ("lorawan", "0011223344556677", 1, 12)
    assert (heard.gateway, heard.rssi, heard.snr) == ("aaaa000000000002", -88, 7.25)
    assert heard.received_at.isoformat() == "2026-01-31T12:00:00.123456+00:00"
    assert server.board.states["lns"].taken == 1


def test_other_events_are_answered_with_a_note(server: Server) -> None:
    """A join or status is no error: the network server must not send it again."""
    status, answer = server.send("lns?event=status", {"deviceInfo": {}, "margin": 10}, X_Avlest_Token=TOKEN)
    assert (status, answer["taken"], answer["notes"]) == (200, 0, ["ChirpStack event status, only up carries data"])


def test_a_report_of_elvaco_is_taken_in_with_basic_authentication(server: Server) -> None:
    """The gateway knows user and password only: the password is the token; a bad row is told by its line."""
    rows = "serial-number;device-identification;created;value-data-count;mbus-raw-value\n"
    rows += "1;2;2026-01-31 13:00:00;00;080072010000004425020410000000041302000000\n1;2;2026-01-31 13:00:00;00;xx\n"
    login = base64.b64encode(b"anybody:another-long-token").decode()
    status, answer = server.send("elvaco", rows.encode(), Authorization=f"Basic {login}")
    assert (status, answer["taken"]) == (200, 1)
    assert answer["problems"] == [{"field": "mbus-raw-value", "line": 3, "detail": "not hexadecimal: 'x' at digit 1"}]
    (heard,) = server.inbox.heard
    assert (heard.road, heard.gateway, heard.payload[:1], heard.payload[-1:]) == ("mbus", "1", b"\x68", b"\x16")
    assert heard.received_at.isoformat() == "2026-01-31T12:00:00+00:00"


@pytest.mark.parametrize(
    ("source", "headers"),
    [
        ("lns", {}),
        ("lns", {"Authorization": f"Bearer {TOKEN}x"}),
        ("lns", {"Authorization": "Basic ???"}),
        ("nobody", {"Authorization": f"Bearer {TOKEN}"}),
        ("elvaco", {"Authorization": f"Bearer {TOKEN}"}),
        ("gone", {"Authorization": "Bearer "}),
        ("gone", {}),
    ],
)
def test_who_does_not_show_the_token_is_refused(server: Server, source: str, headers: dict[str, str]) -> None:
    """All alike: the answer does not tell whether there is such a source."""
    status, answer = server.send(source, UPLINK, **headers)
    assert (status, answer["error"]) == (401, "unauthorised")
    assert server.inbox.heard == []


def test_a_batch_keeps_what_is_good(server: Server) -> None:
    """An item that cannot be read is named, the others are taken in."""
    items = [
        {"data": make_telegram(1).hex(), "rssi": -70},
        {"data": "zz"},
        {"road": "lorawan", "data": "01", "address": "short"},
        {"readings": [{"meter": "12345678", "value": "1.5", "unit": "m³"}]},
        7,
    ]
    status, answer = server.send("lns", {"avlest": 1, "gateway": "roof", "telegrams": items}, X_Avlest_Token=TOKEN)
    assert (status, answer["taken"]) == (200, 2)
    fields = [problem["field"] for problem in answer["problems"]]
    assert fields == ["telegrams[1].data", "telegrams[2].address", "telegrams[4]"]
    assert [(one.road, one.gateway) for one in server.inbox.heard] == [("wmbus", "roof"), ("reading", "roof")]


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        (b"{", 400, "not valid JSON"),
        (b'{"deviceInfo": {"devEui": "12"}, "fPort": 1, "data": "AQ=="}', 400, "DevEUI"),
        (b'{"hello": 1}', 400, "no known gateway"),
        (b"[" * 5000, 400, "JSON"),
        (b"x" * 11_000, 413, "more than 10 kB"),
        (b'{"_": "telegram", "media": "water", "meter": "iperl", "id": "1"}', 400, "wmbusmeters"),
    ],
)
def test_what_cannot_be_read_is_answered_with_the_reason(server: Server, body: bytes, status: int, word: str) -> None:
    """The sentence names what is wrong; nothing is taken in."""
    code, answer = server.send("lns", body, X_Avlest_Token=TOKEN)
    detail = answer.get("detail") or answer["problems"][0]["detail"]
    assert (code, word in detail) == (status, True), answer
    assert server.inbox.heard == []


def test_what_is_not_on_disk_is_not_answered_with_200(server: Server) -> None:
    """While the database cannot be written the sender is asked to come again."""
    server.inbox.failing = OperationalError("database is locked")
    status, answer = server.send("lns", UPLINK, X_Avlest_Token=TOKEN)
    assert (status, answer["error"]) == (503, "not_stored")
    server.inbox.failing = None
    assert server.send("lns", UPLINK, X_Avlest_Token=TOKEN)[0] == 200


def test_only_post_is_taken(server: Server) -> None:
    """A browser that looks at the address is told."""
    request = urllib.request.Request(f"http://127.0.0.1:{server._server.server_port}/lns")
    request.add_header("X-Avlest-Token", TOKEN)
    with pytest.raises(urllib.error.HTTPError) as caught, urllib.request.urlopen(request, timeout=10):
        pass
    with caught.value as error:
        assert (error.code, json.load(error)["error"]) == (405, "method")


def make_part(number: int, total: int, payload: bytes, counter: int, *, at: datetime | None = None) -> dict[str, Any]:
    """A part of a telegram as ChirpStack posts it."""
    return {
        "time": (at or datetime.now(UTC)).isoformat(),
        "deviceInfo": {"devEui": "a81758fffe000001", "deviceProfileName": "Lobaro Bridge"},
        "fCnt": counter,
        "fPort": number * 10 + total,
        "data": base64.b64encode(payload).decode(),
    }


def test_parts_of_a_bridge_are_put_together_on_disk(server: Server, tmp_path: Path) -> None:
    """Each part is answered at once and kept in a file; the last one makes the telegram."""
    telegram = make_telegram(1)
    for number, piece in enumerate((telegram[:9], telegram[9:18], telegram[18:]), start=1):
        assert server.inbox.heard == []
        assert server.send("lns", make_part(number, 3, piece, 6 + number), X_Avlest_Token=TOKEN)[0] == 200
        waiting = list((tmp_path / "parts").glob("*.json"))
        assert len(waiting) == (number < 3)
    (heard,) = server.inbox.heard
    assert (heard.road, heard.payload, heard.gateway) == ("wmbus", telegram, "a81758fffe000001")


def test_the_last_part_waits_for_the_database(server: Server) -> None:
    """While it cannot be written the parts stay: sent again, the last one completes them."""
    telegram = make_telegram(2)
    assert server.send("lns", make_part(1, 2, telegram[:9], 1), X_Avlest_Token=TOKEN)[0] == 200
    last = make_part(2, 2, telegram[9:], 2)
    server.inbox.failing = OperationalError("database is locked")
    assert server.send("lns", last, X_Avlest_Token=TOKEN)[0] == 503
    server.inbox.failing = None
    assert server.send("lns", last, X_Avlest_Token=TOKEN)[0] == 200
    assert [one.payload for one in server.inbox.heard] == [telegram]


def test_a_part_that_stayed_alone_is_kept_as_it_is(server: Server) -> None:
    """After a quarter of an hour it goes to the inbox with the next one that comes."""
    telegram, old = make_telegram(3), datetime.now(UTC) - timedelta(minutes=20)
    server.send("lns", make_part(1, 2, b"\x30\x44", 1, at=old), X_Avlest_Token=TOKEN)
    server.send("lns", make_part(1, 2, telegram[:9], 50), X_Avlest_Token=TOKEN)
    server.send("lns", make_part(2, 2, telegram[9:], 51), X_Avlest_Token=TOKEN)
    assert [(one.road, one.port) for one in server.inbox.heard] == [("lorawan", 12), ("wmbus", None)]
    assert server.inbox.heard[1].payload == telegram


def test_a_broken_file_of_parts_is_set_aside(server: Server, tmp_path: Path) -> None:
    """It does not stop the bridge for ever."""
    telegram = make_telegram(4)
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts/a81758fffe000001.json").write_text("[{")
    server.send("lns", make_part(1, 2, telegram[:9], 1), X_Avlest_Token=TOKEN)
    server.send("lns", make_part(2, 2, telegram[9:], 2), X_Avlest_Token=TOKEN)
    assert [one.payload for one in server.inbox.heard] == [telegram]
    assert (tmp_path / "parts/a81758fffe000001.broken").read_text() == "[{"
