# SPDX-License-Identifier: Apache-2.0
"""The stages of `avlest demo`, one after the other, each remembered in the data folder's `demo.json`."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from avlest.cli.progress import show_progress
from avlest.cli.service import get_actor, get_now, start_service

if TYPE_CHECKING:
    from avlest.project.config import Config
    from avlest.registry.rights import Actor
    from avlest.simulate.contracts import World
    from avlest.simulate.demo.plan import Plan

ORGANISATION = "fjordvik"
# A demonstration is on this machine alone: whoever tries it shall not need an app of codes.
_LOGIN = ("#require_second_factor = true", "require_second_factor = false")
_SETTINGS = """
# What makes this folder a demonstration: two lanes, so that two cores take in a year at once.
[collect]
lanes = 2
"""


@contextmanager
def explain_demo_failures() -> Iterator[None]:
    """Print what keeps the demonstration from going on as one line and end with code 1."""
    from avlest.cli.simulation import explain_simulation_failures
    from avlest.readings.tables import StoreError
    from avlest.service.errors import ServiceError

    try:
        with explain_simulation_failures():
            yield
    except (ServiceError, StoreError) as error:
        typer.echo(f"avlest: {error}", err=True)
        raise typer.Exit(1) from error


@dataclass(slots=True)
class Demonstration:
    """One data folder on its way from nothing to a municipality with a year behind it."""

    folder: Path
    plan: Plan
    _world: World | None = None

    @classmethod
    def open(cls, folder: Path, *, homes: int, days: int, seed: int) -> Demonstration:
        """The demonstration of a folder, or a new one in it; Django is set up afterwards."""
        from avlest.simulate.demo.plan import make_plan, read_plan, write_plan

        plan = read_plan(folder)
        if plan is None:
            plan = make_plan(homes=homes, seed=seed, days=days, now=get_now())
            _make_folder(folder)
            write_plan(folder, plan)
        start_service(folder)
        return cls(folder, plan)

    @classmethod
    def open_known(cls, folder: Path) -> Demonstration:
        """The demonstration that is in a folder; raises `PlanError` where there is none."""
        from avlest.simulate.demo.plan import read_plan
        from avlest.simulate.errors import PlanError

        plan = read_plan(folder)
        if plan is None:
            raise PlanError(f"{folder} holds no demonstration: run avlest demo")
        start_service(folder)
        return cls(folder, plan)

    @property
    def world(self) -> World:
        """The municipality, made from its seed."""
        if self._world is None:
            from avlest.simulate.world import make_world

            plan = self.plan
            self._world = make_world(plan.homes, plan.seed, start=plan.begin, stop=plan.stop, eventful_from=plan.start)
        return self._world

    @property
    def config(self) -> Config:
        """The settings of the folder."""
        from django.conf import settings

        config: Config = settings.AVLEST
        return config

    @property
    def actor(self) -> Actor:
        """The command line, acting in the municipality."""
        return get_actor(ORGANISATION)

    def keep(self, plan: Plan) -> None:
        """Remember how far the demonstration is."""
        from avlest.simulate.demo.plan import write_plan

        self.plan = plan
        write_plan(self.folder, plan)

    def bring_up_to_date(self) -> None:
        """All stages that are not done, and what the meters have said since the last time."""
        self._make_database()
        self._fill_registry()
        self._take_in(get_now().replace(minute=0, second=0, microsecond=0))
        self._hand_over_keys()
        self._derive()
        self._find_alarms()
        self._balance()
        self._settle()
        self._run_office()
        self._open_cases()

    def _make_database(self) -> None:
        """Tables, those of a newer version too, and the organisation."""
        from avlest.cli.registry_commands import make_database

        with show_progress("database"):
            make_database(ORGANISATION, "Fjordvik kommune")
        self.keep(self.plan.with_done("database"))

    def _fill_registry(self) -> None:
        from avlest.simulate.filling.people import do_make_logins
        from avlest.simulate.filling.registry import do_fill_registry

        if "registry" in self.plan.done:
            return
        with show_progress("registry") as bar:
            # Keys that come late are not there when their meters are heard.
            do_fill_registry(self.actor, self.world, known_at=self.plan.start, now=get_now(), tell=bar.tell)
            logins = do_make_logins(self.actor, self.world, make_password=_make_password, now=get_now())
            bar.note = f"{self.world.meters.height} meters, {self.world.points.height} metering points"
        self.keep(self.plan.with_done("registry", logins=logins))

    def _take_in(self, until: datetime) -> None:
        from avlest.service.supervisor import tie_to_parent
        from avlest.simulate.demo.intake import Intake
        from avlest.simulate.roads.run import Window

        intake = Intake(self.config, self.world, self._note_played, prepare_child=tie_to_parent)
        with show_progress("telegrams") as bar:
            played = intake.play(Window(self.plan.played_until, until), tell=bar.tell)
        tally = {name: self.plan.tally.get(name, 0) + count for name, count in played.tally.items()}
        self.keep(replace(self.plan.with_done("intake"), tally=tally))

    def _note_played(self, reached: datetime) -> None:
        self.keep(replace(self.plan, played_until=reached))

    def _hand_over_keys(self) -> None:
        """Keys that came late make readings of the telegrams that were kept."""
        from avlest.simulate.demo.intake import drain
        from avlest.simulate.filling.registry import do_hand_over_keys

        if "late_keys" in self.plan.done:
            return
        with show_progress("late keys") as bar:
            now = get_now()
            count = do_hand_over_keys(self.actor, self.world, since=self.plan.start, until=now, now=now)
            drain(self.config)
            bar.note = f"{count} keys"
        self.keep(self.plan.with_done("late_keys"))

    def _derive(self) -> None:
        from avlest.collect.options import open_configured_store
        from avlest.readings.services.derivation import do_derive

        with show_progress("series") as bar:
            done = do_derive(open_configured_store(self.config), now=get_now(), tell=bar.tell, threads=2)
            bar.note = f"{done.hourly:,} hours, {done.daily:,} days, {done.findings:,} findings"
        self.keep(self.plan.with_done("series"))

    def _find_alarms(self) -> None:
        from avlest.collect.options import open_configured_store
        from avlest.insight.services.finding import do_find_alarms
        from avlest.readings.calendar import derive_local_day
        from avlest.simulate.filling.uses import do_tell_uses

        if "alarms" not in self.plan.done:
            do_tell_uses(self.actor, self.world, starts_on=derive_local_day(self.plan.begin), now=get_now())
        with show_progress("alarms") as bar:
            found = do_find_alarms(open_configured_store(self.config), now=get_now(), tell=bar.tell)
            bar.note = f"{found.opened} opened, {found.cleared} cleared"
        self.keep(self.plan.with_done("alarms"))

    def _balance(self) -> None:
        """Zones and coverage over all that was heard the first time, afterwards over the last weeks."""
        from avlest.collect.options import open_configured_store
        from avlest.insight.services.balances import do_balance
        from avlest.insight.services.coverage import do_cover
        from avlest.readings.calendar import derive_local_day

        store, now = open_configured_store(self.config), get_now()
        first = None if "zones" in self.plan.done else derive_local_day(self.plan.start)
        with show_progress("zones") as bar:
            balanced = do_balance(store, now=now, first=first)
            covered = do_cover(store, now=now, first=first)
            bar.note = f"{balanced.nights} nights, {balanced.months} months, coverage of {covered.days} days"
        self.keep(self.plan.with_done("zones"))

    def _settle(self) -> None:
        """Last year's settlement, by two people as the rules want it."""
        from django.db import transaction

        from avlest.collect.options import open_configured_store
        from avlest.readings.calendar import derive_local_day
        from avlest.settlement.services.year import do_begin_and_settle
        from avlest.simulate.demo.office import do_furnish

        year = self.plan.settled_year
        if year is None or "settlement" in self.plan.done:
            return
        clerk, controller = (self._get_actor(name) for name in ("avregning", "admin"))
        # Whole or not at all: a start that was broken off begins this stage anew.
        with show_progress("settlement") as bar, transaction.atomic():
            store = open_configured_store(self.config)
            do_furnish(controller, self.world, now=get_now())
            sent_on = min(derive_local_day(get_now()), date(year + 1, 3, 25))
            made = do_begin_and_settle(clerk, controller, year=year, store=store, now=get_now(), invoice_on=sent_on)
            figures = {
                "year": year,
                "run": made.run_id,
                "invoices": made.invoices,
                "credit_notes": made.credit_notes,
                "ore": made.total,
            }
            bar.note = f"{made.invoices} invoices, {made.credit_notes} credit notes"
        self.keep(self.plan.with_done("settlement").with_figures(settlement=figures))

    def _run_office(self) -> None:
        """What has happened in the office since: terms, payments, reminders, refunds, messages."""
        from django.db import transaction

        from avlest.collect.options import open_configured_store
        from avlest.simulate.demo.office import do_run_office, do_say_a_word

        year = self.plan.settled_year
        if year is None or "office" in self.plan.done:
            return
        clerk, controller = (self._get_actor(name) for name in ("avregning", "admin"))
        with show_progress("office") as bar, transaction.atomic():
            store = open_configured_store(self.config)
            done = do_run_office(clerk, controller, self.world, year=year, store=store, now=get_now())
            do_say_a_word(controller, now=get_now())
            bar.note = f"{sum(done.payments.values()):,} payments, {done.reminders} reminders, {done.refunds} refunds"
        self.keep(self.plan.with_done("office").with_figures(payments=done.payments))

    def _open_cases(self) -> None:
        """What residents have told of."""
        from avlest.portal.resident.made_up import do_make_up_cases

        if "cases" in self.plan.done:
            return
        with show_progress("cases") as bar:
            bar.note = f"{do_make_up_cases(self._get_actor('admin'), now=get_now())} cases"
        self.keep(self.plan.with_done("cases"))

    def _get_actor(self, username: str) -> Actor:
        from avlest.registry.access import access_actor
        from avlest.registry.services.accounts import get_user_id

        return access_actor(get_user_id(username), self.actor.organisation_id)

    def print_summary(self) -> None:
        """What there is now, in figures, and who may log in."""
        from avlest.collect.options import open_configured_store
        from avlest.wording import format_money

        readings = next(size for size in open_configured_store(self.config).sizes() if size.table == "readings")
        tally = self.plan.tally
        typer.echo(f"\n{self.world.name}: {self.world.meters.height} meters, {self.plan.start:%Y-%m-%d} until now")
        typer.echo(
            f"  telegrams   {tally['sent']:,} sent, {tally['lost']:,} lost, {tally['damaged']:,} damaged on the air, "
            f"{tally['repeated']:,} heard again"
        )
        typer.echo(f"  readings    {readings.rows:,} stored, {readings.bytes / 1e6:,.1f} MB")
        self._print_alarms()
        if settled := self.plan.figures.get("settlement"):
            typer.echo(
                f"  settlement  {settled['year']}: {settled['invoices']} invoices, {settled['credit_notes']} credit "
                f"notes, {format_money(settled['ore'], language='en')}"
            )
            self._print_control(settled["run"])

    def _print_control(self, run_id: int) -> None:
        """The control sheet of the settlement: what was billed against what was measured, by kind, and what is odd."""
        from avlest.cli.settlement.sheet import write_sheet
        from avlest.settlement.access import access_run_control

        for line in write_sheet(access_run_control(self.actor, run_id)):
            typer.echo(f"              {line}")

    def _print_alarms(self) -> None:
        """How many there are, and what was found of what had been put in."""
        from avlest.simulate.demo.alarms import get_verdict

        verdict, count = get_verdict(self.actor.organisation_id, self.world, now=get_now())
        found, injected = verdict.totals
        each = ", ".join(f"{kind} {verdict.found[kind]}/{number}" for kind, number in verdict.injected.items())
        typer.echo(f"  alarms      {count}; {found} of {injected} faults that were put in are found ({each})")

    def serve(self, port: int) -> None:
        """Say where and as whom to log in, and run the service with the world going on until stopped."""
        from avlest.cli.demo_service import choose_port, run_until_stopped

        chosen = choose_port(port)
        self._print_logins(f"http://localhost:{chosen}/")
        run_until_stopped(self.folder, chosen)

    def check_service(self, port: int) -> None:
        """Start the service, open the first pages as each log-in, and stop it again."""
        from avlest.cli.demo_service import choose_port, running_service, visit_pages

        with running_service(self.folder, choose_port(port)) as address:
            seen = visit_pages(address, self.plan.logins)
        for username, paths in seen.items():
            typer.echo(f"  {username:<12}{len(paths)} pages: {' '.join(paths)}")
        typer.echo("everything held")

    def _print_logins(self, address: str) -> None:
        typer.echo(f"\n  {address}\n")
        for login in self.plan.logins:
            typer.echo(f"  {login.username:<12}{login.password:<16}{login.title}: {login.name}")
        typer.echo("\nStop with Ctrl-C; the next start goes on from here.\n")

    def live(self) -> None:
        """Let the world go on in real time, straight into the inbox, until stopped."""
        from avlest.cli.simulation import play_paced, stop_on_signals
        from avlest.collect.inbox import Inbox
        from avlest.simulate.demo.intake import LANES
        from avlest.simulate.roads.inbox import InboxSink
        from avlest.simulate.roads.run import Player

        stop = stop_on_signals()
        player = Player(self.world, self.plan.played_until)
        with InboxSink(Inbox(LANES)) as sink:
            play_paced(player, sink, speed=1.0, stop=stop, note=self._note_played)


def _make_folder(folder: Path) -> None:
    from avlest.project.config import FILE_NAME
    from avlest.project.directory import make_data_dir

    make_data_dir(folder)
    settings = folder / FILE_NAME
    text = settings.read_text("utf-8")
    if _SETTINGS not in text:
        settings.write_text(text.replace(*_LOGIN) + _SETTINGS, encoding="utf-8")


def _make_password() -> str:
    return secrets.token_urlsafe(9)
