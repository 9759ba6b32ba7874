# SPDX-License-Identifier: Apache-2.0
"""A process of its own that issues a run and kills itself on the way: `python -m tests.settlement.issuing RUN WHERE`.

WHERE is `lines:N` (in the middle of the transaction of part N, after its lines are written) or `part:N` (after part N
is committed), or `end`.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import UTC, datetime
from typing import Any

import django

NOW = datetime(2027, 1, 12, 8, tzinfo=UTC)


def main() -> None:
    """Issue the run, killed with SIGKILL where it was asked for."""
    run, where = int(sys.argv[1]), sys.argv[2]
    django.setup()
    from avlest.registry.access import make_system_actor
    from avlest.settlement.models import Run
    from avlest.settlement.services import issue

    actor = make_system_actor(Run.objects.get(pk=run).organisation_id, name="controller")
    plant(issue, where)
    done = issue.do_issue_run(actor, run, now=NOW)
    sys.stdout.write(f"{done.invoices} {done.parts_before}\n")


def plant(issue: Any, where: str) -> None:
    """Put the kill where it was asked for."""
    what, _, number = where.partition(":")
    if what == "lines":
        write = issue._Sheet._write_items

        def write_and_die(sheet: Any) -> None:
            write(sheet)
            if sheet.part == int(number):
                os.kill(os.getpid(), signal.SIGKILL)

        issue._Sheet._write_items = write_and_die
    elif what == "part":
        do_part = issue.do_issue_part

        def issue_and_die(actor: Any, run: Any, part: int, **options: Any) -> tuple[int, int]:
            counts: tuple[int, int] = do_part(actor, run, part, **options)
            if part == int(number):
                os.kill(os.getpid(), signal.SIGKILL)
            return counts

        issue.do_issue_part = issue_and_die


if __name__ == "__main__":
    main()
