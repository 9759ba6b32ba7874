# SPDX-License-Identifier: Apache-2.0
"""What keeps the service from starting is said in one line, before anything is started."""

from __future__ import annotations

import errno
import json
import logging
import os
import socket
from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from avlest.project.log import HideKeys, JsonLine, Line
from avlest.service.checks import UNFINISHED_NAME, check_data_dir, check_database, check_port
from avlest.service.errors import ServiceError
from avlest.service.events import format_event, log_event
from avlest.service.lock import Holder, hold_lock, read_holder
from avlest.service.web import derive_address


def test_a_missing_data_directory_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match=r"absent: no such directory: run avlest init .*absent"):
        check_data_dir(tmp_path / "absent")


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.EACCES, "must belong to the user who runs avlest"),
        (errno.ENOSPC, "the disk is full"),
        (errno.EROFS, "Read-only"),
    ],
)
def test_a_data_directory_that_cannot_be_written_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, reason: str
) -> None:
    def refuse(_path: Path, _body: bytes) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(ServiceError, match=reason):
        check_data_dir(tmp_path)


def test_a_directory_with_an_unfinished_restore_is_refused(tmp_path: Path) -> None:
    (tmp_path / UNFINISHED_NAME).touch()
    with pytest.raises(ServiceError, match="restore was broken off"):
        check_data_dir(tmp_path)


def test_a_taken_port_is_named() -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ServiceError, match=rf"127.0.0.1:{port}: another program listens there"):
            check_port("127.0.0.1", port)
    check_port("127.0.0.1", port)


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(ServiceError, match=r"192.0.2.1:80"):
        check_port("192.0.2.1", 80)


@pytest.mark.django_db
def test_a_database_of_this_version_passes() -> None:
    check_database()


@pytest.mark.django_db
def test_a_database_of_a_newer_version_is_refused_by_name() -> None:
    MigrationRecorder(connection).record_applied("registry", "9999_from_the_future")
    with pytest.raises(ServiceError, match=r"newer version of Avlest \(it has registry.9999_from_the_future\)"):
        check_database()


@pytest.mark.django_db
def test_a_database_of_an_older_version_names_what_to_do() -> None:
    recorder = MigrationRecorder(connection)
    recorder.migration_qs.filter(app="collect").delete()
    with pytest.raises(ServiceError, match=r"lacks collect.0001_initial\): run avlest backup, then avlest init"):
        check_database()


def test_the_lock_names_its_holder_and_is_free_afterwards(tmp_path: Path) -> None:
    assert read_holder(tmp_path) is None
    with hold_lock(tmp_path, address="http://localhost:1/"):
        assert read_holder(tmp_path) == Holder(os.getpid(), "http://localhost:1/")
        with (
            pytest.raises(ServiceError, match=f"served already by process {os.getpid()} at http://localhost:1/"),
            hold_lock(tmp_path, address="http://localhost:2/"),
        ):
            pass
        assert read_holder(tmp_path) == Holder(os.getpid(), "http://localhost:1/")
    assert read_holder(tmp_path) is None
    with hold_lock(tmp_path, address="http://localhost:2/"):
        pass


def test_addresses_are_those_a_person_opens() -> None:
    assert derive_address("0.0.0.0", 80) == "http://localhost:80/"
    assert derive_address("fd00::1", 8080) == "http://[fd00::1]:8080/"


def test_an_event_is_one_line_whatever_is_in_it() -> None:
    line = format_event("child_ended", {"child": "web", "end": "exit status 1\nnew line"})
    assert line == 'child_ended child=web end="exit status 1\\nnew line"'


def make_record(logger_name: str, key: str) -> logging.LogRecord:
    seen: list[logging.LogRecord] = []
    logger = logging.getLogger(logger_name)
    handler = logging.Handler()
    handler.emit = seen.append  # type: ignore[assignment]
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        log_event(logger, "found", reason=f"key {key}", lane=3, nothing=None)
    finally:
        logger.removeHandler(handler)
    record = seen[0]
    record.created = 1772366400.0
    return record


def test_log_lines_hold_the_instant_and_never_a_key() -> None:
    key = "00112233445566778899AABBCCDDEEFF"
    record = make_record("avlest.test.lines", key)
    assert HideKeys().filter(record)
    line = Line().format(record)
    assert line.startswith("2026-03-01T12:00:00.000Z INFO avlest.test.lines: found reason=")
    fields = json.loads(JsonLine().format(record))
    assert fields["event"] == "found"
    assert fields["lane"] == "3"
    assert "nothing" not in fields
    assert key not in line + json.dumps(fields)
