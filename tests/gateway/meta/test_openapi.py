from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator
from threegate.errors import RequestError
from threegate.gateway.meta.openapi import document
from threegate.wire import ADAPTERS
from threegate.wire.adapter import Api
from threegate.wire.request_schema import check

from tests.wire.test_request_schema import VALID, WRONG, bodies


def validator(api: Api) -> Draft202012Validator:
    return Draft202012Validator(document()["components"]["schemas"][api.value])


def test_every_door_is_in_the_document() -> None:
    paths = document()["paths"]
    doors = {path for adapter in ADAPTERS for path in adapter.paths}
    assert doors == {path for path, item in paths.items() if "post" in item}
    names = [op["operationId"] for item in paths.values() for op in item.values()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("api", Api)
def test_the_schemas_are_schemas_and_take_valid_requests(api: Api) -> None:
    Draft202012Validator.check_schema(validator(api).schema)
    assert validator(api).is_valid(VALID[api])


@pytest.mark.parametrize(("api", "change", "at"), WRONG)
def test_what_is_refused_does_not_fit(api: Api, change: dict[str, Any], at: str) -> None:
    assert not validator(api).is_valid({**VALID[api], **change})


@given(bodies())
def test_the_document_tells_what_is_checked(case: tuple[Api, dict[str, Any]]) -> None:
    api, body = case
    try:
        check(api, body)
    except RequestError:
        assert not validator(api).is_valid(body)
    else:
        assert validator(api).is_valid(body)
