# SPDX-License-Identifier: Apache-2.0
"""The service of a demonstration: its port, its processes, and a visit to its first pages as each log-in."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode, urljoin, urlsplit

from avlest.service.checks import check_port
from avlest.service.errors import ServiceError
from avlest.service.supervisor import Command, Supervisor, tie_to_parent

if TYPE_CHECKING:
    from avlest.simulate.filling.logins import Login

HOST: Final = "127.0.0.1"
FIRST_PORT: Final = 8080
PORTS: Final = 20
MOST_PAGES: Final = 8
START_SECONDS: Final = 180.0
PAGE_SECONDS: Final = 90.0
_STOP_SECONDS: Final = 20.0


def choose_port(wanted: int) -> int:
    """The port asked for, or the first free one from 8080; raises `ServiceError`."""
    if wanted:
        check_port(HOST, wanted)
        return wanted
    for port in range(FIRST_PORT, FIRST_PORT + PORTS):
        try:
            check_port(HOST, port)
        except ServiceError:
            continue
        return port
    raise ServiceError(f"the ports {FIRST_PORT} to {FIRST_PORT + PORTS - 1} are all in use: choose one with --port")


def derive_commands(folder: Path, port: int) -> tuple[Command, ...]:
    """The service, and the world that goes on in real time."""
    base, data = (sys.executable, "-m", "avlest"), ("--data", str(folder))
    return (
        Command("serve", (*base, "serve", *data, "--host", HOST, "--port", str(port))),
        Command("world", (*base, "simulate", "live", *data)),
    )


def run_until_stopped(folder: Path, port: int) -> None:
    """Keep the demonstration's processes running until SIGTERM or Ctrl-C."""

    async def run() -> None:
        supervisor = Supervisor(derive_commands(folder, port))
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, supervisor.stop)
        await supervisor.run()

    asyncio.run(run())


@contextmanager
def running_service(folder: Path, port: int) -> Iterator[str]:
    """The service and the world running while the block does; gives the address once it answers."""
    address = f"http://{HOST}:{port}/"
    processes = [
        subprocess.Popen(command.arguments, stdin=subprocess.DEVNULL, preexec_fn=tie_to_parent)  # noqa: S603
        for command in derive_commands(folder, port)
    ]
    try:
        _wait_until_it_answers(address, processes[0])
        yield address
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_it_answers(address: str, service: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends:
        if service.poll() is not None:
            raise ServiceError(f"the service ended with status {service.returncode}; its log is above")
        try:
            with urllib.request.urlopen(urljoin(address, "health"), timeout=PAGE_SECONDS):  # noqa: S310  our own
                return
        except urllib.error.HTTPError:
            return  # it answers, and says that something is amiss: the pages will tell
        except OSError:
            time.sleep(0.2)
    raise ServiceError(f"the service did not answer at {address} in {START_SECONDS:g} s")


@dataclass(slots=True)
class PageReader(HTMLParser):
    """Forms with their fields, and links of the navigation, of one page."""

    forms: list[dict[str, dict[str, str]]] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    title: str = ""
    _nav: int = 0
    _in_title: bool = False

    def __post_init__(self) -> None:
        HTMLParser.__init__(self)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a form, a field or a link is."""
        found = {name: value or "" for name, value in attrs}
        if tag == "nav":
            self._nav += 1
        elif tag == "title":
            self._in_title = True
        elif tag == "form":
            self.forms.append({"form": found})
        elif tag == "input" and self.forms and found.get("name"):
            self.forms[-1][found["name"]] = found
        elif tag == "a" and self._nav and found.get("href", "").startswith("/"):
            self.links.append(found["href"])

    def handle_endtag(self, tag: str) -> None:
        """Leave the navigation."""
        if tag == "nav":
            self._nav = max(0, self._nav - 1)
        elif tag == "title":
            self._in_title = False

    def handle_data(self, data: str) -> None:
        """Keep the title."""
        if self._in_title:
            self.title += data

    @property
    def login_form(self) -> dict[str, dict[str, str]] | None:
        """The form with a password field; None where there is none."""
        for form in self.forms:
            if any(item.get("type") == "password" for item in form.values()):
                return form
        return None


@dataclass(slots=True)
class Visitor:
    """A browser without pictures: cookies, forms, links."""

    address: str
    _opener: urllib.request.OpenerDirector = field(init=False)

    def __post_init__(self) -> None:
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def get(self, path: str, fields: dict[str, str] | None = None) -> PageReader:
        """A page, or what answers a form; raises `ServiceError` with path and status."""
        url = urljoin(self.address, path)
        data = urlencode(fields).encode() if fields is not None else None
        request = urllib.request.Request(url, data, {"Referer": self.address, "Accept": "text/html"})  # noqa: S310
        try:
            with self._opener.open(request, timeout=PAGE_SECONDS) as answer:
                text = answer.read().decode("utf-8", errors="replace")
        except urllib.error.HTTPError as error:
            raise ServiceError(f"{path}: the page answers {error.code}") from error
        except OSError as error:
            raise ServiceError(f"{path}: {error}") from error
        page = PageReader()
        page.feed(text)
        return page

    def log_in(self, login: Login) -> PageReader:
        """The page a person sees first; raises `ServiceError` when the log-in does not do."""
        page = self.get("/")
        form = page.login_form
        if form is None:
            raise ServiceError(f"{login.username}: the first page asks for no password")
        fields = {name: item.get("value", "") for name, item in form.items() if item.get("type") == "hidden"}
        for name, item in form.items():
            if item.get("type") == "password":
                fields[name] = login.password
            elif item.get("type") in ("text", "email"):
                fields[name] = login.username
        page = self.get(form["form"].get("action") or "/", fields)
        if page.login_form is not None:
            raise ServiceError(f"{login.username} is not let in")
        return page


def visit_pages(address: str, logins: Sequence[Login]) -> dict[str, list[str]]:
    """The paths each log-in saw; raises `ServiceError` for the first page that does not come."""
    seen: dict[str, list[str]] = {}
    for login in logins:
        visitor = Visitor(address)
        first = visitor.log_in(login)
        paths = list(dict.fromkeys(urlsplit(link).path for link in first.links))
        chosen = [path for path in paths if "logg" not in path and "logout" not in path][:MOST_PAGES]
        for path in chosen:
            visitor.get(path)
        seen[login.username] = list(dict.fromkeys(["/", *chosen]))
    return seen
