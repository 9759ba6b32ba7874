# SPDX-License-Identifier: Apache-2.0
"""The address that gateways and network servers push to."""

from __future__ import annotations

from django.conf import settings
from django.urls import path

from avlest.collect.inbox import Inbox
from avlest.collect.options import read_collect_options
from avlest.collect.settings import parse_sources
from avlest.collect.sources.http import View, make_push_view


def build_view() -> View:
    """The push view of the `[[sources]]` of kind http in this process's avlest.toml."""
    config = settings.AVLEST
    sources = parse_sources(config.tables.get("sources"), place=config.place("sources"), data_dir=config.data_dir)
    inbox = Inbox(read_collect_options(config).lanes)
    return make_push_view(sources, inbox, parts_folder=config.data_dir / "parts")


push = build_view()

urlpatterns = [
    path("push/<str:source>", push),
    path("push/<str:source>/", push),
]
