# SPDX-License-Identifier: Apache-2.0
"""Reference page of validation: rules, classes, limits, qualities, freezes."""

from __future__ import annotations

from avlest.readings.derive.classes import load_classes, load_freezes
from avlest.readings.quality import Quality
from avlest.readings.vee.thresholds import ThresholdBook, load_thresholds
from scripts.reference.markdown import make_code, make_page, make_table


def build_validation() -> str:
    """Page of what VEE holds values against."""
    book = load_thresholds()
    intro = (
        "Rules of validation and the limits they hold values against. Amounts are thousandths of the canonical unit (a "
        "litre is 1000, a kilowatt-hour 1000). A class takes from the one above it what it does not say itself; an "
        "organisation's own limits for a class, and above them those of a series, are dated rows in the database."
    )
    return make_page(
        "Validation",
        intro,
        "## Rules",
        make_table(("rule", "about", "severity"), ((r.code, r.title, r.severity) for r in book.rules.values())),
        "## Qualities",
        make_table(("rank", "name"), ((int(q), q.name.lower()) for q in Quality)),
        "## Classes",
        make_table(
            ("class", "what", "above it"),
            ((make_code(n), book.titles[n], make_code(p)) for n, p in book.parents.items()),
        ),
        "A series' class follows from the first row that fits, unless it was given one:",
        _describe_choice(),
        "## Limits",
        _describe_limits(book),
        "## Freezes",
        make_table(
            ("medium", "days after use", "since", "source"),
            ((row["medium"], row["days"], row["valid_from"], row["source"]) for row in load_freezes()),
        ),
    )


def _describe_choice() -> str:
    names = ("kind", "medium", "quantity", "unit_kind", "measures_zone")
    rows = ([*(str(row.get(name, "")).lower() for name in names), make_code(row["class"])] for row in load_classes())
    return make_table((*names, "class"), rows)


def _describe_limits(book: ThresholdBook) -> str:
    rows = (
        (make_code(row.meter_class), make_code(name), f"{value:,g}", row.valid_from, row.source)
        for row in book.rows
        for name, value in row.values.items()
    )
    return make_table(("class", "limit", "value", "since", "source"), rows)
