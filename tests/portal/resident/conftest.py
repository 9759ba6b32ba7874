# SPDX-License-Identifier: Apache-2.0
"""A resident who is signed in, with hours around the move."""

from __future__ import annotations

from datetime import timedelta

import pytest


@pytest.fixture
def home(world):
    """The household that lives in the flat now."""
    from tests.portal.world import Side

    return world.get_home(Side.OWN)


@pytest.fixture
def client(world, store, home):
    """The household, signed in, with two days of hours on each side of the move."""
    from django.test import Client

    from tests.portal.world import MOVED_AT, write_hours

    write_hours(store, world.vik, start=MOVED_AT - timedelta(days=2), stop=MOVED_AT + timedelta(days=2))
    signed_in = Client(HTTP_ACCEPT_LANGUAGE="nb")
    signed_in.force_login(home.user)
    return signed_in


@pytest.fixture
def left(world, client):
    """Who lived there before: signed in, and moved out."""
    from django.test import Client

    from tests.portal.world import Side

    signed_in = Client(HTTP_ACCEPT_LANGUAGE="nb")
    signed_in.force_login(world.get_home(Side.BEFORE).user)
    return signed_in
