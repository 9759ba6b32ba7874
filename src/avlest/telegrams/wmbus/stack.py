# SPDX-License-Identifier: Apache-2.0
"""All layers of one telegram, from the first byte to a payload in clear.

This is the readable reference: one telegram at a time, every rule once.  Layers are
taken in the order they are sent: frame, extended link layer, authentication and
fragmentation layer, transport layer.  Keys are tried in the order given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from avlest.telegrams import mbus
from avlest.telegrams.mbus import WiredFrame
from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.wmbus import ci as cis
from avlest.telegrams.wmbus import diehl, security
from avlest.telegrams.wmbus import ell as ells
from avlest.telegrams.wmbus import transport as transports
from avlest.telegrams.wmbus.address import ADDRESS_LENGTH, NO_ADDRESS, Address, parse_header_address
from avlest.telegrams.wmbus.afl import Afl, Fragment, FragmentAssembler, parse_afl
from avlest.telegrams.wmbus.ell import Ell, has_payload_crc, parse_ell
from avlest.telegrams.wmbus.frame import Frame, parse_frame, trim_frame
from avlest.telegrams.wmbus.layers import Layer, derive_layers
from avlest.telegrams.wmbus.transport import Transport, parse_transport

__all__ = ["Stack", "decode_application", "decode_stack"]

PLAIN = "plain"
DECRYPTED = "decrypted"
STORED_PLAIN = "stored plain"
ENHANCED_IDENTIFICATION = b"\x07\x79"

Keys = tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Stack:
    """A telegram taken apart, its payload in clear.

    `clear` is the frame's data with every encrypted part deciphered in place, `payload`
    is `clear[payload_offset:payload_end]`.  `address` identifies the meter (transport,
    else an adapter's enhanced identification, else ELL, else link layer);
    `wire_address` is the one of the link layer as sent, `link_address` the same with
    Diehl's order put right.  `security` is "none", "des", "mode4", "mode5", "mode7",
    "ell-ctr", "diehl-lfsr" or "mode<n>" for bits outside the standard; `state` is
    "plain", "decrypted" or "stored plain" (said to be encrypted, but is in clear).
    `mac` is "none", "verified" or "not checked".
    """

    frame: Frame | WiredFrame
    ell: Ell | None
    afl: Afl | None
    transport: Transport | None
    address: Address
    wire_address: Address
    link_address: Address
    payload_ci: int
    payload: bytes
    payload_offset: int
    payload_end: int
    clear: bytes
    security: str
    state: str
    mac: str
    warnings: tuple[str, ...]

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The telegram byte by byte for `explain`; made when asked for."""
        return derive_layers(self)

    @property
    def status(self) -> int | None:
        """The status byte of the transport header, None without header."""
        return None if self.transport is None else self.transport.status

    @property
    def access_number(self) -> int | None:
        """The access number of the transport header, else of the ELL."""
        if self.transport is not None and self.transport.access_number is not None:
            return self.transport.access_number
        return None if self.ell is None else self.ell.access_number


@dataclass(slots=True)
class _Work:
    """What is known so far while the layers of one telegram are taken off."""

    frame: Frame | WiredFrame
    address: Address
    wire_address: Address
    link_address: Address
    data: bytes
    at: int
    end: int
    keys: Keys
    fragments: FragmentAssembler | None
    ell: Ell | None = None
    afl: Afl | None = None
    transport: Transport | None = None
    payload_ci: int = 0
    security: str = "none"
    state: str = PLAIN
    mac: str = "none"
    warnings: list[str] = field(default_factory=list)


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
        raise TelegramError(Outcome.NO_DATA, f"link layer alone, C-field {frame.c_field:02X}", offset=frame.end)
    logical = diehl.derive_logical_address(frame.data, frame.address)
    span = (frame.ci_offset, frame.end)
    return _run(_start(frame, (frame.address, logical), span, keys, fragments))


def _start(
    frame: Frame | WiredFrame,
    addresses: tuple[Address, Address],
    span: tuple[int, int],
    keys: Keys,
    fragments: FragmentAssembler | None,
) -> _Work:
    """The state before the first layer; `addresses` are the link's as sent and as meant."""
    sent, meant = addresses
    return _Work(frame, meant, sent, meant, frame.data, *span, keys, fragments)


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
        raise error
    try:
        return _decode_frame(other, keys, fragments)
    except TelegramError:
        raise error from None


# --- one layer after another ----------------------------------------------------------


def _run(work: _Work) -> Stack:
    while not work.payload_ci:
        if work.at >= work.end:
            raise TelegramError(Outcome.TOO_SHORT, "the telegram ends where a CI field is expected", offset=work.at)
        _take_layer(work, work.data[work.at])
    return _finish(work)


def _take_layer(work: _Work, ci: int) -> None:
    if ci in cis.TRANSPORT:
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


def _refuse_second(seen: Ell | Afl | None, work: _Work, ci: int) -> None:
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


def _finish(work: _Work) -> Stack:
    if work.payload_ci in cis.COMPACT_FRAMES | cis.FORMAT_FRAMES:
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


def _meter_address(work: _Work) -> Address:
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


def _replace_clear(work: _Work, start: int, clear: bytes) -> None:
    """Put deciphered bytes in the place of the encrypted ones."""
    work.data = work.data[:start] + clear + work.data[start + len(clear) :]


def _fail_keys(keys: Keys, what: str) -> NoReturn:
    if keys:
        raise TelegramError(Outcome.KEY_WRONG, f"{what}: none of {len(keys)} key(s) gives a plausible plaintext")
    raise TelegramError(Outcome.KEY_MISSING, f"{what} and no key is known")


def _aes_keys(work: _Work) -> Keys:
    return tuple(key for key in work.keys if len(key) == security.KEY_LENGTH)


# --- extended link layer ----------------------------------------------------------------


def _take_ell(work: _Work) -> None:
    ell = parse_ell(work.data, work.at, work.end)
    work.ell = ell
    if ell.address is not None:
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


def _open_ell(work: _Work, ell: Ell) -> None:
    body = work.data[ell.crc_offset : work.end]
    work.security = "ell-ctr"
    if has_payload_crc(body):
        work.state = STORED_PLAIN
        return
    keys = _aes_keys(work)
    # OMS names no other address than the sender's for the counter block.
    iv = security.derive_ell_iv(ell.address or work.wire_address, ell.communication_control, ell.session_number or 0)
    for key in keys:
        clear = security.decrypt_ell_ctr(key, iv, body)
        if has_payload_crc(clear):
            _replace_clear(work, ell.crc_offset, clear)
            work.ell = parse_ell(work.data, ell.offset, work.end)
            work.state = DECRYPTED
            return
    _fail_keys(keys, "the extended link layer is encrypted")


# --- authentication and fragmentation layer -----------------------------------------------


def _take_afl(work: _Work) -> None:
    afl = parse_afl(work.data, work.at, work.end)
    body_at = afl.offset + afl.length
    if afl.is_fragment:
        afl = _join(work, Fragment(afl, work.data[body_at : work.end]), body_at)
    work.afl = afl
    work.at = body_at


def _join(work: _Work, fragment: Fragment, body_at: int) -> Afl:
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
    return whole.afl


# --- transport layer -------------------------------------------------------------------------


def _take_transport(work: _Work) -> None:
    header = parse_transport(work.data, work.at, work.end)
    work.transport = header
    if header.address is not None:
        work.address = header.address
    work.payload_ci = header.ci
    work.at = header.payload_offset
    _SECURITY.get(header.mode, _take_unsupported)(work, header)


def _encrypted_end(work: _Work, header: Transport, block: int) -> int:
    """Where the encrypted part ends; a declared length beyond the frame is cut to blocks."""
    available = work.end - header.payload_offset
    length = header.encrypted_length
    if length > available:
        length = available // block * block
        work.warnings.append(f"{header.encrypted_length} bytes declared encrypted, {available} are there")
    return header.payload_offset + length


def _take_plain(work: _Work, header: Transport) -> None:
    if work.afl is not None and work.afl.mac:
        work.mac = _verify_mac(work, header)[1]


def _verify_mac(work: _Work, header: Transport) -> tuple[Keys, str]:
    """The keys under which the MAC is right, and what to report of it."""
    afl, keys = work.afl, _aes_keys(work)
    if afl is None or not afl.mac:
        return keys, "none"
    if not keys or afl.counter is None:
        return keys, "not checked"
    message = afl.authenticated_prefix + work.data[header.offset : work.end]
    fitting = tuple(key for key in keys if _mac(work, afl, key, message) == afl.mac)
    if not fitting:
        raise TelegramError(
            Outcome.MAC_WRONG,
            f"the authentication code fits none of {len(keys)} key(s)",
            offset=afl.offset,
        )
    return fitting, "verified"


def _mac(work: _Work, afl: Afl, key: bytes, message: bytes) -> bytes:
    return security.compute_mac(
        key,
        message,
        counter=afl.counter or 0,
        identity=work.address.identity,
        length=len(afl.mac),
    )


_Trial = Callable[[bytes, bytes], bytes]


def _open_blocks(work: _Work, span: tuple[int, int], keys: Keys, decrypt: _Trial, block: int) -> bytes | None:
    """Decipher `span` with the first key whose first block is plausible."""
    start, end = span
    first = work.data[start : start + block]
    for key in keys:
        if security.is_plausible_plaintext(decrypt(key, first)):
            _replace_clear(work, start, decrypt(key, work.data[start:end]))
            work.state = DECRYPTED
            return key
    return None


def _open_or_fail(work: _Work, header: Transport, keys: Keys, decrypt: _Trial, block: int = security.BLOCK) -> None:
    """Decipher, or take as stored in clear, the declared blocks; else say which key failed."""
    work.security = _NAMES[header.mode]
    start, end = header.payload_offset, _encrypted_end(work, header, block)
    if end <= start:
        return
    if _open_blocks(work, (start, end), keys, decrypt, block) is not None:
        return
    if security.is_plausible_plaintext(work.data[start:end]):
        work.state = STORED_PLAIN
        return
    _fail_keys(keys, f"the payload is encrypted ({work.security})")


def _take_mode5(work: _Work, header: Transport) -> None:
    iv = security.derive_mode5_iv(_iv_address(work), header.access_number or 0)
    keys = _aes_keys(work)
    if diehl.is_diehl(work.wire_address):
        keys = (*keys, diehl.DEFAULT_AES_KEY)
    _open_or_fail(work, header, keys, lambda key, data: security.decrypt_mode5(key, iv, data))


def _iv_address(work: _Work) -> Address:
    """The sender's address; a bare payload without one cannot be deciphered by it."""
    if work.address is NO_ADDRESS:
        raise TelegramError(Outcome.UNSUPPORTED_SECURITY, "the payload is encrypted by an address that is not sent")
    return work.address


def _take_mode4(work: _Work, header: Transport) -> None:
    _open_or_fail(
        work,
        header,
        _aes_keys(work),
        lambda key, data: security.decrypt_mode5(key, security.ZERO_IV, data),
    )


def _take_des(work: _Work, header: Transport) -> None:
    keys = tuple(key for key in work.keys if len(key) == security.DES_KEY_LENGTH)
    zero = bytes(security.DES_BLOCK)
    _open_or_fail(
        work,
        header,
        keys,
        lambda key, data: security.decrypt_des(key, zero, data),
        security.DES_BLOCK,
    )


def _take_mode7(work: _Work, header: Transport) -> None:
    afl = work.afl
    payload = work.data[header.payload_offset : work.end]
    counter = None if afl is None else afl.counter
    if counter is None or not _is_counter_derivation(header):
        _take_unsupported(work, header)
        return
    identity = work.address.identity
    keys = _aes_keys(work)
    if not security.is_plausible_plaintext(payload):
        keys = _authentic_keys(work, header, payload, counter)
    _open_or_fail(
        work,
        header,
        keys,
        lambda key, data: security.decrypt_mode7(key, data, counter=counter, identity=identity),
    )
    if work.state == STORED_PLAIN and afl is not None and afl.mac:
        work.mac = "not checked"


def _is_counter_derivation(header: Transport) -> bool:
    return (header.extension or 0) & transports.KEY_DERIVATION == transports.DERIVED_BY_COUNTER


def _authentic_keys(work: _Work, header: Transport, payload: bytes, counter: int) -> Keys:
    """The keys that the MAC confirms; a MAC that fails with a fitting key is its own outcome."""
    keys = _aes_keys(work)
    try:
        keys, work.mac = _verify_mac(work, header)
    except TelegramError:
        identity, first = work.address.identity, payload[: security.BLOCK]
        decipher = (security.decrypt_mode7(key, first, counter=counter, identity=identity) for key in keys)
        if len(first) == security.BLOCK and any(map(security.is_plausible_plaintext, decipher)):
            raise
        _fail_keys(keys, "the payload is encrypted (mode7)")
    return keys


def _take_unsupported(work: _Work, header: Transport) -> None:
    """Reserved modes: a payload in clear is taken, bits outside the standard are ignored."""
    work.security = f"mode{header.mode}"
    start = header.payload_offset
    if header.mode > transports.LAST_MODE:
        _take_nonstandard(work)
    elif security.is_plausible_plaintext(work.data[start : work.end]):
        work.state = STORED_PLAIN
    else:
        raise TelegramError(
            Outcome.UNSUPPORTED_SECURITY,
            f"security mode {header.mode} is not supported (0, 2, 4, 5 and 7 are)",
            offset=header.offset,
        )


def _take_nonstandard(work: _Work) -> None:
    if not (diehl.is_diehl(work.wire_address) and diehl.is_real_data(work.data)):
        work.warnings.append(f"security {work.security} is not of the standard; taken as plain")
        return
    clear, used = diehl.decode_real_data(work.data, keys=work.keys)
    work.security = "diehl-lfsr"
    if clear is None:
        _fail_keys(work.keys, "the payload is scrambled (Diehl)")
    work.state = DECRYPTED if used else STORED_PLAIN
    _replace_clear(work, diehl.HEADER, clear)


_NAMES = {
    transports.DES_ZERO_IV: "des",
    transports.AES_CBC_ZERO_IV: "mode4",
    transports.AES_CBC_IV: "mode5",
    transports.AES_CBC_DERIVED_KEY: "mode7",
}

_SECURITY: dict[int, Callable[[_Work, Transport], None]] = {
    transports.NO_SECURITY: _take_plain,
    transports.DES_ZERO_IV: _take_des,
    transports.AES_CBC_ZERO_IV: _take_mode4,
    transports.AES_CBC_IV: _take_mode5,
    transports.AES_CBC_DERIVED_KEY: _take_mode7,
}
