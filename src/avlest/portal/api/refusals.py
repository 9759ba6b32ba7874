# SPDX-License-Identifier: Apache-2.0
"""How the services of this area say what is wrong with a wish."""

from __future__ import annotations


class FieldRefusedError(ValueError):
    """What somebody wants cannot be: `field` names what is wrong, `code` why; the text is for programs' readers."""

    def __init__(self, field: str, code: str, detail: str) -> None:
        self.field = field
        self.code = code
        super().__init__(detail)
