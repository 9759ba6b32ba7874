# SPDX-License-Identifier: Apache-2.0
"""Keys are sealed, bound to their meter, resealed without loss, and never shown."""

from __future__ import annotations

import logging
import os
import sys
from base64 import b64encode

import pytest
from django.core import serializers
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from avlest.project.log import HideKeys, hide_keys
from avlest.project.options import ConfigError
from avlest.registry.identifiers import MeterAddress
from avlest.registry.keys.ring import get_key_ring, require_file
from avlest.registry.keys.ring_file import add_ring_key, make_ring_file, parse_ring
from avlest.registry.keys.seal import SealedKey, SealError, SecretKey, build_ring, make_ring_key
from avlest.registry.models import AuditEntry, MeterKey
from avlest.registry.rights import AccessDeniedError, Actor, Right
from avlest.registry.services import keys as keys_service
from avlest.registry.services.keys import (
    check_keys,
    do_reseal_keys,
    do_set_meter_key,
    get_keys_version,
    get_meter_keys,
)
from tests.registry.builders import make_meter

KEY = bytes(range(16))
OTHER = bytes(range(16, 32))
RING = build_ring({"aa": bytes(32)}, current="aa")


@given(st.binary(min_size=1, max_size=64), st.integers(min_value=1, max_value=2**62))
def test_a_sealed_key_opens_for_its_meter_only(key, meter_id):
    """Sealing and opening gives the key back; for another meter it does not open."""
    sealed = RING.seal(key, meter_id=meter_id)
    assert RING.open(sealed, meter_id=meter_id) == key
    with pytest.raises(SealError, match="altered, or sealed for another meter"):
        RING.open(sealed, meter_id=meter_id + 1)


@given(st.text(max_size=60))
def test_what_is_no_sealed_key_is_an_error_with_a_reason(text):
    """Any text that was not sealed is refused with `SealError`, nothing else."""
    with pytest.raises(SealError):
        RING.open(text, meter_id=1)


def test_an_altered_seal_does_not_open():
    """One changed character of the ciphertext is noticed."""
    sealed = RING.seal(KEY, meter_id=1)
    at = len(sealed) - 10
    altered = sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :]
    with pytest.raises(SealError):
        RING.open(altered, meter_id=1)


def test_a_ring_without_the_key_says_which_is_missing():
    """A key sealed under a ring key that is gone names that ring key."""
    sealed = RING.seal(KEY, meter_id=1)
    with pytest.raises(SealError, match="ring key aa, which is not in the ring"):
        build_ring({"bb": bytes(32)}, current="bb").open(sealed, meter_id=1)


def test_secrets_do_not_print_themselves():
    """Neither keys, sealed keys, rings nor the bulk mapping show what they hold."""
    sealed = RING.seal(KEY, meter_id=1)
    shown = f"{SecretKey(KEY)} {SecretKey(KEY)!r} {SecretKey(KEY):>40} {sealed!r} {RING!r} {[SecretKey(KEY)]}"
    assert KEY.hex() not in shown
    assert repr(KEY) not in shown
    assert str.__str__(sealed)[6:] not in shown


def test_a_log_line_never_holds_a_key(caplog):
    """Keys in messages, arguments and tracebacks are taken out; telegrams stay."""
    telegram = KEY.hex() * 2
    try:
        raise ValueError(f"key {KEY.hex()}")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "", 0, "got %s for %s", (KEY.hex().upper(), telegram), None)
        record.exc_info = sys.exc_info()
    assert HideKeys().filter(record)
    text = logging.Formatter().format(record)
    assert KEY.hex() not in text.lower().replace(telegram, "")
    assert telegram in text
    assert "got (32 hex digits hidden) for" in text


@pytest.mark.parametrize("form", ["{0}", "{0}.", "key={0};", "00-01-02-03-04-05-06-07-08-09-0A-0B-0C-0D-0E-0F"])
def test_keys_are_recognised_in_the_ways_people_write_them(form):
    """Plain, in a sentence, with dashes."""
    assert "hidden" in hide_keys(form.format(KEY.hex()))


