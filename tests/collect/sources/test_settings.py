# SPDX-License-Identifier: Apache-2.0
"""The `[[sources]]` tables: read into settings, or refused naming file, line and what is expected."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from avlest.collect.settings import KINDS, FolderSettings, MqttSettings, SourceSettings, parse_sources
from avlest.project.options import ConfigError, Place

GOOD = """
[readings]
store = "readings"

[[sources]]
kind = "mqtt"
name = "broker"
host = "broker.example.no"
topics = ["wmbus/#", "application/+/device/+/event/up"]
username = "reader"
password = "s3cret-word"

[[sources]]
kind = "folder"
name = "rounds"
path = "rounds"

[[sources]]
kind = "serial"
name = "off"
port = "/dev/ttyUSB0"
enabled = false
"""


def parse(text: str) -> tuple[SourceSettings, ...]:
    tables = tomllib.loads(text).get("sources")
    return parse_sources(tables, place=Place("avlest.toml", text, "sources"), data_dir=Path("/data"))


def test_tables_become_settings() -> None:
    """Each kind has its own options; paths are relative to the data directory; what is off is left out."""
    broker, rounds = parse(GOOD)
    assert isinstance(broker, MqttSettings)
    assert (broker.kind, broker.host, broker.topics[0]) == ("mqtt", "broker.example.no", "wmbus/#")
    assert isinstance(rounds, FolderSettings)
    assert rounds.path == "/data/rounds"
    assert parse("") == ()


def test_a_password_is_never_printed() -> None:
    """Settings may come into a log: they show their name only."""
    assert repr(parse(GOOD)[0]) == "MqttSettings('broker')"
    with pytest.raises(ConfigError) as caught:
        parse(GOOD.replace('password = "s3cret-word"', "password = 12345678"))
    assert "12345678" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('host = "broker', 'hots = "broker', 'line 8 [sources]: unknown setting "hots"; did you mean "host"?'),
        ('kind = "folder"', 'kind = "foldr"', "line 14 [sources]: \"kind\" is 'foldr'"),
        ('kind = "folder"', 'kind = "foldr"', 'expected what the source is; did you mean "folder"?'),
        ('path = "rounds"', "path = 7", 'line 16 [sources]: "path" is 7, expected text in quotes'),
        ('path = "rounds"', "", '"path" is missing, the folder source rounds needs it'),
        ('name = "rounds"', 'name = "broker"', "line 15 [sources]: \"name\" is 'broker' a second time"),
        ('name = "rounds"', 'name = "a b"', "expected 1 to 60 letters"),
        ('topics = ["wmbus/#"', 'topics = ["wm#"', "expected + alone between slashes"),
        ('username = "reader"', 'ca_file = "ca.pem"', '"tls" is false, but ca_file or certificate is given'),
        ('username = "reader"', 'tls = true\ncertificate = "c.pem"', '"private_key" and certificate belong together'),
        ('username = "reader"', 'share = "g"', '"client_id" is missing'),
        ('username = "reader"', "port = 70000", '"port" is 70000, expected a TCP port from 0 to 65535'),
        ('username = "reader"', 'password_file = "p"', "are both given"),
        ('username = "reader"', 'format = "xml"', "expected one of auto, avlest, chirpstack"),
        ('username = "reader"', 'bridges = ["12"]', '"bridges" has \'12\', expected'),
        ('username = "reader"', 'time_zone = "Oslo"', "expected a zone such as Europe/Oslo"),
        ('path = "rounds"', 'path = "rounds"\npoint = "123"', '"point" has \'123\', expected'),
        ('path = "rounds"', 'path = "rounds"\npoll_seconds = 0', '"poll_seconds" is 0, expected at least 0.05'),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_line(old: str, new: str, sentence: str) -> None:
    """File, line, key, what stood there and what is expected."""
    assert old in GOOD
    with pytest.raises(ConfigError) as caught:
        parse(GOOD.replace(old, new))
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ('kind = "tcp"\nname = "x"\nport = 5', '"host" is missing'),
        ('kind = "tcp"\nname = "x"\nhost = "h"', '"port" is 0, expected a TCP port from 1'),
        ('kind = "http"\nname = "x"', '"token" or token_file is needed'),
        ('kind = "http"\nname = "x"\ntoken = "short"', "is too short"),
        ('kind = "mbus"\nname = "x"\nmeters = ["1"]', '"port" or host is needed'),
        ('kind = "mbus"\nname = "x"\nport = "p"\nmeters = ["300"]', "has '300', expected a primary address"),
        ('kind = "serial"\nname = "x"\nport = "p"\nreader = "im872a"', "expected one of lines, han, im871a"),
        ('name = "x"', "known here: mqtt, tcp, serial, http, folder, mbus"),
    ],
)
def test_each_kind_has_its_own_checks(table: str, sentence: str) -> None:
    """What a kind cannot do without is asked for by name."""
    with pytest.raises(ConfigError) as caught:
        parse(f"[[sources]]\n{table}\n")
    assert sentence in str(caught.value)


def test_a_single_table_is_told_how_to_be_written() -> None:
    """The commonest slip: single brackets."""
    with pytest.raises(ConfigError, match=r"write \[\[sources\]\]"):
        parse('[sources]\nkind = "mqtt"\n')


def test_every_option_says_what_it_is() -> None:
    """The manual is written from the settings: each has a sentence."""
    for settings in KINDS.values():
        assert settings.__doc__
        for field in settings.__dataclass_fields__.values():
            assert field.metadata["help"].endswith((".", ")")), field.name
