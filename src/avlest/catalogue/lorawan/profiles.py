# SPDX-License-Identifier: Apache-2.0
"""All known LoRaWAN profiles, found by DevEUI, kind of device, port and first bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib import resources

from avlest.catalogue.catalogue import CatalogueFile
from avlest.catalogue.load import parse_family
from avlest.catalogue.lorawan.load import parse_profile
from avlest.catalogue.lorawan.model import Device, Profile, Rule
from avlest.catalogue.model import CatalogueError, Family
from avlest.telegrams.outcomes import Outcome, TelegramError


@dataclass(slots=True)
class Profiles:
    """A set of profiles; a user's own before the built-in ones, the longest DevEUI first.

    `families` are catalogue families that only uplinks use, by name.
    """

    profiles: tuple[Profile, ...]
    families: dict[str, Family] = field(default_factory=dict)
    _known: dict[Device, tuple[Profile, ...]] = field(default_factory=dict)

    def find(self, payload: bytes, *, port: int | None, device: Device) -> tuple[Profile, Rule]:
        """The profile and rule an uplink is read by.  Raises `TelegramError` (CODEC_MISSING)."""
        candidates = self._find_candidates(device)
        for profile in candidates:
            for rule in profile.rules:
                if rule.fits(payload, port):
                    return profile, rule
        own = next((profile.name for profile in candidates if not profile.is_general), "")
        told = f"profile {own} has no uplink on" if own else "no profile knows the device or fits"
        raise TelegramError(
            Outcome.CODEC_MISSING, f"{told} port {port} with first byte {payload[:1].hex().upper() or 'none'}"
        )

    def _find_candidates(self, device: Device) -> tuple[Profile, ...]:
        found = self._known.get(device)
        if found is None:
            if len(self._known) > 100_000:
                self._known.clear()
            found = tuple(sorted(_select(self.profiles, device), key=lambda profile: -_specificity(profile, device)))
            self._known[device] = found
        return found


def _select(profiles: Iterable[Profile], device: Device) -> Iterator[Profile]:
    for profile in profiles:
        if profile.is_general or profile.knows(device):
            yield profile


def _specificity(profile: Profile, device: Device) -> int:
    """Digits of the DevEUI that the profile names; 1 for the kind of device; 0 for any device."""
    if profile.is_general:
        return 0
    eui = device.eui.upper()
    return max((len(prefix) for prefix in profile.dev_eui if eui.startswith(prefix)), default=1)


def get_builtin_files() -> tuple[CatalogueFile, ...]:
    """The profiles that ship with Avlest (package data)."""
    folder = resources.files("avlest.catalogue.lorawan")
    entries = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".toml")), key=lambda item: item.name)
    return tuple(CatalogueFile(entry.name, entry.read_text("utf-8")) for entry in entries)


def build_profiles(own: Iterable[CatalogueFile] = ()) -> Profiles:
    """The built-in profiles with a user's own files before them, so that theirs win.

    Raises `CatalogueError` for a file that cannot be read, or two profiles of one name among
    the user's own.
    """
    mine, families = _parse_files(own)
    builtin, builtin_families = _parse_files(get_builtin_files())
    profiles = mine | {name: profile for name, profile in builtin.items() if name not in mine}
    return Profiles(tuple(profiles.values()), builtin_families | families)


def _parse_files(files: Iterable[CatalogueFile]) -> tuple[dict[str, Profile], dict[str, Family]]:
    """Profiles and families by name."""
    profiles: dict[str, Profile] = {}
    families: dict[str, Family] = {}
    for file in files:
        if is_family(file):
            family = parse_family(file.text, origin=file.origin)
            families[family.name] = family
            continue
        profile = parse_profile(file.text, origin=file.origin)
        if profile.name in profiles:
            raise CatalogueError(
                file.origin, "file", f"profile {profile.name!r} is also in {profiles[profile.name].origin}"
            )
        profiles[profile.name] = profile
    return profiles, families


def is_family(file: CatalogueFile) -> bool:
    """Whether a file describes records (`family = …`) and not a device (`profile = …`)."""
    return any(line.lstrip().startswith("family") for line in file.text.splitlines()[:5])
