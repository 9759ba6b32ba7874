# SPDX-License-Identifier: Apache-2.0
"""What the rooms below say of files is told in the reader's language, and every sentence they have is known."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from datetime import date
from importlib import resources
from pathlib import Path

import pytest
from django.template import Context, Template
from django.utils import translation

import avlest
from avlest.portal.sentences import load_sentences, translate_sentence
from avlest.settlement.contracts import Price, Unit
from avlest.settlement.core.prices import check_prices

ROOT = Path(avlest.__file__).parent
# Who says something of a file or a row: the name of the call, and which argument says it.
SAYERS = {
    "ValueError": 0,
    "ImportFileError": 0,
    "PasswordError": 0,
    "PaymentFileError": 0,
    "issue": 2,
    "RowIssue": 3,
    "refuse": 2,
}
FILES = [
    *(ROOT / "registry" / "importing").rglob("*.py"),
    ROOT / "registry" / "identifiers.py",
    *(ROOT / "settlement" / "importing").glob("*.py"),
    ROOT / "settlement" / "payments" / "camt.py",
    ROOT / "settlement" / "payments" / "ocr_giro.py",
    ROOT / "settlement" / "services" / "take_over.py",
]


def find_sentences(file: Path) -> Iterator[str]:
    """The texts that are said in a file, with `{}` for what is put in."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            at = SAYERS.get(name)
            if at is not None and len(node.args) > at and (text := to_text(node.args[at])):
                yield text


def to_text(node: ast.expr) -> str:
    """The literal parts of a text; empty for what is no text, or has no words of its own."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        text = "".join(str(part) for part in parts)
        return text if re.search(r"[a-z]{2}", text.replace("expected ", "")) else ""
    return ""


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.parent.name}-{file.stem}")
def test_every_sentence_about_a_file_is_known(file: Path) -> None:
    """A new one in the rooms below fails here until it has its words."""
    unknown = [
        text for text in find_sentences(file) if translate_sentence(text.replace("{}", "16"), language="nb") is None
    ]
    assert unknown == []


def test_the_sentences_are_found() -> None:
    """The search above finds what there is to find."""
    assert sum(len(list(find_sentences(file))) for file in FILES) > 80


def test_gaps_are_filled_in_the_readers_words() -> None:
    assert translate_sentence("expected a whole number from 1 to 12", language="nb") == "et helt tall fra 1 til 12"
    assert translate_sentence("a whole number from 1 to 12", language="nn") == "eit heilt tal frå 1 til 12"
    assert translate_sentence("a whole number from 1 to 12", language="en") == "a whole number from 1 to 12"
    assert translate_sentence("something nobody has written down", language="nb") is None


def test_what_is_wrong_with_a_price_list_is_known() -> None:
    """Prices that contradict each other, as the core says it."""
    twice = [
        price("V", "2026-01-01", "2027-01-01"),
        price("V", "2026-06-01", None),
        price("A", "2026-02-01", "2026-01-01"),
    ]
    errors = check_prices(twice, [])
    assert {error.code for error in errors} >= {"overlap", "bad_period", "no_vat_rate"}
    assert [str(error) for error in errors if translate_sentence(str(error), language="nn") is None] == []


def price(code: str, valid_from: str, valid_to: str | None) -> Price:
    return Price(
        service="water",
        code=code,
        unit=Unit.VOLUME,
        value=100_000,
        vat="high",
        vat_included=False,
        valid_from=date.fromisoformat(valid_from),
        valid_to=date.fromisoformat(valid_to) if valid_to else None,
    )


def test_each_sentence_has_the_same_gaps_in_every_language() -> None:
    text = (resources.files("avlest.portal") / "sentences.toml").read_text("utf-8")
    rows = tomllib.loads(text)["sentences"]
    assert len({row[0] for row in rows}) == len(rows) == len(load_sentences())
    for row in rows:
        assert len(row) == 3
        assert len({words.count("{}") for words in row}) == 1, row[0]


def test_a_page_marks_what_is_not_known_as_english() -> None:
    page = Template("{% load wording %}{{ known|sentence }} {{ other|sentence }}")
    with translation.override("nb"):
        told = page.render(Context({"known": "expected a number", "other": "odd <b>thing</b>"}))
    assert told == 'et tall <span lang="en">odd &lt;b&gt;thing&lt;/b&gt;</span>'
