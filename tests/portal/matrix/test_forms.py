# SPDX-License-Identifier: Apache-2.0
"""Nonsense in every form of every page: never a fault of ours, a named error at the field, and what was typed kept.

Forms are not listed here: every address of the rules is opened as somebody who may, and each form found on it is
posted.  A new page joins by having a rule.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

import pytest
from django.db import transaction
from django.test import Client
from lxml import html

from tests.portal.matrix.harness import Subject, find_address, get_samplers, get_subject, list_rules, may_enter
from tests.portal.matrix.test_matrix import make_client
from tests.portal.world import Side, World

# An administrator may open every page of staff.
SUBJECTS = ("anonymous", "resident own", "administrator vik")
NONSENSE = {
    "empty": "",
    "words": "⚠ <b>nonsens</b> &amp; 'tull'",
    "digits": "9" * 350,
    "odd": "-1,5e400\u202e",
    "zero byte": "a\x00b",
}
# What cannot be right whatever a form is for, by the type of its field.
STRICT_TYPES = frozenset({"date", "number", "email", "month", "time", "datetime-local"})
TYPED = frozenset({"text", "search", "email", "date", "number", "tel", "url", "month", "time", "datetime-local"})
ENGLISH = re.compile(r"This field|Enter a|Select a valid|Ensure this|is not a valid|Upload a valid")
# Signing out and changing what is shown are forms without anything to type.
SEARCH = "get"


@dataclasses.dataclass(frozen=True)
class Found:
    """A form of a page: where it posts, its fields by name with type and value, which of them a person types in."""

    page: str
    action: str
    fields: tuple[tuple[str, str, str], ...]

    @property
    def typed(self) -> tuple[str, ...]:
        """Names of the fields that hold text."""
        return tuple(dict.fromkeys(name for name, kind, _ in self.fields if kind in TYPED or kind == "textarea"))

    @property
    def is_strict(self) -> bool:
        """Whether some field takes no words."""
        return any(kind in STRICT_TYPES for _, kind, _ in self.fields)

    def fill(self, text: str) -> dict[str, str]:
        """What is posted: hidden fields as they stand, `text` everywhere else."""
        return {name: value if kind == "hidden" else text for name, kind, value in self.fields}


def list_forms(client: Client, address: str) -> Iterator[Found]:
    """The forms of a page that post and have something to fill in."""
    answer = client.get(address)
    if answer.streaming:
        b"".join(answer)
        for close in getattr(answer, "_resource_closers", ()):
            close()  # the file alone: closing the answer would close the test's connection
        return
    if answer.status_code != 200 or not answer.get("Content-Type", "").startswith("text/html"):
        return
    for form in html.fromstring(answer.content).iter("form"):
        fields = tuple(_list_fields(form))
        if form.get("method", SEARCH).lower() == "post" and any(
            kind not in ("hidden", "submit") for _, kind, _ in fields
        ):
            yield Found(address, form.get("action") or address, fields)


def _list_fields(form) -> Iterator[tuple[str, str, str]]:
    for field in form.iter("input", "select", "textarea"):
        kind = field.get("type", "text") if field.tag == "input" else field.tag
        if field.get("name") and kind not in ("submit", "button") and field.get("name") != "csrfmiddlewaretoken":
            yield field.get("name"), kind, field.get("value") or ""


def list_all_forms(world: World, subject: Subject, client: Client) -> list[Found]:
    """Each form of the pages somebody may open, once for its address and fields."""
    samplers = get_samplers()
    found: dict[tuple[str, tuple[str, ...]], Found] = {}
    side = Side.OWN
    for rule in list_rules():
        if "GET" not in rule.methods or not may_enter(subject, rule):
            continue
        address = find_address(rule, world, side, samplers)
        for form in list_forms(client, address) if address else ():
            found.setdefault((re.sub(r"\d+", "#", form.action), tuple(name for name, *_ in form.fields)), form)
    return list(found.values())


@pytest.mark.parametrize("name", SUBJECTS)
def test_nonsense_in_every_form(world, store, name):
    """No form answers with a fault; a refusal names the error at its field in the reader's language, text kept."""
    subject = get_subject(world, name)
    client = make_client(subject)
    forms = list_all_forms(world, subject, client)
    assert len(forms) > 1
    problems = [
        f"{form.page} -> {form.action} [{kind}]: {problem}"
        for form in forms
        for kind, text in NONSENSE.items()
        for problem in _post(client, form, kind, text)
    ]
    assert not problems, "\n".join(problems)


def _post(client: Client, form: Found, kind: str, text: str) -> list[str]:
    with transaction.atomic():
        answer = client.post(form.action, form.fill(text), headers={"accept-language": "nb"})
        transaction.set_rollback(True)
    if answer.status_code >= 500:
        return [f"answers {answer.status_code}"]
    if answer.status_code == 422:
        return list(_judge_refusal(form, answer, text))
    if answer.status_code == 200 and b"ds-error-summary" in answer.content:
        return ["shows errors with status 200"] if not form.action.startswith("/konto/") else []
    is_taken = answer.status_code in (302, 303) and "/konto/login/" not in answer["Location"]
    return [f"took {kind} in a field of numbers or dates"] if is_taken and form.is_strict and kind == "words" else []


def _judge_refusal(form: Found, answer, text: str) -> Iterator[str]:
    page = html.fromstring(answer.content)
    said = str(page.xpath("string(//*[contains(@class, 'ds-error-summary')])"))
    if not said.strip():
        yield "refuses without a summary of errors"
    if ENGLISH.search(said):
        yield f"speaks English: {' '.join(said.split())}"
    for link in page.xpath("//*[contains(@class, 'ds-error-summary')]//a"):
        if not page.xpath("//*[@id=$id]", id=link.get("href", "").removeprefix("#")):
            yield f"the error leads nowhere: {link.get('href')}"
    kept = {field.get("name"): field.get("value", "") for field in page.iter("input")}
    kept |= {field.get("name"): (field.text or "").removeprefix("\n") for field in page.iter("textarea")}
    lost = [name for name in form.typed if name in kept and "\x00" not in text and kept[name].strip() != text.strip()]
    if lost:
        yield f"does not keep what was typed in {lost}"


def test_the_nonsense_notices():
    """A page that loses what was typed, or says an error in English, is found out."""
    form = Found("/x/", "/x/", (("value", "text", ""),))

    class Answer:
        content = (
            b'<form><div class="ds-error-summary">This field is required</div><input name="value" value=""></form>'
        )

    found = list(_judge_refusal(form, Answer, "tull"))
    assert [each.split(":")[0].split(" in [")[0] for each in found] == [
        "speaks English",
        "does not keep what was typed",
    ]
