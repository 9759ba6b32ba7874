# SPDX-License-Identifier: Apache-2.0
"""The same tables in an S3 bucket: a local S3 server, several writers, and a server that is not there."""

from __future__ import annotations

import os
import socket
import threading
import uuid
from collections.abc import Iterator

import pytest

from avlest.readings.tables import Store, StoreError, open_store
from tests.readings.tables.samples import contents, expected_rows, readings_batch

OPTIONS = {"access_key_id": "invented", "secret_access_key": "invented too", "region": "eu-north-1"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Address of an S3 server of our own; skipped where moto is not installed, failed where `CI=true`."""
    try:
        from moto.server import ThreadedMotoServer
    except ImportError as error:
        message = f"needs moto[server]: {error}"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def options(server: str) -> dict[str, str]:
    return {**OPTIONS, "endpoint_url": server}


@pytest.fixture
def bucket(options: dict[str, str]) -> str:
    """A new bucket."""
    import boto3

    client = boto3.client(
        "s3",
        endpoint_url=options["endpoint_url"],
        aws_access_key_id="invented",
        aws_secret_access_key="invented too",
        region_name="eu-north-1",
    )
    name = f"avlest-{uuid.uuid4()}"
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-north-1"})
    client.close()
    return name


@pytest.fixture
def remote(bucket: str, options: dict[str, str]) -> Store:
    return open_store(f"s3://{bucket}/plant", options=options)


def test_a_bucket_holds_the_tables_as_a_folder_does(remote: Store) -> None:
    for batch in range(4):
        remote.append("readings", readings_batch(batch), writer="a", batch=batch)
    assert remote.append("readings", readings_batch(3), writer="a", batch=3).repeated
    assert contents(remote).equals(expected_rows(range(4)))
    assert remote.read_latest("readings", ids=[4])["value"].to_list() == [7000]
    assert remote.compact("readings", month=202611).files_after == 1
    assert contents(remote).equals(expected_rows(range(4)))
    erased = remote.delete_ids("readings", ids=[4])
    assert (erased.rows, erased.files_deleted) == (4, 5)
    assert 4 not in contents(remote)["register"]
    remote.checkpoint("readings")
    size = remote.sizes()[1]
    assert (size.rows, size.files) == (76, 1)


def test_writers_to_one_bucket_do_not_overwrite_each_other(remote: Store, options: dict[str, str]) -> None:
    """Commits are conditional puts: of two with the same version one is refused and goes again."""
    remote.list_partitions("readings")
    gate, failures = threading.Barrier(3), []

    def write(number: int) -> None:
        own = open_store(remote.location, options=options)
        own.list_partitions("readings")
        gate.wait()
        try:
            for batch in range(4):
                own.append("readings", readings_batch(4 * number + batch), writer=f"worker {number}", batch=batch)
        except StoreError as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert contents(open_store(remote.location, options=options)).equals(expected_rows(range(12)))


def test_an_unreachable_object_store_is_named_without_its_secrets() -> None:
    options = {**OPTIONS, "endpoint_url": f"http://127.0.0.1:{free_port()}", "max_retries": "1", "retry_timeout": "2s"}
    store = open_store("s3://plant/tables", options=options)
    with pytest.raises(StoreError) as caught:
        store.append("readings", readings_batch(0), writer="a", batch=0)
    message = str(caught.value)
    assert message.startswith("cannot open readings at s3://plant/tables/readings: the object store cannot be reached")
    assert "invented" not in message
    assert "invented" not in repr(store)


def test_an_object_store_that_goes_away_loses_nothing(remote: Store, options: dict[str, str]) -> None:
    remote.append("readings", readings_batch(0), writer="a", batch=0)
    gone = {**options, "endpoint_url": f"http://127.0.0.1:{free_port()}", "max_retries": "1", "retry_timeout": "2s"}
    with pytest.raises(StoreError, match="cannot be reached"):
        open_store(remote.location, options=gone).append("readings", readings_batch(1), writer="a", batch=1)
    assert remote.append("readings", readings_batch(1), writer="a", batch=1).rows == 20
    assert contents(remote).equals(expected_rows(range(2)))


def test_a_bucket_that_does_not_exist_is_named(options: dict[str, str]) -> None:
    store = open_store("s3://nobody-made-this/tables", options=options)
    with pytest.raises(StoreError, match="s3://nobody-made-this/tables/readings: the bucket does not exist"):
        store.append("readings", readings_batch(0), writer="a", batch=0)
