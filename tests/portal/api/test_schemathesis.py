# SPDX-License-Identifier: Apache-2.0
"""Whatever the document allows, and what it does not, no operation answers 5xx, and each answers as it says."""

from __future__ import annotations

from typing import Any

import hypothesis
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from avlest.portal.api.application import get_api
from avlest.registry.rights import Role
from tests.portal.api.calling import make_secret
from tests.portal.matrix.samplers.api import make_run, make_webhook
from tests.portal.matrix.samplers.resident import make_alarm, make_invoice
from tests.portal.world import MOVED_AT, Side, write_hours

_CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
]  # fmt: skip


def load() -> Any:
    """The document as it is served, with the application that it is of."""
    schema = schemathesis.openapi.from_dict(get_api().get_openapi_schema())
    schema.app = get_wsgi_application()
    schema.location = "/api/v1/openapi.json"
    return schema


def list_operations() -> list[str]:
    return sorted(
        each["operationId"] for methods in get_api().get_openapi_schema()["paths"].values() for each in methods.values()
    )


@pytest.fixture
def secrets(world, store, settings, monkeypatch):
    """Tokens of an administrator and a resident, in a world with a thing of each kind."""
    from avlest.portal.api import authentication

    write_hours(store, world.vik, start=MOVED_AT, stop=MOVED_AT.replace(hour=23))
    for make in (make_alarm, make_invoice, make_run, make_webhook):
        make(world, Side.OWN)
    # A server closes its connection after a request; here it is the test's.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    # What is tried here is not how often.
    monkeypatch.setattr(authentication, "_limit", lambda _who: None)
    administrator = make_secret(world.vik.staff[Role.ADMINISTRATOR], world.vik.id)
    yield administrator, make_secret(world.get_home(Side.OWN).user, world.vik.id)
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.parametrize("operation_id", list_operations())
def test_no_operation_breaks(operation_id, secrets, settings):
    """A bounded number of generated requests to each, as staff and as a resident, through all middleware."""
    settings.ALLOWED_HOSTS = ["*"]
    operation = load().find_operation_by_id(operation_id)

    @hypothesis.given(case=operation.as_strategy(), data=hypothesis.strategies.data())
    @hypothesis.settings(
        max_examples=8,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    def attempt(case, data):
        secret = data.draw(hypothesis.strategies.sampled_from(secrets))
        _lead_to_what_exists(case, data)
        with transaction.atomic():
            answer = case.call(headers={"Authorization": f"Bearer {secret}"})
            transaction.set_rollback(True)
        case.validate_response(answer, checks=_CHECKS)

    attempt()


def _lead_to_what_exists(case, data) -> None:
    """Half of the numbers in addresses are small, so that there is something at them."""
    if case.path_parameters and data.draw(hypothesis.strategies.booleans()):
        for name in case.path_parameters:
            case.path_parameters[name] = data.draw(hypothesis.strategies.integers(1, 9))
