# SPDX-License-Identifier: Apache-2.0
"""Lists become rows: previewed, all or nothing or without the bad rows, and again without change."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from avlest.registry.errors import Problem, RegistryError
from avlest.registry.identifiers import MeterAddress
from avlest.registry.importing.engine import KINDS, Upload, do_import, preview_import
from avlest.registry.importing.report import OnError
from avlest.registry.models import (
    AuditEntry,
    Installation,
    InstallationValue,
    Meter,
    MeteringPoint,
    MeterKey,
    Party,
    Property,
    Series,
    Tenancy,
    Unit,
)
from avlest.registry.rights import AccessDeniedError, Actor, Right
from avlest.registry.services import bulk
from avlest.registry.services.keys import get_meter_keys
from tests.registry.builders import at
from tests.registry.test_import_files import make_xlsx

pytestmark = pytest.mark.django_db

KEY = "00112233445566778899aabbccddeeff"
METERS = """Produsent;Målernummer;Modell;Dimensjon;Nøkkel
KAM;12345678;MC21;DN15;00112233445566778899AABBCCDDEEFF
SEN;0087654321;iPERL;DN20;
axi;777;Q;;0x0102030405060708090a0b0c0d0e0f10
"""
PLACES = """Kommunenr;Gnr;Bnr;Adresse;Breddegrad;Lengdegrad;Enhet;BRA;Målepunkt;Media;Målesone;Hovedmålepunkt
3110;12;34;Storgata 1;59,123456;10,5;;;HOVED;Kaldtvann;S1;
3110;12;34;;;;H0101;55,5;A1;Kaldtvann;S1;HOVED
3110;12;34;;;;H0102;60,25;A2;Varmtvann;S1;HOVED
"""
PARTIES = """Kundenummer;Navn;Type;E-post;Orgnr
100;Kari Nordmann;privat;kari@example.no;
200;Vik Rør AS;bedrift;;923609016
"""
TENANCIES = """Kunde;Matrikkel;Enhet;Rolle;Fra;Til
100;3110-12/34;H0101;beboer;01.06.2025;
200;3110-12/34;;abonnent;01.01.2020;
"""
INSTALLATIONS = """Målernummer;Målepunkt;Montert;Demontert;Startverdi (m³);Sluttverdi (m3);Plombe;Montør
12345678;HOVED;01.01.2020;14.08.2025 10:00;1240,5;1302,25;P-1;200
00000777;HOVED;14.08.2025 10:00;;0,013;;P-2;200
"""


def load(actor, kind: str, text: str | bytes, *, now, on_error=OnError.REFUSE_ALL, password=None):
    content = text.encode() if isinstance(text, str) else text
    return do_import(actor, kind, Upload("list.csv", content, password), on_error=on_error, now=now)


def issues(report) -> list[str]:
    return [str(issue) for issue in report.issues]


@pytest.fixture
def municipality(actor, now):
    """A small municipality, imported from five lists."""
    reports = [
        load(actor, "meters", METERS.replace("0087654321", "87654321"), now=now),
        load(actor, "places", PLACES, now=now),
        load(actor, "parties", PARTIES, now=now),
        load(actor, "tenancies", TENANCIES, now=now),
        load(actor, "installations", INSTALLATIONS, now=now),
    ]
    assert [report.issues for report in reports] == [()] * 5
    return reports


def test_five_lists_make_a_municipality(municipality, actor):
    """Meters, places, parties, tenancies and installations arrive with their relations."""
    assert [dict(r.created) for r in municipality] == [
        {"meter": 3, "meterkey": 2},
        {"property": 1, "unit": 2, "zone": 1, "meteringpoint": 3},
        {"party": 2},
        {"tenancy": 2},
        {"installation": 2, "register": 2, "installationvalue": 3, "series": 1},
    ]
    assert str(Property.objects.get().cadastre) == "3110-12/34"
    assert (Property.objects.get().latitude, Property.objects.get().longitude) == (
        Decimal("59.123456"),
        Decimal("10.5"),
    )
    points = {p.code: p for p in MeteringPoint.objects.select_related("parent", "unit", "zone")}
    assert points["A1"].parent == points["HOVED"]
    assert (points["A2"].unit.area, points["A2"].medium, points["A2"].zone.code) == (
        Decimal("60.25"),
        "hot_water",
        "S1",
    )
    assert {t.role: (t.unit is None, t.starts_at) for t in Tenancy.objects.all()} == {
        "resident": (False, at("2025-05-31T22:00")),
        "subscriber": (True, at("2019-12-31T23:00")),
    }
    assert [(i.ends_at, i.seal, i.installer.name) for i in Installation.objects.order_by("starts_at")] == [
        (at("2025-08-14T08:00"), "P-1", "Vik Rør AS"),
        (None, "P-2", "Vik Rør AS"),
    ]
    assert list(InstallationValue.objects.order_by("id").values_list("moment", "value")) == [
        ("start", 1_240_500_000), ("end", 1_302_250_000), ("start", 13_000),
    ]  # fmt: skip
    assert {m.serial: m.state for m in Meter.objects.all()} == {
        "12345678": "removed", "87654321": "stock", "00000777": "installed",
    }  # fmt: skip
    assert Series.objects.get().point == points["HOVED"]


def test_importing_again_changes_nothing(municipality, actor, now):
    """The same lists a second time make and change no row, and write no audit row but their own."""
    before = AuditEntry.objects.count()
    lists = [METERS.replace("0087654321", "87654321"), PLACES, PARTIES, TENANCIES, INSTALLATIONS]
    for kind, text in zip(("meters", "places", "parties", "tenancies", "installations"), lists, strict=True):
        report = load(actor, kind, text, now=now)
        assert (dict(report.created), dict(report.updated), report.issues) == ({}, {}, ())
        assert report.unchanged == report.facts.rows
    assert AuditEntry.objects.count() == before + 5


def test_keys_arrive_sealed_and_open_again(municipality, actor):
    """Keys in a meter list are stored sealed and come back by address."""
    keys = get_meter_keys([MeterAddress("KAM", "12345678"), MeterAddress("SEN", "87654321")])
    assert dict(keys) == {MeterAddress("KAM", "12345678"): (bytes.fromhex(KEY),)}
    assert all(KEY not in row.sealed for row in MeterKey.objects.all())


def test_a_preview_shows_every_issue_and_writes_nothing(actor, now):
    """Each bad cell is named with line, column, value and what is expected."""
    text = "Produsent;Serienr;Årgang;Nøkkel\nKAM;12?;2020;00\nK1;22222222;20x;\nKAM;33333333;2021;\n"
    report = preview_import(actor, "meters", Upload("m.csv", text.encode()), now=now)
    assert issues(report) == [
        "line 2, Serienr is '12?': expected 8 hexadecimal digits (radio address) or a meter number of 8-32 characters",
        "line 2, Nøkkel is '(2 characters)': expected 32 hexadecimal digits",
        "line 3, Produsent is 'K1': expected three letters, such as KAM",
        "line 3, Årgang is '20x': expected a whole number",
    ]
    assert (report.good_rows, report.bad_rows, dict(report.created), report.applied) == (1, 2, {"meter": 1}, False)
    assert (report.facts.delimiter, report.facts.encoding, report.facts.format) == (";", "utf-8", "csv")
    assert not Meter.objects.exists()


def test_one_bad_row_keeps_everything_out_unless_bad_rows_are_skipped(actor, now):
    """All or nothing by default; on request the good rows are taken in."""
    text = "Produsent;Serienr\nKAM;11111111\nKAM;?\nKAM;22222222\n"
    report = load(actor, "meters", text, now=now)
    assert (report.applied, Meter.objects.count()) == (False, 0)
    report = load(actor, "meters", text, now=now, on_error=OnError.SKIP_BAD)
    assert (report.applied, report.bad_rows, Meter.objects.count()) == (True, 1, 2)


def test_a_meter_twice_in_a_file_names_both_lines(actor, now):
    """The later of two rows for one meter is refused and points to the first."""
    report = load(actor, "meters", "make;serial\nKAM;00000001\nSEN;00000001\nkam;1\n", now=now)
    assert issues(report) == ["line 4, serial is '1': is in the file twice (see line 2)"]


def test_a_key_never_shows_in_an_issue(actor, now):
    """A malformed key is described by its length, never repeated."""
    secret = "5A" * 17
    report = load(actor, "keys", f"make;serial;key\nKAM;11111111;{secret}\n", now=now)
    assert issues(report) == ["line 2, key is '(34 characters)': expected 32 hexadecimal digits"]
    assert secret not in repr(report)


def test_overlapping_installations_in_a_file_name_both_lines(municipality, actor, now):
    """Two rows that put one meter in two places at once are refused with both lines."""
    text = "serial;point;from;to\n87654321;A1;2024-01-01;2024-06-01\n87654321;A2;2024-05-01;\n"
    report = load(actor, "installations", text, now=now)
    assert issues(report) == ["line 3, from is '2024-05-01': the meter is taken in that period (see line 2)"]


def test_an_installation_that_collides_with_the_register_says_with_what(municipality, actor, now):
    """A row that takes a point already taken names the installation and its period."""
    report = load(actor, "installations", "serial;point;from\n87654321;HOVED;2026-01-01\n", now=now)
    assert issues(report) == [
        "line 2, from is '2026-01-01': the metering point is taken: AXI 00000777 @ HOVED, from 2025-08-14T08:00Z to now"
    ]


def test_an_open_installation_may_be_closed_by_a_list_and_the_next_begin(municipality, actor, now):
    """One list may end the present installation, with its end value, and begin the next."""
    text = (
        "serial;point;from;to;end reading (m3)\n"
        "00000777;HOVED;2025-08-14 10:00;2026-02-01;58,763\n"
        "87654321;HOVED;2026-02-01;;\n"
    )
    report = load(actor, "installations", text, now=now)
    assert (issues(report), dict(report.updated)) == ([], {"installation": 1, "meter": 2})
    assert InstallationValue.objects.get(moment="end", installation__meter__serial="00000777").value == 58_763_000
    assert {m.serial: m.state for m in Meter.objects.all()} == {
        "12345678": "removed", "00000777": "removed", "87654321": "installed",
    }  # fmt: skip


def test_closed_history_is_not_overwritten_by_a_list(municipality, actor, now):
    """A list that gives another end to a closed installation is refused."""
    text = "serial;point;from;to\n12345678;HOVED;2020-01-01;2025-08-15\n"
    report = load(actor, "installations", text, now=now)
    assert "it ended 2025-08-14T08:00Z; history is not overwritten" in issues(report)[0]


def test_a_register_value_needs_a_unit(municipality, actor, now):
    """A start value without a unit, or with one of another dimension, is refused naming the right ones."""
    for heading, cell in (("start", "5"), ("start (kWh)", "5")):
        text = f"serial;point;from;{heading}\n87654321;A1;2026-01-01;{cell}\n"
        report = load(actor, "installations", text, now=now)
        assert "expected a unit column, or a unit in the heading: m3, l" in issues(report)[0]


def test_unknown_meters_points_and_customers_are_named(municipality, actor, now):
    """What a row refers to must be registered; the message says which list to import first."""
    text = "serial;point;from;installer\n99999999;A1;2026-01-01;\n87654321;ZZ;2026-01-01;900\n"
    report = load(actor, "installations", text, now=now)
    assert issues(report) == [
        "line 2, serial is '99999999': no such meter in the register; import the meters first",
        "line 3, point is 'ZZ': no such metering point in the register; import the places first",
        "line 3, installer is '900': no such customer number; import the parties first",
    ]


def test_overlapping_tenancies_are_refused(municipality, actor, now):
    """A second resident of the same unit at the same time is refused; the next one is not."""
    text = "Kunde;Matrikkel;Enhet;Rolle;Fra\n200;3110-12/34;H0101;beboer;01.01.2026\n"
    report = load(actor, "tenancies", text, now=now)
    assert "the place is taken: Kari Nordmann · resident" in issues(report)[0]
    text = (
        "Kunde;Matrikkel;Enhet;Rolle;Fra;Til\n"
        "100;3110-12/34;H0101;beboer;01.06.2025;01.01.2026\n"
        "200;3110-12/34;H0101;beboer;01.01.2026;\n"
    )
    report = load(actor, "tenancies", text, now=now)
    assert (issues(report), dict(report.created), dict(report.updated)) == ([], {"tenancy": 1}, {"tenancy": 1})


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("3110;12;;;X1;cold_water;;", "expected bnr as well"),
        (";;;;X1;;;", "expected one of cold_water"),
        ("3110;12;35;;X1;electricity;;", "a point of this medium needs its GSRN"),
        ("3110;12;35;;X1;electricity;707057500012345678;", "18 digits whose last is the check digit"),
        ("3110;12;35;;X1;cold_water;;NOPE", "no such metering point, neither registered nor in a good row"),
        ("3110;12;35;;X1;cold_water;;X1", "would be part of itself"),
        (";;;;;;;A", "expected a cadastral number or a property number"),
    ],
)
def test_a_place_that_is_not_whole_says_what_is_missing(municipality, actor, now, row, message):
    """Each way a row of places can be incomplete has its own sentence."""
    report = load(actor, "places", f"knr;gnr;bnr;unit;point;medium;gsrn;parent\n{row}\n", now=now)
    assert message in issues(report)[0]


def test_points_in_a_ring_are_refused(actor, now):
    """Points that would be part of each other are refused, each on its line."""
    text = "point;medium;parent\nX;cold_water;Y\nY;cold_water;Z\nZ;cold_water;X\n"
    report = load(actor, "places", text, now=now)
    assert [issue.line for issue in report.issues] == [2, 3, 4]


def test_lines_that_contradict_each_other_name_both(actor, now):
    """Two rows with different addresses for one property are refused."""
    text = "Matrikkel;Adresse;Enhet\n3110-1/2;Storgata 1;H0101\n3110-1/2;Storgata 2;H0102\n"
    report = load(actor, "places", text, now=now)
    assert issues(report) == [
        "line 3, Adresse is 'Storgata 2': line 2 says 'Storgata 1' of the same property (see line 2)"
    ]


def test_a_sub_point_may_stand_above_its_main_point(actor, now):
    """The order of rows does not matter for main and sub points, three levels deep."""
    text = "point;medium;parent\nC;cold_water;B\nB;cold_water;A\nA;cold_water;\n"
    assert load(actor, "places", text, now=now).issues == ()
    assert MeteringPoint.objects.get(code="C").parent.parent.code == "A"


def test_changed_cells_change_rows_and_blank_ones_leave_them(municipality, actor, now):
    """A list may correct an address; empty cells keep what was there; the audit row has both."""
    load(actor, "parties", "code;name;email\n100;Kari N. Hansen;\n", now=now)
    party = Party.objects.get(code="100")
    assert (party.name, party.email) == ("Kari N. Hansen", "kari@example.no")
    entry = AuditEntry.objects.filter(subject="party", subject_id=party.pk).latest("id")
    assert (entry.before, entry.after) == ({"name": "Kari Nordmann"}, {"name": "Kari N. Hansen"})


def test_every_row_of_an_import_has_an_audit_row_of_one_batch(municipality):
    """Rows made by an import are in the audit log under the import's batch."""
    batch = municipality[1].batch
    rows = AuditEntry.objects.filter(batch=batch).exclude(subject="organisation")
    assert rows.count() == 1 + 2 + 1 + 3
    summary = AuditEntry.objects.get(batch=batch, subject="organisation")
    assert summary.action == "import_places"
    assert summary.after is not None and summary.after["created"]["unit"] == 2


