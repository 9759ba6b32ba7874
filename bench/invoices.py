# SPDX-License-Identifier: Apache-2.0
"""How fast invoices are written as PDF and EHF: `python bench/invoices.py [COUNT]`.

The reference of the same run is an empty page set by the same typesetter: what remains is ours.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace

import typst

from avlest.settlement.documents.ehf import build_ehf
from avlest.settlement.documents.pdf import PdfWriter
from tests.settlement.documents.examples import COMPANY, INVOICE

EMPTY = b'#set document(title: "x")\n#set text(lang: "nb")\n.'


def measure(count: int, write: Callable[[int], bytes]) -> tuple[float, int]:
    """Seconds a document, and the bytes of the last one."""
    size = len(write(0))
    began = time.perf_counter()
    for number in range(count):
        size = len(write(number))
    return (time.perf_counter() - began) / count, size


def main() -> None:
    """Print seconds and sizes."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    writer, compiler = PdfWriter(), typst.Compiler(ignore_system_fonts=True)
    company = replace(INVOICE, buyer=COMPANY)

    def write_empty(number: int) -> bytes:
        page = compiler.compile(EMPTY + str(number).encode(), format="pdf", pdf_standards=["a-3a", "ua-1"])
        assert isinstance(page, bytes)
        return page

    empty, _ = measure(count // 10, write_empty)
    pdf, size = measure(count, lambda number: writer.write(replace(INVOICE, number=str(number))))
    ehf, _ = measure(count, lambda number: build_ehf(replace(company, number=str(number))))
    print(f"PDF: {count} in {pdf * count:.1f} s, {pdf * 1000:.1f} ms each, {size / 1000:.0f} kB; goal 1,000 under 60 s")
    print(f"     {pdf / empty:.1f} times an empty page ({empty * 1000:.1f} ms)")
    print(f"EHF: {ehf * 1000:.2f} ms each")


if __name__ == "__main__":
    main()
