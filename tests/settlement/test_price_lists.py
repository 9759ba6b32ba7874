# SPDX-License-Identifier: Apache-2.0
"""Price lists: taken in with every error named, approved by another person, followed by the next."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from importlib.resources import files

import pytest

from avlest.insight.models import ConsumptionPrice
from avlest.registry.errors import Problem, RegistryError
from avlest.registry.importing.report import ImportFileError
from avlest.registry.rights import AccessDeniedError, Actor
from avlest.settlement.importing.files import parse_price_list
from avlest.settlement.importing.price_lists import Given
from avlest.settlement.models import Price, PriceList
from avlest.settlement.services.prices import (
    do_approve_price_list,
    do_change_price,
    do_import_price_list,
    get_prices,
    make_price_book,
)
from tests.settlement.builders import MADE_AT, PRICES, other


def places(text: str, *, filename: str = "list.toml", given: Given | None = None) -> list[tuple[int, str]]:
    """Line and field of each issue."""
    draft = parse_price_list(text.encode(), filename=filename, given=given)
    return [(issue.line, issue.column) for issue in draft.issues]


def test_a_good_list_has_no_issues():
    """Values are exact to four decimals, and what is not said is empty."""
    draft = parse_price_list(PRICES.encode(), filename="list.toml")
    assert draft.issues == ()
    assert (draft.valid_from, draft.vat_included, len(draft.prices), len(draft.vat)) == (date(2025, 1, 1), True, 4, 2)
    assert draft.prices[0].value == 452_700


def test_nobody_guesses_whether_vat_is_included():
    """A list that does not say is refused at its head; the operator's own choice is taken."""
    text = PRICES.replace("vat_included = true\n", "")
    assert places(text) == [(2, "vat_included")]
    assert places(text, given=Given(vat_included=False)) == []
    assert parse_price_list(text.encode(), filename="a.toml", given=Given(vat_included=False)).vat_included is False


def test_each_wrong_field_is_named_with_its_line():
    """A price in words, an unknown unit and a misspelt key: all three, where they stand."""
    text = PRICES.replace('value = "45.27"', 'value = "dear"').replace('unit = "year"', 'unit = "fortnight"', 1)
    text = text.replace('code = "S_VOL"', 'code = "S_VOL"\nprise = 3')
    assert places(text) == [(11, "value"), (16, "prise"), (25, "unit")]


def test_overlapping_dates_of_a_price_are_refused_with_the_place():
    """Two prices of one code on the same days: the second is named, with what it meets."""
    again = '[[price]]\ncode = "W_VOL"\nservice = "water"\nunit = "m3"\nvalue = "50"\nvat = "water"\n[[vat]]'
    draft = parse_price_list(PRICES.replace("[[vat]]", again, 1).encode(), filename="list.toml")
    assert [(issue.line, issue.column) for issue in draft.issues] == [(35, "valid_from")]
    assert "already has a price" in str(draft.issues[0])


def test_a_file_that_is_not_toml_says_where():
    """The parser's line and column come through."""
    with pytest.raises(ImportFileError, match=r"list.toml: .*line 2"):
        parse_price_list(b"[list]\nname = \n", filename="list.toml")


TABLE = "kode;tjeneste;enhet;pris;mva;gyldig fra;inkl. mva;tekst\n"


def test_a_table_with_norwegian_headings_and_decimal_commas():
    """CSV from a spreadsheet: the choice of VAT and the dates stand as columns."""
    rows = "W_VOL;water;m³;45,27;water;01.01.2026;ja;Vann\nW_FIX;water;år;3 170,00;water;01.01.2026;ja;Årsgebyr\n"
    draft = parse_price_list((TABLE + rows).encode(), filename="priser.csv")
    assert draft.issues == ()
    assert [price.value for price in draft.prices] == [452_700, 31_700_000]
    assert (draft.vat_included, draft.valid_from) == (True, date(2026, 1, 1))


def test_a_table_is_either_with_or_without_vat():
    """Rows that differ are refused with both lines; rows that do not say are refused too."""
    rows = "W_VOL;water;m3;45,27;water;01.01.2026;ja;\nS_VOL;wastewater;m3;61,07;water;01.01.2026;nei;\n"
    assert (3, "vat_included") in places(TABLE + rows, filename="priser.csv")
    assert places(TABLE + rows.replace(";ja;", ";;").replace(";nei;", ";;"), filename="p.csv") == [(1, "vat_included")]


def test_the_shipped_list_is_good():
    """Fjordvik's prices have texts in three languages, and say that they are invented."""
    folder = files("avlest.settlement").joinpath("pricelists")
    draft = parse_price_list(folder.joinpath("fjordvik.toml").read_bytes(), filename="fjordvik.toml")
    assert draft.issues == ()
    assert "invented" in draft.source
    assert all(set(price.text) == {"nb", "nn", "en"} for price in draft.prices)


@pytest.mark.django_db
def test_two_people_see_a_list(clerk, controller):
    """Who took it in does not approve it; before that it holds for nobody."""
    draft = parse_price_list(PRICES.encode(), filename="list.toml")
    number = do_import_price_list(clerk, draft, now=MADE_AT)
    assert get_prices(clerk.organisation_id) == []
    with pytest.raises(RegistryError, match="another person must approve it") as refused:
        do_approve_price_list(clerk, number, now=MADE_AT)
    assert refused.value.problem is Problem.SAME_PERSON
    do_approve_price_list(controller, number, now=MADE_AT)
    assert [price.value for price in get_prices(clerk.organisation_id)][:1] == [452_700]


