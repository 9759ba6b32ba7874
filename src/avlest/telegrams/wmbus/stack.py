# SPDX-License-Identifier: Apache-2.0
"""All layers of one telegram, from the first byte to a payload in clear.

This is the readable reference: one telegram at a time, every rule once.  Layers are
taken in the order they are sent: frame, extended link layer, authentication and
fragmentation layer, transport layer.  Keys are tried in the order given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from avlest.telegrams import mbus
from avlest.telegrams.mbus import WiredFrame
from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.wmbus import ci as cis
from avlest.telegrams.wmbus import diehl, security
from avlest.telegrams.wmbus import ell as ells
from avlest.telegrams.wmbus.address import ADDRESS_LENGTH, NO_ADDRESS, Address, parse_header_address
from avlest.telegrams.wmbus.afl import Afl, Fragment, FragmentAssembler, parse_afl
from avlest.telegrams.wmbus.ell import Ell, has_payload_crc, parse_ell
from avlest.telegrams.wmbus.frame import Frame, parse_frame, trim_frame
from avlest.telegrams.wmbus.layers import Layer, derive_layers, describe_c_field
from avlest.telegrams.wmbus.parts import DECRYPTED, STORED_PLAIN, Parts
from avlest.telegrams.wmbus.transport import parse_transport
from avlest.telegrams.wmbus.unlock import unlock_payload
from avlest.telegrams.wmbus.work import Keys, Work, aes_keys, fail_keys, replace_clear

__all__ = ["Stack", "decode_application", "decode_stack"]

FIXED_STRUCTURE = 16  # bytes: identity, access number, status, units, two counters
ENHANCED_IDENTIFICATION = b"\x07\x79"
# Functions of a C-field, frame count bits apart, that a gateway sends: NKE, UD, REQ-UD1, REQ-UD2.
FROM_GATEWAY = frozenset((0x40, 0x43, 0x4A, 0x4B))


@dataclass(frozen=True, slots=True)
class Stack(Parts):
    """A telegram taken apart, its payload in clear; the fields are those of `Parts`."""

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The telegram byte by byte for `explain`; made when asked for."""
        return derive_layers(self)


def decode_stack(
    telegram: bytes,
    *,
    keys: Sequence[bytes] = (),
    fragments: FragmentAssembler | None = None,
) -> Stack:
    """Everything above the bytes of one telegram, wireless or wired, as a `Stack`.

    `keys` are candidates of 16 bytes (8 for DES); `fragments` collects the pieces of
    messages that come in several telegrams.  Raises `TelegramError`, nothing else.
    """
    usable = _check_keys(keys)
    if mbus.is_wired(telegram):
        return _decode_wired(telegram, usable, fragments)
    frame = parse_frame(telegram)
    try:
        return _decode_frame(frame, usable, fragments)
    except TelegramError as error:
        return _decode_other_reading(telegram, frame, usable, fragments, error)


def decode_application(
    data: bytes,
    *,
    address: Address = NO_ADDRESS,
    keys: Sequence[bytes] = (),
    fragments: FragmentAssembler | None = None,
) -> Stack:
    """The same for bytes that begin with a CI field (LoRaWAN, optical head).

    `address` stands in for the link layer's.
    """
    if not data:
        raise TelegramError(Outcome.EMPTY, "no bytes")
    frame = Frame(0, address, 0, data, "none", ())
    span = (0, len(data))
    return _run(_start(frame, (address, address), span, _check_keys(keys), fragments))


def _check_keys(keys: Sequence[bytes]) -> Keys:
    lengths = (security.KEY_LENGTH, security.DES_KEY_LENGTH)
    if any(len(key) not in lengths for key in keys):
        raise TelegramError(Outcome.BAD_KEY, "a key has 16 bytes (8 for DES), one of another length was given")
    return tuple(bytes(key) for key in keys)


def _decode_wired(telegram: bytes, keys: Keys, fragments: FragmentAssembler | None) -> Stack:
    frame = mbus.parse_long_frame(telegram)
    span = (frame.ci_offset, frame.end)
    return _run(_start(frame, (NO_ADDRESS, NO_ADDRESS), span, keys, fragments))


def _decode_frame(frame: Frame, keys: Keys, fragments: FragmentAssembler | None) -> Stack:
    if len(frame.data) <= frame.ci_offset:
        what = f"link layer alone, C-field {frame.c_field:02X}: {describe_c_field(frame.c_field)}"
        raise TelegramError(Outcome.NO_DATA, what, offset=frame.end)
    logical = diehl.derive_logical_address(frame.data, frame.address)
    span = (frame.ci_offset, frame.end)
    return _run(_start(frame, (frame.address, logical), span, keys, fragments))


