# SPDX-License-Identifier: Apache-2.0
"""The admin: every page opens, people see their own organisations, keys are only written."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.urls import reverse

from avlest.registry.models import (
    AuditEntry,
    Gateway,
    Installation,
    Membership,
    Meter,
    MeterKey,
    Party,
    Tenancy,
    User,
    Zone,
    ZoneMeter,
)
from avlest.registry.rights import Role
from avlest.registry.services.documents import Upload, do_attach_document
from avlest.registry.services.installations import Mounting, RegisterValue, do_install_meter
from avlest.registry.services.keys import do_set_meter_key, get_meter_keys
from avlest.registry.services.rows import do_create_row
from avlest.registry.services.tenancies import MoveIn, do_begin_tenancy
from tests.registry.builders import at, make_meter, make_party, make_point, make_property, make_unit

pytestmark = pytest.mark.django_db

KEY = "00112233445566778899AABBCCDDEEFF"
admin.autodiscover()
REGISTRY = [model for model in admin.site._registry if model._meta.app_label == "registry"]


def make_user(role: Role, actor, *, name: str = "ola") -> User:
    user = User.objects.create(username=name, is_staff=True)
    Membership.objects.create(user=user, organisation_id=actor.organisation_id, role=role)
    return user


@pytest.fixture
def root(client, db):
    """A browser with a superuser logged in."""
    client.force_login(User.objects.create(username="root", is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def place(actor, now, settings, tmp_path):
    """At least one row of every kind, the meter with a key."""
    settings.MEDIA_ROOT = tmp_path
    property_id = make_property(actor)
    unit, meter = make_unit(actor, property_id), make_meter(actor)
    point = make_point(actor, property_id=property_id)
    do_set_meter_key(actor, meter, bytes.fromhex(KEY), now=now)
    values = [RegisterValue("volume", "l", 1000)]
    installation = do_install_meter(actor, Mounting(meter, point, at("2026-01-01"), values=values), now=now)
    party = make_party(actor)
    tenancy = do_begin_tenancy(actor, MoveIn(party, "resident", at("2026-01-01"), unit_id=unit), now=now)
    zone = do_create_row(actor, Zone(code="S1"), now=now)
    do_create_row(actor, ZoneMeter(zone_id=zone, point_id=point), now=now)
    do_create_row(actor, Gateway(code="gw-1"), now=now)
    photo = Upload("photo_seal", "Seal", "image/jpeg", b"\xff\xd8", about="installation", about_id=installation)
    do_attach_document(actor, photo, now=now)
    User.objects.create(username="somebody").membership_set.create(
        organisation_id=actor.organisation_id, role="billing"
    )
    return {"meter": meter, "installation": installation, "point": point, "party": party, "tenancy": tenancy}


@pytest.mark.parametrize("model", REGISTRY, ids=lambda model: model._meta.model_name)
def test_every_list_opens_and_can_be_searched(root, place, model):
    """The list of every kind of row answers, also to a search."""
    url = reverse(f"admin:registry_{model._meta.model_name}_changelist")
    assert root.get(url).status_code == 200
    assert root.get(url, {"q": "12"}).status_code == 200


@pytest.mark.parametrize("model", REGISTRY, ids=lambda model: model._meta.model_name)
def test_every_row_opens_and_never_shows_a_key(root, place, model):
    """The form of one row of every kind answers and holds neither key nor ciphertext."""
    row = model._default_manager.first()
    assert row is not None
    page = root.get(reverse(f"admin:registry_{model._meta.model_name}_change", args=[row.pk]))
    text = page.content.decode().lower()
    assert page.status_code == 200
    assert KEY.lower() not in text
    assert MeterKey.objects.get().sealed.lower() not in text


@pytest.mark.parametrize(
    "name", ["meter", "installation", "meteringpoint", "series", "register", "installationvalue", "auditentry"]
)
def test_a_longer_list_asks_no_more_questions(root, actor, now, django_assert_max_num_queries, name):
    """A list of 20 rows is read with the same few queries as a list of one."""
    for n in range(20):
        meter, point = make_meter(actor, f"{n:08d}"), make_point(actor, f"P{n}")
        values = [RegisterValue("volume", "l", 1000)]
        do_install_meter(actor, Mounting(meter, point, at("2026-01-01"), values=values), now=now)
    url = reverse(f"admin:registry_{name}_changelist")
    root.get(url)
    with django_assert_max_num_queries(12):
        root.get(url)


def post_meter(client, meter: Meter, **fields: str):
    data = {"printed_number": meter.printed_number, "state": meter.state, "family": "", **fields}
    formsets = {
        f"{prefix}-{name}": "0"
        for prefix in ("installation_set", "register_set", "keys")
        for name in ("TOTAL_FORMS", "INITIAL_FORMS")
    }
    return client.post(reverse("admin:registry_meter_change", args=[meter.pk]), {**data, **formsets})


def test_a_key_is_set_in_the_meters_form_and_sealed(root, actor):
    """The write-only field seals a key; the page, the log and the audit do not have it."""
    meter = Meter.objects.get(pk=make_meter(actor))
    assert post_meter(root, meter, new_key=KEY).status_code == 302
    assert [keys[0] for keys in get_meter_keys().values()] == [bytes.fromhex(KEY)]
    assert not any(KEY.lower() in f"{e.before}{e.after}{e.label}".lower() for e in AuditEntry.objects.all())


def test_a_wrong_key_is_not_repeated(root, actor):
    """A malformed key is refused without showing up in the page."""
    meter = Meter.objects.get(pk=make_meter(actor))
    page = post_meter(root, meter, new_key="5A5A5A5A5A")
    assert page.status_code == 200
    text = page.content.decode()
    assert "32 hexadecimal digits" in text
    assert "5A5A5A5A5A" not in text
    assert not MeterKey.objects.exists()


def test_a_change_writes_an_audit_row(root, actor):
    """A save in the admin is in the audit log with the person's name and what changed."""
    meter = Meter.objects.get(pk=make_meter(actor))
    post_meter(root, meter, printed_number="A-77")
    entry = AuditEntry.objects.latest("id")
    assert (entry.actor, entry.action, entry.before, entry.after) == (
        "root", "change", {"printed_number": ""}, {"printed_number": "A-77"},
    )  # fmt: skip


