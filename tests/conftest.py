# SPDX-License-Identifier: Apache-2.0
"""What every test may lean on: a data directory of its own, a database by choice, the shared vectors.

`AVLEST_TEST_DATABASE` chooses the database: `sqlite` (default) or `postgres`.  The tests that touch the
database carry the marker `database`.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import hypothesis
import pytest
import pytest_django

from tests.support import services
from tests.support.services import Mosquitto, require_service, run_mosquitto

ROOT = Path(__file__).resolve().parent.parent
_CLEANUP = contextlib.ExitStack()

# Settings are read on import: they must point at a folder of the tests before anything imports them.
if "AVLEST_DATA" not in os.environ:
    os.environ["AVLEST_DATA"] = _CLEANUP.enter_context(tempfile.TemporaryDirectory(prefix="avlest-test-"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "avlest.project.settings")
# Most tests sign somebody in without a second factor; those of the login ask for it themselves.
os.environ.setdefault("AVLEST_LOGIN__REQUIRE_SECOND_FACTOR", "false")
# The keys that seal meters' keys: one ring for the whole run, because its workers share the data directory.
os.environ.setdefault("AVLEST_METER_KEY_RING", "test0001:" + b64encode(bytes(range(32))).decode())

# A busy machine is slow, not wrong: what takes too long is stopped by the time limit of the whole test.
hypothesis.settings.register_profile("avlest", deadline=None, print_blob=True)
hypothesis.settings.load_profile("avlest")


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker we set ourselves, choose the database and set Django up for it."""
    config.addinivalue_line("markers", "database: set by itself on each test that touches the database")
    _choose_database(os.environ.get("AVLEST_TEST_DATABASE", "sqlite"))
    # Test modules import models at their top: the settings must be read by then, and not before.
    django.setup()
    _make_tables_at_once()
    _keep_cache_in_memory()


def _keep_cache_in_memory() -> None:
    """Workers share the data directory, and each test clears the cache: one must not clear another's."""
    from django.conf import settings

    settings.CACHES["default"] = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}


def _make_tables_at_once() -> None:
    """Make the tables of a test database from the models (`django_db_setup` adds what is missing).

    That this is what all migrations make has tests of its own.
    """
    from django.conf import settings

    settings.DATABASES["default"].setdefault("TEST", {})["MIGRATE"] = False


def _choose_database(wanted: str) -> None:
    """Start PostgreSQL where it is asked for: once, its address goes to the workers by the environment."""
    if wanted not in ("sqlite", "postgres"):
        raise pytest.UsageError(f"AVLEST_TEST_DATABASE is {wanted!r}, expected sqlite or postgres")
    if wanted == "sqlite" or "AVLEST_DATABASE" in os.environ:
        return
    missing = services.missing_programs("postgres")
    if missing:
        raise pytest.UsageError(f"AVLEST_TEST_DATABASE is {wanted}, but this machine has no {', '.join(missing)}")
    os.environ["AVLEST_DATABASE"] = _CLEANUP.enter_context(services.run_postgres()).url


def pytest_unconfigure() -> None:
    """Stop the database and remove the data directory."""
    _CLEANUP.close()


def pytest_report_header() -> str:
    """Say which database the tests run on."""
    engine = os.environ.get("AVLEST_DATABASE", "sqlite").partition(":")[0]
    return f"database: {engine}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that touch the database, so that they can be run on another one alone."""
    for item in items:
        is_marked = item.get_closest_marker("django_db") is not None
        touches = set(getattr(item, "fixturenames", ())) & {"db", "transactional_db", "live_server"}
        if is_marked or touches:
            item.add_marker("database")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip (or fail where `CI=true`) a test marked `needs("mosquitto")` when that is not installed."""
    for marker in item.iter_markers("needs"):
        for service in marker.args:
            require_service(service)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker) -> Iterator[None]:
    """The tables, and what migrations would have made beside them; at the end nobody else is connected."""
    from django.db import connection

    from avlest.project.new_database import finish_tables

    with django_db_blocker.unblock():
        if connection.settings_dict["TEST"].get("MIGRATE") is False:
            finish_tables()
    yield
    with django_db_blocker.unblock():
        _end_other_sessions()


def _end_other_sessions() -> None:
    """PostgreSQL drops no database that a thread of a test is still connected to."""
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@pytest.fixture(scope="session")
def shared_vectors() -> Path:
    """The folder of public telegrams with expected values; the test is skipped where it is absent."""
    folder = Path(os.environ.get("AVLEST_SHARED", ROOT.parent / "shared")) / "vectors"
    if not folder.is_dir():
        pytest.skip("the shared vectors are not here: set AVLEST_SHARED to the folder that holds vectors/")
    return folder


def read_vectors(file: Path) -> list[dict[str, Any]]:
    """The objects of a JSON-lines file."""
    with file.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


@pytest.fixture(scope="session")
def wmbus_vectors(shared_vectors: Path) -> list[dict[str, Any]]:
    """Public wireless and wired M-Bus telegrams, plain and encrypted."""
    return [row for name in ("wmbus", "wmbus-encrypted") for row in read_vectors(shared_vectors / f"{name}.jsonl")]


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A real MQTT broker on a port of its own, without password."""
    require_service("mosquitto")
    with run_mosquitto(tmp_path) as broker:
        yield broker