def _start(
    frame: Frame | WiredFrame,
    addresses: tuple[Address, Address],
    span: tuple[int, int],
    keys: Keys,
    fragments: FragmentAssembler | None,
) -> Work:
    """The state before the first layer; `addresses` are the link's as sent and as meant."""
    sent, meant = addresses
    return Work(frame, meant, sent, meant, frame.data, *span, keys, fragments)


_WORTH_ANOTHER_READING = frozenset((Outcome.KEY_MISSING, Outcome.KEY_WRONG, Outcome.MAC_WRONG, Outcome.BAD_LENGTH))


def _decode_other_reading(
    telegram: bytes,
    frame: Frame,
    keys: Keys,
    fragments: FragmentAssembler | None,
    error: TelegramError,
) -> Stack:
    """Where the frame can be read in another way, try that before giving up."""
    other: Frame | None = None
    if error.outcome in _WORTH_ANOTHER_READING:
        doubtful = frame.format == "B"
        other = parse_frame(telegram, strip=False) if doubtful else trim_frame(frame)
    if other is None:
        raise _blame_length(frame, error)
    try:
        return _decode_frame(other, keys, fragments)
    except TelegramError:
        raise error from None


def _blame_length(frame: Frame, error: TelegramError) -> TelegramError:
    """A telegram that was cut off looks like one with a wrong key; say what it is."""
    if len(frame.data) > frame.data[0] or error.outcome not in (Outcome.KEY_WRONG, Outcome.MAC_WRONG):
        return error
    announced = frame.data[0] + 1
    return TelegramError(
        Outcome.BAD_LENGTH, f"{announced} bytes announced, {len(frame.data)} are there, and they do not decipher"
    )


# --- one layer after another ----------------------------------------------------------


def _run(work: Work) -> Stack:
    while not work.payload_ci:
        if work.at >= work.end:
            raise TelegramError(Outcome.TOO_SHORT, "the telegram ends where a CI field is expected", offset=work.at)
        _take_layer(work, work.data[work.at])
    return _finish(work)


def _take_layer(work: Work, ci: int) -> None:
    if ci in cis.TRANSPORT:
        _refuse_fixed_structure(work, ci)
        _take_transport(work)
    elif ci in ells.LAYERS:
        _refuse_second(work.ell or work.afl, work, ci)
        _take_ell(work)
    elif ci == cis.AFL:
        _refuse_second(work.afl, work, ci)
        _take_afl(work)
    elif ci in cis.MANUFACTURER_SPECIFIC:
        work.payload_ci = ci
        work.at += 1
    else:
        _refuse(ci, work.at)


def _refuse_fixed_structure(work: Work, ci: int) -> None:
    """On the wire CI 73 was the fixed data structure before it became a compact frame."""
    fixed = work.end - work.at == 1 + FIXED_STRUCTURE
    if ci == cis.COMPACT_LONG and fixed and isinstance(work.frame, WiredFrame):
        raise TelegramError(
            Outcome.UNKNOWN_CI, "CI 73 with the fixed data structure (EN 1434-3:1997) is not read", offset=work.at
        )


def _refuse_second(seen: Ell | Afl | None, work: Work, ci: int) -> None:
    if seen is not None:
        raise TelegramError(
            Outcome.UNKNOWN_CI,
            f"CI {ci:02X} ({cis.MEANINGS[ci]}) after a layer it cannot follow",
            offset=work.at,
        )


def _refuse(ci: int, offset: int) -> NoReturn:
    if ci in cis.WITHOUT_DATA:
        raise TelegramError(Outcome.NO_DATA, f"CI {ci:02X}: {cis.WITHOUT_DATA[ci]}", offset=offset)
    raise TelegramError(Outcome.UNKNOWN_CI, f"CI {ci:02X} names no layer or payload known", offset=offset)


def _finish(work: Work) -> Stack:
    if work.payload_ci in cis.WITH_SIGNATURE:
        # The mark of a deciphered block is no part of a frame that starts with its signature.
        marked = work.security != "none" and work.data[work.at : work.at + 2]
        work.at += 2 if marked == security.PLAINTEXT_MARK else 0
    return Stack(
        frame=work.frame,
        ell=work.ell,
        afl=work.afl,
        transport=work.transport,
        address=_meter_address(work),
        wire_address=work.wire_address,
        link_address=work.link_address,
        payload_ci=work.payload_ci,
        payload=work.data[work.at : work.end],
        payload_offset=work.at,
        payload_end=work.end,
        clear=work.data,
        security=work.security,
        state=work.state,
        mac=work.mac,
        warnings=(*work.frame.warnings, *work.warnings),
    )


