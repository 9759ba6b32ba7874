# SPDX-License-Identifier: Apache-2.0
"""Commands of the room `readings`."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Add the commands of this room."""
