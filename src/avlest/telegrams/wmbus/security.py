# SPDX-License-Identifier: Apache-2.0
"""Encryption and authentication of M-Bus (EN 13757-7 clause 9; OMS vol. 2, clause 9).

Pure functions over bytes, used alike by the readable stack, the columnar decoder and
the encoder.  AES blocks come from OpenSSL through `cryptography`, imported at first
use; the chaining is done here, because making a new cipher object for every telegram
costs more than deciphering it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from avlest.telegrams.wmbus.address import Address

BLOCK = 16
DES_BLOCK = 8
KEY_LENGTH = 16
DES_KEY_LENGTH = 8
ZERO_IV = bytes(BLOCK)
IDLE_FILLER = 0x2F
PLAINTEXT_MARK = b"\x2f\x2f"

# First byte of the key derivation: what the derived key is for (EN 13757-7, 9.6.2).
METER_ENCRYPTION = 0x00
METER_AUTHENTICATION = 0x01
GATEWAY_ENCRYPTION = 0x10
GATEWAY_AUTHENTICATION = 0x11

# AFL authentication types: bytes of the truncated AES-CMAC (EN 13757-7, table 9).
CMAC_LENGTHS: dict[int, int] = {3: 2, 4: 4, 5: 8, 6: 12, 7: 16}

BlockFunction = Callable[[bytes], bytes]


def _make_aes(key: bytes) -> tuple[BlockFunction, BlockFunction]:
    """Encrypt and decrypt whole blocks under `key`, without chaining."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    cipher = Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305 - the chaining is ours
    return cipher.encryptor().update, cipher.decryptor().update


@lru_cache(maxsize=16384)
def _aes(key: bytes) -> tuple[BlockFunction, BlockFunction]:
    return _make_aes(key)


def _xor(left: bytes, right: bytes) -> bytes:
    mixed = int.from_bytes(left, "big") ^ int.from_bytes(right, "big")
    return mixed.to_bytes(len(left), "big")


def decrypt_cbc(key: bytes, iv: bytes, data: bytes) -> bytes:
    """AES-128-CBC; `data` is a multiple of 16 bytes."""
    return _xor(_aes(key)[1](data), iv + data[:-BLOCK]) if data else b""


def encrypt_cbc(key: bytes, iv: bytes, data: bytes) -> bytes:
    """The twin of `decrypt_cbc`."""
    return _chain(_aes(key)[0], iv, data)


def _chain(encrypt: BlockFunction, iv: bytes, data: bytes) -> bytes:
    blocks = []
    for at in range(0, len(data), BLOCK):
        iv = encrypt(_xor(data[at : at + BLOCK], iv))
        blocks.append(iv)
    return b"".join(blocks)


# --- modes of the transport layer -------------------------------------------------


def derive_mode5_iv(address: Address, access_number: int) -> bytes:
    """Mode 5: manufacturer, identity, version, type, then the access number eight times.

    `address` is that of the long header, else that of the (extended) link layer.
    """
    return address.link_bytes + bytes((access_number,)) * 8


def decrypt_mode5(key: bytes, iv: bytes, data: bytes) -> bytes:
    """Security mode 5 (and 4, with a zero IV): AES-128-CBC over whole blocks."""
    return decrypt_cbc(key, iv, data)


def encrypt_mode5(key: bytes, iv: bytes, data: bytes) -> bytes:
    """The twin of `decrypt_mode5`."""
    return encrypt_cbc(key, iv, data)


def derive_session_key(key: bytes, *, constant: int, counter: int, identity: bytes) -> bytes:
    """The key for one message: CMAC(key, constant ‖ counter ‖ identity ‖ 07 × 7).

    `counter` is the 32-bit message counter of the AFL, `identity` the four bytes of the
    meter's identity as sent; `constant` one of the four above (EN 13757-7, 9.6.2).
    """
    seed = bytes((constant,)) + counter.to_bytes(4, "little") + identity + b"\x07" * 7
    return compute_cmac(key, seed)


def decrypt_mode7(key: bytes, data: bytes, *, counter: int, identity: bytes) -> bytes:
    """Security mode 7: AES-128-CBC with zero IV under the derived encryption key."""
    session = derive_session_key(key, constant=METER_ENCRYPTION, counter=counter, identity=identity)
    return _xor(_make_aes(session)[1](data), ZERO_IV + data[:-BLOCK]) if data else b""


def encrypt_mode7(key: bytes, data: bytes, *, counter: int, identity: bytes) -> bytes:
    """The twin of `decrypt_mode7`."""
    session = derive_session_key(key, constant=METER_ENCRYPTION, counter=counter, identity=identity)
    return _chain(_make_aes(session)[0], ZERO_IV, data)


