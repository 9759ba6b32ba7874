# SPDX-License-Identifier: Apache-2.0
"""Settings come from `avlest.toml` and the environment; what is wrong names file, line and the nearest name."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.project.checks import check_variables
from avlest.project.config import TABLES, Config, General, parse_config, read_config
from avlest.project.database import parse_database
from avlest.project.directory import make_data_dir, make_template
from avlest.project.options import ConfigError, parse_options
from avlest.project.secret import read_private, read_secret_key

HERE = Path("/data")


def parse(text: str = "", **environ: str) -> Config:
    return parse_config(text, data_dir=HERE, environ=environ)


def test_without_a_file_everything_has_its_default(tmp_path):
    """A directory without `avlest.toml` is SQLite, bokmål and Europe/Oslo."""
    config = read_config(tmp_path, {})
    assert (config.general.database, config.general.language) == ("sqlite:///avlest.sqlite3", "nb")
    assert (config.general.time_zone, config.web.debug) == ("Europe/Oslo", False)


def test_the_environment_wins_over_the_file():
    """Variables replace options at the top, in tables and in the tables of other rooms."""
    config = parse(
        'language = "nn"\n[web]\ndebug = false\n[readings]\nstore = "a"\n',
        AVLEST_LANGUAGE="en",
        AVLEST_WEB__DEBUG="true",
        AVLEST_WEB__ALLOWED_HOSTS="a.no, b.no",
        AVLEST_READINGS__STORE="s3://x",
        AVLEST_IMPORTS__MAX_ROWS="5",
    )
    assert (config.general.language, config.web.debug, config.web.allowed_hosts) == ("en", True, ("a.no", "b.no"))
    assert (config.tables["readings"], config.imports.max_rows) == ({"store": "s3://x"}, 5)
    assert config.unknown_variables == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('databse = "x"', r'line 1: unknown setting "databse"; did you mean "database"\?'),
        ('\n\nlanguage = "no"', r"line 3: \"language\" is 'no', expected one of nb, nn, en"),
        ("language = 3", r'line 1: "language" is 3, expected one of nb'),
        ("[web]\ndebug = 1", r'line 2 \[web\]: "debug" is 1, expected true or false'),
        ("[web]\n# x\nallowed = []", r'line 3 \[web\]: unknown setting "allowed"; did you mean "allowed_hosts"\?'),
        ('[imports]\nmax_rows = "many"', r'line 2 \[imports\]: "max_rows" is \'many\', expected a whole number'),
        ("[imports]\nmax_rows = true", r"expected a whole number"),
        ("[webb]\ndebug = true", r'line 1: unknown setting "webb"; did you mean "web"\?'),
        ("web = 1", r'line 1: "web" is a table: write \[web\]'),
        ("[web]\nallowed_hosts = [1]", "expected a list of texts"),
        ("language = nb\n", r"not valid TOML: .* \(at line 1"),
    ],
)
def test_a_wrong_setting_names_its_place_and_what_is_expected(text, message):
    """Misspelt names, wrong types and wrong values are refused at the start."""
    with pytest.raises(ConfigError, match=message):
        parse(text)


def test_a_secret_value_is_not_repeated():
    """A database address of the wrong type is not shown: it may hold a password."""
    with pytest.raises(ConfigError) as caught:
        parse('database = ["postgresql://a:hunter2@b/c"]')
    assert "hunter2" not in str(caught.value)


def test_a_misspelt_variable_is_warned_of(settings):
    """A variable that sets nothing is named by the system checks."""
    settings.AVLEST = parse("", AVLEST_LANGAUGE="en", AVLEST_TEST_DATABASE="x", AVLEST_DATA="/x")
    assert [(w.id, w.msg) for w in check_variables()] == [
        ("avlest.W001", "The environment variable AVLEST_LANGAUGE sets nothing.")
    ]


@dataclasses.dataclass(frozen=True, slots=True)
class Room:
    """A room's table with an option of each kind."""

    text: str = ""
    count: int = 1
    share: float = 0.5
    is_on: bool = False
    names: tuple[str, ...] = ()


def test_a_rooms_options_take_their_type_from_the_environment():
    """Variables are text; every room reads its table the same way."""
    variables = {"TEXT": "5", "COUNT": "7", "SHARE": "0.25", "IS_ON": "yes", "NAMES": "a, b"}
    config = parse(**{f"AVLEST_PORTAL__{name}": value for name, value in variables.items()})
    assert config.parse_table("portal", Room) == Room("5", 7, 0.25, is_on=True, names=("a", "b"))
    with pytest.raises(ConfigError, match=r'"count" is \'many\', expected a whole number'):
        parse(AVLEST_PORTAL__COUNT="many").parse_table("portal", Room)
    with pytest.raises(ConfigError, match=r"write \[portal\]"):
        parse("portal = 3").parse_table("portal", Room)


