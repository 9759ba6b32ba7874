# SPDX-License-Identifier: Apache-2.0
"""`avlest simulate`: a make-believe municipality that speaks to a file, a broker or the inbox."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from avlest.cli.failure import fail
from avlest.cli.progress import show_progress
from avlest.cli.service import OrganisationOption, get_actor, get_now, start_service
from avlest.cli.simulation import explain_simulation_failures, play_paced, stop_on_signals
from avlest.simulate.profiles import DEFAULT, PROFILES

if TYPE_CHECKING:
    from avlest.simulate.contracts import World
    from avlest.simulate.radio.hearing import Tally
    from avlest.simulate.roads.sinks import Sink

simulate = typer.Typer(invoke_without_command=True, help="A make-believe municipality that speaks real telegrams.")
INBOX = "inbox"

HomesOption = Annotated[
    int, typer.Option("--homes", min=0, help="Homes; everything else follows from them. 0: as the profile says.")
]
ProfileOption = Annotated[
    str, typer.Option("--profile", help=f"A size by name instead: {', '.join(PROFILES)}.", metavar="NAME")
]
DaysOption = Annotated[int, typer.Option("--days", min=1, max=3660, help="Days to play.")]
SeedOption = Annotated[int, typer.Option("--seed", help="Another seed is another municipality.")]
StartOption = Annotated[str, typer.Option("--start", help="First day; by default so that it ends now.", metavar="DATE")]


@dataclass(frozen=True, slots=True)
class Flow:
    """How telegrams are handed on: format of wireless ones, simulated seconds a second, on in real time after."""

    form: str
    speed: float
    live: bool


def register(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.add_typer(simulate, name="simulate")
    simulate.callback()(play_world)
    simulate.command("report")(report)
    simulate.command("live", hidden=True)(live)


def play_world(
    context: typer.Context,
    to: Annotated[
        str, typer.Option("--to", help="A file (.gz packs it), mqtt://user:password@host:port, or inbox.")
    ] = "",
    homes: HomesOption = 0,
    profile: ProfileOption = "",
    days: DaysOption = 30,
    seed: SeedOption = 1,
    start: StartOption = "",
    truth: Annotated[
        Path | None, typer.Option("--truth", help="Write what really happened here: .json, or .parquet of the days.")
    ] = None,
    lists: Annotated[
        Path | None, typer.Option("--lists", help="Write the lists to import here: meters, places, people, keys.")
    ] = None,
    form: Annotated[
        str, typer.Option("--format", help="Of wireless telegrams: avlest, telegram_json, rtl_wmbus or hex.")
    ] = "avlest",
    speed: Annotated[
        float, typer.Option("--speed", min=0, help="Simulated seconds a second; 0: as fast as it goes.")
    ] = 0,
    live: Annotated[bool, typer.Option("--live", help="Go on in real time afterwards, until stopped.")] = False,
    data: Annotated[
        Path, typer.Option("--data", envvar="AVLEST_DATA", help="Data directory, for --to inbox.")
    ] = Path(),
    organisation: OrganisationOption = "",
    fill: Annotated[
        bool, typer.Option("--fill/--no-fill", help="Make places, people and meters in the registry, for --to inbox.")
    ] = True,
) -> None:
    """Play a municipality: what its meters say goes to a file, a broker or the inbox; the same seed says the same."""
    if context.invoked_subcommand:
        return
    if not to and truth is None and lists is None:
        fail("nothing to do: --to FILE, mqtt://host or inbox, --truth FILE, or --lists DIR")
    flow = Flow(_check_form(form), speed, live)
    world = make_asked_world(_choose_homes(homes, profile), days=days, seed=seed, start=start)
    with explain_simulation_failures():
        if truth is not None:
            _write_truth(world, truth)
        if lists is not None:
            _write_lists(world, lists)
        if to == INBOX:
            _play_to_inbox(world, flow, data, organisation, fill=fill)
        elif to:
            _play(world, _open_sink(to, flow), flow)


def _choose_homes(homes: int, profile: str) -> int:
    if profile and profile not in PROFILES:
        fail(f"no profile {profile!r}; they are {', '.join(PROFILES)}")
    if profile and homes:
        fail("--homes and --profile are both given, expected one of them")
    return homes or PROFILES[profile or DEFAULT].homes


def _check_form(form: str) -> str:
    from avlest.simulate.roads.lines import WIRELESS_FORMATS

    if form not in WIRELESS_FORMATS:
        fail(f"no format {form!r}; they are {', '.join(WIRELESS_FORMATS)}")
    return form


def make_asked_world(homes: int, *, days: int, seed: int, start: str = "") -> World:
    """The world of the options; it ends with the present hour unless `start` says otherwise."""
    from avlest.simulate.world import make_world

    if start:
        try:
            moment = datetime.fromisoformat(start)
        except ValueError:
            fail(f"--start {start!r}: expected a date such as 2026-01-31")
        first = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).replace(minute=0, second=0, microsecond=0)
    else:
        first = get_now().replace(minute=0, second=0, microsecond=0) - timedelta(days=days)
    try:
        return make_world(homes, seed, start=first, stop=first + timedelta(days=days))
    except ValueError as error:
        fail(str(error))


def _write_truth(world: World, path: Path) -> None:
    from avlest.simulate.roads.truth_file import write_truth

    write_truth(world, path)
    typer.echo(f"{path}: what really happened", err=True)


def _write_lists(world: World, folder: Path) -> None:
    from avlest.simulate.filling.lists import build_lists

    folder.mkdir(parents=True, exist_ok=True)
    for kind, content in build_lists(world, known_at=world.stop).items():
        (folder / f"{kind}.csv").write_bytes(content)
    typer.echo(f"{folder}: the lists to import, keys too", err=True)


def _open_sink(to: str, flow: Flow) -> Sink:
    from avlest.simulate.roads.mqtt import MqttSink, parse_broker
    from avlest.simulate.roads.sinks import FileSink

    if "://" not in to:
        return FileSink(Path(to), flow.form)
    try:
        return MqttSink(parse_broker(to), flow.form)
    except ValueError as error:
        fail(f"--to {error}")


def _play_to_inbox(world: World, flow: Flow, data: Path, organisation: str, *, fill: bool) -> None:
    start_service(data.absolute())
    from django.conf import settings

    from avlest.collect.inbox import Inbox
    from avlest.collect.options import read_collect_options
    from avlest.simulate.filling.registry import do_fill_registry
    from avlest.simulate.roads.inbox import InboxSink
    from avlest.simulate.roads.run import Window, build_typed_readings

    inbox = Inbox(read_collect_options(settings.AVLEST).lanes)
    if fill:
        with show_progress("registry") as bar:
            filled = do_fill_registry(get_actor(organisation), world, known_at=get_now(), now=get_now(), tell=bar.tell)
        typer.echo(
            f"made: {', '.join(f'{count} {kind}' for kind, count in filled.made.items()) or 'nothing'}", err=True
        )
    inbox.put(build_typed_readings(world, Window(world.start, world.stop)))
    _play(world, InboxSink(inbox), flow)


def _play(world: World, sink: Sink, flow: Flow) -> None:
    """The whole period into a sink, with a bar; afterwards on in real time where that is wanted."""
    from avlest.simulate.roads.run import Player, play

    player = Player(world, world.start)
    stop = stop_on_signals() if flow.speed or flow.live else threading.Event()
    with sink:
        with show_progress("telegrams") as bar:
            tell = partial(bar.tell_share, start=world.start, stop=world.stop)
            if flow.speed:
                play_paced(player, sink, speed=flow.speed, stop=stop, until=world.stop, note=tell)
            else:
                play(player, sink, world.stop, tell=tell)
        print_tally(player.air.tally)
        if flow.live and not stop.is_set():
            play_paced(player, sink, speed=1.0, stop=stop)


def print_tally(tally: Tally) -> None:
    """One line of what was sent and what became of it."""
    typer.echo(
        f"{tally.sent:,} telegrams sent: {tally.whole:,} heard whole, {tally.lost:,} lost, {tally.damaged:,} damaged; "
        f"{tally.repeated:,} heard again by other gateways",
        err=True,
    )


def report(
    homes: HomesOption = 700,
    days: DaysOption = 365,
    seed: SeedOption = 1,
    start: StartOption = "",
    to: Annotated[Path | None, typer.Option("--to", help="Folder for the page and its pictures.")] = None,
    shared: Annotated[
        Path | None, typer.Option("--shared", envvar="AVLEST_SHARED", help="Folder of measured data to compare with.")
    ] = None,
) -> None:
    """Compare the municipality with measured and published figures: shape of the day, night, spread between homes."""
    from avlest.simulate.report import make_report, write_report

    world = make_asked_world(homes, days=days, seed=seed, start=start)
    data = shared / "data" if shared is not None and (shared / "data").is_dir() else shared
    made = make_report(world, shared=data)
    typer.echo(made.text)
    if to is not None:
        with explain_simulation_failures():
            typer.echo(f"{write_report(made, to)}", err=True)


def live(
    data: Annotated[Path, typer.Option("--data", envvar="AVLEST_DATA", help="Folder of a demonstration.")],
) -> None:
    """Let the world of a demonstration go on in real time: a child of `avlest demo`."""
    from avlest.cli.demo_stages import Demonstration, explain_demo_failures

    with explain_demo_failures():
        Demonstration.open_known(data.absolute()).live()
