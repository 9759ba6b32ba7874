# SPDX-License-Identifier: Apache-2.0
"""A year from stored series to invoices: made, approved by another, issued, run again."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.db import DatabaseError, transaction

from avlest.registry.errors import Problem, RegistryError
from avlest.settlement import queries
from avlest.settlement.models import AdvanceLevel, Invoice, InvoiceLine, NumberSeries, OpenItem, Run, RunPart
from avlest.settlement.services.accounts import do_decide_quantity, do_set_advance, do_set_terms
from avlest.settlement.services.credit import do_credit_invoice
from avlest.settlement.services.issue import do_issue_run
from avlest.settlement.services.rerun import rerun_run
from avlest.settlement.services.runs import RunRequest, do_approve_run, do_drop_run, do_make_run
from avlest.settlement.services.year import do_charge_terms, do_run_through
from tests.settlement.builders import add_account, add_days, add_home, add_level, add_prices

pytestmark = pytest.mark.django_db
YEAR = (date(2026, 1, 1), date(2027, 1, 1))


@pytest.fixture
def household(clerk, controller, store):
    """The household of rules §1.6, with its four terms of 2026 charged: 150 m³ used, 140 m³ in advance."""
    add_prices(clerk)
    home = add_home(clerk, 1)
    add_level(clerk, home.account, 2026, 140_000)
    add_days(store, {home.series: 150_000}, *YEAR)
    do_charge_terms(clerk, controller, year=2026, store=store)
    return home


@pytest.fixture
def settled(household, clerk, controller, store, now):
    """The household with its year settled; returns the run."""
    return do_run_through(clerk, controller, RunRequest(kind="year", year=2026), store=store, now=now)


def get_amounts(run: int) -> dict[tuple[str, str], int]:
    rows = InvoiceLine.objects.filter(invoice__run_id=run).values_list("kind", "service", "amount")
    found: dict[tuple[str, str], int] = {}
    for kind, service, amount in rows:
        found[kind, service] = found.get((kind, service), 0) + amount
    return found


def test_the_household_of_the_rules_pays_what_the_rules_say(settled):
    """Settlement 1 063.40 and term 1 make 6 698.66, VAT 873.74 (rules §1.6)."""
    invoice = Invoice.objects.filter(run_id=settled).get()
    assert (invoice.total, invoice.net, invoice.vat) == (669_866, 582_492, 87_374)
    assert get_amounts(settled) == {
        ("settlement", "water"): 679_050, ("advance_deduction", "water"): -633_780,
        ("settlement", "wastewater"): 916_050, ("advance_deduction", "wastewater"): -854_980,
        ("advance", "water"): 169_763, ("advance", "wastewater"): 229_013,
        ("fixed", "water"): 79_250, ("fixed", "wastewater"): 85_500,
    }  # fmt: skip
    assert OpenItem.objects.filter(invoice=invoice).get().rest == 669_866
    assert invoice.due_on == date(2027, 4, 20)


def test_what_is_deducted_is_what_was_invoiced(settled, household):
    """The deduction is the sum of the stored a konto lines, to the øre, and nothing is computed anew."""
    lines = InvoiceLine.objects.filter(account_id=household.account, kind="advance", start__year=2026)
    invoiced = sum(lines.values_list("amount", flat=True))
    deducted = InvoiceLine.objects.filter(invoice__run_id=settled, kind="advance_deduction")
    assert sum(deducted.values_list("amount", flat=True)) == -invoiced != 0


def test_the_terms_of_the_next_year_sum_to_the_year(settled, household, clerk, controller, store):
    """Terms 2, 3 and 4 are 5 635.26, 5 635.24 and 5 635.24 (rules §1.6)."""
    totals = []
    for month in (6, 9, 11):
        at = datetime(2027, month, 1, 8, tzinfo=UTC)
        number = do_run_through(clerk, controller, RunRequest(kind="term", year=2027, month=month), store=store, now=at)
        totals.append(Invoice.objects.get(run_id=number).total)
    assert totals == [563_526, 563_524, 563_524]
    levels = AdvanceLevel.objects.filter(account_id=household.account, year=2027)
    assert set(levels.values_list("service", "quantity", "origin")) == {
        ("water", 150_000, "run"), ("wastewater", 150_000, "run"),
    }  # fmt: skip


def test_who_made_a_run_does_not_approve_it(household, clerk, controller, store, now):
    """The second approval by the same person is refused with who and what; another person's is taken."""
    number = do_make_run(clerk, RunRequest(kind="year", year=2026), store=store, now=now)
    with pytest.raises(RegistryError, match="another person must approve it") as refused:
        do_approve_run(clerk, number, now=now)
    assert refused.value.problem is Problem.SAME_PERSON
    assert Run.objects.get(pk=number).state == "preview"
    do_approve_run(controller, number, now=now)
    with pytest.raises(RegistryError, match="approved already"):
        do_approve_run(controller, number, now=now)


