# SPDX-License-Identifier: Apache-2.0
"""Words of codes that other rooms use: outcomes of telegrams, states of messages."""

from __future__ import annotations

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

OUTCOMES: Final[dict[str, Promise]] = {
    "ok": _("Read"),
    "empty": _("Without bytes"),
    "not_hex": _("Not hexadecimal"),
    "bad_json": _("Not valid JSON"),
    "bad_key": _("The key has a wrong length"),
    "too_short": _("Ends too early"),
    "too_long": _("Longer than any telegram"),
    "bad_length": _("The length field is wrong"),
    "bad_checksum": _("The checksum is wrong"),
    "link_crc": _("Heard badly (CRC is wrong)"),
    "unknown_ci": _("Of a kind nobody knows (CI field)"),
    "no_data": _("Carries no values"),
    "key_missing": _("Encrypted, and the key is missing"),
    "key_wrong": _("The key does not fit"),
    "mac_wrong": _("The signature does not fit the key"),
    "unsupported_security": _("Encrypted in a way that cannot be opened"),
    "fragment_missing": _("A part of the message is missing"),
    "unknown_format": _("Short form whose long form has not been heard"),
    "bad_records": _("The values break off"),
    "bad_payload": _("The maker's own format is broken"),
    "codec_failed": _("The codec failed"),
    "codec_missing": _("No codec for the device"),
    "unknown_meter": _("The meter is not registered"),
    "no_reader": _("No file says how the meter is read"),
    "repeated": _("Heard before"),
    "bad_time": _("The time cannot be right"),
    "bad_reading": _("A reading that cannot be right"),
    "put_aside": _("Put aside after repeated failures"),
}


def name_outcome(code: str) -> str:
    """How reading a telegram ended, in the reader's words; a code nobody has words for as it is."""
    return str(OUTCOMES.get(code, code))


ROADS: Final[dict[str, Promise]] = {
    "wmbus": _("Radio (wM-Bus)"),
    "mbus": _("Wired (M-Bus)"),
    "lorawan": _("LoRaWAN"),
    "ami": _("Through electricity meters"),
    "han": _("HAN port"),
    "driveby": _("Drive-by"),
    "manual": _("Read by people"),
    "way": _("Other gateways"),
    "other": _("Other"),
}


def name_road(code: str) -> str:
    """How readings travel, in the reader's words."""
    return str(ROADS.get(code, code))


CHANNELS: Final[dict[str, Promise]] = {
    "app": _("App"),
    "email": _("E-mail"),
    "sms": _("SMS"),
    "push": _("Push message"),
    "staff": _("Staff"),
}
MESSAGE_STATES: Final[dict[str, Promise]] = {
    "waiting": pgettext_lazy("message", "Waiting"),
    "sending": pgettext_lazy("message", "Being sent"),
    "sent": pgettext_lazy("message", "Sent"),
    "failed": pgettext_lazy("message", "Failed"),
    "no_contact": _("No address to send to"),
}


def name_channel(code: str) -> str:
    """How a message travels, in the reader's words."""
    return str(CHANNELS.get(code, code))


def name_message_state(code: str) -> str:
    """What became of a message, in the reader's words."""
    return str(MESSAGE_STATES.get(code, code))


PHASES: Final[dict[str, Promise]] = {
    "starting": _("Starting"),
    "connected": _("Connected"),
    "waiting": _("Trying again"),
    "stopped": _("Stopped"),
}
JOBS: Final[dict[str, Promise]] = {
    "derive": _("Hours and days from readings"),
    "check_series": _("Checks of series"),
    "freeze": _("Freezing what is settled"),
    "alarms": _("Finding alarms"),
    "balance": _("Water balance of zones"),
    "coverage": _("Coverage"),
    "send_messages": _("Sending messages"),
    "settlement_reminders": _("Reminders"),
    "settlement_expected": _("Expected settlements"),
    "settlement_retention": _("Deleting settlements that need not be kept"),
    "billing_work": _("Settlements that were asked for"),
    "billing_reports": _("Scheduled reports"),
    "billing_held_files": _("Deleting held files"),
    "resident_end_left": _("Ending what people said of homes they have left"),
    "home_brokers": _("Values to people's own systems"),
    "webhooks": _("Webhooks"),
    "webhooks_retention": _("Deleting old webhooks"),
}


def name_phase(code: str) -> str:
    """What a source does, in the reader's words."""
    return str(PHASES.get(code, code))


def name_job(code: str) -> str:
    """What a job does, in the reader's words; one without words by its name."""
    return str(JOBS.get(code, code))