def test_other_rooms_read_their_tables_with_the_same_errors():
    """A room checks its own table and names file and line with the given place."""

    @dataclasses.dataclass(frozen=True, slots=True)
    class Store:
        url: str = ""

    config = parse('[readings]\nurrl = "x"\n')
    with pytest.raises(ConfigError, match=r'line 2 \[readings\]: unknown setting "urrl"; did you mean "url"\?'):
        parse_options(Store, config.tables["readings"], place=config.place("readings"))


@given(st.text(max_size=60))
def test_no_text_makes_the_configuration_fall_over(text):
    """Whatever stands in the file, the answer is a configuration or `ConfigError`."""
    try:
        parse(text)
    except ConfigError as error:
        assert "avlest.toml" in str(error)


def test_the_database_is_sqlite_in_wal_mode_by_default():
    """The file lies in the data directory, with immediate transactions and 20 s of patience."""
    made = parse_database("sqlite:///avlest.sqlite3", data_dir=HERE)
    assert made.settings["NAME"] == "/data/avlest.sqlite3"
    assert made.settings["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert (made.settings["OPTIONS"]["timeout"], "journal_mode=WAL" in made.settings["OPTIONS"]["init_command"]) == (
        20,
        True,
    )


def test_postgresql_is_one_setting():
    """User, password, host, port, name and options are taken out of the address."""
    made = parse_database("postgresql://al%40x:p%2Fw@db.example.no:5433/avlest?sslmode=require", data_dir=HERE)
    parts = {name: made.settings[name] for name in ("USER", "PASSWORD", "HOST", "PORT", "NAME", "OPTIONS")}
    assert parts == {
        "USER": "al@x", "PASSWORD": "p/w", "HOST": "db.example.no", "PORT": "5433", "NAME": "avlest",
        "OPTIONS": {"sslmode": "require"},
    }  # fmt: skip
    assert "p/w" not in repr(made)
    socket = parse_database("postgresql:///avlest?host=/run/postgresql", data_dir=HERE)
    assert socket.settings["HOST"] == "/run/postgresql"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://a/b", 'it begins with "mysql:"'),
        ("avlest.sqlite3", "it has no scheme"),
        ("postgresql://a", "no database is named"),
        ("postgresql://a:x@b:port/c", "the port is not a number"),
        ("sqlite://", "no file is named"),
        ("postgresql://[a/b", "it is not an address"),
    ],
)
def test_a_wrong_database_address_says_what_is_expected(url, message):
    """Each way an address can be wrong has its sentence."""
    with pytest.raises(ConfigError, match=message):
        parse_database(url, data_dir=HERE)


def test_the_template_is_the_defaults(tmp_path):
    """Every setting stands in the template, commented out; uncommented it reads as the defaults."""
    text = make_template()
    assert parse(text) == dataclasses.replace(parse(), text=text)
    bare = "\n".join(line.removeprefix("#") for line in text.splitlines() if not line.startswith("# "))
    tomllib.loads(bare)
    config = parse(bare)
    assert (config.general, config.web, config.imports) == (General(), *(TABLES[n]() for n in ("web", "imports")))


def test_a_data_directory_is_made_once(tmp_path):
    """Settings and secrets are made private to their owner; a second time nothing is touched."""
    folder = tmp_path / "d"
    made = make_data_dir(folder, database="postgresql://x/y")
    assert sorted(file.name for file in made) == ["avlest.toml", "secret-key"]
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in made)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert read_config(folder, {}).general.database == "postgresql://x/y"
    key = read_secret_key(folder, {})
    assert (make_data_dir(folder), read_secret_key(folder, {}), len(key) > 40) == ([], key, True)
    assert read_secret_key(folder, {"AVLEST_SECRET_KEY": "k"}) == "k"


def test_a_directory_that_cannot_be_made_is_said(tmp_path):
    """A file in the way is named."""
    (tmp_path / "f").write_text("x")
    with pytest.raises(ConfigError, match="cannot be made"):
        make_data_dir(tmp_path / "f" / "d")


def test_a_secret_that_is_gone_is_named(tmp_path):
    """Reading an absent private file says which."""
    with pytest.raises(ConfigError, match=r"gone: cannot be read: No such file"):
        read_private(tmp_path / "gone")
