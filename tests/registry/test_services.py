# SPDX-License-Identifier: Apache-2.0
"""Writes of places, people, heard meters and documents: checked, audited, within one organisation."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from avlest.registry.access import (
    access_actor,
    access_gateway,
    access_installation,
    access_meter,
    access_organisation_as_system,
    access_point,
    access_property,
    access_tenancy,
)
from avlest.registry.contracts import HeardMeter, RegisterSpec
from avlest.registry.errors import Problem, RegistryError
from avlest.registry.identifiers import MeterAddress
from avlest.registry.models import (
    AuditEntry,
    Document,
    Gateway,
    Installation,
    Meter,
    MeteringPoint,
    Party,
    Property,
    Tenancy,
    Unit,
    User,
    Zone,
)
from avlest.registry.queries import (
    get_gateways,
    get_meters,
    get_meters_by_dev_eui,
    get_points,
    get_registers,
    get_series,
    get_tenancies,
)
from avlest.registry.rights import RIGHTS, AccessDeniedError, Actor, Right, Role
from avlest.registry.services.audit import get_versions
from avlest.registry.services.documents import Upload, do_attach_document
from avlest.registry.services.heard import do_enrol_meters, do_ensure_gateways
from avlest.registry.services.organisations import do_add_member, do_create_organisation, do_remove_member
from avlest.registry.services.rows import do_change_row, do_create_row
from avlest.registry.services.series import do_ensure_registers
from avlest.registry.services.tenancies import MoveIn, do_begin_tenancy, do_end_tenancy, do_hand_over
from tests.registry.builders import at, install, make_meter, make_party, make_point, make_property, make_unit

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (lambda: Meter(manufacturer="kam", serial="12345678"), "manufacturer: Write it KAM"),
        (lambda: Meter(manufacturer="KAM", serial="1234567A"), "serial: Write it 1234567a"),
        (lambda: Meter(manufacturer="KAM", serial="12345678", dev_eui="x"), "dev_eui: Expected 16 hexadecimal"),
        (lambda: Meter(manufacturer="KAM", serial="12345678", version=300), "numbers from 0 to 255"),
        (lambda: MeteringPoint(code="P", medium="steam"), "medium: Expected one of cold_water"),
        (lambda: MeteringPoint(code="P", medium="electricity", gsrn="707057500012345678"), "gsrn: Expected 18 digits"),
        (lambda: Property(gnr=12), "has municipality, gnr and bnr"),
        (lambda: Property(bnr=12, municipality="3110"), "has municipality, gnr and bnr"),
        (lambda: Property(municipality="31100", gnr=1, bnr=1), "municipality"),
        (lambda: Property(latitude=59, longitude=None), "both latitude"),
        (lambda: Party(code="1", name="X", number="123456789"), "number: Expected nine digits"),
        (lambda: Party(code="1", name="X", email="nope"), "email"),
        (lambda: Party(code="1"), "name: This field cannot be blank"),
    ],
)
def test_a_wrong_value_is_refused_naming_the_field(actor, now, row, message):
    """Each field says what it expects; nothing is kept."""
    before = AuditEntry.objects.count()
    with pytest.raises(RegistryError, match=message) as caught:
        do_create_row(actor, row(), now=now)
    assert caught.value.problem is Problem.INVALID
    assert AuditEntry.objects.count() == before


def test_the_same_meter_twice_in_one_organisation_is_refused(actor, stranger, now):
    """Maker and serial are unique within an organisation, not between them."""
    make_meter(actor)
    make_meter(stranger)
    with pytest.raises(RegistryError, match="already exists"):
        make_meter(actor)


def test_a_gsrn_with_its_check_digit_is_taken(actor, now):
    """A whole GSRN passes and comes back in the contract."""
    row = MeteringPoint(code="E1", medium="electricity", gsrn="707057500012345671")
    (point,) = get_points([do_create_row(actor, row, now=now)])
    assert (point.gsrn, point.medium, point.organisation_id) == (
        "707057500012345671",
        "electricity",
        actor.organisation_id,
    )


def test_a_change_writes_what_differs(actor, now):
    """Only the changed columns are in the audit row; setting the same again writes nothing."""
    meter = make_meter(actor)
    assert do_change_row(actor, Meter, meter, {"size_class": "DN15"}, now=now)
    assert not do_change_row(actor, Meter, meter, {"size_class": "DN15"}, now=now)
    entry = AuditEntry.objects.get(action="change")
    assert (entry.before, entry.after, entry.at, entry.actor) == (
        {"size_class": ""}, {"size_class": "DN15"}, now, "test vik",
    )  # fmt: skip


@pytest.mark.parametrize("name", ["organisation", "organisation_id", "id", "colour"])
def test_a_column_that_may_not_change_is_refused(actor, stranger, now, name):
    """A row cannot be moved to another organisation, renumbered or given unknown columns."""
    meter = make_meter(actor)
    with pytest.raises(RegistryError, match=f"meter has no column {name}"):
        do_change_row(actor, Meter, meter, {name: stranger.organisation_id}, now=now)


def test_points_cannot_be_part_of_each_other(actor, now):
    """A main point that would hang below its own sub point is refused."""
    top = make_point(actor, "A")
    below = make_point(actor, "B", parent_id=top)
    with pytest.raises(RegistryError, match="A would be part of itself") as caught:
        do_change_row(actor, MeteringPoint, top, {"parent_id": below}, now=now)
    assert caught.value.problem is Problem.LOOP


def test_a_relation_into_another_organisation_is_refused(actor, stranger, now):
    """A unit of one's own in somebody else's property cannot be made."""
    theirs = make_property(stranger)
    with pytest.raises(AccessDeniedError, match=f"no property {theirs} in this organisation"):
        do_create_row(actor, Unit(property_id=theirs, number="1"), now=now)


def test_moving_in_and_out_leaves_history(actor, now):
    """A hand-over ends the old tenancy at the instant the new one begins."""
    unit = make_unit(actor, make_property(actor))
    first = do_begin_tenancy(actor, MoveIn(make_party(actor, "1"), "resident", at("2025-01-01"), unit), now=now)
    second = do_hand_over(actor, MoveIn(make_party(actor, "2"), "resident", at("2026-02-01"), unit), now=now)
    rows = get_tenancies(unit_ids=[unit])
    assert [(r.id, r.starts_at, r.ends_at) for r in rows] == [
        (first, at("2025-01-01"), at("2026-02-01")),
        (second, at("2026-02-01"), None),
    ]
    with pytest.raises(RegistryError, match="ended 2026-02-01"):
        do_end_tenancy(actor, first, ends_at=at("2027-01-01"), now=now)


def test_two_residents_at_once_are_refused_but_an_owner_beside_is_not(actor, now):
    """Tenancies of one role in one place do not overlap; other roles do not matter."""
    unit = make_unit(actor, make_property(actor))
    do_begin_tenancy(actor, MoveIn(make_party(actor, "1"), "resident", at("2025-01-01"), unit), now=now)
    other = make_party(actor, "2")
    do_begin_tenancy(actor, MoveIn(other, "owner", at("2025-01-01"), unit), now=now)
    with pytest.raises(RegistryError, match="the place is taken: Kari Nordmann · resident"):
        do_begin_tenancy(actor, MoveIn(other, "resident", at("2026-01-01"), unit), now=now)


def test_a_tenancy_that_ends_before_it_begins_is_refused(actor, now):
    """The end must come after the beginning: by the service, and by the database itself."""
    unit = make_unit(actor, make_property(actor))
    tenancy = do_begin_tenancy(actor, MoveIn(make_party(actor), "owner", at("2025-01-01"), unit), now=now)
    with pytest.raises(RegistryError, match="end must come after"):
        do_end_tenancy(actor, tenancy, ends_at=at("2025-01-01"), now=now)
    with pytest.raises(IntegrityError), transaction.atomic():
        Tenancy.objects.filter(pk=tenancy).update(ends_at=at("2024-01-01"))


def test_a_tenancy_is_in_a_unit_or_a_property_never_both(actor, now):
    """Exactly one place is named."""
    property_id = make_property(actor)
    unit, party = make_unit(actor, property_id), make_party(actor)
    for places in ({}, {"unit_id": unit, "property_id": property_id}):
        with pytest.raises(RegistryError, match="either a unit or a property"):
            do_begin_tenancy(actor, MoveIn(party, "owner", at("2025-01-01"), **places), now=now)


def test_heard_meters_are_enrolled_once(actor, now):
    """A batch of heard addresses makes what is new, leaves what is known, and may be repeated."""
    known = make_meter(actor, "11111111")
    heard = [
        HeardMeter(MeterAddress("KAM", "11111111"), version=1),
        HeardMeter(MeterAddress("SEN", "22222222"), version=2, device_type=7, family="iperl"),
        HeardMeter(MeterAddress("LSE", "0018b20000000001"), dev_eui="0018b20000000001"),
    ]
    ids = do_enrol_meters(actor, heard, now=now)
    assert do_enrol_meters(actor, heard, now=now) == ids
    assert ids[MeterAddress("KAM", "11111111")] == known
    assert {m.serial: m.state for m in Meter.objects.all()} == {
        "11111111": "stock", "22222222": "found", "0018b20000000001": "found",
    }  # fmt: skip
    assert AuditEntry.objects.filter(action="found").count() == 2
    (lora,) = get_meters_by_dev_eui(["0018b20000000001", "ffffffffffffffff"])["0018b20000000001"]
    assert (lora.id, lora.has_key) == (ids[lora.address], False)


def test_meters_of_two_organisations_both_come(actor, stranger, now):
    """An address two organisations register gives two meters, each with its organisation."""
    make_meter(actor)
    make_meter(stranger)
    (address,) = get_meters([MeterAddress("KAM", "12345678"), MeterAddress("KAM", "00000000")])
    organisations = [meter.organisation_id for meter in get_meters()[address]]
    assert organisations == [actor.organisation_id, stranger.organisation_id]


def test_gateways_are_made_once(actor, now):
    """A gateway seen for the first time is made; retired ones are not offered."""
    ids = do_ensure_gateways(actor, ["gw1", "gw2"], kind="chirpstack", now=now)
    assert do_ensure_gateways(actor, ["gw1", "gw2"], kind="chirpstack", now=now) == ids
    Gateway.objects.filter(code="gw2").update(retired_at=now)
    assert set(get_gateways()) == {"gw1"}
    assert set(get_gateways(["gw2"])) == set()


def test_registers_are_made_for_own_meters_only(actor, stranger, now):
    """Registers of another organisation's meter cannot be made."""
    theirs = make_meter(stranger)
    with pytest.raises(AccessDeniedError):
        do_ensure_registers(actor, [RegisterSpec(theirs, "volume", "l")], now=now)


