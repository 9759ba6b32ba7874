# SPDX-License-Identifier: Apache-2.0
"""The invariants of a settlement (issue: must show 3), and its pitfalls (rules §10, 1, 2 and 7)."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avlest.settlement.contracts import CONSUMPTION, EARLIER, SettlementError, SplitMethod
from avlest.settlement.core.settle import derive_settlement
from avlest.settlement.core.terms import derive_advance, derive_proposal, derive_terms
from avlest.settlement.core.totals import derive_invoice_totals, derive_nets, derive_totals, derive_vat_totals
from tests.settlement.core.frames import START, STOP, YEAR, build_book, invoice, municipalities

BOOKS = [
    build_book(),
    build_book(included=False),
    build_book(water=[(452700, None, date(2025, 4, 10)), (480000, date(2025, 4, 10), None)]),
]
books = st.sampled_from(BOOKS)
Town = dict[str, pl.DataFrame]


def settle(town: Town, book, earlier: pl.DataFrame | None = None, **more):
    names = ("subscribers", "services", "consumption")
    given_ = {name: town[name] for name in names}
    empty = pl.DataFrame(schema=dict(EARLIER))
    return derive_settlement(**given_, earlier=empty if earlier is None else earlier, book=book, year=YEAR, **more)


def sums(lines: pl.DataFrame, *by: str) -> dict[tuple[object, ...], tuple[int, int]]:
    rows = (
        lines.with_columns(pl.col(pl.Categorical).cast(pl.String)).group_by(by).agg(pl.col("amount", "quantity").sum())
    )
    return {tuple(row[:-2]): (row[-2], row[-1]) for row in rows.iter_rows()}


@settings(max_examples=40)
@given(municipalities(), books, st.sampled_from([1, 2, 3, 4, 6, 12]))
def test_terms_sum_to_the_year(town: Town, book, count: int):
    """However many terms, the year costs the same to the øre and is as much water (Σ terms = year)."""
    of_year = invoice(town, book, terms=1)
    of_terms = invoice(town, book, terms=count)
    by = ("subscriber", "kind", "service", "code", "value")
    amounts = [{key: row[0] for key, row in sums(lines, *by).items()} for lines in (of_year, of_terms)]
    assert amounts[0] == amounts[1]
    volumes = [lines.filter(pl.col("kind") == "advance") for lines in (of_year, of_terms)]
    quantities = [
        {key: row[1] for key, row in sums(lines, "subscriber", "service", "code").items()} for lines in volumes
    ]
    assert quantities[0] == quantities[1]


@settings(max_examples=40)
@given(municipalities(), books)
def test_deductions_are_what_was_invoiced(town: Town, book):
    """Σ fradrag = Σ a konto lines as invoiced, by VAT rate, to the øre and the litre; never recomputed."""
    earlier = invoice(town, book)
    # As if each line had been rounded elsewhere: recomputing would not find these amounts.
    earlier = earlier.with_columns(amount=pl.col("amount") + 1)
    lines = settle(town, book, earlier).lines
    deducted = lines.filter(pl.col("kind").cast(pl.String) == "advance_deduction")
    advances = earlier.filter(pl.col("kind") == "advance")
    negated = {
        key: (-amount, -quantity) for key, (amount, quantity) in sums(advances, "subscriber", "service", "rate").items()
    }
    assert sums(deducted, "subscriber", "service", "rate") == negated


@settings(max_examples=30)
@given(municipalities(), books, st.data())
def test_any_split_of_the_subscribers_gives_the_same_lines(town: Town, book, data: st.DataObject):
    """Σ of runs over any split of subscribers equals the run of all, line by line and in order."""
    earlier = invoice(town, book)
    everyone = settle(town, book, earlier).lines
    numbers = town["subscribers"]["subscriber"].to_list()
    first = data.draw(st.sets(st.sampled_from(numbers)))
    parts = [
        settle(town, book, earlier, only=pl.Series(sorted(chosen), dtype=pl.Int64)).lines
        for chosen in (first, set(numbers) - first)
    ]
    joined = pl.concat(parts).sort("subscriber", maintain_order=True)
    assert joined.equals(everyone)


@settings(max_examples=30)
@given(municipalities(), books)
def test_the_same_input_gives_the_same_lines(town: Town, book):
    """Preview = final, rerun = original: nothing but the input decides, not even the order of its rows."""
    earlier = invoice(town, book)
    once = settle(town, book, earlier).lines
    assert settle(town, book, earlier).lines.equals(once)
    mixed = {name: frame.reverse() for name, frame in town.items()}
    assert settle(mixed, book, earlier.reverse()).lines.equals(once)


@settings(max_examples=40)
@given(municipalities(), books)
def test_owners_of_a_property_pay_its_yearly_fee_once(town: Town, book):
    """Owners' shares by days sum to the fee of an owner of the whole year (a moved property = an unmoved one)."""
    one_each = town["services"].with_columns(count=pl.lit(1, pl.Int32))
    lines = settle(town | {"services": one_each}, book).lines.filter(pl.col("kind").cast(pl.String) == "fixed")
    homes = lines.join(town["subscribers"].select("subscriber", "property"), on="subscriber")
    fees = {"WF": 317000, "SF": 342000}
    for (_, code), (amount, _) in sums(homes, "property", "code").items():
        assert amount == fees[str(code)]


