# SPDX-License-Identifier: Apache-2.0
"""Who sees which values: tenancy windows, organisations, roles, reasons, and that nothing can be subtracted."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from avlest.portal.access import (
    ReasonNeededError,
    access_daily,
    access_hourly,
    access_own_series,
    access_point,
    access_readings,
    access_series,
    access_take_over,
    access_totals,
)
from avlest.portal.looks import access_looks
from avlest.portal.models import AccessLog
from avlest.portal.viewer import get_viewer
from avlest.portal.windows import ALWAYS
from avlest.registry.rights import AccessDeniedError, Role
from avlest.registry.services.tenancies import MoveIn, do_begin_tenancy
from tests.portal.world import LITRES, MADE_AT, MOVED_AT, Side, write_hours, write_readings

NOW = datetime(2025, 8, 1, 12, tzinfo=UTC)
MAY = (datetime(2025, 4, 30, 22, tzinfo=UTC), MOVED_AT)
AROUND = (MOVED_AT - timedelta(days=2), MOVED_AT + timedelta(days=2))


def view(user, town, *, reason=""):
    return get_viewer(user, organisation_id=town.id, reason=reason)


@pytest.fixture
def hours(store, world):
    """Hours around the move, of every household of both towns."""
    for town in (world.vik, world.nes):
        write_hours(store, town, start=AROUND[0], stop=AROUND[1])
    return store


def test_the_new_household_gets_nothing_from_before(world, hours):
    """Asking for May gives no row; asking across the move gives only what came after, without the predecessor's."""
    viewer = view(world.vik.homes[Side.OWN].user, world.vik)
    series = access_own_series(viewer)
    assert [each.series.id for each in series] == [world.vik.homes[Side.OWN].series]
    assert access_hourly(viewer, hours, series, *MAY, now=NOW).height == 0
    found = access_hourly(viewer, hours, series, *AROUND, now=NOW)
    assert found.height == 48
    assert found["hour"].min() == MOVED_AT
    assert set(found["value"]) == {LITRES["own"]}


def test_who_moved_out_keeps_their_own_time_and_no_more(world, hours):
    """The former household still sees its hours, and none of those that came after."""
    viewer = view(world.vik.homes[Side.BEFORE].user, world.vik)
    found = access_hourly(viewer, hours, access_own_series(viewer), *AROUND, now=NOW)
    assert set(found["value"]) == {LITRES["before"]}
    assert found["hour"].max() == MOVED_AT - timedelta(hours=1)


def test_a_comparison_with_the_time_before_is_empty(world, hours):
    """Of two periods, the one before the move-in gives no row at all; one across it is cut."""
    viewer = view(world.vik.homes[Side.OWN].user, world.vik)
    series = access_own_series(viewer)
    periods = [(MOVED_AT, AROUND[1]), (AROUND[0], MOVED_AT), AROUND]
    found = access_totals(viewer, hours, series, periods, now=NOW)
    assert found["period"].to_list() == [0, 2]
    assert found["start"].to_list() == [MOVED_AT, MOVED_AT]
    assert found["value"].to_list() == [48 * LITRES["own"]] * 2


def test_days_are_whole(world, hours):
    """A day that lies partly outside the window is left out, not shown in part."""
    viewer = view(world.vik.homes[Side.OWN].user, world.vik)
    half = (MOVED_AT + timedelta(hours=6), AROUND[1])
    frame = access_daily(viewer, hours, access_own_series(viewer), *half, now=NOW)
    assert all(day > (MOVED_AT + timedelta(hours=6)).date() for day in frame["day"])


def test_register_values_begin_at_the_take_over(world, store):
    """Readings count from the first one in the window; neither the register nor its value before can be had."""
    home = world.vik.homes[Side.OWN]
    rows = [
        (home.register, MOVED_AT - timedelta(hours=1), 900_000),
        (home.register, MOVED_AT, 1_000_000),
        (home.register, MOVED_AT + timedelta(hours=5), 1_250_000),
    ]
    write_readings(store, world.vik, rows)
    viewer = view(home.user, world.vik)
    series = access_own_series(viewer)[0]
    found = access_readings(viewer, store, series, *AROUND, now=NOW)
    assert found["value"].to_list() == [0, 250_000]
    take_over = access_take_over(viewer, store, series)
    assert (take_over.at, take_over.value) == (MOVED_AT, 1_000_000)
    before = access_readings(
        view(world.vik.homes[Side.BEFORE].user, world.vik), store,
        access_own_series(view(world.vik.homes[Side.BEFORE].user, world.vik))[0], *AROUND, now=NOW,
    )  # fmt: skip
    assert before["at"].to_list() == [MOVED_AT - timedelta(hours=1)]


