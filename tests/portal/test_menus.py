# SPDX-License-Identifier: Apache-2.0
"""The navigation has what is of use to who looks, and nothing else."""

from __future__ import annotations

import pytest
from django.template import Context, Template
from django.urls import reverse
from django.utils.translation import override

from avlest.portal.menus import get_menu
from avlest.portal.viewer import get_viewer
from tests.portal.world import STAFF, Side


def get_areas(user, organisation_id: int) -> list[str]:
    """The areas somebody may switch between; the one they are in where there is only one."""
    menu = get_menu(get_viewer(user, organisation_id=organisation_id), path="/")
    return [item.address for item in menu.areas or menu.items[:1]]


@pytest.mark.parametrize("role", STAFF)
def test_staff_without_a_home_have_no_home_in_their_menu(world, role):
    """The overview of a home is open to all who sign in, and of use only to who lives somewhere."""
    assert reverse("resident:overview") not in get_areas(world.vik.staff[role], world.vik.id)


def test_a_resident_sees_only_the_home(world):
    """No switch between areas where there is one."""
    viewer = get_viewer(world.vik.homes[Side.OWN].user, organisation_id=world.vik.id)
    menu = get_menu(viewer, path="/")
    assert menu.areas == ()
    assert menu.items[0].address == reverse("resident:overview")


def test_a_year_is_written_as_a_year():
    """Numbers in pages stand as they are unless a page says how to write them: 2025 has no space."""
    with override("nb"):
        assert Template("{{ year }}").render(Context({"year": 2025})) == "2025"
