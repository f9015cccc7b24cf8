"""Schemathesis against the document that the proxy serves: bounded, and never a 500.

The model API behind it is a demo that is asked for no faults; its own refusals count as answers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation.modes import GenerationMode
from schemathesis.specs.openapi.checks import status_code_conformance
from threegate.service.openapi import document

from tests.cases import cases
from tests.e2e.support.running import Running


@schemathesis.serializer("application/x-ndjson")
def one_line(ctx: Any, value: Any) -> bytes:
    return json.dumps(value).encode() + b"\n"  # integers of any size


schema = schemathesis.openapi.from_dict(document())
schema.config.seed = 1
schema.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    """One for the thousands of requests: each made a connection of its own, and a session."""
    with requests.Session() as made:
        made.trust_env = False
        yield made


def test_the_document_is_served(guarded: Running) -> None:
    assert httpx.get(f"{guarded.url}/openapi.json").json() == document()


@schema.parametrize()
@settings(cases(3), suppress_health_check=list(HealthCheck), database=None)
def test_no_generated_request_breaks_a_door(
    guarded: Running, session: requests.Session, case: schemathesis.Case
) -> None:
    response = case.call(base_url=guarded.url, session=session)
    case.validate_response(response, checks=[not_a_server_error, status_code_conformance])
