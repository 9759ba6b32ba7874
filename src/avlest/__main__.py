# SPDX-License-Identifier: Apache-2.0
"""`python -m avlest` is the command `avlest`."""

from avlest.cli import main

main()
