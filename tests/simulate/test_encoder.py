# SPDX-License-Identifier: Apache-2.0
"""What simulated meters send is what the pipeline reads, for every model and road."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from avlest.catalogue.catalogue import Catalogue, build_catalogue
from avlest.catalogue.lorawan.decode import Uplink
from avlest.catalogue.lorawan.model import Device, LorawanReading
from avlest.collect.lorawan.decoder import open_lorawan_decoder
from avlest.collect.pipeline.numbers import scale_fraction
from avlest.collect.pipeline.registers import Spec, SpecBook, derive_scaling
from avlest.collect.pipeline.telegram_road import TelegramRoad
from avlest.simulate.radio.encoder import Encoder
from avlest.simulate.radio.han import compute_x25_rows
from avlest.simulate.radio.models import MODELS, Flag, RadioModel, Road
from avlest.simulate.radio.sent import EmissionError, Sent
from avlest.telegrams.han import HanList, decode_payload, hdlc
from avlest.telegrams.keyring import KeyRing, build_keyring
from tests.simulate.making import METERS, TELEGRAMS, make_sent
from tests.simulate.stored import REGISTERS, find_identity

TELEGRAM_MODELS = [model for model in MODELS.values() if model.road in (Road.WMBUS, Road.MBUS)]
UPLINK_MODELS = [model for model in MODELS.values() if model.road is Road.LORAWAN]
HAN_MODELS = [model for model in MODELS.values() if model.road is Road.HAN]


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """The built-in catalogue."""
    return build_catalogue()


def _ring(sent: Sent) -> KeyRing:
    assert sent.key_index is not None
    pairs = set(zip(sent.serials.tolist(), sent.key_index.tolist(), strict=True))
    return build_keyring([(bytes.fromhex(f"{serial:08d}")[::-1], sent.keys[index]) for serial, index in pairs])


def _decode(model: RadioModel, sent: Sent, catalogue: Catalogue) -> tuple[pl.DataFrame, pl.DataFrame, list[Spec]]:
    """Messages, values and specs of the pipeline's own road, rows as in `sent`."""
    book = SpecBook()
    rows, payloads = [], []
    for own, matrix in Encoder().encode(model, sent):
        rows.append(own)
        payloads += [row.tobytes() for row in matrix]
    numbers = np.concatenate(rows)
    assert sorted(numbers.tolist()) == list(range(len(sent)))
    decoded = TelegramRoad(catalogue, book).decode(numbers, payloads, _ring(sent), [None] * len(payloads))
    return decoded.get_messages(), decoded.get_values(), book.specs


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("model", TELEGRAM_MODELS, ids=lambda model: model.name)
def test_every_value_of_a_telegram_is_read_as_it_was_sent(model: RadioModel, seed: int, catalogue: Catalogue) -> None:
    """Each column stands in its register, to the thousandth, in full and in compact frames."""
    sent = make_sent(model, seed=seed)
    messages, values, specs = _decode(model, sent, catalogue)
    assert messages["outcome"].unique().to_list() == ["ok"]
    assert messages["family"].unique().to_list() == [model.family]
    assert set(messages["serial"]) == {f"{serial:08d}" for serial in set(sent.serials.tolist())}
    for name in model.columns:
        wanted = find_identity(model, name)
        (number,) = (n for n, s in enumerate(specs) if (s.quantity, s.qualifier, s.function, s.storage) == wanted)
        found = values.filter(pl.col("spec") == number).sort("row")
        assert found["row"].to_list() == list(range(len(sent)))
        assert found["value"].to_list() == sent.values[name].tolist()


@pytest.mark.parametrize("model", [m for m in TELEGRAM_MODELS if m.full_every], ids=lambda model: model.name)
def test_compact_frames_come_with_a_full_one_now_and_then(model: RadioModel) -> None:
    """Every so many telegrams of a meter are full frames, so that a decoder learns the format."""
    parts = list(Encoder().encode(model, make_sent(model, seed=1)))
    sizes = {matrix.shape[1]: len(rows) for rows, matrix in parts}
    assert len(sizes) == 2
    assert sizes[max(sizes)] == METERS * TELEGRAMS // model.full_every


@pytest.mark.parametrize(
    ("name", "flag", "word"),
    [
        ("multical21", Flag.LEAK, "LEAK"),
        ("multical21", Flag.BURST, "BURST"),
        ("flowiq2200", Flag.LOW_BATTERY, "LOW_BATTERY"),
        ("flowiq2200", Flag.DRY, "DRY"),
        ("hydrus", Flag.LOW_BATTERY, "POWER_LOW"),
        ("hcae2", Flag.TAMPER, "SABOTAGE"),
        ("multical403", Flag.LEAK, "V1_V2_LEAKAGE_WATER_LOSS"),
    ],
)
def test_a_status_is_told_in_the_words_of_the_model(name: str, flag: int, word: str, catalogue: Catalogue) -> None:
    """The common bits become the model's info code; a telegram without them is OK."""
    model, sent = MODELS[name], make_sent(MODELS[name], seed=1)
    status = np.where(sent.counters % 2, flag, 0)
    messages, _, _ = _decode(model, replace(sent, status=status), catalogue)
    texts = messages.sort("row")["status"].to_list()
    for text, flagged in zip(texts, status, strict=True):
        assert (word in text.split()) is bool(flagged)
        assert bool(flagged) or text == "OK"


