# SPDX-License-Identifier: Apache-2.0
"""Alarms and invoices of each side's household, made when the matrix asks for them."""

from __future__ import annotations

from datetime import date, timedelta

from avlest.insight.models import Absence, Alarm, OwnLimit
from avlest.portal.resident.models import Fault, MoveNotice, PrivacyRequest
from avlest.registry.services.documents import Upload, do_attach_document
from avlest.settlement.models import Account, Invoice
from tests.portal.world import MOVED_AT, Home, Side, World


def make_alarm(world: World, side: Side) -> int:
    """An alarm at the household's point, in the household's time."""
    home, town = world.get_home(side), world.get_town(side)
    at = MOVED_AT - timedelta(days=20) if side == Side.BEFORE else MOVED_AT + timedelta(days=20)
    key = f"test:{side.value}"
    found = Alarm.objects.filter(cause_key=key).first()
    if found is None:
        found = Alarm.objects.create(
            organisation_id=town.id, scope="series", subject=home.series, kind="continuous_flow", severity="warning",
            since=at, opened_at=at, last_at=at + timedelta(days=1), cleared_at=at + timedelta(days=1), rate=12_000,
            amount=288_000, unit="l", cause="cistern", advice=[], evidence="series", series_id=home.series,
            point_id=home.point, is_shown=True, cause_key=key, found_at=at,
        )  # fmt: skip
    return int(found.pk)


def make_invoice(world: World, side: Side) -> int:
    """An invoice to the household's party."""
    home, town = world.get_home(side), world.get_town(side)
    found = Invoice.objects.filter(account__party_id=home.party).first()
    return int((found or _issue(home, town.id)).pk)


def _issue(home: Home, organisation: int) -> Invoice:
    number = 1000 + home.party
    account = Account.objects.create(
        organisation_id=organisation, number=number, party_id=home.party, property_id=home.property,
        opened_on=date(2024, 1, 1), closed_on=date(2024, 6, 1),
    )  # fmt: skip
    return Invoice.objects.create(
        organisation_id=organisation, kind="invoice", number=number, account=account, issued_on=date(2026, 3, 20),
        due_on=date(2026, 4, 20), settles_from=date(2025, 1, 1), settles_to=date(2026, 1, 1), net=80_000, vat=20_000,
        total=100_000, recipient={"name": home.marker},
    )  # fmt: skip


def _get_time(side: Side) -> timedelta:
    """Within the household's time, seen from the move."""
    return timedelta(days=-20) if side == Side.BEFORE else timedelta(days=20)


def make_own_limit(world: World, side: Side) -> int:
    """A limit the household set; those who have left ended it."""
    home, town = world.get_home(side), world.get_town(side)
    at = MOVED_AT + _get_time(side)
    found = OwnLimit.objects.filter(series_id=home.series, starts_at=at).first()
    ends_at = MOVED_AT if side == Side.BEFORE else None
    return int(
        (
            found
            or OwnLimit.objects.create(
                organisation_id=town.id, series_id=home.series, span="day", limit=400_000, set_by="test", starts_at=at,
                ends_at=ends_at,
            )
        ).pk
    )  # fmt: skip


def make_absence(world: World, side: Side) -> int:
    """A time when nobody was at the household's place."""
    home, town = world.get_home(side), world.get_town(side)
    at = MOVED_AT + _get_time(side)
    found = Absence.objects.filter(point_id=home.point, starts_at=at).first()
    made = found or Absence.objects.create(
        organisation_id=town.id, point_id=home.point, starts_at=at, ends_at=at + timedelta(days=7), said_by="test"
    )
    return int(made.pk)


def _get_sent_at(side: Side) -> dict[str, object]:
    return {"made_at": MOVED_AT + _get_time(side)}


def make_fault(world: World, side: Side) -> int:
    """A fault the household told of, with a photo."""
    home, town = world.get_home(side), world.get_town(side)
    found = Fault.objects.filter(party_id=home.party).first()
    if found is None:
        photo = do_attach_document(
            town.actor, Upload("other", "photo", "image/png", b"\x89PNG\r\n\x1a\n", "unit", home.unit), now=MOVED_AT
        )
        found = Fault.objects.create(
            organisation_id=town.id, party_id=home.party, tenancy_id=home.tenancy, kind="leak", text=home.marker,
            photo_id=photo, **_get_sent_at(side),
        )  # fmt: skip
    return int(found.pk)


def make_move(world: World, side: Side) -> int:
    """A notice of the household."""
    home, town = world.get_home(side), world.get_town(side)
    found = MoveNotice.objects.filter(party_id=home.party).first()
    made = found or MoveNotice.objects.create(
        organisation_id=town.id, party_id=home.party, tenancy_id=home.tenancy, day=date(2026, 12, 1),
        address=home.marker, **_get_sent_at(side),
    )  # fmt: skip
    return int(made.pk)


def make_privacy_request(world: World, side: Side) -> int:
    """A request of the household."""
    home, town = world.get_home(side), world.get_town(side)
    found = PrivacyRequest.objects.filter(party_id=home.party).first()
    made = found or PrivacyRequest.objects.create(
        organisation_id=town.id, party_id=home.party, kind="deletion", text=home.marker, **_get_sent_at(side)
    )
    return int(made.pk)


SAMPLERS = {
    "alarm": make_alarm,
    "invoice": make_invoice,
    "own_limit": make_own_limit,
    "absence": make_absence,
    "fault": make_fault,
    "move": make_move,
    "privacy_request": make_privacy_request,
}