@pytest.mark.django_db
def test_who_changes_a_draft_counts_as_who_made_it(clerk, controller):
    """The controller corrects a price: now the clerk must approve."""
    number = do_import_price_list(clerk, parse_price_list(PRICES.encode(), filename="list.toml"), now=MADE_AT)
    price = Price.objects.filter(price_list=number, code="W_VOL").get()
    do_change_price(controller, price.pk, value=Decimal("46.10"), now=MADE_AT)
    with pytest.raises(RegistryError, match="another person"):
        do_approve_price_list(controller, number, now=MADE_AT)
    do_approve_price_list(clerk, number, now=MADE_AT)
    with pytest.raises(RegistryError, match="make a new version"):
        do_change_price(controller, price.pk, value=Decimal(1), now=MADE_AT)


@pytest.mark.django_db
def test_leaks_are_priced_by_the_list_that_was_approved(clerk, controller):
    """From its first day on a cubic metre costs what water and wastewater cost together; a draft says nothing."""
    number = do_import_price_list(clerk, parse_price_list(PRICES.encode(), filename="list.toml"), now=MADE_AT)
    assert not ConsumptionPrice.objects.exists()
    do_approve_price_list(controller, number, now=MADE_AT)
    kept = [(row.medium, row.starts_on, row.price, row.source) for row in ConsumptionPrice.objects.all()]
    assert kept == [("cold_water", date(2025, 1, 1), Decimal("106.3400"), "test")]


def test_a_new_list_takes_over_from_its_first_day(clerk, controller):
    """The open list before it ends there; one that reaches into it is refused with the place."""
    for day in ("2025-01-01", "2026-01-01"):
        text = PRICES.replace("valid_from = 2025-01-01", f"valid_from = {day}", 1)
        number = do_import_price_list(clerk, parse_price_list(text.encode(), filename="list.toml"), now=MADE_AT)
        do_approve_price_list(controller, number, now=MADE_AT)
    ends = PriceList.objects.order_by("valid_from").values_list("valid_to", flat=True)
    assert list(ends) == [date(2026, 1, 1), None]
    book = make_price_book(clerk.organisation_id)
    assert len(book.prices) == 8
    early = parse_price_list(PRICES.replace("2025-01-01", "2025-06-01", 1).encode(), filename="list.toml")
    number = do_import_price_list(clerk, early, now=MADE_AT)
    with pytest.raises(RegistryError, match="already has a price") as refused:
        do_approve_price_list(controller, number, now=MADE_AT)
    assert refused.value.problem is Problem.OVERLAP
    assert PriceList.objects.get(pk=number).state == "draft"


@pytest.mark.django_db
def test_only_who_has_the_right_takes_in_prices(clerk):
    """A caretaker of the organisation is refused before anything is read."""
    caretaker = Actor(clerk.organisation_id, "ola", frozenset(), 5)
    draft = parse_price_list(PRICES.encode(), filename="list.toml")
    with pytest.raises(AccessDeniedError, match="may not manage prices"):
        do_import_price_list(caretaker, draft, now=MADE_AT)
    number = do_import_price_list(clerk, draft, now=MADE_AT)
    with pytest.raises(AccessDeniedError):
        do_approve_price_list(Actor(clerk.organisation_id + 1, "x", clerk.rights, 6), number, now=MADE_AT)
    do_approve_price_list(other(clerk), number, now=MADE_AT)


@pytest.mark.django_db
def test_hvalers_list_is_taken_in_when_somebody_chooses(clerk, controller):
    """Undated and silent on VAT, as on the page: refused until the operator says both; the rates are shipped."""
    content = files("avlest.settlement").joinpath("pricelists").joinpath("hvaler.toml").read_bytes()
    assert [i.column for i in parse_price_list(content, filename="hvaler.toml").issues] == [
        "valid_from",
        "vat_included",
    ]
    given = Given(vat_included=True, valid_from=date(2025, 1, 1))
    draft = parse_price_list(content, filename="hvaler.toml", given=given)
    number = do_import_price_list(clerk, draft, now=MADE_AT)
    do_approve_price_list(controller, number, now=MADE_AT)
    book = make_price_book(clerk.organisation_id)
    assert {price.code: price.value for price in book.prices}["S_VOL"] == 610_700
    assert [rate.rate for rate in book.vat if rate.code == "water"] == [2500, 1500]


def test_bands_that_share_an_hour_are_refused():
    """Two prices of one service at nine in the morning: which holds would depend on the order of the list."""
    band = 'bands = [{ days = "weekday", start = 07:00:00, stop = 15:00:00 }]\n'
    rows = "".join(
        f'[[price]]\ncode = "{code}"\nservice = "call"\nunit = "hour"\nvalue = "1"\nvat = "water"\n{band}'
        for code in ("A", "B")
    )
    draft = parse_price_list(PRICES.replace("[[vat]]", rows + "[[vat]]", 1).encode(), filename="list.toml")
    assert ["hours of its own" in str(issue) for issue in draft.issues] == [True]