def test_every_handler_of_the_settings_hides_keys(settings):
    """The logging set-up has no handler without the filter."""
    assert all("hide_keys" in handler["filters"] for handler in settings.LOGGING["handlers"].values())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no key"),
        ("aa\n", "line 1: not in the form"),
        ("# a\naa not-base64!\n", "line 2: not in the form"),
        ("aa AAAA\n", "ring key aa has 3 bytes, expected 32"),
    ],
)
def test_a_broken_ring_names_the_line_and_shows_nothing(text, message):
    """A ring that cannot be read says where, without the material."""
    with pytest.raises(ConfigError, match=message) as caught:
        parse_ring(text, "ring")
    assert "AAAA" not in str(caught.value)
    assert "not-base64" not in str(caught.value)


def test_a_ring_file_others_may_read_is_refused(tmp_path, settings, monkeypatch):
    """Mode 0644 is refused with the command that mends it; the file is made 0600."""
    file = tmp_path / "ring"
    assert make_ring_file(file)
    assert not make_ring_file(file)
    assert file.stat().st_mode & 0o777 == 0o600
    monkeypatch.delenv("AVLEST_METER_KEY_RING", raising=False)
    monkeypatch.setattr("avlest.registry.keys.ring.get_ring_file", lambda: file)
    first = get_key_ring().current
    second = add_ring_key(file)
    assert (get_key_ring().current, set(get_key_ring().ciphers)) == (second, {first, second})
    require_file()
    with monkeypatch.context() as changed, pytest.raises(ConfigError, match="put a new key first in it"):
        changed.setenv("AVLEST_METER_KEY_RING", "aa:" + b64encode(bytes(32)).decode())
        require_file()
    file.chmod(0o644)
    with pytest.raises(ConfigError, match=r"may be read by others \(mode 0644\), expected 0600"):
        get_key_ring()
    file.unlink()
    with pytest.raises(ConfigError, match="run avlest init, or restore it"):
        get_key_ring()


@pytest.fixture
def rings(monkeypatch):
    """Change the ring in use: `rings("aa", "bb")` has aa current and bb to open with."""

    def use(*names: str) -> None:
        text = ",".join(f"{name}:{b64encode(name.encode().ljust(32)).decode()}" for name in names)
        monkeypatch.setitem(os.environ, "AVLEST_METER_KEY_RING", text)

    use("aa")
    return use