@pytest.mark.parametrize("side", [Side.NEIGHBOUR, Side.STRANGER])
def test_what_is_not_theirs_does_not_exist(world, side):
    """Neighbours' and strangers' points are refused in the words of one that does not exist."""
    viewer = view(world.vik.homes[Side.OWN].user, world.vik)
    home = world.get_home(side)
    with pytest.raises(AccessDeniedError, match=f"no meteringpoint {home.point} in this organisation"):
        access_point(viewer, home.point)
    with pytest.raises(AccessDeniedError, match="no meteringpoint 999999 in this organisation"):
        access_point(viewer, 999_999)
    with pytest.raises(AccessDeniedError):
        access_series(viewer, home.series)


@pytest.mark.parametrize("role", [role for role in Role if role != Role.RESIDENT])
def test_staff_of_another_organisation_sees_nothing(world, role):
    """No role reaches a point of another organisation, even by its number."""
    viewer = view(world.nes.staff[role], world.vik)
    assert viewer.organisation_id == world.nes.id
    with pytest.raises(AccessDeniedError):
        access_point(viewer, world.vik.main_point)


@pytest.mark.parametrize(
    ("role", "hours", "totals"),
    [
        (Role.ADMINISTRATOR, True, True),
        (Role.OPERATOR, True, True),
        (Role.BILLING, False, True),
        (Role.MANAGER, False, True),
        (Role.CARETAKER, False, False),
        (Role.INSTALLER, False, False),
    ],
)
def test_what_each_role_sees_of_a_household(world, role, hours, totals):
    """The matrix of roles: hours, sums of months, or nothing of a household; the building's meter for all."""
    viewer = view(world.vik.staff[role], world.vik)
    for point in (world.vik.homes[Side.OWN].point, world.vik.house.point):
        access = access_point(viewer, point)
        assert access.is_personal
        assert (access.hours == (ALWAYS,), access.totals == (ALWAYS,)) == (hours, totals)
    assert access_point(viewer, world.vik.main_point).hours == (ALWAYS,)
    assert not access_point(viewer, world.vik.main_point).is_personal


def test_staff_gives_a_reason_and_the_household_sees_it(world, hours):
    """Without a reason no hour is shown; with one the look is written down, once a day, for who lives there."""
    home = world.vik.homes[Side.OWN]
    silent = view(world.vik.staff[Role.OPERATOR], world.vik)
    with pytest.raises(ReasonNeededError):
        access_hourly(silent, hours, [access_series(silent, home.series)], *AROUND, now=NOW)
    viewer = view(world.vik.staff[Role.OPERATOR], world.vik, reason="case 4711")
    for _ in range(3):
        found = access_hourly(viewer, hours, [access_series(viewer, home.series)], *AROUND, now=NOW)
    assert found.height == 96
    looks = access_looks(view(home.user, world.vik))
    assert [(look.name, look.what, look.reason) for look in looks] == [("operator-vik", "hours", "case 4711")]
    assert access_looks(view(world.vik.homes[Side.BEFORE].user, world.vik)) == []
    assert access_looks(view(world.vik.homes[Side.NEIGHBOUR].user, world.vik)) == []


def test_the_board_sees_whole_months_only(world, hours):
    """A manager gets the sum of a month; a shorter period would be hours by subtraction and is refused."""
    viewer = view(world.vik.staff[Role.MANAGER], world.vik)
    series = access_series(viewer, world.vik.homes[Side.OWN].series)
    june = (MOVED_AT, datetime(2025, 6, 30, 22, tzinfo=UTC))
    found = access_totals(viewer, hours, [series], [june], now=NOW)
    assert found.height == 1
    with pytest.raises(AccessDeniedError, match="whole months"):
        access_totals(viewer, hours, [series], [(MOVED_AT, MOVED_AT + timedelta(days=1))], now=NOW)
    assert access_hourly(dataclasses.replace(viewer, reason="case 1"), hours, [series], *AROUND, now=NOW).height == 0
    assert AccessLog.objects.filter(what="totals").count() == 1


def test_a_landlord_sees_sums_not_the_tenants_hours(world, hours):
    """An owner who lets the flat sees hours only of the time when nobody else lived there."""
    home = world.vik.homes[Side.OWN]
    actor = world.vik.actor
    do_begin_tenancy(actor, MoveIn(world.vik.house.party, "owner", MADE_AT, unit_id=home.unit), now=MADE_AT)
    viewer = view(world.vik.house.user, world.vik)
    access = access_point(viewer, home.point)
    assert access.is_own
    assert access.hours == ()
    assert [window.start for window in access.totals] == [MADE_AT]


def test_the_user_without_any_place_has_no_organisation(world):
    """A login that nothing is tied to yet sees nothing and has no organisation to act in."""
    world.vik.house.user.party_set.update(user=None)
    viewer = view(world.vik.house.user, world.vik)
    assert viewer.organisation_id is None
    assert access_own_series(viewer) == []
    with pytest.raises(AccessDeniedError):
        access_point(viewer, world.vik.house.point)


def test_empty_frames_have_their_columns(world, store):
    """A page that finds nothing can still ask the frame for its columns."""
    viewer = view(world.vik.homes[Side.OWN].user, world.vik)
    frame = access_hourly(viewer, store, [], *AROUND, now=NOW)
    assert frame.schema["value"] == pl.Int64