def test_a_preview_is_not_issued(household, clerk, controller, store, now):
    """Nothing is sent that was not approved, and a dropped run is not approved any more."""
    number = do_make_run(clerk, RunRequest(kind="year", year=2026), store=store, now=now)
    with pytest.raises(RegistryError, match="approve it first"):
        do_issue_run(controller, number, now=now)
    do_drop_run(clerk, number, now=now)
    with pytest.raises(RegistryError, match="dropped already"):
        do_approve_run(controller, number, now=now)


def test_a_year_that_is_not_over_is_not_settled(household, clerk, store):
    """The year's settlement begins on 1 January of the next."""
    with pytest.raises(RegistryError, match="the year 2026 is not over"):
        do_make_run(clerk, RunRequest(kind="year", year=2026), store=store, now=datetime(2026, 12, 31, 22, tzinfo=UTC))
    # Eleven at night UTC on New Year's Eve is the new year in Norway.
    do_make_run(clerk, RunRequest(kind="year", year=2026), store=store, now=datetime(2026, 12, 31, 23, tzinfo=UTC))


def test_preview_and_final_are_the_same(settled, household):
    """The lines of the invoice are those of the preview, column by column."""
    preview = queries.get_preview_lines(settled, household.account)
    invoice = Invoice.objects.get(run_id=settled)
    assert queries.get_lines(invoice.pk) == preview
    assert len(preview) == 8


def test_a_rerun_gives_the_same_to_the_ore(settled, clerk, store, now):
    """What was kept gives the same lines again, and the invoice holds them."""
    again = rerun_run(clerk, settled, store=store, now=now)
    assert again.is_same
    assert (again.lines, again.since) == (8, ())


def test_a_rerun_tells_what_has_become_known_since(settled, household, clerk, store, now):
    """Later series change nothing that was kept; the rerun says what they would change."""
    add_days(store, {household.series: 153_000}, *YEAR, batch=2, known_at=now)
    again = rerun_run(clerk, settled, store=store, now=now)
    assert again.is_same
    water = next(one for one in again.since or () if one.service == "water")
    assert (water.quantity_then, water.quantity_now) == (150_000, 153_000)
    assert water.amount_now - water.amount_then == 13_581  # 3 m³ at 45.27


def test_what_was_approved_is_what_is_issued(household, clerk, controller, store, now):
    """A part whose content is not what was approved is refused, and nothing of it is written."""
    number = do_make_run(clerk, RunRequest(kind="year", year=2026), store=store, now=now)
    do_approve_run(controller, number, now=now)
    RunPart.objects.filter(run_id=number).update(results=b"something else")
    before = Invoice.objects.count()
    with pytest.raises(RegistryError, match="another digest"):
        do_issue_run(controller, number, now=now)
    assert Invoice.objects.count() == before


def test_the_database_refuses_to_change_what_was_sent(settled):
    """Not even a query past the models changes or removes an invoice or a line."""
    for rows in (Invoice.objects.filter(run_id=settled), InvoiceLine.objects.filter(invoice__run_id=settled)):
        with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
            rows.update(account_id=1)
        with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
            rows._raw_delete(rows.db)
    with pytest.raises(RegistryError, match="credit note"):
        Invoice.objects.get(run_id=settled).save()