def test_an_import_needs_the_right_of_its_kind(actor, now):
    """Somebody who may change people may not import meters."""
    clerk = Actor(actor.organisation_id, "clerk", frozenset({Right.CHANGE_PEOPLE}))
    with pytest.raises(AccessDeniedError, match="may not change meters"):
        load(clerk, "meters", METERS, now=now)
    with pytest.raises(AccessDeniedError, match="may not write keys"):
        allowed = Actor(actor.organisation_id, "clerk", frozenset({Right.CHANGE_METERS}))
        load(allowed, "meters", METERS.replace("0087654321", "87654321"), now=now)


def test_two_organisations_import_the_same_meter_apart(actor, stranger, now):
    """Each organisation has its own row for a meter both register."""
    text = "make;serial\nKAM;11111111\n"
    for one in (actor, stranger):
        assert dict(load(one, "meters", text, now=now).created) == {"meter": 1}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_asking_the_database_does_not_grow_with_the_rows(municipality, actor, now, kind, django_assert_max_num_queries):
    """A second import of the same list asks a number of queries that does not depend on its rows."""
    lists = {
        "meters": METERS.replace("0087654321", "87654321"), "places": PLACES, "parties": PARTIES,
        "tenancies": TENANCIES, "installations": INSTALLATIONS,
        "keys": f"serial;key\n12345678;{KEY}\n",
    }  # fmt: skip
    with django_assert_max_num_queries(14):
        load(actor, kind, lists[kind], now=now)


