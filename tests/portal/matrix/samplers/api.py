# SPDX-License-Identifier: Apache-2.0
"""Settlement runs, tokens and webhooks of each side's organisation, made when the matrix asks for them."""

from __future__ import annotations

from datetime import UTC, date, datetime

from avlest.portal.api.models import ApiToken, Webhook
from avlest.settlement.models import Run
from tests.portal.world import Side, World

_AT = datetime(2026, 1, 15, 12, tzinfo=UTC)


def make_run(world: World, side: Side) -> int:
    """A settlement run of the side's organisation."""
    town = world.get_town(side)
    found = Run.objects.filter(organisation_id=town.id).first()
    if found is None:
        found = Run.objects.create(
            organisation_id=town.id, kind="settlement", year=2025, starts_on=date(2025, 1, 1),
            stops_on=date(2026, 1, 1), invoice_on=date(2026, 2, 1), due_on=date(2026, 3, 1), known_at=_AT,
            state="preview", made_at=_AT, made_by="test",
        )  # fmt: skip
    return int(found.pk)


def make_webhook(world: World, side: Side) -> int:
    """A webhook of the side's organisation."""
    town = world.get_town(side)
    found = Webhook.objects.filter(organisation_id=town.id).first()
    if found is None:
        found = Webhook.objects.create(
            organisation_id=town.id, url=f"https://{town.marker.lower()}.example.no/", events=["alarm.opened"],
            secret="sealed", made_at=_AT, made_by=f"{town.marker}",
        )  # fmt: skip
    return int(found.pk)


def make_token(world: World, side: Side) -> int:
    """A token of the side's household."""
    home, town = world.get_home(side), world.get_town(side)
    prefix = f"t{side.value}"[:8]
    found, _ = ApiToken.objects.get_or_create(
        prefix=prefix,
        defaults={
            "organisation_id": town.id, "name": home.marker, "digest": prefix, "scopes": [], "user": home.user,
            "made_at": _AT, "made_by": home.marker, "made_by_id": home.user.pk, "expires_at": _AT,
        },
    )  # fmt: skip
    return int(found.pk)


SAMPLERS = {"token": make_token, "webhook": make_webhook, "api_run": make_run}
