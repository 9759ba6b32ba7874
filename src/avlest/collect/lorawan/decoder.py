# SPDX-License-Identifier: Apache-2.0
"""Uplinks in batches: what is records is read here, what needs a codec goes to the process that runs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from avlest.catalogue.catalogue import Catalogue
from avlest.catalogue.lorawan.decode import Uplink, UplinkReader, make_call
from avlest.catalogue.lorawan.model import Device, Layout, LorawanReading, Profile, Rule
from avlest.collect.heard import LORAWAN, Heard
from avlest.collect.lorawan.folder import CodecFolder, read_codec_folder
from avlest.collect.lorawan.runner import CodecRunner
from avlest.telegrams.outcomes import TelegramError

Decoded = LorawanReading | TelegramError
"""What came of one uplink."""

_NO_KINDS: Mapping[str, str] = {}


class LorawanDecoder:
    """Decodes uplinks with the built-in profiles and those of a folder; close it (or use it in `with`) when done."""

    def __init__(self, catalogue: Catalogue, folder: CodecFolder) -> None:
        self._runner = CodecRunner(folder.sources)
        self._reader = UplinkReader(catalogue, folder.profiles, self._runner.run)

    def decode_batch(self, batch: Sequence[Heard], *, kinds: Mapping[str, str] = _NO_KINDS) -> list[Decoded]:
        """A reading or the `TelegramError` of each message, in order; no message stops another.

        `kinds` says by DevEUI what kind of device it is, where that is known (see `Device.kind`).
        """
        return self.decode_uplinks([make_uplink(heard, kinds.get(heard.address, "")) for heard in batch])

    def decode_uplinks(self, uplinks: Sequence[Uplink]) -> list[Decoded]:
        """The same for uplinks."""
        results: list[Decoded | None] = [None] * len(uplinks)
        asked: list[tuple[int, Profile, Rule]] = []
        for index, uplink in enumerate(uplinks):
            try:
                profile, rule = self._reader.choose(uplink)
                if rule.layout is Layout.CODEC:
                    asked.append((index, profile, rule))
                else:
                    results[index] = self._reader.read_records(uplink, profile, rule)
            except TelegramError as error:
                results[index] = error
        answers = self._runner.run_batch([make_call(uplinks[index], rule) for index, _, rule in asked])
        for (index, profile, rule), answer in zip(asked, answers, strict=True):
            results[index] = self._map(uplinks[index], profile, rule, answer)
        return [result for result in results if result is not None]

    def close(self) -> None:
        """End the process that runs codecs."""
        self._runner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _map(self, uplink: Uplink, profile: Profile, rule: Rule, answer: str | TelegramError) -> Decoded:
        if isinstance(answer, TelegramError):
            return answer
        try:
            return self._reader.map_answer(uplink, profile, rule, answer)
        except TelegramError as error:
            return error


def make_uplink(heard: Heard, kind: str = "") -> Uplink:
    """The uplink of a message of road lorawan.  Raises ValueError for other roads."""
    if heard.road != LORAWAN:
        raise ValueError(f"a message of road {heard.road!r} is no uplink; expected {LORAWAN!r}")
    return Uplink(heard.payload, heard.port, Device(heard.address, kind), heard.received_at, heard.counter)


def open_lorawan_decoder(catalogue: Catalogue, folder: Path | None) -> tuple[LorawanDecoder, tuple[str, ...]]:
    """A decoder with the profiles and codecs of a folder, and sentences about files that cannot be used.

    Raises `CatalogueError` where the folder is none.
    """
    found = read_codec_folder(folder)
    return LorawanDecoder(catalogue, found), found.problems
