"""OpenAI's moderations (omni categories): `POST /v1/moderations`.

A string is one check, an array of strings one each, an array of parts one. `flagged` is true if a
category is, or if the policy stops the text for another reason; that reason, and kinds without a
category, are in our own object `threegate` next to the categories.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from threegate.audit.log.encoding import ACTIONS
from threegate.errors import RequestError
from threegate.gateway.meta.openapi import schema_of
from threegate.i18n.messages import localized
from threegate.service.check import Check, CheckResult, CheckStage, text_check
from threegate.service.dialects.base import (
    REQUESTS,
    Json,
    OpenAiStyle,
    Operation,
    Reading,
    ServiceRequest,
    refuse_many,
)
from threegate.service.dialects.findings import failures_of, findings_of
from threegate.service.dialects.labels import label
from threegate.types import Finding
from threegate.wire.adapter import Body

CATEGORIES: Final = (
    *("hate", "hate/threatening", "harassment", "harassment/threatening"),
    *("illicit", "illicit/violent", "self-harm", "self-harm/intent", "self-harm/instructions"),
    *("sexual", "sexual/minors", "violence", "violence/graphic"),
)
MODEL: Final = "omni-moderation-latest"
REQUEST: Final = REQUESTS["moderations"]


class Moderations(OpenAiStyle):
    name = "moderations"
    operations = tuple(
        Operation.described("moderations", path, schema_of(REQUEST))
        for path in ("/v1/moderations", "/moderations")
    )

    def read(self, request: ServiceRequest) -> Reading:
        body = request.body(REQUEST)
        checks = tuple(_check(body, text) for text in _texts(body["input"]))

        def answer(results: Sequence[CheckResult]) -> Json:
            judged = [_result(c, r) for c, r in zip(checks, results, strict=True)]
            name = results[0].record_id.replace("tg_", "modr-")
            return {"id": name, "model": body.get("model") or MODEL, "results": judged}

        return Reading(checks, answer)


def _check(body: Body, text: str) -> Check:
    stage = CheckStage(body.get("stage") or CheckStage.INPUT)
    return text_check(stage, text, model=body.get("model") or MODEL)


def _texts(given: Any) -> list[str]:
    """Raises RequestError for what cannot be judged: images, token ids, nothing."""
    if isinstance(given, str):
        return [given]
    if not given:
        raise RequestError(localized("nothing-to-check"), code="nothing_to_check", param="/input")
    if all(isinstance(one, str) for one in given):
        refuse_many(len(given))
        return list(given)
    return ["\n".join(_part(one, i) for i, one in enumerate(given))]


def _part(part: Any, index: int) -> str:
    where = f"/input/{index}"
    if isinstance(part, dict) and (part.get("type") == "image_url" or "image_url" in part):
        raise RequestError(localized("images-unread"), code="images_refused", param=where)
    if not isinstance(part, dict) or not isinstance(part.get("text"), str):
        raise RequestError(localized("needed", place=f"input.{index}.text"), param=where)
    return str(part["text"])


def _result(check: Check, result: CheckResult) -> Json:
    scores = dict.fromkeys(CATEGORIES, 0.0)
    for ruled in result.rulings:
        found = ruled.finding
        if isinstance(found, Finding) and (name := label("moderations", found.kind)):
            scores[name] = max(scores[name], round(found.score, 4))
    flags = {name: score > 0 for name, score in scores.items()}
    outcome = result.outcome
    return {
        "flagged": result.stopped or any(flags.values()),
        "categories": flags,
        "category_scores": scores,
        "category_applied_input_types": {name: ["text"] for name in CATEGORIES},
        "threegate": {
            "id": result.record_id,
            "action": ACTIONS[result.action],
            "findings": findings_of(check, result),
            "failures": failures_of(check, result),
            "message": asdict(outcome.message) if outcome else None,
        },
    }
