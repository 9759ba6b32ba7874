# SPDX-License-Identifier: Apache-2.0
"""The first sheet of an XLSX workbook as cells, hostile workbooks refused.  Pure."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from xml.etree.ElementTree import ParseError

import openpyxl
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse
from openpyxl.utils.exceptions import InvalidFileException

from avlest.registry.importing.report import ImportFileError
from avlest.registry.importing.zips import Limits, iterate_xml_members, open_zip

Cell = str | int | float | bool | datetime | date | None


def read_sheet(content: bytes, limits: Limits) -> Iterator[tuple[int, tuple[Cell, ...]]]:
    """Yield (row number, cells) of the sheet that was open when the workbook was saved.

    Raises `ImportFileError` for what is no workbook, for zip bombs and for XML with a
    document type (entities).  Formulas come as their text, beginning with `=`; the cell
    parsers refuse them.
    """
    with open_zip(content, limits) as archive:
        if "xl/workbook.xml" not in archive.namelist():
            raise ImportFileError("a ZIP container that is no XLSX workbook")
        _refuse_document_types(archive)
    # The parts were checked above; openpyxl itself reads them with defusedxml too.
    try:
        with warnings.catch_warnings():
            # Missing styles and drop-down lists do not matter to a list.
            warnings.simplefilter("ignore", UserWarning)
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=False)
    except (InvalidFileException, KeyError, ValueError, ParseError, zipfile.BadZipFile, OSError) as error:
        raise ImportFileError(f"the workbook cannot be read: {error}") from error
    try:
        yield from _rows(book, limits)
    finally:
        book.close()


def _rows(book: openpyxl.Workbook, limits: Limits) -> Iterator[tuple[int, tuple[Cell, ...]]]:
    sheet = book.active
    if sheet is None or not hasattr(sheet, "iter_rows"):
        raise ImportFileError("the workbook has no sheet with cells")
    try:
        for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
            if number > limits.rows + 1:
                raise ImportFileError(f"the sheet has more than {limits.rows} rows")
            yield number, cells  # type: ignore[misc]
    except (ParseError, DefusedXmlException, ValueError, KeyError, zipfile.BadZipFile) as error:
        if isinstance(error, ImportFileError):
            raise
        raise ImportFileError(f"the sheet cannot be read: {error}") from error


def _refuse_document_types(archive: zipfile.ZipFile) -> None:
    """Read each part up to its first element; a document type stands before it."""
    for name in iterate_xml_members(archive):
        try:
            with archive.open(name) as part:
                next(iterparse(part, events=("start",), forbid_dtd=True), None)
        except DefusedXmlException as error:
            detail = f"{name} in the workbook declares a document type: refused as hostile"
            raise ImportFileError(detail) from error
        except (ParseError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            raise ImportFileError(f"{name} in the workbook is broken: {error}") from error
