# SPDX-License-Identifier: Apache-2.0
"""AES over many telegrams with many keys: one cached OpenSSL context per key.

Making a context costs ten times what using it does, so contexts are kept and all blocks
of one key go through it in one call; the chaining of CBC and CTR is plain exclusive-or
and is done over whole columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from avlest.telegrams.layouts.batch import Bytes, Rows
from avlest.telegrams.wmbus.security import derive_cmac_subkey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import CipherContext

BLOCK = 16
Direction = Literal["encrypt", "decrypt"]


@dataclass(slots=True)
class AesBank:
    """ECB contexts by key; a context takes about 1 kB, so at most `limit` of each kind are kept."""

    limit: int = 200_000
    _contexts: dict[tuple[Direction, bytes], CipherContext] = field(default_factory=dict)

    def context(self, direction: Direction, key: bytes) -> CipherContext:
        """The cached ECB context of a key (16 bytes)."""
        found = self._contexts.get((direction, key))
        if found is None:
            if len(self._contexts) >= self.limit:
                self._contexts.clear()
            found = self._contexts[direction, key] = make_context(direction, key)
        return found

    def ecb(self, direction: Direction, blocks: Bytes, keys: Sequence[bytes], key_index: Rows) -> Bytes:
        """Every block of `blocks` (n, 16) through the key of its row; shape (n, 16)."""
        order = np.argsort(key_index, kind="stable")
        flat = np.ascontiguousarray(blocks[order]).reshape(-1)
        out = np.empty(len(flat) + BLOCK, np.uint8)
        sorted_index = key_index[order]
        edges = np.flatnonzero(np.diff(sorted_index)) + 1
        starts = np.concatenate(([0], edges)) if len(order) else np.empty(0, np.int64)
        bounds = [*(starts * BLOCK).tolist(), len(flat)]
        source, target = flat.data, out.data
        for key_row, low, high in zip(sorted_index[starts].tolist(), bounds, bounds[1:], strict=False):
            context = self.context(direction, keys[key_row])
            context.update_into(source[low:high], target[low : high + BLOCK])
        result = np.empty_like(blocks)
        result[order] = out[: len(flat)].reshape(-1, BLOCK)
        return result

    def decrypt_cbc(self, cipher: Bytes, iv: Bytes, keys: Sequence[bytes], key_index: Rows) -> Bytes:
        """CBC over rows of whole blocks: `cipher` (n, 16 b), `iv` (n, 16); shape (n, 16 b)."""
        count, width = cipher.shape
        per_row = width // BLOCK
        plain = self.ecb("decrypt", cipher.reshape(-1, BLOCK), keys, np.repeat(key_index, per_row)).reshape(
            count, width
        )
        plain[:, :BLOCK] ^= iv
        plain[:, BLOCK:] ^= cipher[:, :-BLOCK]
        return plain

    def apply_ctr(self, data: Bytes, start: Bytes, keys: Sequence[bytes], key_index: Rows) -> Bytes:
        """CTR with the counter in the last byte of the block, as the extended link layer has it.

        `data` (n, w), `start` (n, 16) the first counter block; encrypts and decrypts.
        """
        count, width = data.shape
        per_row = -(-width // BLOCK)
        counters = np.repeat(start, per_row, axis=0)
        counters[:, -1] += np.tile(np.arange(per_row, dtype=np.uint8), count)
        stream = self.ecb("encrypt", counters, keys, np.repeat(key_index, per_row)).reshape(count, -1)
        return data ^ stream[:, :width]


def make_context(direction: Direction, key: bytes) -> CipherContext:
    """A fresh AES-ECB context; the caller chains the blocks."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    cipher = Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305 - single blocks; chaining is ours
    return cipher.encryptor() if direction == "encrypt" else cipher.decryptor()


def derive_session_keys(
    counters: Bytes, identities: Bytes, keys: Sequence[bytes], key_index: Rows, bank: AesBank, *, constant: int
) -> Bytes:
    """One key for each message (EN 13757-7, 9.6.2): the CMAC of one whole block is one AES block; (n, 16).

    `counters` (n, 4) and `identities` (n, 4) as sent, `constant` what the key is for.
    """
    seeds = np.full((len(counters), BLOCK), 0x07, np.uint8)
    seeds[:, 0] = constant
    seeds[:, 1:5] = counters
    seeds[:, 5:9] = identities
    present, inverse = np.unique(key_index, return_inverse=True)
    subkeys = np.frombuffer(b"".join(derive_cmac_subkey(keys[index]) for index in present.tolist()), np.uint8)
    seeds ^= subkeys.reshape(-1, BLOCK)[inverse.reshape(-1)]
    return bank.ecb("encrypt", seeds, keys, key_index)


def compute_cmac_rows(messages: Bytes, keys: Bytes) -> Bytes:
    """AES-CMAC of each row of `messages` (n, w) under its own key (n, 16), used once; shape (n, 16)."""
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.cmac import CMAC

    macs = []
    for key, message in zip(split_rows(keys), split_rows(messages), strict=True):
        mac = CMAC(AES(key))
        mac.update(message)
        macs.append(mac.finalize())
    return np.frombuffer(b"".join(macs), np.uint8).reshape(-1, BLOCK)


def decrypt_ecb_rows(cipher: Bytes, keys: Bytes) -> Bytes:
    """The blocks of each row of `cipher` (n, 16 b) under its own key (n, 16), used once; shape (n, 16 b)."""
    from cryptography.hazmat.primitives.ciphers import Cipher, modes
    from cryptography.hazmat.primitives.ciphers.algorithms import AES

    mode = modes.ECB()  # noqa: S305 - single blocks; chaining is the caller's
    rows = zip(split_rows(keys), split_rows(cipher), strict=True)
    clear = b"".join([Cipher(AES(key), mode).decryptor().update(row) for key, row in rows])
    return np.frombuffer(bytearray(clear), np.uint8).reshape(cipher.shape)


def split_rows(matrix: Bytes) -> list[bytes]:
    """The rows of a matrix as byte strings."""
    count, width = matrix.shape
    flat = matrix.tobytes()
    return [flat[at : at + width] for at in range(0, count * width, width)]
