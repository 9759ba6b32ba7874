# SPDX-License-Identifier: Apache-2.0
"""Backups: consistent while others write, whole or not at all, and refused when damaged or foreign."""

from __future__ import annotations

import io
import json
import tarfile
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import psycopg
import pytest

from avlest.collect.models import Lane
from avlest.collect.pipeline.append import get_writer
from avlest.portal.billing.reporting.roads import KEY_FILE, get_key
from avlest.project.config import Config
from avlest.readings.tables import Store, StoreError, open_store
from avlest.registry.keys.ring import VARIABLE
from avlest.registry.keys.seal import make_ring_key
from avlest.service.backup.archive import check_file, open_sink, unpack
from avlest.service.backup.delivery_key import SEALED_NAME, put_delivery_key, seal_delivery_key
from avlest.service.backup.making import make_backup
from avlest.service.backup.manifest import FileEntry, format_manifest, parse_manifest
from avlest.service.backup.restoring import restore_backup
from avlest.service.errors import ServiceError
from tests.service.running import expect_success, make_data_dir, run_avlest
from tests.support.services import run_postgres

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def make_rows(number: int) -> pl.DataFrame:
    at = NOW + timedelta(hours=number)
    return pl.DataFrame(
        {"register": [1, 2], "at": [at, at], "value": [number, number], "status": [0, 0], "quality": [0, 0]}
    ).with_columns(source=pl.lit("test"), known_at=pl.lit(at))


def append(store: Store, *numbers: int) -> None:
    for number in numbers:
        store.append("readings", make_rows(number), writer=get_writer(0), batch=number)


def forget_start(_data: Path) -> Config:
    raise AssertionError("nothing may be started from a bad backup")


def put_back(store: Store, frozen_from: Store, last: int) -> None:
    frozen = frozen_from.freeze("readings", last_batches={get_writer(0): last})
    for path, _size in frozen.files:
        store.put_file(f"readings/{path}", frozen_from.open_frozen("readings", path))
    for name, body in frozen.log:
        store.put_file(f"readings/_delta_log/{name}", io.BytesIO(body))


def test_a_frozen_table_is_the_version_asked_for_also_after_compaction(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "a"))
    append(store, 1, 2, 3)
    store.checkpoint("readings")
    append(store, 4)
    store.compact("readings", month=202603)
    append(store, 5)
    for last, rows in ((9, 10), (5, 10), (4, 8), (3, 6), (1, 2)):
        copy = open_store(str(tmp_path / f"copy-{last}"))
        assert copy.is_empty()
        put_back(copy, store, last)
        stored = copy.history("readings", ids=None)
        assert stored.height == rows
        assert stored["value"].unique().sort().to_list() == list(range(1, rows // 2 + 1))
        assert not copy.is_empty()


def test_a_restored_table_knows_what_was_appended(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "a"))
    append(store, 1, 2, 3)
    copy = open_store(str(tmp_path / "b"))
    put_back(copy, store, 2)
    assert copy.append("readings", make_rows(2), writer=get_writer(0), batch=2).repeated
    assert not copy.append("readings", make_rows(3), writer=get_writer(0), batch=3).repeated
    assert copy.history("readings", ids=None).equals(store.history("readings", ids=None))


@pytest.mark.django_db(transaction=True)
def test_readings_the_database_copy_does_not_know_of_are_left_out(tmp_path: Path) -> None:
    """They are still in the copied inbox, and would be there twice."""
    config = Config(data_dir=tmp_path / "data", text="# settings\n")
    (config.data_dir / "documents").mkdir(parents=True)
    (config.data_dir / "documents" / "seal.jpg").write_bytes(b"photo")
    append(open_store(str(config.data_dir / "readings")), 1, 2, 3)
    Lane.objects.create(number=0, last_append=2)
    made = make_backup(tmp_path / "b", config=config, now=NOW)
    rows = {table.name: table.rows for table in made.manifest.tables}
    assert rows == {"telegrams": 0, "readings": 4, "hourly": 0, "daily": 0}
    assert made.keys is None
    names = [file.name for file in made.manifest.files]
    assert {"settings/avlest.toml", "folders/documents/seal.jpg"} <= set(names)
    assert not any("key" in name or "ring" in name for name in names)
    assert parse_manifest((tmp_path / "b" / "manifest.json").read_bytes(), where="b") == made.manifest
    for entry in made.manifest.files:
        check_file(tmp_path / "b", entry)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "data"]


