# SPDX-License-Identifier: Apache-2.0
"""A catalogue file is read whole, or the error names the file, the place and what was expected."""

from __future__ import annotations

import pytest

from avlest.catalogue.catalogue import Catalogue, CatalogueFile, build_catalogue
from avlest.catalogue.load import parse_family
from avlest.catalogue.model import CatalogueError, Span

MINIMAL = 'family = "a"\ntitle = "A"\nsource = "own"\nmeters = ["KAM:1b:16"]\n'


def parse(text: str) -> object:
    return parse_family(MINIMAL + text, origin="a.toml")


def test_a_field_takes_its_unit_from_its_name() -> None:
    family = parse_family(MINIMAL + '[[field]]\nname = "total_m3"\nfrom = { vif = "volume" }\n', origin="a.toml")
    assert family.fields[0].unit == "m3"
    assert family.fields[0].kind == "number"


def test_a_range_of_storage_numbers_is_inclusive() -> None:
    text = '[[field]]\nname = "h_{storage}_m3"\nfrom = { vif = "volume", storage = [2, 4] }\n'
    select = parse_family(MINIMAL + text, origin="a.toml").fields[0].select
    assert select is not None
    assert select.storage == Span(2, 4)
    assert 4 in select.storage
    assert 5 not in select.storage


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("nonsense = 1\n", "file", "unknown key 'nonsense'"),
        ('[[field]]\nname = "total_parsec"\nfrom = { vif = "volume" }\n', "field 1 total_parsec", "no known unit"),
        ('[[field]]\nname = "a_m3"\nfrom = { key = "0x" }\n', "key", "is not hexadecimal"),
        ('[[field]]\nname = "a_m3"\nfrom = { storage = [3, 1] }\n', "field 1 a_m3", "storage must be a number"),
        ('[[field]]\nname = "a_m3"\nfrom = { function = "mean" }\n', "function", "'mean' is not one of"),
        ('[[field]]\nname = "a_m3"\nscale = "1/0"\n', "field 1 a_m3", "scale must be a number or a fraction"),
        ('[[field]]\nname = "a_m3"\nraw = "yes"\n', "field 1 a_m3", "raw must be true or false"),
        ('[[field]]\nname = "s"\n[[field.lookup]]\nnames = { one = "A" }\n', "lookup", "names must map numbers"),
        ('use = ["no_such"]\n', "use", "no shared field is called 'no_such'"),
        ("x = [\n", "TOML", "Invalid value"),
    ],
)
def test_an_error_names_file_place_and_expectation(text: str, place: str, expected: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        parse(text)
    assert caught.value.origin == "a.toml"
    assert place in caught.value.place
    assert expected in str(caught.value)


def test_a_meter_model_that_cannot_be_read_is_named() -> None:
    with pytest.raises(CatalogueError, match="'KAM-1b' is not MANUFACTURER:VERSION:TYPE"):
        parse_family('family="a"\ntitle="A"\nsource="s"\nmeters=["KAM-1b"]\n', origin="a.toml")


def test_a_users_own_file_comes_before_the_built_in_one() -> None:
    own = CatalogueFile("own.toml", 'family = "mine"\ntitle = "Mine"\nsource = "s"\nmeters = ["KAM:1b:16"]\n')
    assert build_catalogue([own]).find("KAM", 0x1B, 0x16)[0].name == "mine"
    assert build_catalogue().find("KAM", 0x1B, 0x16)[0].name == "kamwater"


def test_an_exact_model_comes_before_a_wildcard() -> None:
    files = (
        CatalogueFile("w.toml", 'family = "wide"\ntitle = "W"\nsource = "s"\nmeters = ["ABC:*:07"]\n'),
        CatalogueFile("n.toml", 'family = "narrow"\ntitle = "N"\nsource = "s"\nmeters = ["ABC:01:07"]\n'),
    )
    catalogue = Catalogue(files, shared={})
    assert [family.name for family in catalogue.find("ABC", 1, 7)] == ["narrow", "wide"]
    assert [family.name for family in catalogue.find("ABC", 2, 7)] == ["wide"]
    assert catalogue.find("ABC", 2, 8) == ()


def test_every_built_in_file_parses_and_is_found_by_each_model_it_names() -> None:
    catalogue = build_catalogue()
    for family in catalogue.families():
        assert family.title
        assert family.source
        for match in family.matches:
            found = catalogue.find(match.manufacturer, match.version or 0, match.device_type or 0)
            assert family.name in {item.name for item in found} | {item.like for item in found}, match