def test_numbers_follow_each_other(settled):
    """Four terms and the settlement: 1 to 5, each with a KID that names customer and invoice."""
    rows = Invoice.objects.order_by("number").values_list("number", "kid")
    assert [number for number, _ in rows] == [1, 2, 3, 4, 5]
    assert rows[4][1].startswith("000000101000005")
    assert NumberSeries.objects.get(kind="invoice").next == 6


def test_a_credited_invoice_is_settled_anew(settled, household, clerk, controller, store, now):
    """The credit note takes back every line; a correction then settles the year with the invoice's own deductions."""
    invoice = Invoice.objects.get(run_id=settled)
    note = Invoice.objects.get(pk=do_credit_invoice(controller, invoice.pk, reason="wrong meter", now=now))
    assert (note.kind, note.total, note.corrects_id) == ("credit_note", -669_866, invoice.pk)
    assert list(OpenItem.objects.filter(invoice__in=[invoice, note]).values_list("rest", flat=True)) == [0, 0]
    with pytest.raises(RegistryError, match="credited already"):
        do_credit_invoice(controller, invoice.pk, reason="again", now=now)
    request = RunRequest(kind="correction", year=2026, accounts=(household.account,))
    again = do_run_through(clerk, controller, request, store=store, now=now)
    assert Invoice.objects.get(run_id=again).total == 106_340
    assert get_amounts(again)["advance_deduction", "water"] == -633_780


def test_a_settled_year_is_not_settled_twice(settled, household, clerk, controller, store, now):
    """A second run of the year finds nobody to settle, and is not approved beside the first."""
    number = do_make_run(clerk, RunRequest(kind="year", year=2026), store=store, now=now)
    assert not any(line.kind == "settlement" for line in queries.get_preview_lines(number, household.account))
    with pytest.raises(RegistryError, match="approved run already"):
        do_approve_run(controller, number, now=now)


def test_an_a_konto_changed_on_request_is_taken_up_by_the_terms_left(clerk, controller, store):
    """After two terms of 140 m³ the customer asks for 180: the year still sums to 180 m³ to the øre."""
    add_prices(clerk)
    home = add_home(clerk, 1)
    add_level(clerk, home.account, 2026, 140_000)
    for month in (4, 6, 9, 11):
        at = datetime(2026, month, 1, 8, tzinfo=UTC)
        if month == 9:
            quantities = {"water": 180_000, "wastewater": 180_000}
            do_set_advance(clerk, home.account, year=2026, quantities=quantities, reason="asked for", now=at)
        do_run_through(clerk, controller, RunRequest(kind="term", year=2026, month=month), store=store, now=at)
    lines = InvoiceLine.objects.filter(account_id=home.account, kind="advance", service="water").order_by("term")
    assert list(lines.values_list("quantity", flat=True)) == [35_000, 35_000, 55_000, 55_000]
    assert sum(lines.values_list("amount", flat=True)) == 814_860  # 180 x 45.27


def test_twelve_terms_are_the_customers_choice(clerk, controller, store):
    """Monthly terms of 6 790.50 are six of 565.88 and six of 565.87 (rules §1.6)."""
    add_prices(clerk)
    home = add_home(clerk, 1)
    add_level(clerk, home.account, 2026, 150_000)
    do_set_terms(clerk, home.account, terms=12, now=datetime(2026, 1, 1, tzinfo=UTC))
    do_charge_terms(clerk, controller, year=2026, store=store)
    lines = InvoiceLine.objects.filter(kind="advance", service="water").order_by("term")
    assert list(lines.values_list("amount", flat=True)) == [56_588] * 6 + [56_587] * 6