@settings(max_examples=40)
@given(municipalities(), books, st.sampled_from(SplitMethod))
def test_quantities_are_billed_whole(town: Town, book, method: SplitMethod):
    """Whatever the method, a change of price or VAT loses no litre; the year's part is what was used."""
    lines = settle(town, book, method=method).lines
    billed = lines.filter(pl.col("kind").cast(pl.String) == "settlement")
    used = {key: quantity for key, (_, quantity) in sums(billed, "subscriber", "service").items()}
    given_ = town["consumption"].group_by("subscriber", "service").agg(pl.col("quantity").sum())
    assert used == {(row[0], row[1]): row[2] for row in given_.iter_rows()}


@settings(max_examples=40)
@given(municipalities(), books)
def test_totals_are_consistent(town: Town, book):
    """VAT per rate on the sum of rounded lines; nets of lines sum to the base; base + VAT is to be paid."""
    lines = settle(town, book, invoice(town, book)).lines
    totals = derive_totals(lines, ["subscriber"])
    rates = derive_vat_totals(lines, ["subscriber"])
    assert totals.select((pl.col("net") + pl.col("vat") == pl.col("gross")).all()).item()
    nets = derive_nets(lines, ["subscriber"]).group_by("subscriber", "rate").agg(pl.col("net").sum())
    both = rates.join(nets, on=["subscriber", "rate"])
    assert both.height == rates.height
    assert both.select((pl.col("base") == pl.col("net")).all()).item()
    gross = lines.filter("vat_included").group_by("subscriber").agg(paid=pl.col("amount").sum())
    if lines["vat_included"].all():
        assert totals.join(gross, on="subscriber").select((pl.col("gross") == pl.col("paid")).all()).item()


def make_town(quantity: int, **more: object) -> Town:
    subscribers = pl.DataFrame({"subscriber": [1], "property": [1], "start": [date(2020, 1, 1)], "stop": [None]})
    services = pl.DataFrame({"subscriber": [1], "service": ["water"]})
    row = {
        "subscriber": 1,
        "service": "water",
        "start": START,
        "stop": STOP,
        "quantity": quantity,
        "quality": 20,
    } | more
    return {
        "subscribers": subscribers,
        "services": services,
        "consumption": pl.DataFrame([row], schema=dict(CONSUMPTION)),
    }


def test_two_vat_rates_on_one_settlement_and_on_the_credited_advance():
    """The 2025 settlement has 25 % and 15 %, in what was used and in what is credited (pitfall 1)."""
    town = make_town(150_000)
    town["advances"] = pl.DataFrame({"subscriber": [1], "service": ["water"], "quantity": [140_000]})
    lines = settle(town, BOOKS[1], invoice(town, BOOKS[1])).lines
    found = {
        (row["kind"], row["rate"]) for row in lines.with_columns(pl.col("kind").cast(pl.String)).iter_rows(named=True)
    }
    assert found == {(kind, rate) for kind in ("settlement", "advance_deduction") for rate in (1500, 2500)}


