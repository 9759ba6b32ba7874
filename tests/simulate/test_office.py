# SPDX-License-Identifier: Apache-2.0
"""The demonstration's office: people pay as their habits are, and the lists hold what a clerk looks at."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from avlest.simulate.world import make_world

STOP = datetime(2027, 1, 11, 8, tzinfo=UTC)


@pytest.fixture
def office(db, tmp_path):
    """Forty homes with a settled year: the clerk, the controller, the world and the store."""
    from avlest.readings.tables import open_store
    from avlest.settlement.services.year import do_charge_terms
    from tests.settlement.builders import add_days, add_home, add_level, add_prices, make_people

    world = make_world(60, 3, start=STOP - timedelta(days=740), stop=STOP)
    clerk, controller = make_people("fjordvik", STOP)
    store = open_store(str(tmp_path / "store"))
    add_prices(clerk)
    homes = [add_home(clerk, number) for number in range(1, 41)]
    for home in homes:
        add_level(clerk, home.account, 2026, 120_000)
    add_days(store, {home.series: 120_000 for home in homes}, date(2026, 1, 1), date(2027, 1, 1))
    do_charge_terms(clerk, controller, year=2026, store=store, months=range(1, 5))
    return clerk, controller, world, store


def give_habits(world, rows):
    """The world with these habits for customers 1, 2 and 3, as the codes of the builders are."""
    import dataclasses

    parties = world.parties.head(3).with_columns(code=pl.Series(["1", "2", "3"]))
    names = ("party", "year", "term", "habit", "days_late", "share")
    payments = pl.DataFrame(rows, schema={name: world.payments.schema[name] for name in names}, orient="row")
    return dataclasses.replace(world, parties=parties, payments=payments)


def test_people_pay_as_they_use_to(office):
    """Late, in part, not at all; twice and too much now and then; and two payments that nobody knows."""
    from avlest.settlement.models import OpenItem, Payment, PaymentFile, Refund, Reminder
    from avlest.simulate.demo.office import do_run_office

    clerk, controller, world, store = office
    habits = [(0, 2026, 1, "late", 30, 100), (1, 2026, 1, "partial", 0, 40), (2, 2026, 1, "unpaid", 0, 0)]
    chosen = give_habits(world, habits)
    done = do_run_office(clerk, controller, chosen, year=2025, store=store, now=STOP)
    rests = dict(OpenItem.objects.filter(rest__gt=0).values_list("account__number", "rest"))
    first = OpenItem.objects.filter(account__number=3).order_by("due_on")[0]
    assert set(rests) == {2, 3}
    assert rests[3] == first.amount
    part = OpenItem.objects.filter(account__number=2).order_by("due_on")[0]
    assert rests[2] == part.amount - part.amount * 40 // 100
    late = Payment.objects.get(item__account__number=1, booked_on__gt=date(2026, 5, 1), booked_on__lt=date(2026, 6, 1))
    assert late.booked_on == late.item.due_on + timedelta(days=30)
    states = Counter(Payment.objects.values_list("state", flat=True))
    assert dict(states) == done.payments
    assert (states["unknown"], states["double"], states["over"], states["partial"]) == (2, 1, 2, 1)
    assert PaymentFile.objects.count() == len(set(Payment.objects.values_list("file__name", flat=True)))
    levels = Reminder.objects.order_by("level", "pk").values_list("level", "item__account__number")
    assert set(levels) == {(1, 2), (1, 3), (2, 2), (2, 3)}
    assert done.reminders == 4
    assert Refund.objects.count() == done.refunds == 3


def test_an_office_that_was_furnished_is_let_be(office):
    """Number, address and account come once; what somebody changed afterwards stays."""
    from avlest.registry.models import Organisation
    from avlest.settlement.models import Configuration
    from avlest.simulate.demo.office import do_furnish

    clerk, _, world, _ = office
    do_furnish(clerk, world, now=STOP)
    Configuration.objects.update(phone="+4712345678")
    do_furnish(clerk, world, now=STOP)
    assert Configuration.objects.get().phone == "+4712345678"
    assert Organisation.objects.get(pk=clerk.organisation_id).number == world.number


def test_a_zone_is_written_to_and_a_draft_waits(office):
    """One message to people of a zone, one to everyone that nobody has sent yet."""
    from avlest.insight.models import Campaign
    from avlest.registry.models import Zone
    from avlest.simulate.demo.office import do_say_a_word

    clerk = office[0]
    Zone.objects.create(organisation_id=clerk.organisation_id, code="MS01", name="Sentrum")
    do_say_a_word(clerk, now=STOP)
    assert [bool(sent) for sent in Campaign.objects.order_by("pk").values_list("sent_at", flat=True)] == [True, False]
