# SPDX-License-Identifier: Apache-2.0
"""Copy the portal's style sheets and scripts out of the npm packages that package-lock.json pins.

`python -m scripts.vendor_assets` writes them into `src/avlest/portal/static/portal/vendor/`, with their licences and
a manifest of checksums; `--check` repeats the copy and says what differs.  Needs npm; the installed package does not.
"""

from __future__ import annotations

import argparse
import filecmp
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

# npm's own names for a registry that does not answer; anything else that fails is a fault of ours.
_UNREACHABLE = (
    "ENOTFOUND",
    "EAI_AGAIN",
    "ETIMEDOUT",
    "ECONNREFUSED",
    "ECONNRESET",
    "ENETUNREACH",
    "ERR_SOCKET_TIMEOUT",
)
_PATIENCE = ("--fetch-retries=1", "--fetch-timeout=60000")
EX_TEMPFAIL = 75
ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "src/avlest/portal/static/portal/vendor"
MANIFEST = "manifest.json"

# package -> file in the package -> name in the vendor folder
FILES: dict[str, dict[str, str]] = {
    "@digdir/designsystemet-css": {
        "dist/src/index.css": "designsystemet.css",
        "dist/theme/designsystemet.css": "designsystemet-theme.css",
        "LICENSE": "designsystemet.LICENSE.txt",
    },
    "maplibre-gl": {
        "dist/maplibre-gl.mjs": "maplibre-gl.mjs",
        "dist/maplibre-gl-worker.mjs": "maplibre-gl-worker.mjs",
        "dist/maplibre-gl.css": "maplibre-gl.css",
        "LICENSE.txt": "maplibre-gl.LICENSE.txt",
    },
    "uplot": {
        "dist/uPlot.iife.min.js": "uplot.js",
        "dist/uPlot.min.css": "uplot.css",
        "LICENSE": "uplot.LICENSE.txt",
    },
}


# Components of the style sheet that no page has; without them it is half as long, which a slow phone feels.
UNUSED = (
    "avatar", "badge", "chip", "dialog", "dropdown", "popover", "search", "skeleton", "spinner", "tabs", "textfield",
    "toggle-group", "tooltip",
)  # fmt: skip
_LAYER = re.compile(rb"@layer ds\.(?:base|components)\{(?:@property --_dsc-|[.[](?:ds-|data-))([a-z-]+)")


class UnreachableError(OSError):
    """The registry does not answer; what it said of it is the text."""


def install_packages(folder: Path) -> None:
    """Install what the lock file names, checked against its checksums; no package's own scripts are run."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / name, folder / name)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", *_PATIENCE]
    done = subprocess.run(command, cwd=folder, check=False, stderr=subprocess.PIPE, text=True)
    if done.returncode and any(sign in done.stderr for sign in _UNREACHABLE):
        raise UnreachableError(done.stderr.strip())
    if done.returncode:
        sys.exit(done.stderr)


def copy_assets(packages: Path, target: Path) -> None:
    """Copy the files of `FILES` from the installed packages, and write the manifest."""
    target.mkdir(parents=True, exist_ok=True)
    versions, sums = {}, {}
    for package, files in FILES.items():
        versions[package] = json.loads((packages / package / "package.json").read_text(encoding="utf-8"))["version"]
        for source, name in files.items():
            content = strip_map((packages / package / source).read_bytes())
            content = leave_out_unused(content) if name == "designsystemet.css" else content
            (target / name).write_bytes(content)
            sums[name] = hashlib.sha256(content).hexdigest()
    manifest = {"packages": versions, "sha256": dict(sorted(sums.items()))}
    (target / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def strip_map(content: bytes) -> bytes:
    """Leave out the reference to a source map, which is not copied."""
    lines = [line for line in content.splitlines(keepends=True) if not line.startswith(b"//# sourceMappingURL=")]
    return b"".join(lines)


def leave_out_unused(sheet: bytes) -> bytes:
    """Leave out the layers that begin with a component of `UNUSED`; the rest stays as it came, in its order."""
    ends = [match.start() for match in re.finditer(rb"@layer ds\.(?:base|components)\{", sheet)] + [len(sheet)]
    parts = [sheet[: ends[0]], *(sheet[start:stop] for start, stop in pairwise(ends))]
    return b"".join(part for part in parts if not _is_unused(part))


def _is_unused(part: bytes) -> bool:
    found = _LAYER.match(part)
    return found is not None and found[1].decode().startswith(UNUSED)


def find_differences(made: Path, committed: Path) -> list[str]:
    """Return the names that are missing, left over or different in the committed folder."""
    names = {file.name for folder in (made, committed) for file in folder.glob("*")}
    _, different, missing = filecmp.cmpfiles(made, committed, sorted(names), shallow=False)
    return sorted([*different, *missing])


def main() -> int:
    """Write the vendor folder anew, or check it; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say whether the committed files are current")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="avlest-npm-") as folder:
        try:
            install_packages(Path(folder))
        except UnreachableError as error:
            print(f"the copy could not be repeated, because the registry does not answer:\n{error}", file=sys.stderr)
            return EX_TEMPFAIL
        made = Path(folder) / "made" if options.check else VENDOR
        copy_assets(Path(folder) / "node_modules", made)
        differences = find_differences(made, VENDOR)
    for name in differences:
        print(f"{VENDOR.relative_to(ROOT) / name}: not what the lock file gives; run python -m scripts.vendor_assets")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
