# SPDX-License-Identifier: Apache-2.0
"""Reference page of the command `avlest`, from the Typer application itself."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import typer.main

from avlest.cli.app import build_app
from scripts.reference.markdown import make_code, make_page, make_table

# Click lives inside Typer; its objects are taken as they come.
Command = Any


def walk_commands(command: Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Command]]:
    """Every command with its full name, groups before what is in them; hidden ones are left out."""
    yield path, command
    for name, inner in sorted(getattr(command, "commands", {}).items()):
        if not inner.hidden:
            yield from walk_commands(inner, (*path, name))


def iterate_commands() -> Iterator[tuple[tuple[str, ...], Command]]:
    """Every command of `avlest`."""
    return walk_commands(typer.main.get_command(build_app()), ("avlest",))


def describe_choices(parameter: Command) -> str:
    """The words an option may have, where it is a choice."""
    choices = getattr(parameter.type, "choices", ())
    words = ", ".join(make_code(getattr(choice, "value", choice)) for choice in choices)
    return f" One of {words}." if words else ""


def describe_parameter(parameter: Command) -> tuple[str, str, str]:
    """Row of one argument or option: how it is written, what it does, its default."""
    is_option = parameter.param_type_name == "option"
    names = [*parameter.opts, *parameter.secondary_opts] if is_option else [parameter.metavar or parameter.name]
    default = getattr(parameter.default, "value", parameter.default)
    has_default = is_option and default not in (None, False, (), []) and not callable(default)
    variable = getattr(parameter, "envvar", None)
    text = (parameter.help or "") + describe_choices(parameter) + (f" Variable `{variable}`." if variable else "")
    return ", ".join(make_code(name) for name in names), text, make_code(default) if has_default else ""


def describe_command(path: tuple[str, ...], command: Command) -> str:
    """The section of one command."""
    parameters = [item for item in command.params if not getattr(item, "hidden", False) and item.name != "help"]
    pieces = [f"## {' '.join(path)}", inspect.cleandoc(command.help or "").replace("\b\n", "")]
    if parameters:
        pieces.append(make_table(("argument or option", "meaning", "default"), map(describe_parameter, parameters)))
    return "\n\n".join(pieces)


def build_command_line() -> str:
    """Page of every command and option."""
    intro = "Every command takes `--help`. Exit status: 0 all went well, 1 some input did not, 2 nothing could be done."
    sections = (describe_command(path, command) for path, command in iterate_commands())
    return make_page("Command line", intro, *sections)
