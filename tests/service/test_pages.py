# SPDX-License-Identifier: Apache-2.0
"""Status, health and the address gateways post to."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import OperationalError
from django.test import Client

from avlest.collect.models import Packet
from avlest.registry.errors import RegistryError
from avlest.registry.models import AuditEntry, User
from avlest.registry.services.organisations import do_create_organisation
from avlest.registry.services.users import do_make_administrator
from avlest.service import health
from avlest.service.state import ChildState, ServeState, write_state

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PASSWORD = "hvalross i solnedgang"


@pytest.fixture
def data(tmp_path: Path, settings: object) -> Path:
    """A data directory of its own for what processes leave there."""
    settings.DATA_DIR = tmp_path  # type: ignore[attr-defined]
    return tmp_path


def break_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*, now: datetime) -> None:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(health, "get_status", refuse)


@pytest.mark.django_db
def test_health_says_ok_with_figures_and_without_names(client: Client, data: Path) -> None:
    answer = client.get("/health")
    body = answer.json()
    assert answer.status_code == 200
    assert body["status"] == "ok"
    assert body["inbox"] == {"waiting": 0, "lag_seconds": 0.0, "undelivered": 0, "undelivered_lag_seconds": 0.0}
    assert str(data) not in answer.content.decode()


@pytest.mark.django_db
def test_health_is_degraded_when_the_inbox_waits(client: Client, data: Path) -> None:
    Packet.objects.create(lane=0, taken_at=datetime.now(UTC) - timedelta(minutes=5), messages=7, body=b"x")
    body = client.get("/health").json()
    assert (body["status"], body["problems"], body["inbox"]["waiting"]) == ("degraded", ["inbox"], 7)


@pytest.mark.django_db
def test_health_fails_without_a_database(client: Client, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    break_database(monkeypatch)
    answer = client.get("/health")
    assert (answer.status_code, answer.json()["status"], answer.json()["database"]) == (503, "failing", "unreachable")
    page = client.get("/status")
    assert page.status_code == 503
    assert "Databasen svarer ikke" in page.content.decode()


@pytest.mark.django_db
def test_sources_that_went_silent_are_told(client: Client, data: Path) -> None:
    source = {"name": "hemmelig", "kind": "mqtt", "phase": "waiting", "last_error": "connection refused"}
    board = {"written_at": datetime.now(UTC).isoformat(), "sources": [source]}
    (data / "sources.json").write_text(json.dumps(board))
    answer = client.get("/health")
    assert answer.json()["problems"] == ["source"]
    assert answer.json()["sources"] == {"total": 1, "well": 0}
    assert "hemmelig" not in answer.content.decode()
    old = board | {"written_at": (NOW - timedelta(hours=1)).isoformat()}
    (data / "sources.json").write_text(json.dumps(old))
    assert health.get_health(data, now=NOW).sources[0].phase == "stopped"


@pytest.mark.django_db
def test_the_status_page_shows_parts_to_staff_only(client: Client, data: Path) -> None:
    write_state(data, ServeState(1, "http://localhost:8080/", NOW, (ChildState("work", 77, NOW),)))
    stranger = client.get("/status").content.decode()
    assert "Logg inn" in stranger
    assert "Prosesser" not in stranger
    do_make_administrator("kari", PASSWORD, by="test", now=NOW)
    assert client.login(username="kari", password=PASSWORD)
    page = client.get("/status").content.decode()
    assert "Prosesser" in page
    assert "Delene kjører hver for seg" in page  # nobody holds the lock: the written state is an old one


@pytest.mark.django_db
def test_status_pages_are_not_kept_by_caches_and_take_no_posts(client: Client, data: Path) -> None:
    for path in ("/status", "/health"):
        assert "no-store" in client.get(path)["Cache-Control"]
        assert client.post(path).status_code == 405


@pytest.mark.django_db
def test_a_post_without_token_is_refused(client: Client) -> None:
    answer = client.post("/push/anything/", b"{}", content_type="application/json")
    assert (answer.status_code, answer.json()["error"]) == (401, "unauthorised")


@pytest.mark.django_db
def test_an_administrator_is_made_once_and_audited_without_password() -> None:
    do_create_organisation(name="Demo", slug="demo", by="test", now=NOW)
    assert do_make_administrator("kari", PASSWORD, by="avlest admin", now=NOW)
    assert not do_make_administrator("kari", PASSWORD + "!", by="avlest admin", now=NOW)
    assert User.objects.get(username="kari").check_password(PASSWORD + "!")
    rows = AuditEntry.objects.filter(subject="user")
    assert rows.count() == 2
    assert all(PASSWORD not in f"{row.before}{row.after}" for row in rows)


@pytest.mark.django_db
def test_a_weak_password_is_refused_with_the_reason() -> None:
    with pytest.raises(RegistryError, match="password"):
        do_make_administrator("kari", "123", by="test", now=NOW)
    assert not User.objects.exists()
