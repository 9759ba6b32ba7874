# SPDX-License-Identifier: Apache-2.0
"""Wall clocks become instants by the rule of their maker, at the changes of summer time too."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from avlest.telegrams.encode.han import encode_han
from avlest.telegrams.han import ClockRule, Maker, decode_han
from avlest.telegrams.han.clock import decode_clock
from avlest.telegrams.outcomes import TelegramError

from .samples import MAKERS, make_list


def _wall(text: str, *, deviation: str = "8000", status: str = "00") -> bytes:
    moment = datetime.fromisoformat(text + "+00:00")
    date = moment.year.to_bytes(2, "big") + bytes((moment.month, moment.day, moment.isoweekday()))
    return date + bytes((moment.hour, moment.minute, moment.second, 0xFF)) + bytes.fromhex(deviation + status)


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text + "+00:00")


@pytest.mark.parametrize(
    ("maker", "wall", "instant"),
    [
        (Maker.AIDON, "2026-01-15T12:00:00", "2026-01-15T11:00:00"),
        (Maker.AIDON, "2026-07-15T12:00:00", "2026-07-15T11:00:00"),
        (Maker.KAMSTRUP, "2026-01-15T12:00:00", "2026-01-15T11:00:00"),
        (Maker.KAMSTRUP, "2026-07-15T12:00:00", "2026-07-15T11:00:00"),
        (Maker.KAIFA, "2026-01-15T12:00:00", "2026-01-15T11:00:00"),
        (Maker.KAIFA, "2026-07-15T12:00:00", "2026-07-15T10:00:00"),
        (Maker.KAIFA, "2026-03-29T01:59:59", "2026-03-29T00:59:59"),
        (Maker.KAIFA, "2026-03-29T03:00:00", "2026-03-29T01:00:00"),
        (Maker.KAIFA, "2026-03-29T02:30:00", "2026-03-29T01:30:00"),
        (Maker.KAIFA, "2026-10-25T01:59:59", "2026-10-24T23:59:59"),
        (Maker.KAIFA, "2026-10-25T03:00:00", "2026-10-25T02:00:00"),
    ],
)
def test_the_makers_rule_gives_the_instant(maker, wall, instant):
    clock = decode_clock(_wall(wall), maker)
    assert (clock.local, clock.instant, clock.ambiguous) == (wall, _utc(instant), False)


def test_the_repeated_hour_of_kaifa_is_told_by_the_time_of_arrival():
    wall = _wall("2026-10-25T02:30:00")
    alone = decode_clock(wall, Maker.KAIFA)
    assert (alone.instant, alone.ambiguous) == (_utc("2026-10-25T00:30:00"), True)
    for arrived in ("2026-10-25T00:30:04", "2026-10-25T01:30:04"):
        told = decode_clock(wall, Maker.KAIFA, received_at=_utc(arrived))
        assert (told.instant, told.ambiguous) == (_utc(arrived[:-2] + "00"), False)


def test_a_set_summer_time_bit_tells_the_repeated_hour_too():
    told = decode_clock(_wall("2026-10-25T02:30:00", status="80"), Maker.KAIFA, received_at=_utc("2026-10-25T01:30:00"))
    assert (told.instant, told.ambiguous) == (_utc("2026-10-25T00:30:00"), False)


def test_the_repeated_hour_of_fixed_clocks_is_never_ambiguous():
    for maker in (Maker.AIDON, Maker.KAMSTRUP):
        clock = decode_clock(_wall("2026-10-25T02:30:00"), maker)
        assert (clock.instant, clock.ambiguous) == (_utc("2026-10-25T01:30:00"), False)


def test_kamstrups_summer_time_bit_is_information_only():
    clock = decode_clock(_wall("2026-07-15T12:00:00", status="80"), Maker.KAMSTRUP)
    assert clock.instant == _utc("2026-07-15T11:00:00")


@pytest.mark.parametrize("maker", list(Maker))
def test_a_deviation_that_is_given_counts_for_every_maker(maker):
    """UTC is local time plus deviation; -60 is UTC+1, -120 UTC+2."""
    for deviation, hour in (("ffc4", "11"), ("ff88", "10"), ("003c", "13")):
        clock = decode_clock(_wall("2026-07-15T12:00:00", deviation=deviation), maker)
        assert (clock.instant, clock.rule) == (_utc(f"2026-07-15T{hour}:00:00"), ClockRule.DEVIATION)


def test_aidons_deviation_of_zero_is_not_believed():
    clock = decode_clock(_wall("2026-07-15T12:00:00", deviation="0000"), Maker.AIDON)
    assert (clock.instant, clock.rule) == (_utc("2026-07-15T11:00:00"), ClockRule.STANDARD_TIME)


def test_an_unknown_makers_clock_without_deviation_stands_for_no_instant():
    clock = decode_clock(_wall("2026-07-15T12:00:00"), Maker.UNKNOWN)
    assert (clock.local, clock.instant, clock.rule) == ("2026-07-15T12:00:00", None, ClockRule.NONE)


@pytest.mark.parametrize(
    "spoilt", ["ffff" + "01" * 6, "07ea" + "ff" + "01" * 5, "07ea0dfe" + "01" * 4, "07ea02" + "1e" + "01" * 4]
)
def test_a_date_that_is_not_specified_or_not_possible_gives_no_instant(spoilt):
    clock = decode_clock(bytes.fromhex(spoilt + "ff800000"), Maker.KAIFA)
    assert (clock.local, clock.instant) == ("", None)


def test_hundredths_are_kept_and_unspecified_seconds_are_zero():
    exact = bytes.fromhex("07ea010f040c001e 32 8000 00")
    assert decode_clock(exact, Maker.AIDON).instant == _utc("2026-01-15T11:00:30") + timedelta(milliseconds=500)
    loose = bytes.fromhex("07ea010f040c00ff ff 8000 00")
    assert decode_clock(loose, Maker.AIDON).instant == _utc("2026-01-15T11:00:00")


def test_a_clock_that_calls_itself_invalid_is_not_the_lists_time():
    assert not decode_clock(_wall("2000-01-01T00:00:00", status="01"), Maker.KAMSTRUP).is_valid
    assert decode_clock(_wall("2026-01-01T00:00:00", status="ff"), Maker.KAMSTRUP).is_valid
    frame = encode_han(make_list(Maker.KAMSTRUP, 2))
    body = frame[9:-3].replace(bytes.fromhex("ff800000"), bytes.fromhex("ff800001"), 1)
    decoded = decode_han(body if body[:1] == b"\x0f" else body[body.index(b"\x0f") :])
    assert decoded.message_clock is not None
    assert decoded.message_clock.instant is not None
    assert decoded.clock is None


def test_a_date_time_of_another_length_is_an_outcome():
    with pytest.raises(TelegramError, match="12 bytes"):
        decode_clock(b"\x07\xea", Maker.AIDON)


def test_a_time_of_arrival_without_zone_is_refused():
    naive = datetime(2026, 1, 1)  # noqa: DTZ001
    with pytest.raises(ValueError, match="time zone"):
        decode_han(encode_han(make_list()), received_at=naive)


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25", "2026-06-21"])
def test_each_hour_of_a_day_comes_back_as_sent(maker, day):
    """Days of 23, 25 and 24 hours: list 3 of every hour, each at its own instant."""
    start = _utc(f"{day}T00:00:00") - timedelta(hours=2)
    for hour in range(26):
        sent = start + timedelta(hours=hour)
        decoded = decode_han(encode_han(make_list(maker, clock=sent)), received_at=sent)
        assert decoded.clock == sent
