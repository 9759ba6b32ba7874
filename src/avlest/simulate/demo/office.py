# SPDX-License-Identifier: Apache-2.0
"""What an office does through the year: terms, payments with people's habits, reminders, refunds, a word to a zone."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import polars as pl

from avlest.insight.notify.campaigns import NewCampaign, do_make_campaign, do_send_campaign
from avlest.readings.calendar import derive_local_day
from avlest.readings.tables import Store
from avlest.registry.models import Organisation, Zone
from avlest.registry.rights import Actor
from avlest.settlement.models import Configuration, OpenItem
from avlest.settlement.payments.kid import derive_kid
from avlest.settlement.payments.model import IncomingPayment
from avlest.settlement.payments.ocr_writer import build_ocr
from avlest.settlement.services.accounts import do_configure
from avlest.settlement.services.expected import do_update_expected
from avlest.settlement.services.ledger import do_list_refunds
from avlest.settlement.services.payments import do_import_payments
from avlest.settlement.services.reminders import do_list_reminders
from avlest.settlement.services.year import do_charge_terms
from avlest.simulate.contracts import World

BANK_ACCOUNT: Final = "99991000018"
"""Of no bank: Norwegian register numbers end below 9999."""
_TWICE, _TOO_MUCH, _EXTRA = 97, 61, 50_000
_EARLY_DAYS: Final = 9


@dataclasses.dataclass(frozen=True, slots=True)
class Office:
    """What was done: payments taken in, by what became of them, and what stands on the lists."""

    payments: dict[str, int]
    reminders: int
    refunds: int


def do_furnish(administrator: Actor, world: World, *, now: datetime) -> None:
    """Give the municipality its number, address and account, which its invoices carry; nothing where it has them."""
    if Configuration.objects.of(administrator.organisation_id).exists():
        return
    place = world.properties.row(0, named=True)
    values = {
        "address": "Rådhusplassen 1", "postal_code": place["postal_code"], "city": place["city"],
        "email": "gebyr@fjordvik.example", "phone": "+4700000000", "bank_account": BANK_ACCOUNT,
    }  # fmt: skip
    do_configure(administrator, values, now=now)
    Organisation.objects.filter(pk=administrator.organisation_id, number="").update(number=world.number)


def do_run_office(clerk: Actor, controller: Actor, world: World, *, year: int, store: Store, now: datetime) -> Office:
    """Charge the terms since the settlement of `year`, take in what people paid, and make the lists of today."""
    today = derive_local_day(now)
    last = 12 if today.year > year + 1 else today.month
    do_charge_terms(clerk, controller, year=year + 1, store=store, months=range(5, last + 1))
    states: dict[str, int] = defaultdict(int)
    reminders = 0
    for month, payments in sorted(_group(_pay(clerk, world, today)).items()):
        content = build_ocr(payments, number=month.year * 100 + month.month)
        received = datetime.combine(max(one.booked_on for one in payments), time(7), UTC)
        done = do_import_payments(clerk, content, filename=f"ocr-{month:%Y-%m}.txt", now=received)
        for state, count in done.states.items():
            states[state] += count
        reminders += do_list_reminders(clerk.organisation_id, today=received.date())
    reminders += do_list_reminders(clerk.organisation_id, today=today)
    refunds = do_list_refunds(clerk, now=now)
    do_update_expected(clerk.organisation_id, store=store, now=now)
    return Office(dict(states), reminders, refunds)


def _group(payments: Iterator[IncomingPayment]) -> dict[date, list[IncomingPayment]]:
    """A file a month, as a bank sends them."""
    months: dict[date, list[IncomingPayment]] = defaultdict(list)
    for payment in payments:
        months[payment.booked_on.replace(day=1)].append(payment)
    return months


def _pay(clerk: Actor, world: World, today: date) -> Iterator[IncomingPayment]:
    """What comes in until today: on time, late, in part, not at all, twice, too much, and without a known KID."""
    habits = _read_habits(world)
    rows = OpenItem.objects.of(clerk.organisation_id).filter(amount__gt=0).select_related("account__party", "invoice")
    terms: dict[tuple[int, int], int] = defaultdict(int)
    for item in rows.order_by("due_on", "pk"):
        key = (item.account_id, item.due_on.year)
        terms[key] += 1
        habit = habits.get((item.account.party.code, item.due_on.year, terms[key]))
        day, amount = item.due_on - timedelta(days=item.invoice.number % _EARLY_DAYS), item.amount
        if habit is not None:
            name, days, share = habit
            day = item.due_on + timedelta(days=days) if name == "late" else day
            amount = amount * share // 100
        if amount and day <= today:
            yield from _transfer(item, day, amount)
    unknown = derive_kid(customer=9_999_999, owner=1, invoice=999_999)
    for place, (kid, payer) in enumerate((("", "Uten KID"), (unknown, "Ukjent"))):
        yield _make(f"UK{today:%y%m}{place}", kid, 88_800, today.replace(day=1), payer)


def _transfer(item: OpenItem, day: date, amount: int) -> Iterator[IncomingPayment]:
    """One payment as most do, now and then too much or once more."""
    payer = item.account.party.name
    extra = _EXTRA if item.invoice.number % _TOO_MUCH == 0 else 0
    yield _make(f"P{item.invoice.number}", item.kid, amount + extra, day, payer)
    if item.invoice.number % _TWICE == 0:
        yield _make(f"P{item.invoice.number}B", item.kid, amount, day, payer)


def _make(reference: str, kid: str, amount: int, day: date, payer: str) -> IncomingPayment:
    return IncomingPayment(
        reference=reference, account=BANK_ACCOUNT, amount=amount, paid_on=day, booked_on=day, kid=kid, payer=payer
    )


def _read_habits(world: World) -> dict[tuple[str, int, int], tuple[str, int, int]]:
    """Who pays late, in part or not, by customer, year and term."""
    rows = world.payments.join(world.parties.select("party", "code"), on="party")
    names = rows.select("code", "year", "term", "habit", "days_late", pl.col("share").cast(pl.Int64))
    return {(code, year, term): (habit, days, share) for code, year, term, habit, days, share in names.iter_rows()}


_FLUSHING: Final = {
    "nb": {
        "subject": "Spyling av vannledninger",
        "body": "Vi spyler ledningene i ditt område natt til torsdag. La kaldt vann renne litt om det er misfarget.",
    },
    "nn": {
        "subject": "Spyling av vassleidningar",
        "body": "Vi spyler leidningane i området ditt natt til torsdag. Lat kaldt vatn renne litt om det er misfarga.",
    },
    "en": {
        "subject": "Water mains are flushed",
        "body": "We flush the mains in your area on Thursday night. Let cold water run a little if it is discoloured.",
    },
}
_READING: Final = {
    "nb": {
        "subject": "Les av måleren ved nyttår",
        "body": "Er måleren din ikke fjernavlest, leser du den av selv.",
    },
    "nn": {"subject": "Les av målaren ved nyttår", "body": "Er målaren din ikkje fjernavlesen, les du han av sjølv."},
    "en": {"subject": "Read your meter at new year", "body": "If your meter is not read remotely, read it yourself."},
}


def do_say_a_word(actor: Actor, *, now: datetime) -> int:
    """Send a message to a zone and leave one to everyone as a draft; return how many messages wait to be sent."""
    zone = Zone.objects.of(actor.organisation_id).order_by("code").values_list("pk", flat=True).first()
    sent = do_send_campaign(actor, do_make_campaign(actor, NewCampaign(_FLUSHING, zone_id=zone), now=now), now=now)
    do_make_campaign(actor, NewCampaign(_READING), now=now)
    return sent
