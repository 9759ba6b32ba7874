# SPDX-License-Identifier: Apache-2.0
"""A writer in a process of its own, for tests that kill it or run several: LOCATION WRITER FIRST COUNT [FILE LIMIT]."""

from __future__ import annotations

import resource
import sys

from avlest.readings.tables import StoreError, open_store
from tests.readings.tables.samples import readings_batch


def main() -> int:
    """Append batches; say `ready` before the first and the error, if any, at the end."""
    location, writer, first, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    store = open_store(location)
    store.list_partitions("readings")
    print("ready", flush=True)
    if len(sys.argv) > 5:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[5]), resource.RLIM_INFINITY))
    try:
        for batch in range(first, first + count):
            registers = 20 if len(sys.argv) <= 5 else 20_000
            store.append("readings", readings_batch(batch, registers=registers), writer=writer, batch=batch)
    except StoreError as error:
        print(error, flush=True)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
