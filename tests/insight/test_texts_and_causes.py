# SPDX-License-Identifier: Apache-2.0
"""The words of alarms in three languages, and the table of causes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.insight.causes import CauseError, add_causes, load_causes, parse_causes
from avlest.insight.contracts import ALARMS, AlarmKind, Cause, Severity
from avlest.insight.rules import ThresholdError, derive_cost, estimate_leaks, load_thresholds, parse_thresholds
from avlest.insight.texts import LANGUAGES, get_alarm_text, load_texts
from tests.insight.frames import LITRE, hours_after, make_parameters


def flatten(texts: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Codes and words."""
    for key, value in texts.items():
        if isinstance(value, str):
            yield f"{path}{key}", value
        else:
            yield from flatten(value, f"{path}{key}.")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_words_in_every_language(language: str):
    """Kinds, severities, causes and advice: none missing, none empty, none left over."""
    expected = {f"kind.{kind}.{part}" for kind in AlarmKind for part in ("title", "meaning")}
    expected |= {f"severity.{severity}" for severity in Severity} | {f"cause.{cause}" for cause in Cause}
    expected |= {f"advice.{code}" for row in load_causes().causes for code in row.advice}
    words = dict(flatten(load_texts(language)))
    assert set(words) == expected
    assert all(text.strip() for text in words.values())


def test_the_languages_differ():
    """A copy of one language into another is an untranslated page."""
    nb, nn, en = (dict(flatten(load_texts(language))) for language in LANGUAGES)
    assert sum(nb[code] == en[code] for code in nb) == 0
    assert sum(nb[code] == nn[code] for code in nb) < len(nb) * 0.1


def test_an_alarm_reads_as_sentences():
    """Title, cause and what to check, in the order to do it."""
    text = get_alarm_text(
        AlarmKind.CONTINUOUS_FLOW, severity="warning", cause="cistern", advice=["cistern_dye", "call_plumber"]
    )
    assert text.title == "Vannet renner hele døgnet"
    assert text.cause == "trolig en toalettsisterne som renner"
    assert text.checks[1].startswith("Ring en rørlegger")
    with pytest.raises(ValueError, match="no language 'de'"):
        load_texts("de")


def make_alarm(kind: AlarmKind, *, litres: float, hour: int = 0, subject: int = 1) -> pl.DataFrame:
    """One open alarm with a rate."""
    row = {
        "scope": "series",
        "subject": subject,
        "kind": str(kind),
        "since": hours_after(hour),
        "opened_at": hours_after(hour + 24),
        "last_at": hours_after(hour + 24),
        "rate": int(litres * LITRE),
        "amount": int(litres * 24 * LITRE),
    }
    return pl.DataFrame([row], schema=dict(ALARMS))


SUMMER = 24 * 170


@pytest.mark.parametrize(
    ("litres", "hour", "customer_class", "cause", "severity"),
    [
        (1, 0, "home", Cause.DRIP, Severity.WARNING),
        (12, 0, "home", Cause.CISTERN, Severity.WARNING),
        (90, 0, "home", Cause.PIPE, Severity.SEVERE),
        (90, SUMMER, "home", Cause.GARDEN, Severity.SEVERE),
        (40, 0, "cabin", Cause.FROST_DRIP, Severity.WARNING),
        (40, 0, "business", Cause.UNKNOWN, Severity.WARNING),
    ],
)
def test_causes_follow_rate_season_and_place(
    litres: float, hour: int, customer_class: str, cause: Cause, severity: Severity
):
    """The first row of the table that fits."""
    alarm = make_alarm(AlarmKind.CONTINUOUS_FLOW, litres=litres, hour=hour)
    found = add_causes(alarm, make_parameters(customer_class=customer_class), "Europe/Oslo").row(0, named=True)
    assert (found["cause"], found["severity"]) == (cause, severity)
    assert found["advice"]


@pytest.mark.parametrize("kind", list(AlarmKind))
def test_every_kind_has_a_severity_a_cause_and_something_to_check(kind: AlarmKind):
    """Item 5 of the issue."""
    found = add_causes(make_alarm(kind, litres=500), make_parameters(), "Europe/Oslo").row(0, named=True)
    assert found["severity"] in list(Severity)
    assert found["advice"]
    assert get_alarm_text(kind, severity=found["severity"], cause=found["cause"], advice=found["advice"]).checks