@pytest.mark.django_db
class TestStored:
    """Keys in the database."""

    def test_a_key_comes_back_by_address(self, actor, now, rings):
        """What was set is what the pipeline gets, under maker and serial."""
        meter = make_meter(actor)
        assert do_set_meter_key(actor, meter, KEY, now=now)
        keys = get_meter_keys([MeterAddress("KAM", "12345678"), MeterAddress("KAM", "87654321")])
        assert dict(keys) == {MeterAddress("KAM", "12345678"): (KEY,)}
        assert KEY.hex() not in repr(keys)

    def test_a_new_key_retires_the_old_and_both_open(self, actor, now, rings):
        """A second key is a second row; telegrams kept from before still open with the first."""
        meter = make_meter(actor)
        do_set_meter_key(actor, meter, KEY, now=now)
        do_set_meter_key(actor, meter, OTHER, now=now)
        assert not do_set_meter_key(actor, meter, OTHER, now=now)
        assert get_meter_keys()[MeterAddress("KAM", "12345678")] == (OTHER, KEY)
        assert [row.retired_at for row in MeterKey.objects.order_by("id")] == [now, None]

    def test_the_version_grows_with_each_change_only(self, actor, now, rings):
        """Setting a key counts up, setting the same again does not."""
        meter, before = make_meter(actor), get_keys_version()
        do_set_meter_key(actor, meter, KEY, now=now)
        after = get_keys_version()
        do_set_meter_key(actor, meter, KEY, now=now)
        assert (after > before, get_keys_version() == after) == (True, True)

    def test_the_audit_log_knows_of_the_key_and_does_not_hold_it(self, actor, now, rings):
        """Who set a key when is written; neither key nor seal is."""
        meter = make_meter(actor)
        do_set_meter_key(actor, meter, KEY, now=now)
        entry = AuditEntry.objects.get(action="set_key")
        assert entry.after == {"meter_id": meter}
        assert MeterKey.objects.get().sealed not in f"{entry.before}{entry.after}{entry.label}"

    def test_setting_a_key_needs_its_own_right(self, actor, now, rings):
        """Who may change meters may not thereby write keys."""
        meter = make_meter(actor)
        clerk = Actor(actor.organisation_id, "clerk", frozenset(Right) - {Right.WRITE_KEYS})
        with pytest.raises(AccessDeniedError, match="clerk may not write keys"):
            do_set_meter_key(clerk, meter, KEY, now=now)

    def test_the_column_refuses_a_key_in_the_clear(self, actor, now, rings):
        """Anything that was not sealed cannot be stored, by whatever way."""
        row = MeterKey(
            organisation_id=actor.organisation_id, meter_id=make_meter(actor), created_at=now, sealed=KEY.hex()
        )
        with pytest.raises(ValidationError, match="Only a sealed key"):
            row.save()

    def test_a_dump_holds_only_the_seal(self, actor, now, rings):
        """Django's serializers show the sealed text, never the key."""
        do_set_meter_key(actor, make_meter(actor), KEY, now=now)
        assert KEY.hex() not in serializers.serialize("json", MeterKey.objects.all())

    def test_a_seal_moved_to_another_meter_does_not_open(self, actor, now, rings):
        """Keys are bound to their meter: a copied row is counted, not used."""
        first, second = make_meter(actor, "11111111"), make_meter(actor, "22222222")
        do_set_meter_key(actor, first, KEY, now=now)
        MeterKey.objects.update(meter_id=second)
        keys = get_meter_keys()
        assert (len(keys), keys.unopened) == (0, 1)
        (bad,) = check_keys().bad
        assert (bad.address.serial, bad.reason) == ("22222222", "it was altered, or sealed for another meter")

    def test_resealing_goes_on_where_it_was_stopped(self, actor, now, rings, monkeypatch):
        """Stopped in the middle of the batches, the next run finishes; a third does nothing."""
        for n in range(5):
            do_set_meter_key(actor, make_meter(actor, f"{n:08d}"), bytes([n] * 16), now=now)
        rings("bb", "aa")
        real, calls = keys_service._reseal, []

        def fail_at_third(*args, **kwargs):
            calls.append(1)
            if len(calls) == 3:
                raise KeyboardInterrupt
            return real(*args, **kwargs)

        monkeypatch.setattr(keys_service, "_reseal", fail_at_third)
        with pytest.raises(KeyboardInterrupt):
            do_reseal_keys("test", now=now, batch=2)
        monkeypatch.setattr(keys_service, "_reseal", real)
        done = do_reseal_keys("test", now=now, batch=2)
        assert (done.resealed, done.already) == (1, 4)
        assert do_reseal_keys("test", now=now).resealed == 0
        rings("bb")
        assert [keys[0] for _address, keys in sorted(get_meter_keys().items())] == [bytes([n] * 16) for n in range(5)]
        assert dict(check_keys().by_ring_key) == {"bb": 5}

    def test_resealing_leaves_what_does_not_open(self, actor, now, rings):
        """A key whose ring key is lost is reported and kept as it is."""
        do_set_meter_key(actor, make_meter(actor, "11111111"), KEY, now=now)
        rings("bb")
        do_set_meter_key(actor, make_meter(actor, "22222222"), OTHER, now=now)
        rings("cc", "bb")
        done = do_reseal_keys("test", now=now)
        assert (done.resealed, [bad.address.serial for bad in done.failed]) == (1, ["11111111"])
        rings("cc", "aa")
        assert get_meter_keys()[MeterAddress("KAM", "11111111")] == (KEY,)

    def test_many_addresses_and_all_give_the_same(self, actor, now, rings):
        """Reading by address and reading all agree, also above the size where the way changes."""
        for n in range(3):
            do_set_meter_key(actor, make_meter(actor, f"{n:08d}"), KEY, now=now)
        many = [MeterAddress("KAM", f"{n:08d}") for n in range(1, 2000)]
        assert set(get_meter_keys(many)) == {MeterAddress("KAM", "00000001"), MeterAddress("KAM", "00000002")}
        assert len(get_meter_keys()) == 3


def test_a_made_ring_key_has_the_right_size():
    """Ring keys are 256 bits with an id of eight digits."""
    name, key = make_ring_key()
    assert (len(name), len(key)) == (8, 32)
    assert SealedKey("s1:aa:xx").ring_key_id == "aa"
    assert SealedKey("junk").ring_key_id == "?"
