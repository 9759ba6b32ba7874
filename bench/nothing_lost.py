# SPDX-License-Identifier: Apache-2.0
"""200,000 telegrams over a real broker while collector and worker are killed 20 times and the broker restarts twice.

    python bench/nothing_lost.py [--telegrams 200000] [--kills 20] [--restarts 2] [--rate 2000] [--database postgres]

Prints what is missing, strange or doubled; exit status 1 when anything is.  Needs mosquitto (and PostgreSQL).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


def main() -> int:
    """Run it once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--telegrams", type=int, default=200_000)
    parser.add_argument("--meters", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--restarts", type=int, default=2)
    parser.add_argument("--rate", type=float, default=2000.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    options = parser.parse_args()
    from tests.collect.nothing_lost import describe, run_nothing_lost
    from tests.support.services import run_mosquitto, run_postgres

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="avlest-nothing-lost-")))
        (folder / "broker").mkdir()
        broker = stack.enter_context(run_mosquitto(folder / "broker"))
        database = stack.enter_context(run_postgres()).url if options.database == "postgres" else ""
        outcome = run_nothing_lost(
            folder / "data", broker, telegrams=options.telegrams, meters=options.meters, kills=options.kills,
            restarts=options.restarts, rate=options.rate, database=database, seed=options.seed,
        )  # fmt: skip
    print("\n".join(describe(outcome)))
    return int(bool(outcome.missing or outcome.strange or outcome.doubled))


if __name__ == "__main__":
    sys.exit(main())
