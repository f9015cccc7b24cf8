"""What can be detected: built-in kinds, models and the policy's own detectors; one kind with its
examples, its rules and its level in each. Changes go into the draft."""

from __future__ import annotations

from typing import Any

from threegate.console.content.own_detectors import detectors_of
from threegate.console.content.recognizers import recognizers_of
from threegate.console.drafts import Workspace
from threegate.console.errors import refusal
from threegate.console.kind_levels import with_kind, with_level, without_kind
from threegate.console.presenters.detectors import (
    all_kinds,
    kind_groups,
    kind_page,
    model_rows,
    own_row,
    recognizer_row,
)
from threegate.console.presenters.records import policies_of
from threegate.console.views.content.parts import guarded
from threegate.console.views.new_rule import pack_of
from threegate.console.views.policies import packs_of, space_of
from threegate.console.web import Answer, ConsoleRequest, Redirect, Shown, blocking
from threegate.policy.language.load import Bundle, pack_path
from threegate.types import Bilingual

APART = ("category.", "language")
"""Sentence detectors that are not models."""


def running(visit: ConsoleRequest) -> dict[str, Bilingual]:
    """The models that judge here, by the ids of their detectors."""
    policies = policies_of(visit.serving)
    sets = [visit.parts.detector_set_for(policy) for policy in policies]
    infos = [d.info for each in sets for d in each.sentences.detectors]
    return {i.id: i.title for i in infos if not i.id.startswith(APART)}


async def listing(visit: ConsoleRequest) -> Answer:
    space, bundle = await packs_of(visit)
    return Shown("policy/detectors.html", await blocking(_listing, visit, space, bundle))


def _listing(visit: ConsoleRequest, space: Workspace, bundle: Bundle) -> dict[str, Any]:
    here, language = running(visit), visit.language
    return {
        "own": [
            own_row(each, language) | {"changed": pack_path(each.pack) in space.files}
            for each in detectors_of(bundle)
        ],
        "recognizers": [
            recognizer_row(each) | {"changed": pack_path(each.pack) in space.files}
            for each in recognizers_of(bundle)
        ],
        "models": model_rows(here, language),
        "groups": kind_groups(bundle, frozenset(here), language),
    }


async def kind(visit: ConsoleRequest) -> Answer:
    id = _known(visit)
    space, bundle = await packs_of(visit)
    shown = await blocking(kind_page, bundle, id, frozenset(running(visit)), visit.language)
    shown["rules"] = [
        row | {"seen": _state(space, row["pack"], row["id"])} for row in shown["rules"]
    ]
    return Shown("policy/kind.html", shown)


def _known(visit: ConsoleRequest) -> str:
    """The kind in the address. Raises ConsoleError."""
    id = visit.path["kind"]
    if id not in all_kinds():
        raise refusal("no-kind")
    return id


async def change(visit: ConsoleRequest) -> Answer:
    """What one rule does with the kind: its level there, or whether the rule looks for it."""
    space, id, form = await space_of(visit), _known(visit), visit.form
    rule_id, do = form.get("rule", ""), form.get("do")
    pack = await blocking(pack_of, space, rule_id)

    def changed(text: str) -> str:
        match do:
            case "add":
                return with_kind(text, rule_id, id)
            case "drop":
                return without_kind(text, rule_id, id)
            case _:
                return with_level(text, rule_id, id, form.get("level", ""))

    here, state = f"/policies/detector/{id}", _state(space, pack, rule_id)
    done = Redirect(here, done="saved")
    return await guarded(visit, space, pack, changed, state, here) or done


def _state(space: Workspace, pack: str, rule_id: str) -> str:
    return space.state((pack_path(pack), f"rules/{rule_id}"))
