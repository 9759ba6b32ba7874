# SPDX-License-Identifier: Apache-2.0
"""`avlest derive`, `queue` and `elhub` as people call them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.service.running import expect_success, make_data_dir, run_avlest

GSRN = "707057500000000001"
PLACES = f"property_code;point;medium;gsrn\n1;P1;electricity;{GSRN}\n"
METERS = "manufacturer;serial\nKAM;12345678\n"
INSTALLATIONS = "point;manufacturer;serial;from\nP1;KAM;12345678;2026-01-01\n"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation with one point of electricity and two days of its values, one hour of them impossible."""
    folder = tmp_path_factory.mktemp("commands")
    data = make_data_dir(folder / "data")
    for kind, text in (("meters", METERS), ("places", PLACES), ("installations", INSTALLATIONS)):
        (folder / f"{kind}.csv").write_text(text, encoding="utf-8")
        expect_success("import", kind, folder / f"{kind}.csv", "--data", data)
    rows = [
        f"{day:02}.03.2026 {hour:02}:00;;{900 if (day, hour) == (2, 5) else 1},500"
        for day in range(1, 4)
        for hour in range(24)
    ]
    file = folder / f"meteringvalues-mp-{GSRN}-consumption-20260304T0800.csv"
    file.write_text("\n".join(["Fra;Til;KWH 60 Forbruk", *rows, "04.03.2026 00:00;;x"]), encoding="utf-8")
    done = run_avlest("elhub", "import", file, "--data", data)
    assert done.returncode == 1
    assert "72 values taken in, 0 stood already, 1 problems" in done.stdout
    assert "line 74, KWH: is 'x'" in done.stderr
    return data


def test_values_go_in_are_derived_and_come_out(data: Path, tmp_path: Path) -> None:
    """Imported, derived, put in the queue, decided, exported with statuses, and reported."""
    # The impossible hour, and that nothing has been heard for months.
    assert "2 new findings" in expect_success("derive", "--data", data)
    listed = expect_success("queue", "list", "--data", data).splitlines()
    assert [line.split()[1] for line in listed[:2]] == ["V06", "V11"]
    number = listed[0].split()[0]
    refused = run_avlest("queue", "accept", number, "--data", data)
    assert "a reason of at least three letters" in refused.stderr
    assert "1 decided, 0 refused" in expect_success(
        "queue", "accept", "--code", "V06", "--reason", "a test of the fuse", "--data", data
    )
    expect_success("derive", "--data", data)
    assert "V06" not in expect_success("queue", "list", "--data", data)
    assert "decided" in expect_success("queue", "list", "--all", "--data", data)
    days = ("--from", "2026-03-02", "--to", "2026-03-03")
    assert "24 values of 1 points in 1 files" in expect_success("elhub", "export", tmp_path, *days, "--data", data)
    (file,) = tmp_path.glob(f"meteringvalues-mp-{GSRN}-consumption-*.csv")
    text = file.read_text(encoding="utf-8")
    assert "2026-03-02T05:00:00+01:00;2026-03-02T06:00:00+01:00;900,500;Målt" in text
    expect_success("elhub", "export", tmp_path, *days, "--format", "json", "--data", data)
    assert '"quantityKwh": 900.5' in next(tmp_path.glob("*.json")).read_text(encoding="utf-8")
    assert "1 of 1 points complete" in expect_success("elhub", "report", *days, "--data", data)


def test_what_cannot_be_is_told(data: Path, tmp_path: Path) -> None:
    """Wrong days, lengths and files are one line each; all derived again writes nothing."""
    assert "expected a day" in run_avlest("derive", "--from", "March", "--data", data).stderr
    assert "expected 15 or 60" in run_avlest("elhub", "export", tmp_path, "--minutes", "30", "--data", data).stderr
    (tmp_path / "x.json").write_text('{"errors": []}', encoding="utf-8")
    assert 'expected an object with "data"' in run_avlest("elhub", "import", tmp_path / "x.json", "--data", data).stderr
    assert "name findings by number" in run_avlest("queue", "accept", "--data", data).stderr
    expect_success("derive", "--data", data)
    assert "0 hours and 0 days written" in expect_success("derive", "--all", "--data", data)
