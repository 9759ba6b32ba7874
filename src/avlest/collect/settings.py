# SPDX-License-Identifier: Apache-2.0
"""The `[[sources]]` tables of `avlest.toml`: where telegrams and readings come from.  Pure."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from avlest.collect.formats.detect import FORMATS
from avlest.collect.mbus_address import parse_mbus_address
from avlest.project.options import ConfigError, Place, option, parse_options, suggest
from avlest.registry.identifiers import parse_dev_eui, parse_gsrn

TABLE: Final = "sources"
NAME_PATTERN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}")
READERS: Final = ("lines", "han", "im871a", "amb8465", "iu891a")
LINK_MODES: Final = ("ct", "c1", "t1", "s1", "")


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class SourceSettings:
    """What every source has."""

    name: str = option(
        "", help="Name of the source: letters, digits, `-`, `_` and `.`; it is kept with what it took in."
    )
    enabled: bool = option(default=True, help="`false` leaves the source out without deleting its table.")
    gateway: str = option("", help="Who hears, where the messages do not tell: kept as the gateway.")
    time_zone: str = option("Europe/Oslo", help="Zone of a gateway's times that say none.")

    @property
    def kind(self) -> str:
        """Return the word that stands as `kind` in the table."""
        return next(kind for kind, settings in KINDS.items() if isinstance(self, settings))

    @property
    def zone(self) -> ZoneInfo:
        """Return the zone of times that say none."""
        return ZoneInfo(self.time_zone)

    def __repr__(self) -> str:
        """Without the settings: passwords and tokens are among them."""
        return f"{type(self).__name__}({self.name!r})"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class MqttSettings(SourceSettings):
    """`kind = "mqtt"`: messages from a broker, acknowledged when they are on disk."""

    host: str = option("", help="Name or address of the broker.")
    port: int = option(0, help="Port of the broker; 0 is 1883, or 8883 with TLS.")
    topics: tuple[str, ...] = option((), help="Topics to subscribe to; `+` and `#` as usual.")
    format: str = option("auto", help="Format of the messages, if it is not to be found out.", choices=FORMATS)
    username: str = option("", help="User name at the broker.")
    password: str = option("", help="Password at the broker.", secret=True)
    password_file: str = option("", help="File that holds the password, instead of `password`.")
    tls: bool = option(default=False, help="Speak TLS with the broker.")
    ca_file: str = option("", help="PEM file of the authority that signed the broker's certificate; else the system's.")
    certificate: str = option("", help="PEM file of our own certificate, where the broker asks for one.")
    private_key: str = option("", help="PEM file of the key to `certificate`.")
    client_id: str = option("", help="Identity of the session at the broker; `avlest-<name>` where none is given.")
    share: str = option("", help="Group of a shared subscription: several collectors, each message to one of them.")
    session_days: int = option(7, help="How long the broker keeps messages for us while we are away.")
    version: str = option("5", help="Version of MQTT.", choices=("5", "3.1.1"))
    bridges: tuple[str, ...] = option((), help="DevEUIs of wM-Bus bridges that send telegrams in parts (Lobaro).")


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class TcpSettings(SourceSettings):
    """`kind = "tcp"`: a byte stream, from a server we connect to or from clients that connect to us."""

    host: str = option("", help="Where to connect to, or the address to listen on (`0.0.0.0` for all).")
    port: int = option(0, help="TCP port.")
    listen: bool = option(default=False, help="Wait for connections instead of making one.")
    reader: str = option("lines", help="How the stream is cut into frames.", choices=READERS)
    format: str = option("auto", help="Format of the lines, if it is not to be found out.", choices=FORMATS)
    idle_seconds: int = option(0, help="Close a connection that has been silent this long; 0 never does.")


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class SerialSettings(SourceSettings):
    """`kind = "serial"`: a receiver or the HAN port of a meter on a serial port."""

    port: str = option("", help="Device, such as `/dev/serial/by-id/usb-…` (stays the same after a restart).")
    reader: str = option("han", help="What is on the port.", choices=READERS)
    baud: int = option(
        0, help="Speed; 0 is the usual one: HAN and lines 2400, iM871A 57600, AMB8465 9600, iU891A 115200."
    )
    parity: str = option(
        "", help="`none`, `even` or `odd`; empty is the usual one.", choices=("", "none", "even", "odd")
    )
    link_mode: str = option("ct", help="What the receiver listens to; empty leaves it as it is.", choices=LINK_MODES)
    with_rssi: bool = option(default=True, help="The AMB8465 appends the signal strength.")
    format: str = option("auto", help="Format of lines, if it is not to be found out.", choices=FORMATS)


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class HttpSettings(SourceSettings):
    """`kind = "http"`: messages that network servers and gateways post to Avlest's web server."""

    token: str = option("", help="What a sender must show; at least 16 characters.", secret=True)
    token_file: str = option("", help="File that holds the token, instead of `token`.")
    format: str = option("auto", help="Format of the messages, if it is not to be found out.", choices=FORMATS)
    max_kb: int = option(1024, help="Largest message taken in, in kilobytes.")
    bridges: tuple[str, ...] = option((), help="DevEUIs of wM-Bus bridges that send telegrams in parts (Lobaro).")


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class FolderSettings(SourceSettings):
    """`kind = "folder"`: files put into a folder: drive-by rounds, lists of readings, Elhub's files."""

    path: str = option("", help="Folder to watch; `done` and `failed` are made in it.")
    poll_seconds: float = option(10.0, help="How often to look.")
    format: str = option("auto", help="Format of the files, if it is not to be found out.", choices=FORMATS)
    point: str = option("", help="Metering point of Elhub's files whose name has none (18 digits).")
    max_mb: int = option(100, help="Largest file taken in, unpacked, in megabytes.")


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class MbusSettings(SourceSettings):
    """`kind = "mbus"`: wired M-Bus meters that are asked in turn."""

    port: str = option("", help="Serial port of the level converter.")
    host: str = option("", help="Address of a level converter on the network, instead of `port`.")
    tcp_port: int = option(10001, help="TCP port of the converter on the network.")
    baud: int = option(2400, help="Speed on the bus.")
    meters: tuple[str, ...] = option(
        (), help="Whom to ask: primary addresses (`1` to `250`) and secondary ones (8 digits of the identification, "
        "or all 16 hexadecimal digits; `F` stands for any)."
    )  # fmt: skip
    every_seconds: float = option(3600.0, help="Time from the start of one round to the next.")
    timeout_seconds: float = option(2.0, help="How long an answer may take.")
    retries: int = option(2, help="How often an unanswered question is asked again.")
    most_telegrams: int = option(8, help="Most telegrams read of a meter that has more than one.")


