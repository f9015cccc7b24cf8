"""`policies/schema.json` is what the code says, accepts what the loader accepts, and helps in both languages."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from threegate.policy.language.schema_json import schema_json

from tests.policy.packs import GOOD, spoiled

POLICIES = Path(__file__).parents[3] / "policies"
SCHEMA = json.loads(schema_json())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


class Loader(yaml.SafeLoader):
    """Dates as text, as an editor's YAML 1.2 reads them."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in pairs if "timestamp" not in tag]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def as_json(text: str) -> Any:
    return yaml.load(re.sub(r"mode: off\b", "mode: 'off'", text), Loader)  # noqa: TID251


def test_no_drift() -> None:
    """After a change of `schema.py`: threegate policy schema --write."""
    assert (POLICIES / "schema.json").read_text(encoding="utf-8") == schema_json()


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", sorted((POLICIES / "packs").glob("*.yaml")), ids=lambda p: p.stem)
def test_shipped_packs_fit(path: Path) -> None:
    VALIDATOR.validate(as_json(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("owner: privacy", "ownr: privacy"),
        ("layer: input", "layer: inputs"),
        ("stream: cut", "rollout: 101"),
        ("id: help", "id: Help me"),
        ("then: {answer: {use: help}}", "then: answer"),
    ],
)
def test_mistakes_are_seen_while_typing(old: str, new: str) -> None:
    VALIDATOR.validate(as_json(GOOD))
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(as_json(spoiled((old, new))))


def test_every_key_is_described_in_both_languages() -> None:
    for name, made in SCHEMA["$defs"].items():
        shape = made.get("oneOf", [made])[-1]
        for key, prop in shape["properties"].items():
            assert " / " in prop["description"], (name, key)
