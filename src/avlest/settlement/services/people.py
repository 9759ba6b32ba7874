# SPDX-License-Identifier: Apache-2.0
"""Four eyes: whoever made something does not approve it."""

from __future__ import annotations

from avlest.registry.errors import Problem, RegistryError
from avlest.registry.rights import Actor


def check_other_person(actor: Actor, *, made_by: str, made_by_user: int | None, what: str) -> None:
    """Raise `RegistryError` when `actor` is who made `what`.

    People are told apart by their user; the command line and workers, which have none, by name.
    """
    same_user = actor.user_id is not None and actor.user_id == made_by_user
    if same_user or actor.name == made_by:
        detail = f"{what} was made by {made_by}; another person must approve it, not {actor.name}"
        raise RegistryError(Problem.SAME_PERSON, detail)
