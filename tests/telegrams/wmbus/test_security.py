# SPDX-License-Identifier: Apache-2.0
"""Encryption and authentication: against OpenSSL's own modes, and there and back."""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC
from hypothesis import given
from hypothesis import strategies as st

from avlest.telegrams.wmbus import security
from avlest.telegrams.wmbus.address import Address

METER = Address(0x2C2D, bytes.fromhex("78563412"), 0x1B, 0x16)
keys = st.binary(min_size=16, max_size=16)
des_keys = st.binary(min_size=8, max_size=8)
counters = st.integers(0, 2**32 - 1)
messages = st.binary(max_size=240)


def _blocks(width: int) -> st.SearchStrategy[bytes]:
    return st.integers(0, 15).flatmap(lambda n: st.binary(min_size=n * width, max_size=n * width))


@given(key=keys, iv=keys, data=_blocks(16))
def test_mode_5_is_openssl_cbc_and_its_own_inverse(key: bytes, iv: bytes, data: bytes) -> None:
    """Our chaining over ECB blocks gives what AES-CBC gives."""
    reference = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    secret = security.encrypt_mode5(key, iv, data)
    assert secret == reference.update(data) + reference.finalize()
    assert security.decrypt_mode5(key, iv, secret) == data


@given(key=keys, iv=keys, data=messages)
def test_the_ell_cipher_is_openssl_ctr_and_its_own_inverse(key: bytes, iv: bytes, data: bytes) -> None:
    """Counter blocks run over like OpenSSL's, also from a start value near the end."""
    reference = Cipher(algorithms.AES(key), modes.CTR(iv)).encryptor()
    secret = security.encrypt_ell_ctr(key, iv, data)
    assert secret == reference.update(data) + reference.finalize()
    assert security.decrypt_ell_ctr(key, iv, secret) == data


def test_the_counter_wraps_around() -> None:
    """The block after all ones is all zeros."""
    iv, key = b"\xff" * 16, bytes(16)
    reference = Cipher(algorithms.AES(key), modes.CTR(iv)).encryptor()
    assert security.encrypt_ell_ctr(key, iv, bytes(40)) == reference.update(bytes(40))


@given(key=keys, message=messages)
def test_the_cmac_is_that_of_openssl(key: bytes, message: bytes) -> None:
    """RFC 4493 for messages of any length, whole blocks or not."""
    reference = CMAC(algorithms.AES(key))
    reference.update(message)
    assert security.compute_cmac(key, message) == reference.finalize()


@given(key=keys, counter=counters, data=_blocks(16))
def test_mode_7_is_cbc_under_the_derived_key(key: bytes, counter: int, data: bytes) -> None:
    """The key of a message comes from key, counter and identity; the IV is zero."""
    seed = b"\x00" + counter.to_bytes(4, "little") + METER.identity + b"\x07" * 7
    derived = security.compute_cmac(key, seed)
    secret = security.encrypt_mode7(key, data, counter=counter, identity=METER.identity)
    assert secret == security.encrypt_cbc(derived, bytes(16), data)
    assert security.decrypt_mode7(key, secret, counter=counter, identity=METER.identity) == data


@given(key=keys, counter=counters, message=messages, length=st.sampled_from((2, 4, 8, 12, 16)))
def test_the_mac_is_cut_from_the_cmac_under_the_authentication_key(
    key: bytes, counter: int, message: bytes, length: int
) -> None:
    """A shorter MAC is the start of the longer one."""
    derived = security.derive_session_key(key, constant=1, counter=counter, identity=METER.identity)
    mac = security.compute_mac(key, message, counter=counter, identity=METER.identity, length=length)
    assert mac == security.compute_cmac(derived, message)[:length]
    assert len(mac) == length


@given(key=des_keys, iv=des_keys, data=_blocks(8))
def test_des_deciphers_what_it_enciphered(key: bytes, iv: bytes, data: bytes) -> None:
    """Old meters use DES-CBC."""
    secret = security.encrypt_des(key, iv, data)
    assert len(secret) == len(data)
    assert security.decrypt_des(key, iv, secret) == data


def test_des_is_the_published_cipher() -> None:
    """The all-zero key and block give 8CA64DE9C1B123A7 (NBS special publication 500-20)."""
    assert security.encrypt_des(bytes(8), bytes(8), bytes(8)).hex() == "8ca64de9c1b123a7"


def test_the_mode_5_iv_names_the_meter_and_the_telegram() -> None:
    """Manufacturer, identity, version, type, then the access number eight times."""
    iv = security.derive_mode5_iv(METER, 0x2A)
    assert iv.hex() == "2d2c785634121b16" + "2a" * 8


def test_the_ell_iv_ends_in_zeros() -> None:
    """Frame number and block counter start at zero."""
    iv = security.derive_ell_iv(METER, 0x20, 0x21D27CAC)
    assert iv.hex() == "2d2c785634121b16" + "20" + "ac7cd221" + "000000"


@given(messages)
def test_padding_makes_whole_blocks_with_the_mark_in_front(payload: bytes) -> None:
    """A reader recognises the right key by the two fillers in front."""
    padded = security.pad_plaintext(payload)
    assert len(padded) % 16 == 0
    assert security.is_plausible_plaintext(padded)
    assert padded[2 : 2 + len(payload)] == payload
    assert set(padded[2 + len(payload) :]) <= {0x2F}