def test_a_moved_property_sums_to_the_unmoved_one(clerk, controller, store, now):
    """Seller and buyer together have the quantity of the property; each is deducted only what was invoiced to them."""
    add_prices(clerk)
    moved = date(2026, 6, 1)
    home = add_home(clerk, 1, closed_on=moved)
    buyer = add_account(clerk, 2, home.property, opened_on=moved)
    add_level(clerk, home.account, 2026, 140_000)
    add_days(store, {home.series: 145_000}, *YEAR)
    do_charge_terms(clerk, controller, year=2026, store=store)
    number = do_run_through(clerk, controller, RunRequest(kind="year", year=2026), store=store, now=now)
    lines = InvoiceLine.objects.filter(invoice__run_id=number, kind="settlement", service="water")
    quantities = dict(lines.values_list("account_id", "quantity"))
    assert sum(quantities.values()) == 145_000
    assert quantities[home.account] == pytest.approx(59_986, abs=100)
    fixed = InvoiceLine.objects.filter(invoice__run_id=number, kind="fixed", term=0, service="water")
    assert dict(fixed.values_list("account_id", "amount")) == {home.account: 131_142, buyer: 185_858}
    sold = InvoiceLine.objects.filter(invoice__run_id=number, account_id=home.account, term__gt=0)
    assert not sold.exists()


def test_a_move_is_settled_at_once(clerk, controller, store):
    """The seller's days are settled in summer, and not again with the year."""
    add_prices(clerk)
    home = add_home(clerk, 1, closed_on=date(2026, 6, 1))
    add_account(clerk, 2, home.property, opened_on=date(2026, 6, 1))
    add_days(store, {home.series: 145_000}, *YEAR)
    summer, winter = datetime(2026, 6, 2, 8, tzinfo=UTC), datetime(2027, 1, 11, 8, tzinfo=UTC)
    do_run_through(clerk, controller, RunRequest(kind="final", year=2026), store=store, now=summer)
    assert list(Invoice.objects.values_list("account_id", "settles_to")) == [(home.account, date(2026, 6, 1))]
    number = do_run_through(clerk, controller, RunRequest(kind="year", year=2026), store=store, now=winter)
    assert home.account not in Invoice.objects.filter(run_id=number).values_list("account_id", flat=True)


def test_a_series_with_missing_days_is_stipulated_from_last_year(clerk, controller, store, now):
    """Silent from July: the same days of the year before stand in, and the line says that it was not read."""
    add_prices(clerk)
    home = add_home(clerk, 1)
    add_days(store, {home.series: 365_000}, date(2025, 1, 1), date(2026, 1, 1))
    add_days(store, {home.series: 181_000}, date(2026, 1, 1), date(2026, 7, 1), batch=2)
    number = do_run_through(clerk, controller, RunRequest(kind="year", year=2026), store=store, now=now)
    line = InvoiceLine.objects.get(invoice__run_id=number, kind="settlement", service="water")
    assert (line.quantity, line.quality) == (365_000, 10)
    codes = {one.code for one in queries.get_exceptions(number)}
    assert "stipulated_share" in codes
    opened = queries.get_lines(line.invoice_id, explain=True)[0].explanation
    assert opened["quantity"]["from"][0]["method"] == "stipulated_last_year"


def test_a_series_without_quality_or_history_is_blocked_with_its_reason(clerk, controller, store, now):
    """Nothing known and nothing to stipulate by: the account is left out and named, the others go on."""
    add_prices(clerk)
    silent, good = add_home(clerk, 1), add_home(clerk, 2)
    add_days(store, {good.series: 100_000}, *YEAR)
    number = do_run_through(clerk, controller, RunRequest(kind="year", year=2026), store=store, now=now)
    blocking = [one for one in queries.get_exceptions(number) if one.severity == "blocking"]
    assert [(one.account_id, one.code) for one in blocking] == [(silent.account, "no_quantity")]
    assert set(Invoice.objects.filter(run_id=number).values_list("account_id", flat=True)) == {good.account}
    control = queries.get_run_control(number)
    assert control is not None
    assert (control.blocked, control.billed_by_service["water"]) == (1, 100_000)


def test_a_decision_by_discretion_stands_in(clerk, controller, store, now):
    """A broken seal: the case worker's quantity is billed, with the flag of a discretion."""
    add_prices(clerk)
    home = add_home(clerk, 1)
    do_decide_quantity(
        clerk, home.account, starts_on=YEAR[0], stops_on=YEAR[1], quantity=120_000, reason="seal broken", now=now
    )
    number = do_run_through(clerk, controller, RunRequest(kind="year", year=2026), store=store, now=now)
    line = InvoiceLine.objects.get(invoice__run_id=number, kind="settlement", service="water")
    assert (line.quantity, line.quality) == (120_000, 35)
    with pytest.raises(RegistryError, match="reason"):
        do_decide_quantity(clerk, home.account, starts_on=YEAR[0], stops_on=YEAR[1], quantity=1, reason=" ", now=now)


