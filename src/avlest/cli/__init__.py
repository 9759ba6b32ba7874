# SPDX-License-Identifier: Apache-2.0
"""The command `avlest`: thin, each command parses its arguments and calls one service.

Commands are imported when they are called, so that `avlest decode --hex` starts fast.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    from avlest.cli.app import build_app

    build_app(sys.argv[1:])()
