# SPDX-License-Identifier: Apache-2.0
"""Real servers on free ports: one that takes e-mail, one that takes text messages."""

from __future__ import annotations

import json
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP


@dataclass
class Mailbox:
    """What an SMTP server took; an address at `nobody.example` is refused."""

    port: int = 0
    messages: list[Any] = field(default_factory=list)

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.endswith("@nobody.example"):
            return "550 no such user"
        if address.endswith("@later.example"):
            return "451 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


class _FreePort(Controller):
    """A controller that lets the system choose the port."""

    def factory(self):
        return SMTP(self.handler)

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def run_mail_server() -> Iterator[Mailbox]:
    box = Mailbox()
    controller = _FreePort(box, hostname="127.0.0.1", port=0)
    controller.start()
    try:
        box.port = controller.port
        yield box
    finally:
        controller.stop()


@dataclass
class Gateway:
    """What an HTTP gateway took; `answers` are the next status codes, then 200."""

    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)


@contextmanager
def run_sms_gateway() -> Iterator[Gateway]:
    gateway = Gateway()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            is_json = self.headers["Content-Type"] == "application/json"
            gateway.requests.append(json.loads(body) if is_json else dict(urllib.parse.parse_qsl(body)))
            gateway.headers.append(dict(self.headers))
            self.send_response(gateway.answers.pop(0) if gateway.answers else 200)
            self.end_headers()
            self.wfile.write(b"why not")

        def log_message(self, *args):
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        gateway.url = f"http://127.0.0.1:{server.server_port}/send"
        yield gateway
    finally:
        server.shutdown()
        server.server_close()