def test_units_are_told_apart_by_property(actor, now):
    """The same unit number in two properties is two units."""
    text = "Matrikkel;Enhet\n3110-1/2;H0101\n3110-1/3;H0101\n"
    load(actor, "places", text, now=now)
    assert Unit.objects.filter(number="H0101").count() == 2


def test_a_first_import_asks_few_questions_for_many_rows(actor, now, django_assert_max_num_queries):
    """Sixty meters put up by a list take as few statements as two would: one per kind of row."""
    numbers = range(60)
    load(actor, "meters", "make;serial\n" + "".join(f"KAM;{n:08d}\n" for n in numbers), now=now)
    load(actor, "places", "point;medium\n" + "".join(f"P{n};cold_water\n" for n in numbers), now=now)
    text = "serial;point;from;start (m3)\n" + "".join(f"{n:08d};P{n};2026-01-01;{n},5\n" for n in numbers)
    with django_assert_max_num_queries(30):
        assert dict(load(actor, "installations", text, now=now).created)["installation"] == 60


def test_a_workbook_is_imported_like_a_csv(actor, now):
    """Numbers, dates and text of an XLSX list arrive like those of a CSV."""
    load(actor, "meters", make_xlsx([["Målernummer", "Produsent"], [12345678, "KAM"]]), now=now)
    load(actor, "places", make_xlsx([["Målepunkt", "Media", "Areal"], ["P1", "Varme", None]]), now=now)
    started = datetime(2026, 1, 31, 12, 30)  # noqa: DTZ001  as a spreadsheet has it: local
    rows: list[list[Any]] = [["Målernummer", "Målepunkt", "Montert", "Start (MWh)"], [12345678, "P1", started, 1.2345]]
    report = load(actor, "installations", make_xlsx(rows), now=now)
    assert (report.issues, report.facts.format) == ((), "xlsx")
    assert Installation.objects.get().starts_at == at("2026-01-31T11:30")
    assert InstallationValue.objects.get().value == 1_234_500


def test_a_collision_with_another_writer_is_said_and_keeps_nothing(actor, now, monkeypatch):
    """When another writer was faster than the plan, the list is refused whole with a sentence."""
    real = bulk.insert_rows

    def other_writer_first(model, rows):
        Meter.objects.create(organisation_id=actor.organisation_id, manufacturer="KAM", serial="11111111")
        real(model, rows)

    monkeypatch.setattr("avlest.registry.importing.draft.insert_rows", other_writer_first)
    with pytest.raises(RegistryError, match="another change was made at the same time") as caught:
        load(actor, "meters", "make;serial\nKAM;11111111\n", now=now)
    assert caught.value.problem is Problem.COLLISION
    assert not Meter.objects.exists()
