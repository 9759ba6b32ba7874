# SPDX-License-Identifier: Apache-2.0
"""Meters are put up, taken down and exchanged; history is kept and never overlaps."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction

from avlest.registry.contracts import RegisterSpec
from avlest.registry.errors import Problem, RegistryError
from avlest.registry.models import AuditEntry, Installation, Meter, Series
from avlest.registry.queries import get_installations, get_series_feeds, get_series_of_registers
from avlest.registry.rights import AccessDeniedError
from avlest.registry.services.installations import (
    Mounting,
    RegisterValue,
    do_install_meter,
    do_remove_meter,
    do_replace_meter,
)
from avlest.registry.services.series import do_ensure_registers
from tests.registry.builders import at, install, make_meter, make_party, make_point

pytestmark = pytest.mark.django_db


def test_a_meter_cannot_hang_at_two_points_at_once(actor, now):
    """A second installation of a meter that is up is refused and names the first."""
    meter = make_meter(actor)
    install(actor, meter, make_point(actor, "A"))
    with pytest.raises(RegistryError, match="the meter is taken: KAM 12345678 @ A") as caught:
        install(actor, meter, make_point(actor, "B"), since="2026-02-01")
    assert caught.value.problem is Problem.OVERLAP
    assert Installation.objects.count() == 1


def test_a_point_has_one_main_meter_and_may_have_a_check_meter(actor, now):
    """Two main meters at one point are refused, a check meter beside the main one is not."""
    point = make_point(actor)
    install(actor, make_meter(actor, "11111111"), point)
    other = make_meter(actor, "22222222")
    with pytest.raises(RegistryError, match="the metering point is taken"):
        install(actor, other, point)
    do_install_meter(actor, Mounting(other, point, at("2026-01-01"), role="check"), now=now)
    assert Installation.objects.count() == 2


def test_periods_that_touch_do_not_overlap(actor, now):
    """A meter taken down at an instant may be put up elsewhere at the same instant."""
    meter = make_meter(actor)
    first = install(actor, meter, make_point(actor, "A"))
    do_remove_meter(actor, first, ends_at=at("2026-02-01"), now=now)
    install(actor, meter, make_point(actor, "B"), since="2026-02-01")
    rows = get_installations([meter])
    assert [(r.starts_at, r.ends_at) for r in rows] == [
        (at("2026-01-01"), at("2026-02-01")),
        (at("2026-02-01"), None),
    ]


def test_a_meter_cannot_be_put_up_before_an_earlier_period_ended(actor, now):
    """An installation that would begin inside a closed one is refused."""
    meter, point = make_meter(actor), make_point(actor)
    first = install(actor, meter, point)
    do_remove_meter(actor, first, ends_at=at("2026-02-01"), now=now)
    with pytest.raises(RegistryError, match="from 2026-01-01T00:00Z to 2026-02-01T00:00Z"):
        install(actor, meter, point, since="2026-01-15")


def test_taking_down_twice_is_refused(actor, now):
    """The end of an installation is history: it is not overwritten."""
    first = install(actor, make_meter(actor), make_point(actor))
    do_remove_meter(actor, first, ends_at=at("2026-02-01"), now=now)
    with pytest.raises(RegistryError, match="ended 2026-02-01") as caught:
        do_remove_meter(actor, first, ends_at=at("2026-02-05"), now=now)
    assert caught.value.problem is Problem.ENDED


def test_an_exchange_keeps_one_series_across_two_meters(actor, now):
    """After an exchange one series is fed by both meters' registers, with end and start values."""
    old, new, point = make_meter(actor, "11111111"), make_meter(actor, "22222222"), make_point(actor)
    first = [RegisterValue("volume", "l", 12_000)]
    do_install_meter(actor, Mounting(old, point, at("2026-01-01"), values=first), now=now)
    mounting = Mounting(
        new,
        point,
        at("2026-02-14T09:30"),
        seal="P-77",
        installer_id=make_party(actor),
        values=[RegisterValue("volume", "l", 13)],
    )
    done = do_replace_meter(actor, mounting, old_values=[RegisterValue("volume", "l", 1_302_250)], now=now)
    (series,) = Series.objects.all()
    feeds = get_series_feeds([series.pk])
    assert [(f.installation_id, f.start_value, f.end_value, f.ends_at) for f in feeds] == [
        (done.ended_id, 12_000, 1_302_250, at("2026-02-14T09:30")),
        (done.started_id, 13, None, None),
    ]
    assert [m.state for m in Meter.objects.order_by("serial")] == ["removed", "installed"]


