# SPDX-License-Identifier: Apache-2.0
"""Writing an OCR giro file, as a bank would: for the make-believe municipality, for teaching and for tests.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter

from avlest.settlement.payments.model import IncomingPayment
from avlest.settlement.payments.ocr_giro import WIDTH

_TYPE_PLAIN, _TYPE_WITH_TEXT = "10", "21"


def build_ocr(payments: Sequence[IncomingPayment], *, sender: int = 8080, number: int = 1, recipient: int = 0) -> bytes:
    """The file of some payments, one assignment per account; `reference` is not written, it follows from the order.

    Raises `ValueError` for a KID longer than 25 characters.
    """
    lines = [_pad(f"NY000010{sender:08}{number:07}{recipient:08}")]
    ordered = sorted(payments, key=attrgetter("account"))
    for order, (account, group) in enumerate(groupby(ordered, key=attrgetter("account")), start=1):
        lines += _write_assignment(account, list(group), order)
    total = sum(abs(payment.amount) for payment in payments)
    last = max((payment.booked_on for payment in payments), default=None)
    day = f"{last:%d%m%y}" if last else "000000"
    lines.append(_pad(f"NY000089{len(payments):08}{len(lines) + 1:08}{total:017}{day}"))
    return "".join(f"{line}\n" for line in lines).encode("latin-1", errors="replace")


def _write_assignment(account: str, payments: Sequence[IncomingPayment], order: int) -> list[str]:
    lines = [_pad(f"NY090020{order:09}{order:07}{account:>011}")]
    for number, payment in enumerate(payments, start=1):
        lines += _write_payment(payment, number)
    total = sum(abs(payment.amount) for payment in payments)
    days = [payment.booked_on for payment in payments]
    dates = f"{max(days):%d%m%y}{min(days):%d%m%y}{max(days):%d%m%y}"
    return [*lines, _pad(f"NY090088{len(payments):08}{len(lines) + 1:08}{total:017}{dates}")]


def _write_payment(payment: IncomingPayment, number: int) -> list[str]:
    if len(payment.kid) > 25:
        raise ValueError(f"KID {payment.kid!r}: expected at most 25 characters")
    kind = _TYPE_WITH_TEXT if payment.text else _TYPE_PLAIN
    sign = "-" if payment.amount < 0 else "0"
    first = f"NY09{kind}30{number:07}{payment.booked_on:%d%m%y}01011{number:05}{sign}{abs(payment.amount):017}"
    second = (
        f"NY09{kind}31{number:07}{number:010}{number:09}{'':07}{payment.paid_on:%d%m%y}{payment.payer_account:0>11}"
    )
    lines = [_pad(f"{first}{payment.kid:>25}"), _pad(second.replace(" ", "0"))]
    if payment.text:
        lines.append(_pad(f"NY09{kind}32{number:07}{payment.text[:40]:<40}"))
    return lines


def _pad(line: str) -> str:
    return line.ljust(WIDTH, "0")
