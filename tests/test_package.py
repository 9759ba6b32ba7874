# SPDX-License-Identifier: Apache-2.0
"""What is installed: the wheel, and what the decoder needs of it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import avlest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "avlest"
TELEGRAM = "1444AE4C7856341268077A550000000413E11E0000"


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names in a wheel built from this checkout, without isolation and without network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (file,) = folder.glob("*.whl")
    assert file.name.startswith(f"avlest-{avlest.__version__}-")
    with zipfile.ZipFile(file) as wheel:
        return wheel.namelist()


def test_the_wheel_holds_every_file_of_the_package(wheel_names: list[str]) -> None:
    """Catalogue files, templates and migrations are installed, not only modules."""
    files = [path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    missing = {path.relative_to(PACKAGE.parent).as_posix() for path in files} - set(wheel_names)
    assert not missing
    assert any(name.startswith("avlest/catalogue/families/") for name in wheel_names)


def test_the_wheel_holds_the_licence_and_the_command(wheel_names: list[str]) -> None:
    """A wheel carries its licence text and installs the command `avlest`."""
    information = f"avlest-{avlest.__version__}.dist-info"
    assert f"{information}/licenses/LICENSE" in wheel_names
    assert f"{information}/entry_points.txt" in wheel_names


def test_decoding_one_telegram_needs_no_server_library() -> None:
    """`avlest decode --hex` starts without Django, Delta, Polars or a network library."""
    program = f"""
import sys
from avlest.cli import main
sys.argv = ["avlest", "decode", "--hex", "{TELEGRAM}"]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
heavy = sorted({{"django", "deltalake", "gmqtt", "polars", "pyarrow", "granian", "serial"}} & set(sys.modules))
print("heavy:", *heavy)
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert '"total_m3": 7.905' in run.stdout
    assert run.stdout.splitlines()[-1] == "heavy:"


def test_the_lock_names_no_place() -> None:
    """The lock has hashes and versions, and neither an index nor a folder of one machine."""
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    packages = [line for line in lines if line and not line.startswith(("#", " "))]
    assert len(packages) > 50
    assert all("==" in line and line.endswith("\\") for line in packages)
    assert not [line for line in lines if "://" in line or line.startswith("-")]