def test_a_broken_table_of_causes_says_what_is_wrong():
    """A kind without severity, an unknown cause."""
    with pytest.raises(CauseError, match=r"\[severity\] has nothing for"):
        parse_causes("severe = []\ncause = []\n[severity]\n")
    lines = "\n".join(f'{kind} = "notice"' for kind in AlarmKind)
    with pytest.raises(CauseError, match="unknown rust"):
        parse_causes(f'severe = []\n[[cause]]\nkinds = ["burst"]\ncause = "rust"\n[severity]\n{lines}')


def test_twelve_litres_an_hour_cost_11_178_46_kroner_a_year():
    """The worked number of rules §5.2."""
    assert derive_cost(12 * LITRE * 8760, Decimal("106.34")) == 1_117_846
    row = estimate_leaks(make_alarm(AlarmKind.CONTINUOUS_FLOW, litres=12), price=Decimal("106.34")).row(0, named=True)
    assert (row["yearly_amount"], row["cost_per_year"]) == (105_120 * LITRE, 1_117_846)
    assert row["cost_so_far"] == 3063  # 0.288 m³ at 106.34 kr is 30.6259 kr
    quiet = estimate_leaks(make_alarm(AlarmKind.NO_CONSUMPTION, litres=12), price=Decimal("106.34")).row(0, named=True)
    assert (quiet["cost_so_far"], quiet["cost_per_year"]) == (None, None)


@given(st.integers(0, 10**15), st.decimals(0, 10_000, places=4))
def test_the_column_and_the_single_cost_agree_to_the_ore(amount: int, price: Decimal):
    """Half up, exactly, also for amounts of a whole zone."""
    exact = Decimal(amount) * price * 100 / 10**6
    rounded = int(exact.to_integral_value(rounding="ROUND_HALF_UP"))
    alarm = make_alarm(AlarmKind.BURST, litres=1).with_columns(pl.lit(amount).alias("amount"))
    assert derive_cost(amount, price) == rounded
    assert estimate_leaks(alarm, price=price)["cost_so_far"].item() == rounded


@pytest.mark.parametrize("price", [Decimal("-1"), Decimal("0.00001")])
def test_a_price_that_cannot_be_is_refused(price: Decimal):
    """Negative, or finer than a hundredth of an øre."""
    with pytest.raises(ValueError, match="at most 4 decimals"):
        derive_cost(1, price)


ROW = """
[[threshold]]
kind = "away_flow"
classes = ["home"]
unit = "l"
from = 2027-01-01
source = "own"
reason = "own"
limit = 2.5
quiet_hours = 12
"""


def test_an_organisation_lays_its_own_thresholds_over_ours():
    """The later row counts from its day on."""
    table = load_thresholds(ROW)
    given_to = {"customer_class": "home", "meaning": "use", "unit": "l"}
    before = table.pick(AlarmKind.AWAY_FLOW, day=date(2026, 12, 31), **given_to)
    after = table.pick(AlarmKind.AWAY_FLOW, day=date(2027, 1, 1), **given_to)
    assert (before.limit, after.limit) == (1 * LITRE, 2500)
    assert table.pick(AlarmKind.AWAY_FLOW, day=date(2027, 1, 1), customer_class="zone", meaning="use", unit="l") is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('kind = "away_flow"', 'kind = "rain"', "row 1: `kind` is 'rain'"),
        ("[[threshold]]", "[[other]]", "only .*threshold"),
        ("limit = 2.5", "", "`limit` is missing"),
        ("limit = 2.5", "limit = 2.5\nfoo = 1", "AwayFlow has no foo"),
        ("limit = 2.5", "limit = -1", "expected a number of 0 or more"),
        ("limit = 2.5", "limit = 2.0005", "at most three decimals"),
        ("quiet_hours = 12", "quiet_hours = 1.5", "expected a whole number"),
        ('classes = ["home"]', 'classes = ["palace"]', "`classes` is"),
        ('source = "own"', 'source = ""', "`source` must say"),
        ("from = 2027-01-01", "from = 3", "`from` must be a day"),
        ("from = 2027-01-01", "from = ", "not TOML"),
    ],
)
def test_a_broken_threshold_row_says_where_and_what_is_expected(old: str, new: str, message: str):
    """File, row, field."""
    with pytest.raises(ThresholdError, match=message):
        parse_thresholds(ROW.replace(old, new), origin="own.toml")
