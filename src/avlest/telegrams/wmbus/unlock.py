# SPDX-License-Identifier: Apache-2.0
"""Opening the payload behind a transport header: one function for each security mode."""

from __future__ import annotations

from collections.abc import Callable

from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.wmbus import diehl, security
from avlest.telegrams.wmbus import transport as transports
from avlest.telegrams.wmbus.afl import Afl
from avlest.telegrams.wmbus.parts import DECRYPTED, STORED_PLAIN
from avlest.telegrams.wmbus.transport import Transport
from avlest.telegrams.wmbus.work import Keys, Work, aes_keys, fail_keys, replace_clear


def unlock_payload(work: Work, header: Transport) -> None:
    """Put the payload behind `header` in clear, or raise what keeps it shut."""
    _SECURITY.get(header.mode, _take_unsupported)(work, header)


def _encrypted_end(work: Work, header: Transport, block: int) -> int:
    """Where the encrypted part ends; a declared length beyond the frame is cut to blocks.

    Not so where no block is whole, nor where the frame was shortened by what looked like
    a CRC of format B: there the length is the error.
    """
    available = work.end - header.payload_offset
    length = header.encrypted_length
    if length > available:
        what = f"{length} bytes declared encrypted, {available} are there"
        length = available // block * block
        stored_plain = security.is_plausible_plaintext(work.data[header.payload_offset : work.end])
        if not stored_plain and (not length or work.frame.format == "B"):
            raise TelegramError(Outcome.BAD_LENGTH, what, offset=header.payload_offset)
        work.warnings.append(what)
    return header.payload_offset + length


def _take_plain(work: Work, header: Transport) -> None:
    if work.afl is not None and work.afl.mac:
        work.mac = _verify_mac(work, header)[1]


def _verify_mac(work: Work, header: Transport) -> tuple[Keys, str]:
    """The keys under which the MAC is right, and what to report of it."""
    afl, keys = work.afl, aes_keys(work)
    if afl is None or not afl.mac:
        return keys, "none"
    if not keys or afl.counter is None or not work.address.identity:
        return keys, work.mac
    message = afl.authenticated_prefix + work.data[header.offset : work.end]
    fitting = tuple(key for key in keys if _mac(work, afl, key, message) == afl.mac)
    if not fitting:
        raise TelegramError(
            Outcome.MAC_WRONG,
            f"the authentication code fits none of {len(keys)} key(s)",
            offset=afl.offset,
        )
    return fitting, "verified"


def _mac(work: Work, afl: Afl, key: bytes, message: bytes) -> bytes:
    return security.compute_mac(
        key,
        message,
        counter=afl.counter or 0,
        identity=work.address.identity,
        length=len(afl.mac),
    )


_Trial = Callable[[bytes, bytes], bytes]


def _open_blocks(work: Work, span: tuple[int, int], keys: Keys, decrypt: _Trial, block: int) -> bool:
    """Decipher `span` with the first key whose first block is plausible."""
    start, end = span
    first = work.data[start : start + block]
    for key in keys:
        if security.is_plausible_plaintext(decrypt(key, first)):
            replace_clear(work, start, decrypt(key, work.data[start:end]))
            work.state = DECRYPTED
            return True
    return False


def _open_or_fail(
    work: Work,
    header: Transport,
    keys: Keys,
    decrypt: _Trial,
    *,
    block: int = security.BLOCK,
    defaults: Keys = (),
) -> None:
    """Decipher, or take as stored in clear, the declared blocks; else say which key failed."""
    work.security = _NAMES[header.mode]
    if not header.encrypted_length:
        return
    start, end = header.payload_offset, _encrypted_end(work, header, block)
    if end > start and _open_blocks(work, (start, end), (*keys, *defaults), decrypt, block):
        return
    if security.is_plausible_plaintext(work.data[start : work.end]):
        work.state = STORED_PLAIN
        return
    fail_keys(keys, f"the payload is encrypted ({work.security})")


def _take_mode5(work: Work, header: Transport) -> None:
    if _is_unaddressed(work, header):
        return
    iv = security.derive_mode5_iv(work.address, header.access_number or 0)
    defaults = (diehl.DEFAULT_AES_KEY,) if diehl.is_diehl(work.wire_address) else ()
    _open_or_fail(
        work, header, aes_keys(work), lambda key, data: security.decrypt_mode5(key, iv, data), defaults=defaults
    )