@pytest.mark.django_db(transaction=True)
def test_a_backup_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_store: Store, table: str, *, last_batches: object) -> None:
        raise StoreError(location=table, action="freeze", cause="the disk is gone")

    monkeypatch.setattr(Store, "freeze", refuse)
    with pytest.raises(StoreError, match="the disk is gone"):
        make_backup(tmp_path / "b.tar.gz", config=Config(data_dir=tmp_path / "data"), now=NOW)
    assert list(tmp_path.iterdir()) == []


def test_a_backup_is_never_written_over_something(tmp_path: Path) -> None:
    (tmp_path / "b.tar").write_bytes(b"older backup")
    with pytest.raises(ServiceError, match="exists already"), open_sink(tmp_path / "b.tar"):
        pass
    assert (tmp_path / "b.tar").read_bytes() == b"older backup"
    with pytest.raises(ServiceError, match="no such directory"), open_sink(tmp_path / "none" / "b.tar"):
        pass


def make_small_backup(target: Path, body: bytes = b"# settings") -> FileEntry:
    with open_sink(target) as sink:
        entry = sink.add("settings/avlest.toml", io.BytesIO(body), size=len(body))
        document = {
            "avlest": "0.1.0", "made_at": NOW.isoformat(), "database": "sqlite", "migrations": [], "ring_keys": [],
            "tables": [], "files": [{"name": entry.name, "size": entry.size, "sha256": entry.sha256}], "format": 1,
        }  # fmt: skip
        manifest = json.dumps(document).encode()
        sink.add("manifest.json", io.BytesIO(manifest), size=len(manifest))
    return entry


@pytest.mark.parametrize("name", ["b", "b.tar", "b.tar.gz", "b.tgz"])
def test_every_kind_of_backup_is_unpacked_to_the_same_files(tmp_path: Path, name: str) -> None:
    entry = make_small_backup(tmp_path / name)
    (tmp_path / "out").mkdir()
    manifest = parse_manifest(unpack(tmp_path / name, tmp_path / "out"), where=name)
    assert manifest.files == (entry,)
    check_file(tmp_path / "out", entry)
    assert (tmp_path / "out" / entry.name).stat().st_mode & 0o077 == 0
    assert parse_manifest(format_manifest(manifest), where=name) == manifest


def test_a_damaged_file_is_named_and_nothing_is_restored(tmp_path: Path) -> None:
    entry = make_small_backup(tmp_path / "b")
    (tmp_path / "b" / entry.name).write_bytes(b"# settinga")
    with pytest.raises(ServiceError, match=r"settings/avlest.toml: is damaged"):
        restore_backup(tmp_path / "b", tmp_path / "data", keys=None, start=forget_start)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b"]