KINDS: Final[dict[str, type[SourceSettings]]] = {
    "mqtt": MqttSettings,
    "tcp": TcpSettings,
    "serial": SerialSettings,
    "http": HttpSettings,
    "folder": FolderSettings,
    "mbus": MbusSettings,
}
_PATHS: Final = ("ca_file", "certificate", "private_key", "password_file", "token_file", "path")
_REQUIRED: Final = {
    "mqtt": ("host", "topics"), "tcp": (), "serial": ("port",), "http": (), "folder": ("path",), "mbus": ("meters",),
}  # fmt: skip
_SHORTEST_TOKEN: Final = 16


def parse_sources(tables: object, *, place: Place, data_dir: Path) -> tuple[SourceSettings, ...]:
    """Return the sources that are enabled, checked; paths are relative to the data directory.

    `tables` is what stood under `sources` in the configuration (None where nothing did), `place`
    where that is.  Raises `ConfigError` naming file, line and the nearest known setting.
    """
    if tables is None:
        return ()
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigError("a source is one of several tables: write [[sources]]", where=place.describe())
    sources = [_parse_source(table, _narrow(place, number), data_dir) for number, table in enumerate(tables, start=1)]
    names = [source.name for source in sources]
    for number, name in enumerate(names, start=1):
        if name in names[: number - 1]:
            detail = f'"name" is {name!r} a second time, expected a name of its own'
            raise ConfigError(detail, where=_narrow(place, number).describe("name"))
    return tuple(source for source in sources if source.enabled)


def _narrow(place: Place, number: int) -> Place:
    """Return the place of the table `number`: the lines of the others blanked, the count kept."""
    lines, seen, inside = [], 0, False
    for line in place.text.splitlines():
        if line.lstrip().startswith("["):
            is_source = bool(re.match(rf"\s*\[\[\s*{TABLE}\s*\]\]", line))
            seen += is_source
            inside = is_source and seen == number
        lines.append(line if inside else "")
    return Place(place.source, "\n".join(lines), TABLE)


def _parse_source(table: Mapping[str, Any], place: Place, data_dir: Path) -> SourceSettings:
    kind = table.get("kind")
    if kind not in KINDS:
        hint = suggest(str(kind), list(KINDS)) if kind else f"; known here: {', '.join(KINDS)}"
        raise ConfigError(f'"kind" is {kind!r}, expected what the source is{hint}', where=place.describe("kind"))
    values = {name: value for name, value in table.items() if name != "kind"}
    settings = parse_options(KINDS[kind], values, place=place)
    _check_common(settings, kind, place)
    _CHECKS[kind](settings, place)
    return _resolve_paths(settings, data_dir)


def _fail(place: Place, key: str, detail: str) -> ConfigError:
    return ConfigError(f'"{key}" {detail}', where=place.describe(key))


def _check_common(settings: SourceSettings, kind: str, place: Place) -> None:
    if not NAME_PATTERN.fullmatch(settings.name):
        raise _fail(place, "name", f"is {settings.name!r}, expected 1 to 60 letters, digits, - _ or .")
    for key in _REQUIRED[kind]:
        if not getattr(settings, key):
            raise _fail(place, key, f"is missing, the {kind} source {settings.name} needs it")
    if "\0" in settings.gateway or len(settings.gateway) > 64:
        raise _fail(place, "gateway", "is too long, expected at most 64 characters")
    try:
        ZoneInfo(settings.time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        detail = f"is {settings.time_zone!r}, expected a zone such as Europe/Oslo"
        raise _fail(place, "time_zone", detail) from error


def _check_port(value: int, key: str, place: Place, *, least: int = 1) -> None:
    if not least <= value <= 65535:
        raise _fail(place, key, f"is {value}, expected a TCP port from {least} to 65535")


def _check_least(settings: SourceSettings, place: Place, **least: float) -> None:
    for key, low in least.items():
        if getattr(settings, key) < low:
            raise _fail(place, key, f"is {getattr(settings, key)}, expected at least {low:g}")


def _check_mqtt(settings: SourceSettings, place: Place) -> None:
    assert isinstance(settings, MqttSettings)
    _check_port(settings.port, "port", place, least=0)
    _check_least(settings, place, session_days=0)
    for topic in settings.topics:
        if not topic or re.search(r"#.|[^/]#|[^/]\+|\+[^/]", topic):
            raise _fail(place, "topics", f"has {topic!r}, expected + alone between slashes and # alone at the end")
    if settings.password and settings.password_file:
        raise _fail(place, "password_file", "and password are both given, expected one of them")
    if bool(settings.certificate) != bool(settings.private_key):
        raise _fail(place, "private_key", "and certificate belong together, one of them is missing")
    if (settings.certificate or settings.ca_file) and not settings.tls:
        raise _fail(place, "tls", "is false, but ca_file or certificate is given")
    if settings.share and not settings.client_id:
        raise _fail(place, "client_id", "is missing, collectors that share need one each that stays the same")
    for bridge in settings.bridges:
        _check_with(parse_dev_eui, bridge, "bridges", place)


def _check_with(parse: Any, value: str, key: str, place: Place) -> None:
    try:
        parse(value)
    except ValueError as error:
        raise _fail(place, key, f"has {value!r}, expected {error}") from error


def _check_tcp(settings: SourceSettings, place: Place) -> None:
    assert isinstance(settings, TcpSettings)
    _check_port(settings.port, "port", place, least=0 if settings.listen else 1)
    _check_least(settings, place, idle_seconds=0)
    if not settings.host and not settings.listen:
        raise _fail(place, "host", "is missing, expected where to connect to (or listen = true)")


def _check_serial(settings: SourceSettings, place: Place) -> None:
    _check_least(settings, place, baud=0)


def _check_http(settings: SourceSettings, place: Place) -> None:
    assert isinstance(settings, HttpSettings)
    _check_least(settings, place, max_kb=1)
    if bool(settings.token) == bool(settings.token_file):
        raise _fail(place, "token", "or token_file is needed, one of the two")
    for bridge in settings.bridges:
        _check_with(parse_dev_eui, bridge, "bridges", place)
    if settings.token and len(settings.token) < _SHORTEST_TOKEN:
        raise _fail(place, "token", f"is too short, expected at least {_SHORTEST_TOKEN} characters")


def _check_folder(settings: SourceSettings, place: Place) -> None:
    assert isinstance(settings, FolderSettings)
    _check_least(settings, place, poll_seconds=0.05, max_mb=1)
    if settings.point:
        _check_with(parse_gsrn, settings.point, "point", place)


def _check_mbus(settings: SourceSettings, place: Place) -> None:
    assert isinstance(settings, MbusSettings)
    if bool(settings.port) == bool(settings.host):
        raise _fail(place, "port", "or host is needed, one of the two")
    _check_port(settings.tcp_port, "tcp_port", place)
    _check_least(settings, place, every_seconds=0.05, timeout_seconds=0.01, retries=0, most_telegrams=1, baud=300)
    for address in settings.meters:
        _check_with(parse_mbus_address, address, "meters", place)


_CHECKS: Final = {
    "mqtt": _check_mqtt, "tcp": _check_tcp, "serial": _check_serial, "http": _check_http,
    "folder": _check_folder, "mbus": _check_mbus,
}  # fmt: skip


def _resolve_paths(settings: SourceSettings, data_dir: Path) -> SourceSettings:
    paths: dict[str, Any] = {name: str(data_dir / value) for name in _PATHS if (value := getattr(settings, name, ""))}
    return dataclasses.replace(settings, **paths) if paths else settings


def read_secret(path: str) -> str:
    """Return the first line of a file with a password or token; `OSError` says why it cannot be read."""
    with Path(path).open(encoding="utf-8") as file:
        return file.readline().rstrip("\r\n")
