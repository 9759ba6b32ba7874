# SPDX-License-Identifier: Apache-2.0
"""What managers open: findings of each side's series, made when the matrix asks for them."""

from __future__ import annotations

from datetime import timedelta

from avlest.insight.models import Campaign
from avlest.readings.models import Finding
from avlest.registry.models import AuditEntry
from avlest.registry.rights import Role
from tests.portal.world import MOVED_AT, Side, World


def make_finding(world: World, side: Side) -> int:
    """An open finding in the household's time."""
    home, town = world.get_home(side), world.get_town(side)
    at = MOVED_AT + timedelta(days=-20 if side == Side.BEFORE else 20)
    found, _made = Finding.objects.get_or_create(
        organisation_id=town.id, series_id=home.series, code="V07", starts_at=at,
        defaults={
            "ends_at": at + timedelta(hours=1), "severity": "suspect", "suggestion": "accept", "observed": 9_000,
            "limit": 4_500, "found_at": at + timedelta(days=1),
        },
    )  # fmt: skip
    return int(found.pk)


def get_member(world: World, side: Side) -> int:
    """Somebody of the staff of the side's organisation."""
    return int(world.get_town(side).staff[Role.CARETAKER].pk)


def make_audit_entry(world: World, side: Side) -> int:
    """A line in the log of the side's organisation."""
    town = world.get_town(side)
    found, _made = AuditEntry.objects.get_or_create(
        organisation_id=town.id, actor="test", action="change", subject="unit", subject_id=1,
        defaults={"at": MOVED_AT, "label": town.marker, "before": {"number": "H1"}, "after": {"number": "H2"}},
    )  # fmt: skip
    return int(found.pk)


def make_campaign(world: World, side: Side) -> int:
    """A message that was written and not sent, to the household of a side."""
    home, town = world.get_home(side), world.get_town(side)
    texts = {"nb": {"subject": f"Til {home.marker}", "body": "Vannet stenges."}}
    found, _made = Campaign.objects.get_or_create(
        organisation_id=town.id, party_id=home.party, defaults={"texts": texts, "made_by": "test", "made_at": MOVED_AT}
    )
    return int(found.pk)


SAMPLERS = {
    "finding": make_finding,
    "member": get_member,
    "audit_entry": make_audit_entry,
    "campaign": make_campaign,
}
