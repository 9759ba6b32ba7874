# SPDX-License-Identifier: Apache-2.0
"""Queries compiled once give what the ORM gives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _three_organisations() -> None:
    from avlest.registry.models import Membership, Organisation, User

    for number in range(3):
        organisation = Organisation.objects.create(name=f"Vik {number}", slug=f"vik-{number}")
        user = User.objects.create(username=f"kari{number}", last_login=NOW + timedelta(hours=number))
        Membership.objects.create(organisation=organisation, user=user, role="operator")


def test_rows_of_models_are_those_of_the_orm() -> None:
    from avlest.project.prepared import Prepared
    from avlest.registry.models import User

    prepared = Prepared(lambda names: User.objects.filter(username__in=names).order_by("username"))
    for names in (["kari0"], ["kari2", "kari0"], ["kari1", "kari1", "nobody"], []):
        expected = list(User.objects.filter(username__in=names).order_by("username"))
        found = prepared.ask(names=names)
        assert found == expected
        assert [vars(row).keys() - {"_state"} for row in found] == [vars(row).keys() - {"_state"} for row in expected]
        assert [row.last_login for row in found] == [row.last_login for row in expected]


def test_values_with_joins_and_instants_are_converted() -> None:
    from avlest.project.prepared import Prepared
    from avlest.registry.models import Membership

    prepared = Prepared(
        lambda role, since: (
            Membership.objects.filter(role=role, user__last_login__gte=since)
            .order_by("user__username")
            .values_list("organisation__name", "user__last_login")
        )
    )
    assert prepared.ask(role="operator", since=NOW + timedelta(hours=1)) == [
        ("Vik 1", NOW + timedelta(hours=1)),
        ("Vik 2", NOW + timedelta(hours=2)),
    ]
    assert prepared.ask(role="operator", since=NOW + timedelta(hours=2, microseconds=1)) == []
    assert prepared.ask(role="administrator", since=NOW) == []


def test_the_orm_builds_a_query_once_for_each_shape_and_long_lists_anew() -> None:
    from django.db.models import QuerySet

    from avlest.project.prepared import Prepared
    from avlest.registry.models import User

    built: list[int] = []

    def make(users: list[int]) -> QuerySet[User]:
        built.append(len(users))
        return User.objects.filter(pk__in=users)

    prepared = Prepared(make)
    every = list(User.objects.order_by("pk").values_list("pk", flat=True))
    for users in (every, [*reversed(every)], every[:1], every[:1]):
        assert {row.pk for row in prepared.ask(users=users)} == set(users)
    assert built == [3, 3, 1, 1]  # twice, to tell what stands in from what is always asked
    for _ in range(2):
        assert len(prepared.ask(users=every * 20)) == 3
    assert built == [3, 3, 1, 1, 60, 60]


def test_a_value_that_the_query_does_not_ask_for_is_refused() -> None:
    from avlest.project.prepared import Prepared
    from avlest.registry.models import User

    with pytest.raises(ValueError, match="does not ask for"):
        Prepared(lambda name: User.objects.all()).ask(name="kari0")


def test_small_integers_are_asked_for_too() -> None:
    """A year is kept in two bytes: what stands in for it must be a number such a column may hold."""
    from avlest.project.prepared import Prepared
    from avlest.settlement.models import Expected

    assert Expected._meta.get_field("year").get_internal_type() == "PositiveSmallIntegerField"
    prepared = Prepared(lambda year: Expected.objects.filter(year=year).values_list("pk"))
    assert prepared.ask(year=2026) == []
    assert all(plan is not None for plan in prepared._plans.values())


def test_a_query_that_decides_by_a_value_is_refused() -> None:
    """A number of the query itself that looks like one that stands in, and any other difference."""
    from avlest.project.prepared import Prepared
    from avlest.registry.models import User

    prepared = Prepared(lambda user: User.objects.filter(pk=user, id__lt=31_000))
    with pytest.raises(ValueError, match="another one"):
        prepared.ask(user=1)