def test_an_overlap_is_refused_in_the_form(root, actor, place):
    """The form of an installation says that the point is taken."""
    data = {
        "organisation": actor.organisation_id, "meter": make_meter(actor, "22222222"), "point": place["point"],
        "role": "main", "starts_at_0": "2026-02-01", "starts_at_1": "00:00:00",
        "values-TOTAL_FORMS": "0", "values-INITIAL_FORMS": "0",
    }  # fmt: skip
    page = root.post(reverse("admin:registry_installation_add"), data)
    assert "the metering point is taken" in page.content.decode()
    assert Installation.objects.count() == 1


def test_history_is_fixed_in_the_form(root, actor, place):
    """A saved installation's meter, point and start cannot be changed; an open end can be set."""
    url = reverse("admin:registry_installation_change", args=[place["installation"]])
    data = {
        "seal": "S-1", "ends_at_0": "2026-02-01", "ends_at_1": "00:00:00", "starts_at_0": "2020-01-01",
        "starts_at_1": "00:00:00", "values-TOTAL_FORMS": "0", "values-INITIAL_FORMS": "0",
    }  # fmt: skip
    assert root.post(url, data).status_code == 302
    row = Installation.objects.get()
    assert (row.starts_at, row.seal, row.meter.state) == (at("2026-01-01"), "S-1", "removed")
    assert row.ends_at is not None
    root.post(url, {**data, "ends_at_0": "2026-02-09"})
    assert Installation.objects.get().ends_at == row.ends_at


def test_an_operator_sees_only_their_organisation(client, actor, stranger):
    """Rows of another organisation are neither listed nor opened nor offered."""
    own, theirs = make_meter(actor, "11111111"), make_meter(stranger, "99999999")
    client.force_login(make_user(Role.OPERATOR, actor))
    page = client.get(reverse("admin:registry_meter_changelist")).content.decode()
    assert "11111111" in page
    assert "99999999" not in page
    assert client.get(reverse("admin:registry_meter_change", args=[own])).status_code == 200
    assert client.get(reverse("admin:registry_meter_change", args=[theirs])).status_code == 302


def test_a_row_cannot_be_made_in_another_organisation(client, actor, stranger):
    """Choosing an organisation one does not belong to is refused."""
    client.force_login(make_user(Role.OPERATOR, actor))
    data = {"organisation": stranger.organisation_id, "code": "Z", "name": ""}
    data |= {"main_meters-TOTAL_FORMS": "0", "main_meters-INITIAL_FORMS": "0"}
    page = client.post(reverse("admin:registry_zone_add"), data)
    assert page.status_code == 200
    assert "Select a valid choice" in page.content.decode() or "Velg et gyldig valg" in page.content.decode()


@pytest.mark.parametrize(
    ("role", "name", "allowed"),
    [
        (Role.OPERATOR, "meter", True),
        (Role.OPERATOR, "auditentry", False),
        (Role.BILLING, "auditentry", True),
        (Role.BILLING, "meterkey", False),
        (Role.CARETAKER, "party", False),
        (Role.INSTALLER, "installation", True),
        (Role.RESIDENT, "meter", False),
        (Role.MANAGER, "user", False),
    ],
)
def test_each_role_opens_only_its_lists(client, actor, role, name, allowed):
    """What a role may not view answers 403."""
    client.force_login(make_user(role, actor))
    page = client.get(reverse(f"admin:registry_{name}_changelist"))
    assert page.status_code == (200 if allowed else 403)


def test_a_caretaker_looks_but_does_not_change(client, actor):
    """A role with a view right gets the form without fields to fill in."""
    meter = Meter.objects.get(pk=make_meter(actor))
    client.force_login(make_user(Role.CARETAKER, actor))
    assert client.get(reverse("admin:registry_meter_change", args=[meter.pk])).status_code == 200
    assert post_meter(client, meter, printed_number="X").status_code == 403


def test_nothing_can_be_deleted(root, place):
    """No row can be deleted in the admin, not even by a superuser."""
    for model, pk in ((Meter, place["meter"]), (Party, place["party"]), (Tenancy, place["tenancy"])):
        url = reverse(f"admin:registry_{model._meta.model_name}_delete", args=[pk])
        assert root.post(url, {"post": "yes"}).status_code == 403
