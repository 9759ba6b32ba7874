# SPDX-License-Identifier: Apache-2.0
"""The PDF of an invoice: what it says, that it is tagged and made to last, and that it is the same every time."""

from __future__ import annotations

import io
import re
import tomllib
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from pypdf import PdfReader

from avlest.settlement.contracts import InvoiceTotals
from avlest.settlement.documents.ehf import build_ehf
from avlest.settlement.documents.pdf import PdfWriter, derive_page
from avlest.wording import LANGUAGES
from tests.settlement.documents.examples import COMPANY, CREDIT_NOTE, INVOICE, line

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="module")
def writer():
    return PdfWriter()


def read_text(data):
    """The text of all pages with every kind of space as one space."""
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages))


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
@pytest.mark.parametrize("kind", ["invoice", "credit_note"])
def test_documents_say_what_the_golden_file_says(writer, language, kind):
    """Golden files: write them anew by deleting them, and read the difference before committing it."""
    document = replace(INVOICE if kind == "invoice" else CREDIT_NOTE, language=language)
    text = read_text(writer.write(document)).replace(" · ", "\n").replace(" kr ", " kr\n")
    file = GOLDEN / f"{kind}.{language}.txt"
    if not file.exists():
        file.parent.mkdir(exist_ok=True)
        file.write_text(text + "\n", encoding="utf-8")
        pytest.fail(f"{file.name} was written: look at it, then run again")
    assert text + "\n" == file.read_text(encoding="utf-8")


def test_the_first_page_holds_everything_needed_to_pay(writer):
    first = PdfReader(io.BytesIO(writer.write(INVOICE))).pages[0].extract_text().replace("\u00a0", " ")
    for wanted in ("6 698,66 kr", "20. april 2026", "1503 00 00010", INVOICE.kid, "Kari Nordmann"):
        assert wanted in first


def test_a_document_is_tagged_titled_in_its_language_and_made_to_last(writer):
    """PDF/A-3a and PDF/UA-1, as the metadata says and as the typesetter checked."""
    reader = PdfReader(io.BytesIO(writer.write(replace(INVOICE, language="nn"))))
    root = reader.trailer["/Root"]
    metadata = root["/Metadata"].get_data().decode()
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "nn-NO"
    assert reader.metadata.title == "Faktura 1001"
    assert "<pdfaid:part>3</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in metadata
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata


def test_the_ehf_travels_inside(writer):
    xml = build_ehf(replace(INVOICE, buyer=COMPANY))
    reader = PdfReader(io.BytesIO(writer.write(INVOICE, ehf=xml)))
    assert reader.attachments["ehf.xml"] == [xml]


def test_the_same_document_gives_the_same_bytes(writer):
    assert writer.write(INVOICE) == PdfWriter().write(INVOICE)


def test_text_of_customers_is_text_and_never_markup(writer):
    name = '#panic("x") *fet* $x^2$ @kari \\ "sitat"'
    text = read_text(writer.write(replace(INVOICE, buyer=replace(INVOICE.buyer, name=name), charts=())))
    assert '#panic("x") *fet* $x^2$ @kari' in text


def test_a_negative_total_says_that_there_is_nothing_to_pay(writer):
    document = replace(INVOICE, totals=InvoiceTotals(net=-100, vat=-15, gross=-115, rates=()), charts=())
    text = read_text(writer.write(document))
    assert "Til gode" in text
    assert "Du skal ikke betale noe" in text
    assert "Til konto" not in text


def test_a_hundred_lines_run_over_pages_with_their_heading(writer):
    many = tuple(line(number, f"Linje {number}", 100, 87, sentences=(f"Grunn {number}.",)) for number in range(1, 101))
    reader = PdfReader(io.BytesIO(writer.write(replace(INVOICE, lines=many))))
    text = " ".join(page.extract_text() for page in reader.pages)
    assert "Linje 100" in text
    assert "Grunn 100." in text
    assert len(reader.pages) > 4


def test_lines_with_and_without_vat_on_one_invoice_are_told_apart():
    mixed = replace(INVOICE, lines=(INVOICE.lines[0], replace(INVOICE.lines[1], vat_included=False)))
    page = derive_page(mixed)
    assert [one["text"][-1] for one in page["lines"]] == ["r", "*"]
    assert "*" in page["vat_note"]


def test_every_language_has_every_word():
    words = tomllib.loads(files("avlest.settlement.documents").joinpath("labels.toml").read_text(encoding="utf-8"))
    assert set(words) == set(LANGUAGES)
    assert words["nb"].keys() == words["nn"].keys() == words["en"].keys()
    assert all(text for language in words.values() for text in language.values())