def test_registers_heard_later_get_their_series(actor, now):
    """Registers made when a telegram is first decoded feed series at the point where the meter hangs."""
    meter = make_meter(actor)
    install(actor, meter, make_point(actor))
    specs = [RegisterSpec(meter, "volume", "l"), RegisterSpec(meter, "volume", "l", storage=1)]
    ids = do_ensure_registers(actor, specs, now=now)
    assert do_ensure_registers(actor, specs, now=now) == ids
    (series,) = Series.objects.all()
    assert get_series_of_registers(ids.values(), now) == {ids[specs[0].identity]: series.pk}
    assert AuditEntry.objects.filter(subject="register", action="create").count() == 2


def test_every_step_leaves_an_audit_row(actor, now):
    """Putting up and taking down write who, when, and the columns that changed."""
    first = install(actor, make_meter(actor), make_point(actor))
    do_remove_meter(actor, first, ends_at=at("2026-02-01"), now=now)
    entry = AuditEntry.objects.filter(action="remove").get()
    assert (entry.actor, entry.at, entry.subject, entry.subject_id) == ("test vik", now, "installation", first)
    assert (entry.before, entry.after) == ({"ends_at": None}, {"ends_at": "2026-02-01T00:00:00+00:00"})


def test_another_organisations_meter_cannot_be_installed(actor, stranger, now):
    """A meter or point of another organisation looks as if it did not exist."""
    theirs = make_meter(stranger)
    with pytest.raises(AccessDeniedError, match=f"no meter {theirs} in this organisation"):
        install(actor, theirs, make_point(actor))


def test_the_database_itself_refuses_two_open_installations(actor, now):
    """A row written past the services is stopped by a constraint, on every database."""
    meter = make_meter(actor)
    install(actor, meter, make_point(actor, "A"))
    row = Installation(
        organisation_id=actor.organisation_id,
        meter_id=meter,
        point_id=make_point(actor, "B"),
        starts_at=at("2026-05-01"),
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


def test_postgresql_refuses_overlapping_closed_periods(actor, now):
    """Where btree_gist is there, PostgreSQL stops overlaps of closed periods by itself."""
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL has exclusion constraints")
    meter, point = make_meter(actor), make_point(actor)
    first = install(actor, meter, point)
    do_remove_meter(actor, first, ends_at=at("2026-02-01"), now=now)
    row = Installation(
        organisation_id=actor.organisation_id,
        meter_id=meter,
        point_id=make_point(actor, "B"),
        starts_at=at("2026-01-20"),
        ends_at=at("2026-01-25"),
    )
    with pytest.raises(IntegrityError, match="registry_installation_meter_free"), transaction.atomic():
        row.save()


@pytest.mark.django_db(transaction=True)
def test_of_two_writers_at_once_one_gets_the_point(actor):
    """Two processes that put meters up at one point at the same time do not both succeed."""
    point = make_point(actor)
    meters = [make_meter(actor, "11111111"), make_meter(actor, "22222222")]
    together = threading.Barrier(2)

    def put_up(meter: int) -> str:
        try:
            together.wait(timeout=30)
            install(actor, meter, point)
        except RegistryError as error:
            return error.problem.value
        finally:
            connection.close()
        return "installed"

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(put_up, meters))
    assert outcomes == ["installed", "overlap"]
    assert Installation.objects.count() == 1