def is_plausible_plaintext(data: bytes) -> bool:
    """Whether a deciphered block begins with the two idle fillers modes 5 and 7 require."""
    return data[:2] == PLAINTEXT_MARK


def pad_plaintext(payload: bytes) -> bytes:
    """2F 2F, the payload, and idle fillers to whole blocks: what modes 5 and 7 encrypt."""
    marked = PLAINTEXT_MARK + payload
    return marked + bytes((IDLE_FILLER,)) * (-len(marked) % BLOCK)


# --- message authentication ---------------------------------------------------------


def _double(block: bytes) -> bytes:
    """Multiplication by x in GF(2^128), for the CMAC subkeys (RFC 4493)."""
    value = int.from_bytes(block, "big")
    doubled = value << 1 & (1 << 128) - 1 ^ (0x87 if value >> 127 else 0)
    return doubled.to_bytes(BLOCK, "big")


@lru_cache(maxsize=16384)
def derive_cmac_subkey(key: bytes) -> bytes:
    """The subkey that a CMAC lays over a whole last block (K1 of RFC 4493)."""
    return _double(_aes(key)[0](ZERO_IV))


def _cmac(encrypt: BlockFunction, message: bytes) -> bytes:
    subkey = _double(encrypt(ZERO_IV))
    whole = max(len(message) - 1, 0) // BLOCK * BLOCK
    last = message[whole:]
    if len(last) < BLOCK:
        last = (last + b"\x80").ljust(BLOCK, b"\0")
        subkey = _double(subkey)
    state = _chain(encrypt, ZERO_IV, message[:whole])[-BLOCK:] or ZERO_IV
    return encrypt(_xor(_xor(last, subkey), state))


def compute_cmac(key: bytes, message: bytes) -> bytes:
    """AES-128-CMAC (RFC 4493): 16 bytes."""
    return _cmac(_aes(key)[0], message)


def compute_mac(key: bytes, message: bytes, *, counter: int, identity: bytes, length: int) -> bytes:
    """The MAC of an AFL: CMAC under the derived authentication key, cut to `length`.

    `message` is MCL ‖ counter ‖ (ML) ‖ everything from the transport layer's CI on.
    """
    session = derive_session_key(key, constant=METER_AUTHENTICATION, counter=counter, identity=identity)
    return _cmac(_make_aes(session)[0], message)[:length]


# --- extended link layer --------------------------------------------------------------


def derive_ell_iv(address: Address, communication_control: int, session_number: int) -> bytes:
    """The first counter block of the ELL: address, CC, session number, then three zeros."""
    session = session_number.to_bytes(4, "little")
    return address.link_bytes + bytes((communication_control,)) + session + b"\0\0\0"


def decrypt_ell_ctr(key: bytes, iv: bytes, data: bytes) -> bytes:
    """AES-128-CTR over the payload CRC and all that follows it."""
    first = int.from_bytes(iv, "big")
    blocks = -(-len(data) // BLOCK)
    mask = (1 << 128) - 1
    counters = b"".join((first + n & mask).to_bytes(BLOCK, "big") for n in range(blocks))
    return _xor(data, _aes(key)[0](counters)[: len(data)])


def encrypt_ell_ctr(key: bytes, iv: bytes, data: bytes) -> bytes:
    """The twin of `decrypt_ell_ctr` (the same operation)."""
    return decrypt_ell_ctr(key, iv, data)


# --- DES, of old meters -----------------------------------------------------------------


@lru_cache(maxsize=1024)
def _des(key: bytes) -> tuple[BlockFunction, BlockFunction]:
    """Single DES as triple DES with three equal keys, the only form still to be had."""
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    from cryptography.hazmat.primitives.ciphers import Cipher, modes

    cipher = Cipher(TripleDES(key * 3), modes.ECB())  # noqa: S305 - what the meter sends
    return cipher.encryptor().update, cipher.decryptor().update


def decrypt_des(key: bytes, iv: bytes, data: bytes) -> bytes:
    """DES-CBC; `key` has 8 bytes, `data` is a multiple of 8.  Mode 2 has a zero IV."""
    return _xor(_des(key)[1](data), iv + data[:-DES_BLOCK]) if data else b""


def encrypt_des(key: bytes, iv: bytes, data: bytes) -> bytes:
    """The twin of `decrypt_des`."""
    blocks = []
    for at in range(0, len(data), DES_BLOCK):
        iv = _des(key)[0](_xor(data[at : at + DES_BLOCK], iv))
        blocks.append(iv)
    return b"".join(blocks)