def test_without_its_key_an_encrypted_telegram_says_nothing(catalogue: Catalogue) -> None:
    """Models that encrypt cannot be read without the key, the others can."""
    for model in TELEGRAM_MODELS:
        sent = make_sent(model, seed=1)
        payloads = [row.tobytes() for _, matrix in Encoder().encode(model, sent) for row in matrix]
        road = TelegramRoad(catalogue, SpecBook())
        decoded = road.decode(np.arange(len(payloads)), payloads, build_keyring([]), [None] * len(payloads))
        outcomes = decoded.get_messages()["outcome"].unique().to_list()
        assert outcomes == (["key_missing"] if model.is_encrypted else ["ok"])


@pytest.mark.parametrize("model", UPLINK_MODELS, ids=lambda model: model.name)
def test_every_value_of_an_uplink_is_read_as_it_was_sent(model: RadioModel, catalogue: Catalogue) -> None:
    """LoRaWAN payloads are known by their first bytes, or by the DevEUI of the maker."""
    sent = make_sent(model, seed=1)
    eui = "94193a0000000001" if model.payload == "elvaco" else "0018b20000000001"
    ((rows, matrix),) = Encoder().encode(model, sent)
    moment = datetime(2026, 3, 5, 10, tzinfo=UTC)
    uplinks = [Uplink(row.tobytes(), model.port, Device(eui), moment, 1) for row in matrix]
    decoder, problems = open_lorawan_decoder(catalogue, None)
    with decoder:
        readings = decoder.decode_uplinks(uplinks)
    assert not problems
    for row, reading in zip(rows.tolist(), readings, strict=True):
        assert isinstance(reading, LorawanReading)
        found = {}
        for value in reading.values:
            scaling = derive_scaling(value.unit)
            assert scaling is not None
            found[value.quantity] = scale_fraction(value.value, scaling)
        assert found == {REGISTERS[name][0]: int(column[row]) for name, column in sent.values.items()}


@pytest.mark.parametrize("start", ["2026-03-28T20:00:10", "2026-10-24T20:00:10", "2026-12-31T20:00:10"])
@pytest.mark.parametrize("model", HAN_MODELS, ids=lambda model: model.name)
def test_every_list_of_a_han_port_is_read_as_it_was_sent(model: RadioModel, start: str) -> None:
    """Counters of the full hour, also where summer time begins and ends."""
    sent = make_sent(model, seed=1, start=start)
    ((_, matrix),) = Encoder().encode(model, sent)
    for row, frame in enumerate(matrix):
        utc = sent.clocks[row].astype("datetime64[s]").astype(datetime).replace(tzinfo=UTC).timestamp() - 3600
        (item,) = decode_payload(frame.tobytes(), received_at=datetime.fromtimestamp(utc, UTC))
        assert isinstance(item, HanList)
        assert not item.warnings
        assert item.clock is not None
        assert item.clock.timestamp() == utc // 3600 * 3600
        assert item.meter_id[-8:] == f"{sent.serials[row]:08d}"
        found = {value.name: value.value for value in item.values}
        assert found["active_energy_import"] == sent.values["energy"][row]
        assert found["active_energy_export"] == sent.values["energy_export"][row]
        assert found["active_power_import"] == sent.values["power"][row] // 1000
        assert found["active_power_export"] == sent.values["power_export"][row] // 1000


def test_the_check_sequence_of_columns_is_that_of_the_scalar_reader() -> None:
    """Row for row the CRC of the HDLC reader."""
    matrix = np.random.default_rng(1).integers(0, 256, (50, 77)).astype(np.uint8)
    assert compute_x25_rows(matrix).tolist() == [hdlc.compute_crc(row.tobytes()) for row in matrix]


def test_the_same_emission_gives_the_same_bytes() -> None:
    """A new encoder, or one that has encoded other things before, makes no difference."""
    used = Encoder()
    for model in MODELS.values():
        sent = make_sent(model, seed=4)
        first = [matrix.tobytes() for _, matrix in Encoder().encode(model, sent)]
        list(used.encode(model, make_sent(model, seed=5)))
        assert [matrix.tobytes() for _, matrix in used.encode(model, sent)] == first


def test_a_value_between_two_counts_is_refused() -> None:
    """A register cannot show half a litre: model, column and value are named."""
    model = MODELS["hydrus"]
    sent = make_sent(model, seed=1)
    broken = replace(sent, values={**sent.values, "volume": sent.values["volume"] + 500})
    with pytest.raises(EmissionError, match=r"hydrus volume: .* no multiple of 1000"):
        list(Encoder().encode(model, broken))


def test_a_missing_column_is_named() -> None:
    """The columns the model wants are told."""
    model = MODELS["iperl"]
    sent = make_sent(model, seed=1)
    with pytest.raises(EmissionError, match="iperl: no column 'volume', expected volume, flow_max"):
        list(Encoder().encode(model, replace(sent, values={})))
