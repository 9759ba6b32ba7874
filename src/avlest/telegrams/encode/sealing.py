# SPDX-License-Identifier: Apache-2.0
"""Security applied to whole columns of telegrams, in place: the twins of the scalar `_seal_…` functions.

One cached context a key serves all telegrams (`AesBank`); CBC is chained by taking block
i of all telegrams at once.  Mode 7 derives its keys so too, but its session keys are used
once, so ciphering and authenticating go telegram by telegram.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from avlest.telegrams.layouts.aes import BLOCK, AesBank, compute_cmac_rows, derive_session_keys, split_rows
from avlest.telegrams.layouts.batch import Bytes, Rows
from avlest.telegrams.layouts.crc import compute_crc_rows
from avlest.telegrams.layouts.opening import (
    access_number_at,
    encrypted_span,
    link_ordered_address,
)
from avlest.telegrams.layouts.route import LINK_ADDRESS, Route
from avlest.telegrams.wmbus.ell import CRC_LENGTH
from avlest.telegrams.wmbus.security import METER_AUTHENTICATION, METER_ENCRYPTION, ZERO_IV


def encrypt_cbc_rows(clear: Bytes, iv: Bytes, keys: Sequence[bytes], key_index: Rows, bank: AesBank) -> Bytes:
    """CBC over rows of whole blocks: `clear` (n, 16 b), `iv` (n, 16); shape (n, 16 b)."""
    order = np.argsort(key_index, kind="stable")
    sorted_index = key_index[order]
    source, before = clear[order], iv[order]
    result = np.empty_like(source)
    for at in range(0, clear.shape[1], BLOCK):
        before = bank.ecb("encrypt", source[:, at : at + BLOCK] ^ before, keys, sorted_index)
        result[:, at : at + BLOCK] = before
    back = np.empty_like(result)
    back[order] = result
    return back


def seal_mode5(data: Bytes, route: Route, keys: Sequence[bytes], key_index: Rows, bank: AesBank) -> None:
    """AES-CBC with the address and the access number as IV (EN 13757-7, 9.2)."""
    start, end = encrypted_span(route)
    iv = np.empty((len(data), BLOCK), np.uint8)
    iv[:, :8] = link_ordered_address(data, route)
    iv[:, 8:] = data[:, access_number_at(route)][:, None]
    data[:, start:end] = encrypt_cbc_rows(data[:, start:end], iv, keys, key_index, bank)


def seal_ell(data: Bytes, route: Route, keys: Sequence[bytes], key_index: Rows, bank: AesBank) -> None:
    """Payload CRC and AES-CTR of the extended link layer (EN 13757-4, 12.2)."""
    ell = route.ell
    assert ell is not None
    at = ell.crc_offset
    crc = compute_crc_rows(data[:, at + CRC_LENGTH :])
    data[:, at] = crc & 0xFF
    data[:, at + 1] = crc >> 8
    start = np.zeros((len(data), BLOCK), np.uint8)
    start[:, :8] = data[:, LINK_ADDRESS : LINK_ADDRESS + 8]  # the sender's, whatever receiver the layer names
    start[:, 8] = data[:, ell.offset + 1]
    start[:, 9:13] = data[:, at - 4 : at]
    data[:, at:] = bank.apply_ctr(data[:, at:], start, keys, key_index)


def seal_mode7(data: Bytes, route: Route, keys: Sequence[bytes], key_index: Rows, bank: AesBank) -> None:
    """AES-CBC and CMAC under keys derived from the message counter (EN 13757-7, 9.3 and 9.6)."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    afl, transport = route.afl, route.transport
    assert afl is not None and transport is not None
    start, end = encrypted_span(route)
    counters = data[:, afl.counter_offset : afl.counter_offset + 4]
    identities = data[:, route.identity_at : route.identity_at + 4]
    ciphers, codes = (
        derive_session_keys(counters, identities, keys, key_index, bank, constant=constant)
        for constant in (METER_ENCRYPTION, METER_AUTHENTICATION)
    )
    pairs = zip(split_rows(ciphers), split_rows(data[:, start:end]), strict=True)
    texts = [Cipher(algorithms.AES(key), modes.CBC(ZERO_IV)).encryptor().update(clear) for key, clear in pairs]
    data[:, start:end] = np.frombuffer(b"".join(texts), np.uint8).reshape(len(data), -1)
    messages = np.hstack((data[:, afl.authenticated_positions], data[:, transport.offset :]))
    data[:, afl.mac_offset : afl.mac_offset + len(afl.mac)] = compute_cmac_rows(messages, codes)[:, : len(afl.mac)]
