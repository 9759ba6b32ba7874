# SPDX-License-Identifier: Apache-2.0
"""What keeps the service from starting, or a backup from being made or taken back."""

from __future__ import annotations


class ServiceError(Exception):
    """Something a person has to put right: `where` it is, and what to do."""

    def __init__(self, detail: str, *, where: str = "") -> None:
        super().__init__(f"{where}: {detail}" if where else detail)
        self.detail = detail
        self.where = where