def _is_unaddressed(work: Work, header: Transport) -> bool:
    """Whether no address is known that deciphering needs and the payload can do without it."""
    if work.address.identity:
        return False
    _take_unsupported(work, header, reason="needs the meter's address, which is not sent")
    return True


def _take_mode4(work: Work, header: Transport) -> None:
    _open_or_fail(
        work,
        header,
        aes_keys(work),
        lambda key, data: security.decrypt_mode5(key, security.ZERO_IV, data),
    )


def _take_des(work: Work, header: Transport) -> None:
    keys = tuple(key for key in work.keys if len(key) == security.DES_KEY_LENGTH)
    zero = bytes(security.DES_BLOCK)
    _open_or_fail(
        work,
        header,
        keys,
        lambda key, data: security.decrypt_des(key, zero, data),
        block=security.DES_BLOCK,
    )


def _take_mode7(work: Work, header: Transport) -> None:
    payload = work.data[header.payload_offset : work.end]
    counter = None if work.afl is None else work.afl.counter
    if counter is None or not _is_counter_derivation(header):
        _take_unsupported(work, header, reason="is supported with a message counter in the AFL only")
        return
    if _is_unaddressed(work, header):
        return
    identity = work.address.identity
    keys = _authentic_keys(work, header, payload, counter)
    _open_or_fail(
        work, header, keys, lambda key, data: security.decrypt_mode7(key, data, counter=counter, identity=identity)
    )


def _is_counter_derivation(header: Transport) -> bool:
    return (header.extension or 0) & transports.KEY_DERIVATION == transports.DERIVED_BY_COUNTER


def _authentic_keys(work: Work, header: Transport, payload: bytes, counter: int) -> Keys:
    """The keys that the MAC confirms; a MAC that fails with a fitting key is its own outcome.

    A payload stored in clear no longer fits its MAC: no key then, and none is needed.
    """
    keys = aes_keys(work)
    try:
        keys, work.mac = _verify_mac(work, header)
    except TelegramError:
        if security.is_plausible_plaintext(payload):
            return ()
        if _fits_without_mac(keys, payload, counter, work.address.identity):
            raise
        fail_keys(keys, "the payload is encrypted (mode7)")
    return keys


def _fits_without_mac(keys: Keys, payload: bytes, counter: int, identity: bytes) -> bool:
    first = payload[: security.BLOCK]
    decipher = (security.decrypt_mode7(key, first, counter=counter, identity=identity) for key in keys)
    return len(first) == security.BLOCK and any(map(security.is_plausible_plaintext, decipher))


def _take_unsupported(work: Work, header: Transport, *, reason: str = "is not supported (0, 2, 4, 5, 7 are)") -> None:
    """Other modes: a payload in clear is taken, bits outside the standard are ignored."""
    work.security = f"mode{header.mode}"
    start = header.payload_offset
    if header.mode > transports.LAST_MODE:
        _take_nonstandard(work, header)
    elif security.is_plausible_plaintext(work.data[start : work.end]):
        work.state = STORED_PLAIN
    else:
        raise TelegramError(
            Outcome.UNSUPPORTED_SECURITY,
            f"security mode {header.mode} {reason}",
            offset=header.offset,
        )


def _take_nonstandard(work: Work, header: Transport) -> None:
    scrambled = header.payload_offset == diehl.HEADER and diehl.is_real_data(work.data)
    if not (scrambled and diehl.is_diehl(work.wire_address)):
        work.warnings.append(f"security {work.security} is not of the standard; taken as plain")
        return
    clear, used = diehl.decode_real_data(work.data, keys=work.keys)
    work.security = "diehl-lfsr"
    if clear is None:
        fail_keys(work.keys, "the payload is scrambled (Diehl)")
    work.state = DECRYPTED if used else STORED_PLAIN
    replace_clear(work, diehl.HEADER, clear)


_NAMES = {
    transports.DES_ZERO_IV: "des",
    transports.AES_CBC_ZERO_IV: "mode4",
    transports.AES_CBC_IV: "mode5",
    transports.AES_CBC_DERIVED_KEY: "mode7",
}

_SECURITY: dict[int, Callable[[Work, Transport], None]] = {
    transports.NO_SECURITY: _take_plain,
    transports.DES_ZERO_IV: _take_des,
    transports.AES_CBC_ZERO_IV: _take_mode4,
    transports.AES_CBC_IV: _take_mode5,
    transports.AES_CBC_DERIVED_KEY: _take_mode7,
}
