# SPDX-License-Identifier: Apache-2.0
"""Reference page of the alarms: what they mean, when they open and clear, what is probably behind them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from avlest.insight.causes import load_causes
from avlest.insight.contracts import AlarmKind
from avlest.insight.infocodes import load_words
from avlest.insight.rules import Threshold, load_thresholds
from avlest.insight.rules.specs import SCALED
from avlest.insight.texts import load_texts
from scripts.reference.markdown import make_code, make_page, make_table


def build_alarms() -> str:
    """Page of the alarm kinds, their thresholds, the meters' words and the causes."""
    intro = (
        "An alarm is about one series, meter, gateway or zone and is open once at a time. How they are found stands "
        "in [how alarms are found](../explanation/insight.md). Thresholds are dated; amounts are in the unit of the "
        "series."
    )
    return make_page(
        "Alarms",
        intro,
        "## Kinds",
        _kinds(),
        "## Thresholds",
        make_table(("kind", "classes", "unit", "from", "thresholds", "source"), _thresholds()),
        "## Words of meters",
        "A word that stands nowhere is kept and shown as `meter_notice`.",
        make_table(("kind", "words"), _words()),
        "## Causes and what to check",
        "The first row that fits counts; rates are litres an hour.",
        make_table(("kinds", "rate", "months", "classes", "probable cause", "check"), _causes()),
    )


def _kinds() -> str:
    severity, texts = load_causes().severity, load_texts("en")
    rows = (
        (make_code(kind), severity[kind], texts["kind"][kind]["title"], load_texts("nb")["kind"][kind]["title"])
        for kind in map(str, AlarmKind)
    )
    return make_table(("kind", "severity", "English", "bokmål"), rows)


def _thresholds() -> Iterator[tuple[str, ...]]:
    for row in load_thresholds().rows:
        yield (
            make_code(row.kind), ", ".join(sorted(row.classes)), row.unit, row.starts.isoformat(), _describe(row),
            row.source,
        )  # fmt: skip


def _describe(row: Threshold) -> str:
    parts = []
    for item in dataclasses.fields(row.spec):
        value = getattr(row.spec, item.name)
        parts.append(f"{item.name} {value / 1000 if item.metadata.get(SCALED) else value:g}")
    return ", ".join(parts)


def _words() -> Iterator[tuple[str, ...]]:
    kinds = load_words().kinds
    for kind in AlarmKind:
        words = sorted(word for word, its_kind in kinds.items() if its_kind is kind)
        if words:
            yield make_code(kind), ", ".join(map(make_code, words))


def _causes() -> Iterator[tuple[str, ...]]:
    texts = load_texts("en")
    for row in load_causes().causes:
        low, high = (None if rate is None else f"{rate // 1000}" for rate in (row.rate_from, row.rate_to))
        rate = f"{low or 0} to {high}" if high else f"from {low}" if low else ""
        yield (
            ", ".join(map(make_code, row.kinds)),
            rate,
            ", ".join(map(str, row.months)),
            ", ".join(row.classes),
            texts["cause"][row.result],
            " ".join(texts["advice"][code] for code in row.advice),
        )