def test_the_runs_of_parts_equal_the_run_of_all(clerk, store, now):
    """Cut into parts of one account or taken whole, the lines are the same."""
    add_prices(clerk)
    homes = [add_home(clerk, number, terms=12 if number % 2 else 4) for number in range(1, 8)]
    add_days(store, {home.series: 50_000 + 7919 * n for n, home in enumerate(homes)}, *YEAR)
    whole = do_make_run(clerk, RunRequest(kind="year", year=2026), store=store, now=now)
    split = do_make_run(clerk, RunRequest(kind="year", year=2026), store=store, now=now, part_size=1)
    assert RunPart.objects.filter(run_id=split).count() == 7
    for home in homes:
        assert queries.get_preview_lines(whole, home.account) == queries.get_preview_lines(split, home.account)


def test_wastewater_leaves_out_what_the_reduction_meter_counts(clerk, controller, store, now):
    """Main 500 m³, reduction 120 m³: 22 635.00 for water and 23 206.60 for wastewater (rules §1.9)."""
    from avlest.registry.models import MeteringPoint, Series

    add_prices(clerk)
    home = add_home(clerk, 1)
    organisation = clerk.organisation_id
    point = MeteringPoint.objects.create(
        organisation_id=organisation, code="R1", medium="cold_water", property_id=home.property, purpose="reduction",
        parent_id=home.point,
    )  # fmt: skip
    barn = Series.objects.create(organisation_id=organisation, point=point, quantity="volume", unit="l")
    add_days(store, {home.series: 500_000, barn.pk: 120_000}, *YEAR)
    number = do_run_through(clerk, controller, RunRequest(kind="year", year=2026), store=store, now=now)
    amounts = get_amounts(number)
    assert (amounts["settlement", "water"], amounts["settlement", "wastewater"]) == (2_263_500, 2_320_660)


def test_a_line_opens_to_its_price_and_days(settled, household):
    """Each line of the invoice says quantity, price version, share and amount, in three languages."""
    invoice = Invoice.objects.get(run_id=settled)
    for language in ("nb", "nn", "en"):
        lines = queries.get_lines(invoice.pk, language=language, explain=True)
        assert all(line.explanation and line.explanation["sentences"] for line in lines)
    first = queries.get_lines(invoice.pk, explain=True)[0]
    assert first.explanation["quantity"]["from"][0]["days_read"] == 365
    assert first.explanation["price"]["value"] == "45.27"
    deducted = next(line for line in lines if line.kind == "advance_deduction")
    assert [row["invoice"] for row in deducted.explanation["earlier"]] == [1, 2, 3, 4]


def test_ordered_services_stand_on_the_next_invoice_once(clerk, controller, store):
    """A call-out by time bands (rules §1.11: 2 507.50) and a single fee; an order without a price is named."""
    from avlest.settlement.models import ServiceOrder
    from avlest.settlement.services.accounts import do_order_service
    from tests.settlement.builders import PRICES

    work = [("CALL_ORD", "1070", "07:00:00", "14:30:00"), ("CALL_OT50", "1560", "14:30:00", "21:00:00")]
    text = "".join(
        f'[[price]]\ncode = "{code}"\nservice = "call_out"\nunit = "hour"\nvalue = "{value}"\nvat = "water"\n'
        f'minimum_minutes = 120\nbands = [{{ days = "weekday", start = {start}, stop = {stop} }}]\n'
        for code, value, start, stop in work
    )
    once = '[[price]]\ncode = "CONN_W"\nservice = "connection"\nunit = "once"\nvalue = "41990"\nvat = "water"\n'
    add_prices(clerk, PRICES.replace("[[vat]]", f"{text}{once}[[vat]]", 1))
    home = add_home(clerk, 1)
    start = datetime(2026, 3, 10, 12, 45, tzinfo=UTC)  # Tuesday 13:45 in Norway
    for code, stop in (("call_out", start.replace(hour=14, minute=15)), ("CONN_W", None), ("moving_walls", None)):
        order = ServiceOrder(account_id=home.account, code=code, starts_at=start, ends_at=stop)
        do_order_service(clerk, order, now=start)
    do_charge_terms(clerk, controller, year=2026, store=store)
    lines = InvoiceLine.objects.filter(kind__in=("work", "once"))
    assert sorted(lines.values_list("amount", flat=True)) == [53_500, 80_250, 117_000, 4_199_000]
    assert set(ServiceOrder.objects.values_list("code", "invoice__number")) == {
        ("call_out", 1), ("CONN_W", 1), ("moving_walls", None),
    }  # fmt: skip
    first = Run.objects.order_by("pk")[0]
    assert [one.code for one in queries.get_exceptions(first.pk)] == ["no_price"]


