# SPDX-License-Identifier: Apache-2.0
"""Score `avlest decode` against telegrams whose values are known, per meter family.

The vectors are public test telegrams that are not part of this project.  They are looked for in
`$AVLEST_SHARED/vectors`, else in `../shared/vectors` beside the repository.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
FILES = ("wmbus.jsonl", "wmbus-encrypted.jsonl")
# What a decoder cannot know (a name somebody gave) or what depends on today.
IGNORED = frozenset({"_", "name", "timestamp", "device", "device_date", "rssi_dbm"})
RELATIVE = 1e-9
# Expected values were printed with six decimals: half of the last one is no difference.
ABSOLUTE = 5e-7

Row = Mapping[str, Any]


@dataclass(slots=True)
class Score:
    """How many vectors and fields of one family came out right, and what did not."""

    vectors: int = 0
    vectors_right: int = 0
    fields: int = 0
    fields_right: int = 0
    differences: list[str] = field(default_factory=list)

    def add(self, vector: Row, answer: Row) -> None:
        """Count one vector."""
        expected = {name: value for name, value in vector["expected"].items() if name not in IGNORED}
        wrong = list(compare_fields(expected, answer))
        self.vectors += 1
        self.vectors_right += not wrong
        self.fields += len(expected)
        self.fields_right += len(expected) - len(wrong)
        if wrong:
            error = f" [{answer['error']}]" if answer.get("error") else ""
            self.differences.append(f"{vector['telegram'][:28]}…{error} {'; '.join(wrong)}")


def is_same(got: object, want: object) -> bool:
    """Whether two values agree: numbers within the tolerance, everything else exactly."""
    if isinstance(want, bool) or not isinstance(want, int | float):
        return type(got) is type(want) and got == want
    if isinstance(got, bool) or not isinstance(got, int | float):
        return False
    return abs(got - want) <= max(ABSOLUTE, RELATIVE * abs(want))


def compare_fields(expected: Row, answer: Row) -> Iterator[str]:
    """One sentence for each expected field that is absent or different."""
    for name, want in expected.items():
        if name not in answer:
            yield f"{name} is absent, expected {want!r}"
        elif not is_same(answer[name], want):
            yield f"{name} is {answer[name]!r}, expected {want!r}"


def decode(vectors: Sequence[Row], command: Sequence[str]) -> list[Row]:
    """Run the command on the telegrams; one answer for each, in order."""
    asked = ({name: row[name] for name in ("telegram", "key") if row.get(name)} for row in vectors)
    feed = "".join(json.dumps(row) + "\n" for row in asked)
    run = subprocess.run(command, input=feed, capture_output=True, text=True, timeout=600, check=False)
    answers: list[Row] = [json.loads(line) for line in run.stdout.splitlines() if line.strip()]
    if len(answers) != len(vectors):
        sys.exit(f"{len(answers)} answers for {len(vectors)} telegrams\n{run.stderr[-2000:]}")
    return answers


def score_file(file: Path, command: Sequence[str], families: dict[str, Score]) -> Score:
    """Score every vector of a file; adds to the families and returns the file's own total."""
    vectors: list[Row] = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    total = Score()
    for vector, answer in zip(vectors, decode(vectors, command), strict=True):
        families.setdefault(vector["meter"], Score()).add(vector, answer)
        total.add(vector, answer)
    return total


def find_vectors() -> Path:
    """The folder of vectors; ends the script, saying where it looked, when it is absent."""
    folder = Path(os.environ.get("AVLEST_SHARED", ROOT.parent / "shared")) / "vectors"
    if not folder.is_dir():
        sys.exit("no vectors: set AVLEST_SHARED to the folder that holds vectors/wmbus.jsonl")
    return folder


def print_families(console: Console, families: Mapping[str, Score], *, everything: bool) -> None:
    """The table of families, then what differs."""
    table = Table("family", "vectors", "fields", "", box=None, pad_edge=False)
    for name, score in sorted(families.items()):
        whole = score.vectors == score.vectors_right
        vectors = f"{score.vectors_right}/{score.vectors}"
        table.add_row(name, vectors, f"{score.fields_right}/{score.fields}", "" if whole else "short")
    console.print(table)
    for name, score in sorted(families.items()):
        for line in score.differences:
            text = f"{name}: {line}"
            console.print(text if everything else text[:400], soft_wrap=True, markup=False, highlight=False)


def find_command() -> list[str]:
    """The `avlest decode` that belongs to the Python running this script."""
    beside = Path(sys.executable).parent / "avlest"
    program = str(beside) if beside.exists() else shutil.which("avlest")
    if program is None:
        sys.exit("no avlest command: run make install")
    return [program, "decode", "--format", "json", "-"]


def main() -> int:
    """Read the command line, score the files, say what differs; 0 when nothing does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, help="vector files (default: the shared ones)")
    parser.add_argument("-v", "--verbose", action="store_true", help="print every difference in full")
    options = parser.parse_args()
    files = options.files or [find_vectors() / name for name in FILES]
    console = Console(highlight=False)
    families: dict[str, Score] = {}
    totals = {file.name: score_file(file, find_command(), families) for file in files}
    print_families(console, families, everything=options.verbose)
    for name, total in totals.items():
        vectors = f"{total.vectors_right}/{total.vectors} vectors"
        console.print(f"{name}: {vectors}, {total.fields_right}/{total.fields} fields")
    return int(any(total.vectors != total.vectors_right for total in totals.values()))


if __name__ == "__main__":
    sys.exit(main())
