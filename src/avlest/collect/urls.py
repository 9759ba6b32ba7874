# SPDX-License-Identifier: Apache-2.0
"""The address that gateways and network servers push to."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

if TYPE_CHECKING:
    from avlest.collect.sources.http import View


@cache
def build_view() -> View:
    """The push view of the `[[sources]]` of kind http in this process's avlest.toml.

    Made when something is pushed: the formats and tables it needs are half of what a web server would load at start.
    """
    from avlest.collect.inbox import Inbox
    from avlest.collect.options import read_collect_options
    from avlest.collect.settings import parse_sources
    from avlest.collect.sources.http import make_push_view

    config = settings.AVLEST
    sources = parse_sources(config.tables.get("sources"), place=config.place("sources"), data_dir=config.data_dir)
    inbox = Inbox(read_collect_options(config).lanes)
    return make_push_view(sources, inbox, parts_folder=config.data_dir / "parts")


@csrf_exempt
def push(request: HttpRequest, source: str) -> HttpResponse:
    """Take in what a network server or gateway posts; the source checks its token."""
    return build_view()(request, source)


urlpatterns = [
    path("push/<str:source>", push, name="push"),
    path("push/<str:source>/", push, name="push"),
]
