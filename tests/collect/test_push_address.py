# SPDX-License-Identifier: Apache-2.0
"""Gateways push to one address a source; who has no token learns nothing."""

from __future__ import annotations

import pytest
from django.test import Client


@pytest.mark.parametrize("address", ["/push/nowhere", "/push/nowhere/"])
def test_a_push_without_the_token_of_a_source_is_refused(client: Client, address: str) -> None:
    answer = client.post(address, data=b"00", content_type="text/plain")
    assert answer.status_code == 401
    assert answer.json()["error"] == "unauthorised"
