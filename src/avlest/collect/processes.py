# SPDX-License-Identifier: Apache-2.0
"""The two processes of collection, put together from the configuration: the collector and the worker."""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from avlest.catalogue.catalogue import Catalogue, CatalogueFile, build_catalogue
from avlest.catalogue.load import parse_family
from avlest.catalogue.model import CatalogueError
from avlest.collect.inbox import AsyncInbox, Inbox
from avlest.collect.lorawan.decoder import open_lorawan_decoder
from avlest.collect.options import open_configured_store, read_collect_options
from avlest.collect.settings import TABLE, parse_sources
from avlest.collect.sources.state import FILE_NAME
from avlest.collect.sources.supervisor import run_sources
from avlest.collect.worker import Worker
from avlest.project.config import Config

logger = logging.getLogger(__name__)
LOCK_FOLDER = "locks"


async def run_collector(config: Config, stop: asyncio.Event) -> None:
    """Run all sources of an installation until `stop`; raises `ConfigError` for a source that cannot be."""
    options = read_collect_options(config)
    sources = parse_sources(config.tables.get(TABLE), place=config.place(TABLE), data_dir=config.data_dir)
    async with AsyncInbox(Inbox(options.lanes)) as inbox:
        await run_sources(sources, inbox, stop, board_file=config.resolve(FILE_NAME))


def run_collector_process(config: Config) -> None:
    """The collector as a process of its own: ends in order on SIGTERM and Ctrl-C."""

    async def run() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await run_collector(config, stop)

    asyncio.run(run())


@contextmanager
def open_worker(config: Config, *, most_lanes: int = 64) -> Iterator[Worker]:
    """A worker as configured; raises `ConfigError`, and `CatalogueError` for an own catalogue file that is wrong."""
    options = read_collect_options(config)
    catalogue = load_catalogue(config.resolve(options.catalogue))
    folder = config.resolve(options.codecs)
    decoder, problems = open_lorawan_decoder(catalogue, folder if folder.is_dir() else None)
    for problem in problems:
        logger.warning("codecs: %s", problem)
    codecs = [path.read_bytes() for path in sorted(folder.glob("*")) if path.is_file()]
    with decoder:
        worker = Worker(
            options=options,
            store=open_configured_store(config),
            catalogue=catalogue,
            lock_folder=config.resolve(LOCK_FOLDER),
            most_lanes=most_lanes,
            lorawan=decoder,
            codec_files=codecs,
        )
        try:
            yield worker
        finally:
            worker.locks.release_all()


def load_catalogue(folder: Path) -> Catalogue:
    """The built-in catalogue, with the files of a folder before it where it exists; every own file is checked."""
    own = [CatalogueFile(str(path), path.read_text("utf-8-sig")) for path in sorted(folder.glob("*.toml"))]
    catalogue = build_catalogue(own)
    for file in own:
        try:
            parse_family(file.text, origin=file.origin, shared=catalogue.shared)
        except CatalogueError as error:
            logger.error("catalogue: %s", error)
            raise
    return catalogue


def run_worker_process(config: Config, *, most_lanes: int = 64) -> None:
    """The worker as a process of its own: ends in order on SIGTERM and Ctrl-C, what is begun is finished later."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with open_worker(config, most_lanes=most_lanes) as worker:
        worker.run(stop)
