# SPDX-License-Identifier: Apache-2.0
"""Accuracy controls on the pages: noted by a clerk, refused at the field, seen by the board."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from avlest.registry.models import MeteringPoint
from avlest.registry.rights import Role
from avlest.settlement.models import AccuracyClaim, AccuracyControl
from tests.portal.billing.town import text_of

LIST = "/styre/avregning/malerkontroll/"
NEW = f"{LIST}ny/"
GOOD = {"error": "7,5", "found_on": "2026-01-01", "starts_on": "2025-03-01", "reason": "Justervesenet 17/26"}


@pytest.fixture
def code(books) -> str:
    """The code of the point of the house."""
    return MeteringPoint.objects.get(series=books.town.house.series).code


def test_a_control_beyond_the_limit_is_kept_with_its_claim(books, code, at_work, sign_in):
    """7,5 per cent, as people write it: one claim for the year it touches, named in the message and in the list."""
    answer = sign_in(Role.BILLING).post(NEW, {"point": code, **GOOD}, follow=True)
    page = text_of(answer)
    assert "1 krav venter på neste kjøring" in page
    assert "1 av 1 krav venter på en kjøring" in page
    control = AccuracyControl.objects.get()
    assert (control.error, control.starts_on, control.stops_on) == (
        Decimal("7.5"), date(2025, 3, 1), date(2026, 1, 1),
    )  # fmt: skip
    assert AccuracyClaim.objects.get().account_id == books.account


def test_a_control_within_the_limit_corrects_nothing(books, code, at_work, sign_in):
    page = text_of(sign_in(Role.BILLING).post(NEW, {"point": code, **GOOD, "error": "-5"}, follow=True))
    assert "ingenting korrigeres" in page
    assert "innenfor grensen" in page
    assert not AccuracyClaim.objects.exists()


@pytest.mark.parametrize(
    ("typed", "field", "error"),
    [
        ({"point": "finnes-ikke"}, "point", "Ingen målepunkter har denne koden."),
        ({"error": "mye"}, "error", "Skriv et tall"),
        ({"error": "-100"}, "error", "Feilen må være over −100 prosent."),
        ({"found_on": "2026-01-13"}, "found_on", "Denne dagen har ikke vært ennå."),
        ({"starts_on": "2026-01-01"}, "starts_on", "Dagen må være før måleren viste riktig igjen."),
        ({"reason": ""}, "reason", "id_reason"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(books, code, at_work, sign_in, typed, field, error):
    """The error stands at the field, and what was typed stays."""
    answer = sign_in(Role.BILLING).post(NEW, {"point": code, **GOOD, **typed})
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    page = text_of(answer)
    assert error in page
    assert typed[field] in page
    assert not AccuracyControl.objects.exists()


def test_days_that_another_control_corrected_are_refused(books, code, at_work, sign_in):
    clerk = sign_in(Role.BILLING)
    clerk.post(NEW, {"point": code, **GOOD})
    answer = clerk.post(NEW, {"point": code, **GOOD, "starts_on": "2025-06-01"})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["starts_on"]
    assert AccuracyControl.objects.count() == 1


def test_a_point_of_another_town_is_not_found(books, world, at_work, sign_in):
    """Its code is answered as one that does not exist."""
    other = MeteringPoint.objects.get(series=world.nes.house.series)
    MeteringPoint.objects.filter(pk=other.pk).update(code="NES-1")
    answer = sign_in(Role.BILLING).post(NEW, {"point": "NES-1", **GOOD})
    assert "point" in answer.context["form"].errors


def test_the_board_sees_controls_and_notes_none(books, at_work, sign_in):
    board = sign_in(Role.MANAGER)
    page = text_of(board.get(LIST))
    assert "Ingen kontroll er registrert." in page
    assert "Registrer en kontroll" not in page
    assert board.get(NEW).status_code in (403, 404)
    assert "Nøyaktigheitskontrollar" in text_of(sign_in(Role.BILLING, "nn").get(LIST))