@pytest.mark.parametrize(("ordered", "amounts"), [("connection", [4_199_000, 4_291_000]), ("CONN_S", [4_291_000])])
def test_a_connection_is_a_fee_for_water_and_one_for_wastewater(clerk, controller, store, ordered, amounts):
    """Ordered by what their services begin with, both fees are charged; by its code, one (rules §1.2)."""
    from avlest.settlement.models import ServiceOrder
    from avlest.settlement.services.accounts import do_order_service
    from tests.settlement.builders import PRICES

    fees = [("CONN_W", "connection_water", "41990"), ("CONN_S", "connection_wastewater", "42910")]
    text = "".join(
        f'[[price]]\ncode = "{code}"\nservice = "{service}"\nunit = "once"\nvalue = "{value}"\nvat = "water"\n'
        for code, service, value in fees
    )
    add_prices(clerk, PRICES.replace("[[vat]]", f"{text}[[vat]]", 1))
    home = add_home(clerk, 1)
    at = datetime(2026, 3, 10, 12, tzinfo=UTC)
    order = ServiceOrder(account_id=home.account, code=ordered, starts_at=at)
    do_order_service(clerk, order, now=at)
    do_charge_terms(clerk, controller, year=2026, store=store)
    lines = InvoiceLine.objects.filter(kind="once").order_by("amount")
    assert list(lines.values_list("amount", flat=True)) == amounts


@pytest.mark.parametrize(("truth", "expected"), [(275_000, 135_000), (115_000, -25_000)])
def test_what_was_stipulated_corrects_itself(clerk, controller, store, truth, expected):
    """140 m³ stipulated, then the truth of both years (rules §1.8): the next settlement bills or credits the rest."""
    add_prices(clerk)
    home = add_home(clerk, 1)
    add_days(store, {home.series: 140_000}, date(2025, 1, 1), date(2026, 1, 1))
    winter = datetime(2027, 1, 11, 8, tzinfo=UTC), datetime(2028, 1, 11, 8, tzinfo=UTC)
    first = do_run_through(clerk, controller, RunRequest(kind="year", year=2026), store=store, now=winter[0])
    line = InvoiceLine.objects.get(invoice__run_id=first, kind="settlement", service="water")
    assert (line.quantity, line.quality) == (140_000, 10)
    half = truth // 2
    add_days(store, {home.series: half}, *YEAR, batch=2)
    add_days(store, {home.series: truth - half}, date(2027, 1, 1), date(2028, 1, 1), batch=3)
    second = do_run_through(clerk, controller, RunRequest(kind="year", year=2027), store=store, now=winter[1])
    lines = InvoiceLine.objects.filter(invoice__run_id=second, service="water", kind__in=("settlement", "correction"))
    assert sum(lines.values_list("quantity", flat=True)) == expected
    assert sum(lines.values_list("amount", flat=True)) == pytest.approx(expected * 4.527, abs=1)
    level = AdvanceLevel.objects.get(account_id=home.account, year=2028, service="water")
    assert level.quantity == truth - half
    assert rerun_run(clerk, second, store=store, now=winter[1]).is_same
