# SPDX-License-Identifier: Apache-2.0
"""The table `[insight]` of `avlest.toml`: how messages leave, and where their links lead."""

from __future__ import annotations

import dataclasses

from avlest.project.config import Config
from avlest.project.options import ConfigError, option


@dataclasses.dataclass(frozen=True, slots=True)
class NotifyOptions:
    """The table `[insight]`."""

    address: str = option("", help="Address of the pages in links of messages, such as `https://vann.example.no`.")
    sms_url: str = option("", help="Address of the SMS gateway's HTTP interface; empty: no SMS.")
    sms_format: str = option("json", help="How the gateway takes a message.", choices=("json", "form"))
    sms_fields: tuple[str, ...] = option(
        ("to={to}", "text={text}", "from={sender}", "id={id}"),
        help="Its fields as `name=value`; `{to}`, `{text}`, `{sender}` and `{id}` are filled in.",
    )
    sms_headers: tuple[str, ...] = option(
        (), help="Its headers as `Name: value`, such as an `Authorization`.", secret=True
    )
    sms_sender: str = option("Avlest", help="Sender that a text message shows; at most 11 letters.")
    push_contact: str = option(
        "", help="E-mail address that a browser's push service may write to; empty: no web push."
    )
    most_a_minute: int = option(600, help="Messages handed over in a minute, so that no gateway is flooded.")


def read_notify_options(config: Config) -> NotifyOptions:
    """Return `[insight]`, checked; `ConfigError` names file, line and what is expected."""
    place = config.place("insight")
    options = config.parse_table("insight", NotifyOptions)
    for name, mark in (("sms_fields", "="), ("sms_headers", ":")):
        for item in getattr(options, name):
            if mark not in item:
                raise ConfigError(f'"{name}": expected name{mark}value in each', where=place.describe(name))
    return options