def test_registers_and_series_come_as_contracts(actor, now):
    """Reads give frozen values with the canonical unit and the bucket."""
    meter, point = make_meter(actor), make_point(actor)
    do_ensure_registers(actor, [RegisterSpec(meter, "volume", "l", tariff=2)], now=now)
    install(actor, meter, point)
    (register,), (series,) = get_registers([meter]), get_series([point])
    assert (register.spec.tariff, series.tariff, series.unit, series.bucket) == (2, 2, "l", series.id // 65536)


def test_a_document_is_kept_by_its_content(actor, now, settings, tmp_path):
    """The file lies under its hash, readable by its owner only; the row has size and hash."""
    settings.MEDIA_ROOT = tmp_path
    content = b"\xff\xd8 a photo"
    upload = Upload("photo_value", "Stand", "image/jpeg", content, about="meter", about_id=make_meter(actor))
    row = Document.objects.get(pk=do_attach_document(actor, upload, now=now))
    digest = hashlib.sha256(content).hexdigest()
    file = tmp_path / str(actor.organisation_id) / digest[:2] / digest
    assert (row.sha256, row.size, file.read_bytes()) == (digest, len(content), content)
    assert file.stat().st_mode & 0o077 == 0
    do_attach_document(actor, upload, now=now)
    assert len([f for f in tmp_path.rglob("*") if f.is_file()]) == 1


@pytest.mark.parametrize(
    ("content", "about", "message"), [(b"", "meter", "0 bytes"), (b"x", "moon", "expected one of")]
)
def test_a_document_of_nothing_or_about_nothing_is_refused(actor, now, content, about, message):
    """An empty file and an unknown subject are refused."""
    upload = Upload("other", "X", "text/plain", content, about=about, about_id=make_meter(actor))
    with pytest.raises(RegistryError, match=message):
        do_attach_document(actor, upload, now=now)


def test_members_come_and_go_with_an_audit_row(actor, now):
    """A role is given and taken; the actor of a member has the rights of the role."""
    user = User.objects.create(username="ola")
    do_add_member(actor, user_id=user.pk, role=Role.BILLING, now=now)
    assert access_actor(user.pk, actor.organisation_id).rights == RIGHTS[Role.BILLING]
    do_add_member(actor, user_id=user.pk, role=Role.CARETAKER, now=now)
    assert Right.VIEW_AUDIT in access_actor(user.pk, actor.organisation_id).rights
    assert do_remove_member(actor, user_id=user.pk, role=Role.BILLING, now=now)
    assert not do_remove_member(actor, user_id=user.pk, role=Role.BILLING, now=now)
    assert access_actor(user.pk, actor.organisation_id).rights == RIGHTS[Role.CARETAKER]
    assert list(AuditEntry.objects.filter(subject="membership").order_by("id").values_list("action", flat=True)) == [
        "add_member", "add_member", "remove_member",
    ]  # fmt: skip


def test_one_who_is_no_member_or_not_active_is_nobody(actor, now):
    """Without a membership, or with the account closed, there is no actor."""
    user = User.objects.create(username="ola")
    with pytest.raises(AccessDeniedError, match="is not a member"):
        access_actor(user.pk, actor.organisation_id)
    do_add_member(actor, user_id=user.pk, role=Role.BILLING, now=now)
    User.objects.update(is_active=False)
    with pytest.raises(AccessDeniedError, match="is not a member"):
        access_actor(user.pk, actor.organisation_id)


def test_an_organisation_with_a_wrong_number_is_refused(db, now):
    """The check digit of an organisation number counts."""
    with pytest.raises(RegistryError, match="nine digits with a valid check digit"):
        do_create_organisation(name="X", slug="x", number="123456789", by="test", now=now)


def test_an_unknown_organisation_names_the_known(actor):
    """A misspelt short name on the command line shows the ones there are."""
    with pytest.raises(AccessDeniedError, match='no organisation "vikk"; known: vik'):
        access_organisation_as_system("vikk", name="test")
    assert access_organisation_as_system("vik", name="test").organisation_id == actor.organisation_id


def test_versions_grow_for_those_who_cache(actor, now):
    """Each kind of write counts up its own counter."""
    before = get_versions(("meters", "places", "people"))
    make_meter(actor)
    make_property(actor)
    after = get_versions(("meters", "places", "people"))
    assert [after[n] - before[n] for n in ("meters", "places", "people")] == [1, 1, 0]


ACCESS: dict[str, tuple[Callable[[Actor, int], Any], Right]] = {
    "meter": (access_meter, Right.VIEW_METERS),
    "installation": (access_installation, Right.VIEW_METERS),
    "property": (access_property, Right.VIEW_PLACES),
    "point": (access_point, Right.VIEW_PLACES),
    "tenancy": (access_tenancy, Right.VIEW_PEOPLE),
    "gateway": (access_gateway, Right.VIEW_METERS),
}


@pytest.fixture
def rows(actor, now):
    """One row of each kind that has an access function."""
    meter, property_id, point = make_meter(actor), make_property(actor), make_point(actor)
    move = MoveIn(make_party(actor), "owner", at("2026-01-01"), property_id=property_id)
    return {
        "meter": meter,
        "property": property_id,
        "point": point,
        "installation": install(actor, meter, point),
        "tenancy": do_begin_tenancy(actor, move, now=now),
        "gateway": do_create_row(actor, Gateway(code="gw"), now=now),
    }


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("kind", ACCESS)
def test_the_matrix_of_roles_and_rows(actor, stranger, rows, kind, role):
    """Each role reaches exactly what its rights say, and nothing of another organisation."""
    access, right = ACCESS[kind]
    own = Actor(actor.organisation_id, "own", RIGHTS[role])
    other = Actor(stranger.organisation_id, "other", RIGHTS[role])
    if right in RIGHTS[role]:
        assert access(own, rows[kind]).organisation_id == actor.organisation_id
        with pytest.raises(AccessDeniedError, match="in this organisation"):
            access(other, rows[kind])
    else:
        for one in (own, other):
            with pytest.raises(AccessDeniedError, match="may not view"):
                access(one, rows[kind])


def test_a_failed_write_keeps_nothing_of_itself(actor, now, monkeypatch):
    """When the last step of a write fails, the row and its audit row are both gone."""

    def fail(*_names: str) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr("avlest.registry.services.installations.bump_version", fail)
    before = AuditEntry.objects.count()
    meter, point = make_meter(actor), make_point(actor)
    made = AuditEntry.objects.count() - before
    with pytest.raises(RuntimeError, match="power cut"), transaction.atomic():
        install(actor, meter, point)
    assert (Installation.objects.count(), AuditEntry.objects.count() - before) == (0, made)
    assert Zone.objects.count() == 0
