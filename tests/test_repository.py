# SPDX-License-Identifier: Apache-2.0
"""What holds for every file of the repository."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from avlest.catalogue import file_format, load
from scripts import generate_docs
from scripts.reference.command_line import iterate_commands

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("src", "tests", "scripts", "bench", "fuzz")
MAX_FUNCTION_LINES = 60
MAX_FILE_LINES = 400
# Files that are mostly a table of facts may be longer than code that is read from top to bottom.
TABLE_FILES: frozenset[str] = frozenset()
# Written in pieces, or this file would hold what it forbids.
FORBIDDEN = tuple("".join(parts) for parts in (("/wo", "rk/"), ("file:///", "opt"), ("py", "pi.org"), ("far", "m-")))
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)\s]*)?\)")


@cache
def list_files() -> tuple[Path, ...]:
    """Every file git knows and that is still there; the test is skipped outside a checkout."""
    run = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode:
        pytest.skip("not a git checkout")
    return tuple(ROOT / name for name in run.stdout.split("\0") if name and (ROOT / name).is_file())


def list_sources(*folders: str) -> list[Path]:
    """The tracked Python files under these folders, migrations left out."""
    wanted = [file for file in list_files() if file.suffix == ".py" and "migrations" not in file.parts]
    return [file for file in wanted if file.relative_to(ROOT).parts[0] in folders]


def iterate_functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function of a file, methods and inner ones too."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_file_names_a_machine_or_a_registry() -> None:
    """A clone works anywhere: no path of one machine and no package registry is written down."""
    found = []
    for file in list_files():
        data = file.read_bytes()
        found += [f"{file.relative_to(ROOT)}: {word}" for word in FORBIDDEN if word.encode() in data]
    assert not found


def test_each_source_file_opens_with_its_licence() -> None:
    """The first line of code (after `#!`) is the SPDX line."""
    line = "# SPDX-License-Identifier: Apache-2.0"
    bare = [
        str(file.relative_to(ROOT))
        for file in list_sources(*SOURCES)
        if line not in file.read_text(encoding="utf-8").splitlines()[:2]
    ]
    assert not bare


def test_each_function_says_what_it_returns() -> None:
    """Every function in src has a return annotation."""
    bare = [
        f"{file.relative_to(ROOT)}:{function.lineno} {function.name}"
        for file in list_sources("src")
        for function in iterate_functions(file)
        if function.returns is None
    ]
    assert not bare


def test_functions_fit_on_a_screen() -> None:
    """No function in src is longer than 60 lines."""
    long = [
        f"{file.relative_to(ROOT)}:{function.lineno} {function.name} has {length} lines"
        for file in list_sources("src", "scripts")
        for function in iterate_functions(file)
        if (length := (function.end_lineno or function.lineno) - function.lineno + 1) > MAX_FUNCTION_LINES
    ]
    assert not long


def test_files_are_short() -> None:
    """No file in src is longer than 400 lines, tables of facts apart."""
    long = [
        f"{name} has {length} lines"
        for file in list_sources("src", "scripts")
        if (name := str(file.relative_to(ROOT))) not in TABLE_FILES
        and (length := len(file.read_text(encoding="utf-8").splitlines())) > MAX_FILE_LINES
    ]
    assert not long


@pytest.mark.parametrize("name", generate_docs.PAGES)
def test_reference_page_says_what_the_code_says(name: str) -> None:
    """A page of docs/reference is what `make docs` would write now."""
    assert generate_docs.is_current(name), f"docs/reference/{name} is not current: run make docs"


def test_each_key_of_a_catalogue_file_is_described() -> None:
    """The keys the loader takes are the keys the reference page describes."""
    assert set(file_format.FAMILY.keys) == load._FAMILY_KEYS
    assert set(file_format.FIELD.keys) == load._FIELD_KEYS
    assert set(file_format.SELECT.keys) == load._SELECT_KEYS
    assert set(file_format.LOOKUP.keys) == load._LOOKUP_KEYS


def test_links_between_pages_lead_somewhere() -> None:
    """A relative link or picture in a Markdown file names a file that exists."""
    broken = []
    for page in (file for file in list_files() if file.suffix == ".md"):
        for target in (match[1] for match in LINK.finditer(page.read_text(encoding="utf-8"))):
            if not re.match(r"[a-z]+:", target) and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert not broken


def test_each_command_and_option_says_what_it_does() -> None:
    """No command, argument or option of `avlest` is without a help text."""
    silent = []
    for path, command in iterate_commands():
        silent += [] if command.help else [" ".join(path)]
        parameters = (item for item in command.params if item.name != "help" and not item.hidden)
        silent += [f"{' '.join(path)} {item.name}" for item in parameters if not item.help]
    assert not silent
