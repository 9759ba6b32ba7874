# SPDX-License-Identifier: Apache-2.0
"""Columns of raw numbers, CRCs, keys and ciphers agree with their scalar twins, row by row."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.telegrams.keyring import build_keyring
from avlest.telegrams.layouts.aes import AesBank
from avlest.telegrams.layouts.batch import build_batch
from avlest.telegrams.layouts.columns import (
    decode_bcd_column,
    decode_int_column,
    decode_real_column,
    decode_uint_column,
)
from avlest.telegrams.layouts.crc import compute_crc_rows
from avlest.telegrams.layouts.keytable import KeyTable
from avlest.telegrams.layouts.partition import PatternBook, decide_by
from avlest.telegrams.records.values import decode_bcd, decode_real
from avlest.telegrams.wmbus import security
from avlest.telegrams.wmbus.crc import compute_crc


def rows_of(width: int) -> st.SearchStrategy[list[bytes]]:
    return st.lists(st.binary(min_size=width, max_size=width), min_size=1, max_size=20)


def matrix(rows: list[bytes]) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    return np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), -1)


@given(st.integers(1, 8).flatmap(rows_of))
def test_integers_of_every_width_read_as_twos_complement(rows: list[bytes]) -> None:
    assert decode_int_column(matrix(rows)).tolist() == [int.from_bytes(row, "little", signed=True) for row in rows]


@given(st.integers(1, 7).flatmap(rows_of))
def test_unsigned_integers_read_least_significant_byte_first(rows: list[bytes]) -> None:
    assert decode_uint_column(matrix(rows)).tolist() == [int.from_bytes(row, "little") for row in rows]


@given(st.integers(1, 8).flatmap(rows_of))
def test_bcd_columns_are_valid_and_signed_where_the_scalar_is(rows: list[bytes]) -> None:
    column = decode_bcd_column(matrix(rows))
    valid = [True] * len(rows) if column.valid is None else column.valid.tolist()
    found = [value if ok else None for value, ok in zip(column.values.tolist(), valid, strict=True)]
    assert found == [decode_bcd(row) for row in rows]


@given(rows_of(4))
def test_real_numbers_are_null_where_they_are_not_finite(rows: list[bytes]) -> None:
    column = decode_real_column(matrix([*rows, struct.pack("<f", float("nan"))]))
    assert column.valid is not None
    found = [value if ok else None for value, ok in zip(column.values.tolist(), column.valid.tolist(), strict=True)]
    assert found == [*map(decode_real, rows), None]


@given(st.integers(0, 60).flatmap(rows_of))
def test_the_crc_of_every_row_is_the_crc_of_its_bytes(rows: list[bytes]) -> None:
    assert compute_crc_rows(matrix(rows)).tolist() == [compute_crc(row) for row in rows]


@given(rows_of(48), st.integers(1, 5))
def test_cbc_over_many_keys_is_cbc_with_each_key(rows: list[bytes], number: int) -> None:
    keys = [bytes([index]) * 16 for index in range(number)]
    index = np.arange(len(rows)) % number
    data = matrix(rows)
    clear = AesBank().decrypt_cbc(data[:, 16:], data[:, :16], keys, index)
    expected = [security.decrypt_cbc(keys[place % number], row[:16], row[16:]) for place, row in enumerate(rows)]
    assert [bytes(row) for row in clear] == expected


@given(rows_of(37), st.integers(1, 5))
def test_ctr_over_many_keys_is_ctr_with_each_key(rows: list[bytes], number: int) -> None:
    keys = [bytes([index]) * 16 for index in range(number)]
    index = np.arange(len(rows)) % number
    start = np.zeros((len(rows), 16), np.uint8)
    start[:, :13] = matrix(rows)[:, :13]
    clear = AesBank().apply_ctr(matrix(rows), start, keys, index)
    expected = [
        security.decrypt_ell_ctr(keys[place % number], bytes(start[place]), row) for place, row in enumerate(rows)
    ]
    assert [bytes(row) for row in clear] == expected


def test_a_batch_gives_back_each_telegram_and_groups_them_by_length() -> None:
    telegrams = [b"abc", b"", b"de", b"fgh"]
    batch = build_batch(telegrams)
    assert [batch.telegram(row) for row in range(len(batch))] == telegrams
    assert {length: rows.tolist() for length, rows in batch.by_length()} == {0: [1], 2: [2], 3: [0, 3]}
    assert batch.matrix(np.array([0, 3]), offset=1).tobytes() == b"bcgh"


def test_rows_that_differ_in_deciding_bits_are_never_in_one_group() -> None:
    data = matrix([bytes([first, second]) for first in range(8) for second in range(4)])
    seen: list[int] = []
    for meaning, rows in PatternBook[int]().split(data, lambda row: (row[0] & 3, decide_by({0: 3}))):
        assert {int(data[row, 0]) & 3 for row in rows} == {meaning}
        seen += rows.tolist()
    assert sorted(seen) == list(range(len(data)))


def test_noise_leaves_no_patterns_behind_and_is_handed_out_unread() -> None:
    data = np.random.default_rng(1).integers(0, 256, (5000, 8), np.uint8)
    book: PatternBook[bytes] = PatternBook(limit=16)
    groups = list(book.split(data, lambda row: (row, decide_by(dict.fromkeys(range(8), 0xFF))), smallest=2))
    assert book.patterns == []
    assert sum(len(rows) for _, rows in groups) == 5000
    assert all(meaning is None for meaning, _ in groups)
    assert len(groups) == 16 + 1


def test_a_key_ring_finds_the_first_key_of_each_meter_and_else_the_key_for_all() -> None:
    own, spare, general = b"1" * 16, b"2" * 16, b"3" * 16
    ring = build_keyring([(b"\x01\x02\x03\x04", own), (b"\x01\x02\x03\x04", spare)], for_all=[general])
    numbers = np.frombuffer(b"\x01\x02\x03\x04\x09\x09\x09\x09", "<u4")
    table = KeyTable(ring)
    assert [table.keys[index] for index in table.find(numbers)] == [own, general]
    assert ring.keys_for(b"\x01\x02\x03\x04") == (own, spare, general)


@pytest.mark.parametrize("pairs", [[], [(b"\x01\x02\x03\x04", b"k" * 16)]])
def test_a_meter_without_key_is_told_apart(pairs: list[tuple[bytes, bytes]]) -> None:
    assert KeyTable(build_keyring(pairs)).find(np.array([7], np.uint32)).tolist() == [-1]
