"""Schemathesis against the document that the proxy serves: bounded, and never a 500.

The items of its pytest plugin have one name under pytest 9.2, and pytest-xdist runs one test of a name:
so each operation is a parameter here. The model API behind the proxy is a demo that is asked for no
faults; its own refusals count as answers.
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
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.generation.modes import GenerationMode
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.specs.openapi.checks import status_code_conformance
from threegate.service.dialects.registry import document

from tests.cases import cases
from tests.e2e.support.running import Running


@schemathesis.serializer("application/x-ndjson")
def one_line(ctx: Any, value: Any) -> bytes:
    return json.dumps(value).encode() + b"\n"  # integers of any size


def operations() -> list[str]:
    """All of them with `HYPOTHESIS_PROFILE=wide`; in CI one of those that differ in their path alone."""
    alike: dict[str, list[str]] = {}
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            alike_in = {key: value for key, value in operation.items() if key != "operationId"}
            alike.setdefault(json.dumps(alike_in), []).append(f"{method.upper()} {path}")
    few = settings.get_current_profile_name() == "ci"
    return [label for labels in alike.values() for label in (labels[:1] if few else labels)]


@pytest.fixture(scope="module")
def schema() -> schemathesis.BaseSchema:
    """Its cases are made by the process that sends them, not by each that collects tests."""
    made = schemathesis.openapi.from_dict(document())
    made.config.seed = 1
    made.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
    return made


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    """One for the thousands of requests: each made a connection of its own, and a session."""
    with requests.Session() as made:
        made.trust_env = False
        yield made


def test_the_document_is_served(guarded: Running) -> None:
    assert httpx.get(f"{guarded.url}/openapi.json").json() == document()


@pytest.mark.hypothesis
@pytest.mark.parametrize("label", operations())
def test_no_generated_request_breaks_a_door(
    guarded: Running, session: requests.Session, schema: schemathesis.BaseSchema, label: str
) -> None:
    def sent(case: schemathesis.Case) -> None:
        response = case.call(base_url=guarded.url, session=session)
        case.validate_response(response, checks=checks)

    method, path = label.split(" ")
    # "Not ready" is a right answer while the disk stalls; the document has it.
    checks = [status_code_conformance, *([not_a_server_error] if path != "/readyz" else [])]
    few = settings(cases(3), suppress_health_check=list(HealthCheck), database=None)
    build_operation_test(
        config=schema.config,
        operation=schema[path][method],
        test_func=sent,
        given_kwargs={},
        feedback=FeedbackSources(),
        explicit_settings=few,
    )()
