# SPDX-License-Identifier: Apache-2.0
"""Claims of accuracy controls as lines of a run: what the meter showed in those days, at the prices of those days."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from fractions import Fraction

import polars as pl

from avlest.readings.quality import Quality
from avlest.readings.tables import Store
from avlest.settlement.contracts import CONSUMPTION, EARLIER, LINES, SUBSCRIBERS, Kind, Provenance, SplitMethod
from avlest.settlement.core.accuracy import derive_accuracy_correction
from avlest.settlement.core.calendar import Days, derive_year
from avlest.settlement.core.lines import PROBLEMS
from avlest.settlement.core.money import derive_shares, write_scaled
from avlest.settlement.core.prices import PriceBook
from avlest.settlement.core.settle import derive_settlement
from avlest.settlement.models import AccuracyClaim, AccuracyControl
from avlest.settlement.runs.inputs import QUANTITIES, Parameters, empty, shape
from avlest.settlement.runs.quantities import Services, derive_quantities, derive_spans
from avlest.settlement.services.evidence import sum_spans
from avlest.settlement.services.frames import Range

CONTROL = "control"
"""The purpose of rows of QUANTITIES that say what a controlled meter showed; their source is minus the claim's row."""


@dataclasses.dataclass(frozen=True, slots=True)
class Claimed:
    """LINES of claims, what each rests on (QUANTITIES), and claims that could not be priced (PROBLEMS)."""

    lines: pl.DataFrame
    quantities: pl.DataFrame
    problems: pl.DataFrame


def get_claims(place: Range, parameters: Parameters) -> list[AccuracyClaim]:
    """Return the claims that no invoice holds yet, of years that are settled by this run or were before."""
    last = parameters.year if parameters.settles else parameters.charge_year - 1
    rows = AccuracyClaim.objects.of(place.organisation_id).filter(
        **place.within("account__property"), invoice__isnull=True, year__lte=last
    )
    return list(rows.select_related("control", "account").order_by("account_id", "year", "pk"))


@dataclasses.dataclass(frozen=True, slots=True)
class ClaimWork:
    """What claims are worked out from: the stored days, a part's points, the rules of services, and prices."""

    store: Store
    points: pl.DataFrame
    rules: Services
    book: PriceBook
    method: str

    def derive(self, claims: Sequence[AccuracyClaim], accounts: pl.DataFrame, services: pl.DataFrame) -> Claimed:
        """Return the lines of claims of accounts in this run."""
        found = [self._derive_claim(claim, services) for claim in claims]
        quantities = pl.concat([empty(QUANTITIES), *(shown for _, shown in found)])
        lines, problems = [empty(LINES)], [empty(PROBLEMS)]
        for year in sorted({claim.year for claim in claims}):
            own = [rows for claim, (rows, _) in zip(claims, found, strict=True) if claim.year == year]
            outcome = derive_settlement(
                subscribers=shape(accounts, SUBSCRIBERS), services=services, consumption=empty(CONSUMPTION),
                earlier=empty(EARLIER), book=self.book, year=year, method=SplitMethod(self.method),
                only=pl.concat(own)["subscriber"].unique(), corrections=pl.concat(own),
            )  # fmt: skip
            lines.append(shape(outcome.lines.filter(pl.col("kind") == Kind.CORRECTION.value), LINES))
            problems.append(shape(outcome.problems, PROBLEMS))
        return Claimed(pl.concat(lines), quantities, pl.concat(problems))

    def _derive_claim(self, claim: AccuracyClaim, services: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Corrections (CONSUMPTION) of one claim, and what its meter showed on each stretch (QUANTITIES)."""
        control, account = claim.control, claim.account
        shown = self._read_shown(claim)
        own = services.filter(pl.col("subscriber") == account.pk)["service"].cast(pl.String).unique().to_list()
        error = Fraction(control.error) / 100
        each = shown["quantity"].to_list()
        total = derive_accuracy_correction(sum(each), error, threshold=Fraction(control.threshold) / 100)
        parts = derive_shares(total, each) if total else [0] * len(each)
        signs = derive_signs(self.rules, control.point.medium, control.point.purpose)
        rows = [
            (account.pk, service, start, stop, part * sign, int(Quality.EDITED), -claim.pk)
            for service, sign in signs.items() if service in own
            for (start, stop), part in zip(shown.select("start", "stop").iter_rows(), parts, strict=True) if part
        ]  # fmt: skip
        return pl.DataFrame(rows, schema=dict(CONSUMPTION), orient="row"), shown

    def _read_shown(self, claim: AccuracyClaim) -> pl.DataFrame:
        control, account = claim.control, claim.account
        whole = Days(control.starts_on, control.stops_on).overlap(derive_year(claim.year))
        days = whole and whole.overlap(Days(account.opened_on, account.closed_on or control.stops_on))
        if days is None:
            return empty(QUANTITIES)
        row = {"subscriber": account.pk, "property": account.property_id, "start": days.start, "stop": days.stop}
        schema = {**SUBSCRIBERS, "standard": pl.Int64()}
        here = pl.DataFrame([{**row, "standard": None}], schema=schema)
        points = self.points.filter(pl.col("point") == control.point_id)
        cuts = self.book.get_cuts(self.book.get_services("m3", "kWh"), derive_year(claim.year))
        spans = derive_spans(here, points, year=claim.year, cuts=cuts)
        shown = derive_quantities(sum_spans(self.store, spans, claim.year))
        named = shown.with_columns(
            source=pl.lit(-claim.pk, dtype=pl.Int64), purpose=pl.lit(CONTROL), method=pl.lit("accuracy")
        )
        return shape(named, QUANTITIES)


def derive_signs(rules: Services, medium: str, purpose: str) -> dict[str, int]:
    """Return which services a point's quantity counts for, and with which sign; a reduction meter is taken off."""
    signs = {}
    for service, media in rules.media_of.items():
        sign = (-1 if service in rules.reduced else 0) if purpose == "reduction" else 1
        if medium in media and sign:
            signs[service] = sign
    return signs


def explain_claim(source: int, shown: pl.DataFrame) -> Provenance | None:
    """Return where the quantity of a claim's line comes from: `source` is the line's, `shown` its QUANTITIES."""
    control = AccuracyControl.objects.filter(claims=-source).first()
    if control is None:
        return None
    indicated = int(shown["quantity"].sum())
    error = Fraction(control.error) / 100
    total = derive_accuracy_correction(indicated, error, threshold=Fraction(control.threshold) / 100)
    details = {
        "error": f"{control.error.normalize():f}", "from": control.starts_on.isoformat(),
        "to": control.stops_on.isoformat(), "indicated": write_scaled(indicated, places=3),
        "true": write_scaled(indicated + total, places=3), "report": control.reason, "point": str(control.point),
        "case_worker": control.decided_by,
    }  # fmt: skip
    return Provenance(method="accuracy", quantity=total, details=details)


def mark_claimed(lines: pl.DataFrame, invoices: pl.DataFrame) -> None:
    """Tie each claim to the invoice that charges it: it is charged once, however often its run is started."""
    rows = lines.filter(pl.col("kind") == Kind.CORRECTION.value, pl.col("source") < 0)
    for source, invoice in rows.join(invoices, on="subscriber").select("source", "invoice").unique().iter_rows():
        AccuracyClaim.objects.filter(pk=-source, invoice__isnull=True).update(invoice_id=invoice)