def test_a_file_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    make_small_backup(tmp_path / "b.tar.gz", body=bytes(range(256)) * 400)
    body = (tmp_path / "b.tar.gz").read_bytes()
    (tmp_path / "b.tar.gz").write_bytes(body[: len(body) // 2])
    with pytest.raises(ServiceError, match=r"b.tar.gz: (cannot be read as a backup|has no manifest)"):
        restore_backup(tmp_path / "b.tar.gz", tmp_path / "data", keys=None, start=forget_start)


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil", "a/.."])
def test_a_member_that_would_leave_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with tarfile.open(tmp_path / "b.tar", "w") as tar:
        member = tarfile.TarInfo(name)
        member.size = 1
        tar.addfile(member, io.BytesIO(b"x"))
    (tmp_path / "out").mkdir()
    with pytest.raises(ServiceError, match="not a backup of ours"):
        unpack(tmp_path / "b.tar", tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_link_in_a_backup_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "b.tar", "w") as tar:
        member = tarfile.TarInfo("settings/avlest.toml")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(member)
    (tmp_path / "out").mkdir()
    with pytest.raises(ServiceError, match="not a backup of ours"):
        unpack(tmp_path / "b.tar", tmp_path / "out")


def test_a_manifest_of_the_future_or_with_strange_names_is_refused() -> None:
    with pytest.raises(ServiceError, match="has format 99"):
        parse_manifest(b'{"format": 99}', where="b")
    with pytest.raises(ServiceError, match="not the manifest"):
        parse_manifest(b"[]", where="b")
    strange = {"format": 1, "files": [{"name": "../x", "size": 1, "sha256": ""}]}
    with pytest.raises(ServiceError, match=r"a file is called '\.\./x'"):
        parse_manifest(json.dumps(strange).encode(), where="b")


def test_a_restore_takes_an_empty_directory_only(tmp_path: Path) -> None:
    make_small_backup(tmp_path / "b")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mine").touch()
    with pytest.raises(ServiceError, match="is not empty"):
        restore_backup(tmp_path / "b", tmp_path / "data", keys=None, start=forget_start)


@pytest.mark.django_db
def test_a_restore_into_a_database_in_use_is_refused_and_the_directory_emptied(tmp_path: Path) -> None:
    make_small_backup(tmp_path / "b")
    with pytest.raises(ServiceError, match=r"already|holds a sqlite database"):
        restore_backup(tmp_path / "b", tmp_path / "data", keys=None, start=lambda data: Config(data_dir=data))
    assert list((tmp_path / "data").iterdir()) == []


@pytest.mark.needs("postgres")
@pytest.mark.timeout(300)
@pytest.mark.slow
def test_an_installation_on_postgresql_is_backed_up_and_restored_into_an_empty_database(tmp_path: Path) -> None:
    with run_postgres() as server:
        data = make_data_dir(tmp_path / "data", AVLEST_DATABASE=server.url)
        expect_success("backup", tmp_path / "b.tgz", "--data", data, AVLEST_DATABASE=server.url)
        again = run_avlest("restore", tmp_path / "b.tgz", "--data", tmp_path / "new", AVLEST_DATABASE=server.url)
        assert again.returncode == 1
        assert "has tables already" in again.stderr
        assert "avlest:avlest" not in again.stderr
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE other")
        url = server.url.rpartition("/")[0] + "/other"
        text = expect_success("restore", tmp_path / "b.tgz", "--data", tmp_path / "new", AVLEST_DATABASE=url)
        assert "stay sealed until the ring" in text
        with psycopg.connect(server.url) as one, psycopg.connect(url) as two:
            for table in ("registry_organisation", "registry_auditentry", "django_migrations"):
                query = f"SELECT * FROM {table} ORDER BY id"
                assert one.execute(query).fetchall() == two.execute(query).fetchall() != []


@pytest.mark.django_db(transaction=True)
def test_the_key_that_delivers_reports_is_in_the_backup_sealed_and_comes_back(tmp_path: Path) -> None:
    """Receivers know its public half; a backup in the wrong hands must not write to their servers."""
    config = Config(data_dir=tmp_path / "data")
    config.data_dir.mkdir()
    public = get_key(config.data_dir / KEY_FILE).export_public_key()
    made = make_backup(tmp_path / "b", config=config, now=NOW)
    assert SEALED_NAME in {file.name for file in made.manifest.files}
    clear = (config.data_dir / KEY_FILE).read_bytes()
    assert not any(clear[40:80] in file.read_bytes() for file in (tmp_path / "b").rglob("*") if file.is_file())
    (tmp_path / "new").mkdir()
    assert put_delivery_key(tmp_path / "b", tmp_path / "new")
    assert (tmp_path / "new" / KEY_FILE).stat().st_mode & 0o077 == 0
    assert get_key(tmp_path / "new" / KEY_FILE).export_public_key() == public


def test_the_key_that_delivers_reports_stays_sealed_without_its_ring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    get_key(tmp_path / KEY_FILE)
    (tmp_path / "settings").mkdir()
    sealed = seal_delivery_key(tmp_path)
    assert sealed is not None
    (tmp_path / SEALED_NAME).write_bytes(sealed)
    (tmp_path / "new").mkdir()
    name, key = make_ring_key()
    monkeypatch.setenv(VARIABLE, f"{name}:{b64encode(key).decode()}")
    assert not put_delivery_key(tmp_path, tmp_path / "new")
    (tmp_path / SEALED_NAME).write_bytes(sealed.replace(b"s1:", b"s1:x:"))
    with pytest.raises(ServiceError, match="not the sealed key"):
        put_delivery_key(tmp_path, tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []
