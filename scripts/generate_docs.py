# SPDX-License-Identifier: Apache-2.0
"""Write the pages of docs/reference from the code, or check that they are current (`--check`)."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"

# Page → the function that writes it.
PAGES = {
    "error-codes.md": "telegrams.build_error_codes",
    "records.md": "telegrams.build_records",
    "units.md": "telegrams.build_units",
    "catalogue-format.md": "catalogue.build_catalogue_format",
    "meters.md": "catalogue.build_meters",
    "settings.md": "settings.build_settings",
    "sources.md": "sources.build_sources",
    "tables.md": "storage.build_tables",
    "lists.md": "lists.build_lists",
    "validation.md": "validation.build_validation",
    "alarms.md": "insight.build_alarms",
    "api.md": "api.build_api",
    "command-line.md": "command_line.build_command_line",
}


def build_page(name: str) -> str:
    """The text a page should have."""
    module, function = PAGES[name].split(".")
    build: Callable[[], str] = getattr(import_module(f"scripts.reference.{module}"), function)
    return build()


def is_current(name: str) -> bool:
    """Whether the page on disk says what the code says."""
    file = FOLDER / name
    return file.exists() and file.read_text(encoding="utf-8") == build_page(name)


def main() -> int:
    """Write the pages; with `--check` only name those that are not current (exit status 1)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    # Help texts must not depend on the terminal they are generated in.
    os.environ |= {"COLUMNS": "100", "TERM": "dumb"}
    stale = [name for name in PAGES if not is_current(name)]
    if parser.parse_args().check:
        for name in stale:
            print(f"docs/reference/{name} is not current: run make docs", file=sys.stderr)
        return int(bool(stale))
    for name in stale:
        (FOLDER / name).write_text(build_page(name), encoding="utf-8")
        print(f"wrote docs/reference/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
