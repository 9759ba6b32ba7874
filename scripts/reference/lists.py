# SPDX-License-Identifier: Apache-2.0
"""Reference page of the lists that can be imported, with the headings they may have."""

from __future__ import annotations

import os
import tempfile

import django

from scripts.reference.markdown import make_code, make_page, make_table


def set_up_django() -> None:
    """Models can be imported after this; the settings are the defaults, of no installation."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "avlest.project.settings")
    os.environ.setdefault("AVLEST_DATA", tempfile.gettempdir() + "/avlest-no-installation")
    django.setup()


def build_lists() -> str:
    """Page of the kinds of lists and their columns."""
    set_up_django()
    from avlest.registry.importing.engine import KINDS

    intro = (
        "Lists are CSV or XLSX. The headings stand in one of the first ten rows; upper and lower case, accents, "
        "spaces, punctuation and a unit in brackets do not count. Delimiter, decimal comma and encoding are found "
        "out. A column with another heading is left out, and the preview says so. Existing rows are found again and "
        "changed where the list says otherwise."
    )
    parts = []
    for kind in KINDS.values():
        rows = (
            (make_code(column.name), "yes" if column.required else "", ", ".join(column.aliases))
            for column in kind.columns
        )
        parts += [f"## {kind.name}", make_table(("column", "must be there", "other headings"), rows)]
    return make_page("Lists to import", intro, *parts)
