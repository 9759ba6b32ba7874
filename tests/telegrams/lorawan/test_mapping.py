# SPDX-License-Identifier: Apache-2.0
"""From a codec's object to values, and profiles that cannot be read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.catalogue.catalogue import CatalogueFile
from avlest.catalogue.lorawan.file_format import FILE, STATUS, TEXT, UPLINK, VALUE
from avlest.catalogue.lorawan.load import parse_profile
from avlest.catalogue.lorawan.mapping import Mapped, map_object
from avlest.catalogue.lorawan.model import Device, Layout
from avlest.catalogue.lorawan.profiles import build_profiles, get_builtin_files
from avlest.catalogue.model import CatalogueError
from avlest.telegrams.outcomes import Outcome, TelegramError

NOW = datetime(2026, 3, 2, 12, 17, tzinfo=UTC)
HEAD = 'profile = "p"\ntitle = "t"\nsource = "s"\n'


def make(body: str, head: str = HEAD) -> str:
    return f'{head}[[uplink]]\ncodec = "c.js"\n{body}'


def take(body: str, data: dict[str, Any], *, zone: str = "UTC") -> Mapped:
    profile = parse_profile(make(body, f'{HEAD}zone = "{zone}"\n'), origin="p.toml")
    return map_object(data, profile.rules[0], zone=profile.zone, received_at=NOW)


def value(**keys: str) -> str:
    lines = {"name": '"total_m3"', "path": '"v"', **keys}
    return "[[uplink.value]]\n" + "".join(f"{key} = {text}\n" for key, text in lines.items())


@pytest.mark.parametrize(
    ("keys", "found", "expected"),
    [
        ({}, Decimal("9989.97"), Fraction(998997, 100)),
        ({"unit": '"l"'}, 1234, Fraction(1234, 1000)),
        ({"scale": '"1/1000"'}, 1234, Fraction(1234, 1000)),
        ({"scale": '"0.001"'}, Decimal("0.5"), Fraction(1, 2000)),
        ({"scale": "10"}, " 12.5 ", 125),
        ({"name": '"energy_kwh"', "unit": '"mj"'}, 36, 10),
        ({"name": '"flow_temperature_c"', "unit": '"k"'}, Decimal("273.15"), 0),
        ({}, Decimal("1e-30"), 0),
    ],
)
def test_numbers_are_exact_in_the_unit_of_the_name(keys, found, expected):
    """Scale and unit are exact, whatever way the codec writes the number."""
    (result,) = take(value(**keys), {"v": found}).values
    assert (result.value, result.unit, result.at) == (expected, result.name.rpartition("_")[2], None)


@pytest.mark.parametrize("found", [True, "9818,", "", [], {}, Decimal("1e40"), 10**19, "1e5"])
def test_what_is_no_number_is_refused_and_shown(found):
    """A codec's answer that cannot be a meter's number refuses the uplink, with what it was."""
    with pytest.raises(TelegramError, match="total_m3") as caught:
        take(value(), {"v": found})
    assert caught.value.outcome is Outcome.BAD_PAYLOAD


def test_a_missing_number_is_no_value_unless_it_is_required():
    """Codecs leave out what the meter did not send."""
    assert take(value(), {}).values == ()
    assert take(value(path='"a.0.b"'), {"a": [{"b": None}]}).values == ()
    with pytest.raises(TelegramError, match="has no v"):
        take(value(required="true"), {})


@pytest.mark.parametrize(
    ("found", "zone", "expected"),
    [
        ("2026-03-02T11:00:00.000Z", "+01:00", datetime(2026, 3, 2, 11, tzinfo=UTC)),
        ("2026-03-02T12:00:00", "+01:00", datetime(2026, 3, 2, 11, tzinfo=UTC)),
        ("2025-07-01 12:00", "Europe/Oslo", datetime(2025, 7, 1, 10, tzinfo=UTC)),
        (1772449200, "UTC", datetime(2026, 3, 2, 11, tzinfo=UTC)),
        (1772449200000, "UTC", datetime(2026, 3, 2, 11, tzinfo=UTC)),
        (Decimal("1772449200.5"), "UTC", datetime(2026, 3, 2, 11, 0, 0, 500_000, tzinfo=UTC)),
        (None, "UTC", None),
    ],
)
def test_times_of_a_codec_become_utc(found, zone, expected):
    """Texts with and without zone, seconds and milliseconds."""
    (result,) = take(value(at='"when"'), {"v": 1, "when": found}, zone=zone).values
    assert result.at == expected


@pytest.mark.parametrize("found", ["yesterday", True, [], 10**20, "9999-99-99"])
def test_what_is_no_time_is_refused(found):
    """A time that cannot be read refuses the uplink: a value without its time would be filed wrongly."""
    with pytest.raises(TelegramError, match="as the time of total_m3"):
        take(value(at='"when"'), {"v": 1, "when": found})


def test_values_dated_after_their_reception_are_left_out():
    """A clock that is ahead makes a warning, no reading."""
    mapped = take(value(at='"when"'), {"v": 1, "when": "2026-03-04T00:00:00Z"})
    assert mapped.values == ()
    assert "after its reception" in mapped.warnings[0]


def test_a_list_gives_one_value_an_item_each_at_its_time():
    """Lists of hourly values, filtered, with the time of the first and the step."""
    body = value(each='"log"', where='{ kind = "volume" }', path='"n"', at='"time"', first='"-1h"', step='"-1h"')
    log = [{"kind": "volume", "n": 7}, {"kind": "other", "n": 5}, {"kind": "volume", "n": 6}]
    mapped = take(body, {"time": "2026-03-02T12:00:00Z", "log": log})
    base = datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert [(item.value, item.at) for item in mapped.values] == [
        (7, base - timedelta(hours=1)), (6, base - timedelta(hours=3)),
    ]  # fmt: skip
    with pytest.raises(TelegramError, match="has no time"):
        take(body, {"log": log})


def test_items_may_be_plain_numbers_or_have_times_of_their_own():
    """An empty path is the item itself; a time in the item goes before one beside the list."""
    plain = take(value(each='"log"', path='""', at='"time"', step='"15min"'), {"time": 1772449200, "log": [3, 4]})
    assert [item.at.minute for item in plain.values if item.at] == [0, 15]
    own = take(value(each='"log"', at='"t"'), {"t": 0, "log": [{"v": 1, "t": 1772449200}]})
    assert own.values[0].at == datetime(2026, 3, 2, 11, tzinfo=UTC)


def test_status_words_come_from_members_bits_and_names():
    """Set members, bits (unknown ones kept) and values by name, each word once and sorted."""
    body = """
        [[uplink.status]]
        path = "low"
        word = "LOW_BATTERY"
        [[uplink.status]]
        path = "flags"
        bits = { 0x01 = "LEAK", 0x02 = "BURST", 0x04 = "" }
        [[uplink.status]]
        path = "state"
        names = { ok = "", tilted = "TAMPER" }
        [[uplink.status]]
        each = "alarms"
        path = "name"
        where = { active = true }
        names = {}
    """.replace("names = {}", 'names = { none = "" }')
    data = {"low": True, "flags": 0x25, "state": "tilted",
            "alarms": [{"name": "dry pipe", "active": True}, {"name": "x", "active": False},
                       {"name": "y", "active": 1}]}  # fmt: skip
    assert take(body, data).status == ("BITS_20", "DRY_PIPE", "LEAK", "LOW_BATTERY", "TAMPER")
    assert take(body, {"low": False, "flags": 0x04, "state": "ok", "alarms": []}).status == ()


def test_texts_are_kept_and_the_serial_number_is_the_meters():
    """Firmware and the like stay with the reading; `serial` names the meter."""
    body = '[[uplink.text]]\nname = "serial"\npath = "id"\n[[uplink.text]]\nname = "firmware"\npath = "fw"\n'
    mapped = take(body, {"id": 12345678, "fw": "1.2\n\ud800"})
    assert (mapped.serial, mapped.texts) == ("12345678", (("firmware", "1.2  "),))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("vwtab"), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from("vwtab"), JSON, max_size=5))
def test_no_object_makes_it_raise_anything_else(data):
    """Any object gives values or a TelegramError."""
    body = value(at='"t"') + value(each='"w"', where='{ "a" = 1 }', path='"b"', at='"t"', step='"1h"')
    body += '[[uplink.status]]\npath = "a"\nbits = { 1 = "A" }\n[[uplink.status]]\npath = "b"\nnames = { x = "X" }\n'
    body += '[[uplink.text]]\nname = "x"\npath = "w"\n'
    try:
        mapped = take(body, data)
    except TelegramError as error:
        assert error.outcome is Outcome.BAD_PAYLOAD
    else:
        assert all(abs(item.value) <= 10**18 for item in mapped.values)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("profile = ", "TOML"),
        (HEAD, r"no \[\[uplink\]\]"),
        (make("", 'title = "t"\nsource = "s"\n'), "profile must be text"),
        (make("", HEAD + 'colour = "red"\n'), "unknown key 'colour'"),
        (make("", HEAD + 'zone = "Mars"\n'), "zone must be"),
        (make("", HEAD + 'dev_eui = ["94193X"]\n'), "dev_eui must hold"),
        (make(""), "at least one value"),
        (make("ports = [0]\n" + value()), "ports must be"),
        (make('starts = ["0"]\n' + value()), "starts must hold"),
        (make('layout = "record"\n' + value()), "layout must be one of"),
        (make('layout = "records"\n' + value()), "go together"),
        (make("skip = 1\n" + value()), "skip is for records"),
        (make('variables = { a = 1 }\n' + value()), "variables must be texts"),
        (make(value(name='"total"')), "must end in its unit"),
        (make(value(unit='"kwh"')), "kwh is one of energy"),
        (make(value(unit='"liter"')), "unit 'liter' is not one of"),
        (make(value(scale="0.001")), "scale must be a whole number or a text"),
        (make(value(scale='"1/0"')), "scale must be"),
        (make(value(step='"1 hour"', each='"a"')), "step must be a time"),
        (make(value(step='"1h"')), "say which with each"),
        (make("[[uplink.value]]\nname = \"total_m3\"\n"), "path is missing"),
        (make('[[uplink.status]]\npath = "a"\n'), "only one of them"),
        (make('[[uplink.status]]\npath = "a"\nword = "TWO WORDS"\nbits = { 1 = "A" }\n'), "only one of them"),
        (make('[[uplink.status]]\npath = "a"\nbits = { one = "A" }\n'), "bits must map masks"),
        (make('[[uplink.status]]\npath = "a"\nbits = { 1 = "A B" }\n'), "no blanks"),
        (HEAD + '[[uplink]]\nlayout = "records"\n' + value(), "belong to a codec"),
    ],
)  # fmt: skip
def test_a_profile_that_cannot_be_read_says_where_and_why(text, words):
    """The error names the file, the place in it and what is expected."""
    with pytest.raises(CatalogueError, match=words) as caught:
        parse_profile(text, origin="mine.toml")
    assert str(caught.value).startswith("mine.toml: ")


def test_built_in_profiles_load_and_have_different_names():
    """What ships can be read, and each file says where its facts are from."""
    profiles = build_profiles()
    assert {"oms", "elvaco_cmi", "sontex"} <= {profile.name for profile in profiles.profiles}
    assert all(profile.source and profile.title for profile in profiles.profiles)
    assert len(get_builtin_files()) == len(profiles.profiles) + len(profiles.families)


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        (Device("94193A0102030405"), "elvaco_cmi"),
        (Device("94193a0102030405"), "elvaco_cmi"),
        (Device("94193A0102FFFFFF"), "mine"),
        (Device("0102030405060708", "Elvaco CMi4140 v2"), "elvaco_cmi"),
        (Device("0102030405060708", "my kind of meter"), "mine"),
    ],
)
def test_the_most_particular_profile_is_taken(device, expected):
    """The longest DevEUI wins, then the kind of device, then what is for any device."""
    own = CatalogueFile("mine.toml", make(value(), HEAD.replace('"p"', '"mine"') +
                        'dev_eui = ["94:19:3A:01:02:FF"]\nkind = ["My Kind"]\n'))  # fmt: skip
    profile, _ = build_profiles([own]).find(b"\x00\x0c", port=2, device=device)
    assert profile.name == expected


def test_an_own_profile_replaces_the_built_in_one_of_its_name():
    """So the zone of a meter's clock can be set without another version of Avlest."""
    text = HEAD.replace('"p"', '"oms"') + 'zone = "UTC"\n[[uplink]]\nlayout = "application"\n'
    profiles = build_profiles([CatalogueFile("oms.toml", text)])
    assert [profile.zone for profile in profiles.profiles if profile.name == "oms"] == [UTC]


def test_every_key_of_the_format_is_described_and_read():
    """The reference is written from the table of keys, which is the one the loader checks."""
    for table in (FILE, UPLINK, VALUE, STATUS, TEXT):
        assert all(text.endswith((".", "`.")) for text in table.keys.values())
    assert set(Layout) == {"application", "records", "codec", "ignore"}