def _meter_address(work: Work) -> Address:
    """The address of the meter itself.

    A radio adapter that sends no long header may name the meter it reads in a first record
    "enhanced identification" (07 79, EN 13757-3, 6.4): the fields of a long header.  Where
    it repeats its own identity, adapter and meter go by the adapter's address.
    """
    prefix = len(ENHANCED_IDENTIFICATION)
    record = work.data[work.at : work.end][: prefix + ADDRESS_LENGTH]
    named = work.transport is not None and work.transport.address is not None
    whole = len(record) == prefix + ADDRESS_LENGTH and record.startswith(ENHANCED_IDENTIFICATION)
    if named or not whole or record[prefix : prefix + 4] == work.address.identity:
        return work.address
    return parse_header_address(record, prefix)


# --- extended link layer ----------------------------------------------------------------


def _take_ell(work: Work) -> None:
    ell = parse_ell(work.data, work.at, work.end)
    work.ell = ell
    if ell.address is not None and work.frame.c_field & 0x4F in FROM_GATEWAY:
        # The address in an ELL is the receiver's: the meter's only in what is sent to it.
        work.address = ell.address
    if ell.encryption == ells.AES_CTR:
        _open_ell(work, ell)
    elif ell.encryption:
        raise TelegramError(
            Outcome.UNSUPPORTED_SECURITY,
            f"encryption {ell.encryption} of the extended link layer is reserved",
            offset=ell.offset,
        )
    elif ell.payload_crc is not None and not has_payload_crc(work.data[ell.crc_offset : work.end]):
        work.warnings.append("the payload CRC of the extended link layer is wrong")
    work.at = ell.offset + ell.length


def _open_ell(work: Work, ell: Ell) -> None:
    """Decipher with the first key that makes the payload CRC right, else take it as it stands.

    Keys come first: one encrypted payload in 65,536 has a right CRC by chance.
    """
    work.security = "ell-ctr"
    body = work.data[ell.crc_offset : work.end]
    keys = aes_keys(work)
    clear = _decipher_ell(work, ell, keys, body)
    if clear is not None:
        replace_clear(work, ell.crc_offset, clear)
        work.ell = parse_ell(work.data, ell.offset, work.end)
        work.state = DECRYPTED
    elif has_payload_crc(body) and body[ells.CRC_LENGTH] in cis.WITH_PAYLOAD:
        work.state = STORED_PLAIN
    elif not work.wire_address.identity:
        what = "the extended link layer is encrypted by an address that is not sent"
        raise TelegramError(Outcome.UNSUPPORTED_SECURITY, what, offset=ell.offset)
    else:
        fail_keys(keys, "the extended link layer is encrypted")


def _decipher_ell(work: Work, ell: Ell, keys: Keys, body: bytes) -> bytes | None:
    """The counter block holds the sender's address, whatever receiver the layer names."""
    if not work.wire_address.identity:
        return None
    iv = security.derive_ell_iv(work.wire_address, ell.communication_control, ell.session_number or 0)
    trials = (security.decrypt_ell_ctr(key, iv, body) for key in keys)
    return next((clear for clear in trials if has_payload_crc(clear)), None)


# --- authentication and fragmentation layer -----------------------------------------------


def _take_afl(work: Work) -> None:
    afl = parse_afl(work.data, work.at, work.end)
    body_at = afl.offset + afl.length
    if afl.is_fragment:
        afl = _join(work, Fragment(afl, work.data[body_at : work.end]), body_at)
    work.afl = afl
    work.mac = "not checked" if afl.mac else "none"
    work.at = body_at


def _join(work: Work, fragment: Fragment, body_at: int) -> Afl:
    """The whole message in the place of its last fragment."""
    afl = fragment.afl
    whole = None if work.fragments is None else work.fragments.add(work.address, fragment)
    if whole is None:
        raise TelegramError(
            Outcome.FRAGMENT_MISSING,
            f"fragment {afl.fragment_id}{' of more' if afl.more_follows else ', the last'}",
            offset=afl.offset,
        )
    work.data = work.data[:body_at] + whole.body
    work.end = len(work.data)
    return replace(whole.afl, offset=afl.offset, length=afl.length, fragmentation=afl.fragmentation)


def _take_transport(work: Work) -> None:
    header = parse_transport(work.data, work.at, work.end)
    work.transport = header
    if header.address is not None:
        work.address = header.address
    work.payload_ci = header.ci
    work.at = header.payload_offset
    unlock_payload(work, header)