def test_a_negative_quantity_is_credited_at_the_price_it_was_billed_at():
    """25 m³ too much was stipulated at 40 kr in another year: that is what is credited, no validator stops it."""
    earlier = pl.DataFrame(
        [
            {
                "subscriber": 1, "kind": "settlement", "service": "water", "code": "W", "unit": "m3",
                "start": date(2024, 1, 1), "stop": START, "quantity": 300_000, "value": 400_000, "amount": 1_200_000,
                "vat": "water", "rate": 2500, "vat_included": True, "quality": 20, "line": 7,
            }
        ],
        schema=dict(EARLIER),
    )  # fmt: skip
    lines = settle(make_town(-25_000), BOOKS[0], earlier).lines
    assert lines.select("quantity", "amount", "rate", "value").row(0) == (-25_000, -100_000, 2500, 400_000)
    assert derive_invoice_totals(lines).is_credit_note


def test_more_than_was_billed_is_credited_at_the_price_of_its_days():
    """What no stipulated line covers is credited at the year's price."""
    lines = settle(make_town(-10_000, start=date(2025, 8, 1)), BOOKS[0]).lines
    assert lines["amount"].to_list() == [-45_270]


def test_a_subscriber_with_a_problem_is_left_out_and_the_rest_goes_on():
    """A quantity of a service without a price blocks its subscriber only, with the reason."""
    town = make_town(1000)
    two = {name: pl.concat([frame, frame.with_columns(subscriber=pl.lit(2, pl.Int64))]) for name, frame in town.items()}
    stray = town["consumption"].with_columns(service=pl.lit("heat"))
    two["consumption"] = pl.concat([two["consumption"], stray])
    outcome = settle(two, BOOKS[0])
    assert set(outcome.lines["subscriber"]) == {2}
    assert outcome.problems["subscriber"].unique().to_list() == [1]


def test_a_year_without_a_price_is_a_problem():
    """A list that begins in 2026 does not settle 2025."""
    book = build_book(water=[(1, date(2026, 1, 1), None)])
    outcome = settle(make_town(1000), book)
    assert outcome.problems.select("code").to_series().to_list() == ["no_price"]
    assert not outcome.lines.height


def test_unknown_columns_are_refused():
    """A misspelt column would silently count as missing."""
    town = make_town(1000)
    town["consumption"] = town["consumption"].rename({"quantity": "qty"})
    with pytest.raises(SettlementError, match="'qty'"):
        settle(town, BOOKS[0])


def test_advances_of_part_years():
    """61 m³ in 151 days make 147.450 m³; fewer than 90 days take the standard (rules §1.4)."""
    assert derive_advance(61_000, 151, standard=None, shortest=90) == 147_450
    assert derive_advance(61_000, 365, standard=None, shortest=90) == 61_000
    assert derive_advance(20_000, 61, standard=144_000, shortest=90) == 144_000
    with pytest.raises(SettlementError, match="only 61 days"):
        derive_advance(20_000, 61, standard=None, shortest=90)


def test_a_proposal_comes_when_use_has_changed():
    """Twice the use in half a year: a new a konto is proposed; a tenth more is not worth it."""
    from fractions import Fraction

    from avlest.settlement.core.calendar import Days

    half = Days(START, date(2025, 7, 2))
    rules = {"year_days": 365, "least_days": 120, "least_change": Fraction(1, 4)}
    assert derive_proposal(182_000, half, 140_000, **rules) == 365_000
    assert derive_proposal(75_000, half, 140_000, **rules) is None
    assert derive_proposal(75_000, Days(START, date(2025, 2, 1)), 140_000, **rules) is None


def test_a_number_of_terms_that_cuts_months_is_refused():
    """Five terms do not make whole months."""
    town = make_town(1000)
    with pytest.raises(SettlementError, match="not 5") as caught:
        derive_terms(
            subscribers=town["subscribers"], services=town["services"],
            advances=pl.DataFrame({"subscriber": [1], "service": ["water"], "quantity": [1000]}),
            plans=pl.DataFrame({"subscriber": [1], "count": [5]}), book=BOOKS[0], year=YEAR,
        )  # fmt: skip
    assert caught.value.code == "bad_terms"
