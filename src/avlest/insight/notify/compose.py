# SPDX-License-Identifier: Apache-2.0
"""The words of a message on each road.  Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from avlest.insight.contracts import AlarmKind
from avlest.insight.notify.contracts import AlarmNotice, Channel, Step
from avlest.insight.texts import AlarmText, get_alarm_text
from avlest.wording import format_instant, format_money, format_quantity, to_sms


@dataclass(frozen=True, slots=True)
class Composed:
    """What is sent; a text message has no subject."""

    subject: str
    body: str


@cache
def load_words(language: str) -> Mapping[str, str]:
    """The sentences of a language; `KeyError` for one there is not."""
    text = files("avlest.insight.notify").joinpath("words.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text)[language])


def compose_alarm(notice: AlarmNotice, *, channel: Channel, language: str) -> Composed:
    """Write a step of an alarm for one road.  A push says nothing personal: others may see the screen."""
    words = load_words(language)
    if channel is Channel.PUSH:
        return Composed(words["push"], notice.link)
    text = get_alarm_text(
        AlarmKind(notice.kind), severity=notice.severity, cause=notice.cause, advice=notice.advice, language=language
    )
    subject = words[f"subject_{notice.step}"].format(title=text.title, place=notice.place)
    if channel is Channel.SMS:
        parts = [f"{subject}.", *_write_facts(notice, words, language)[:3], _write_link(notice, words)]
        return Composed("", to_sms(" ".join(part for part in parts if part)))
    return Composed(subject, _write_mail(notice, text, words, language))


def _write_mail(notice: AlarmNotice, text: AlarmText, words: Mapping[str, str], language: str) -> str:
    facts = _write_facts(notice, words, language)
    paragraphs = [f"{notice.place}: {text.title}", text.meaning, "\n".join(facts)]
    if notice.step is not Step.CLEARED:
        paragraphs.append(words["cause"].format(cause=text.cause))
        if text.checks:
            paragraphs.append("\n".join([words["check"], *(f"- {check}" for check in text.checks)]))
    paragraphs.append(_write_link(notice, words))
    return "\n\n".join(part for part in paragraphs if part) + "\n"


def _write_facts(notice: AlarmNotice, words: Mapping[str, str], language: str) -> list[str]:
    """Since when, how much, what it has cost, what it would cost: only what is known."""
    ended = words["ended"] if notice.step is Step.CLEARED else ""
    facts = [ended, words["since"].format(since=format_instant(notice.since, language=language))]
    if notice.amount is not None:
        amount = format_quantity(notice.amount, notice.unit, language=language)
        if notice.cost is None:
            facts.append(words["amount"].format(amount=amount))
        else:
            cost = format_money(notice.cost, language=language, decimals=0)
            facts.append(words["cost"].format(amount=amount, cost=cost))
    if notice.rate is not None and notice.step is not Step.CLEARED:
        facts.append(words["rate"].format(rate=format_quantity(notice.rate, notice.unit, language=language)))
    if notice.cost_per_year is not None and notice.step is not Step.CLEARED:
        cost = format_money(notice.cost_per_year, language=language, decimals=0)
        facts.append(words["per_year"].format(cost=cost))
    if notice.count > 1:
        facts.append(words["count"].format(count=notice.count))
    return [fact for fact in facts if fact]


def _write_link(notice: AlarmNotice, words: Mapping[str, str]) -> str:
    return words["link"].format(link=notice.link) if notice.link else ""
