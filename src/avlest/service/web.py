# SPDX-License-Identifier: Apache-2.0
"""The web server: granian in front of Django's WSGI application."""

from __future__ import annotations

import gc
import logging
from typing import Any

from avlest.service.events import log_event
from avlest.service.supervisor import tie_to_parent

logger = logging.getLogger(__name__)

_STOP_PATIENCE = 5
_CONNECTIONS = 1024
_CONNECTION_SECONDS = 600
_COLLECT_AFTER = (50_000, 20, 50)


def derive_address(host: str, port: int) -> str:
    """Return the address a person on this machine opens."""
    shown = {"0.0.0.0": "localhost", "::": "localhost", "127.0.0.1": "localhost"}.get(host, host)  # noqa: S104
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}/"


def serve_web(*, host: str, port: int, processes: int, threads: int) -> None:
    """Answer requests until SIGTERM or SIGINT; raises `OSError` when the address cannot be bound."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    from avlest.service.checks import check_port

    check_port(host, port)
    server = Granian(
        "avlest.project.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=processes,
        blocking_threads=threads,
        # Counts connections, those that browsers keep open for their next page too.
        backpressure=_CONNECTIONS,
        workers_kill_timeout=_STOP_PATIENCE,
        websockets=False,
        log_level=LogLevels.warning,
        log_dictconfig=_quiet_logging(),
    )
    address = derive_address(host, port)
    log_event(logger, "web_listens", address=address, host=host, port=port, processes=processes, threads=threads)
    server.serve(target_loader=_load_application, wrap_loader=False)


def _load_application() -> Any:
    """In the worker process: end with the parent, then load Django."""
    tie_to_parent()
    from avlest.project.wsgi import application

    _keep_connections()
    _load_pages()
    _calm_collector()
    return application


def _load_pages() -> None:
    """Load every page before the first person asks for one: they would wait for seconds."""
    from django.urls import get_resolver

    _ = get_resolver().url_patterns


def _calm_collector() -> None:
    """Look for circles among new objects less often, and never again among all that loading has made.

    A page makes some ten thousand objects, so that the usual thresholds go through a hundred thousand old ones with
    every few pages: a tenth of the processor's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)


def _keep_connections() -> None:
    """Let each thread keep its connection to the database: opening one costs as much as half a page.

    In this process alone: elsewhere connections are few, and closed when their work is done.
    """
    from django.db import connections

    for settings in connections.databases.values():
        settings |= {"CONN_MAX_AGE": _CONNECTION_SECONDS, "CONN_HEALTH_CHECKS": True}


def _quiet_logging() -> dict[str, Any]:
    """Let the project's own handlers write what the server says."""
    through: dict[str, Any] = {"handlers": [], "propagate": True}
    return {"handlers": {}, "formatters": {}, "loggers": {"_granian": through, "granian.access": dict(through)}}
