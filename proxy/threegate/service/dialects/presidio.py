"""Presidio's analyzer and anonymizer: `POST /analyze`, `POST /anonymize`.

`/analyze` reports personal data and secrets on which a rule for a user's input acts, whatever it
does with them: the policy says what is looked for, so recognizers in the request are refused.
`/anonymize` edits a text at given positions and judges nothing.

LiteLLM's hook takes an error status of `/analyze` for "nothing found" and lets the text pass. So
every failure there is status 200 with JSON that breaks off: no client can read it as a finding or
as none. The hook sends no headers, so the API key may be the password in its address.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from threegate.errors import RequestError, ThreegateError
from threegate.gateway.access.auth import presented_key
from threegate.gateway.meta.openapi import schema_of
from threegate.i18n.messages import localized
from threegate.service.check import CheckResult, CheckStage, text_check
from threegate.service.dialects import presidio_operators
from threegate.service.dialects.base import (
    REQUESTS,
    Json,
    OpenAiStyle,
    Operation,
    Reading,
    ServiceRequest,
    refuse_many,
    refuse_unchecked,
)
from threegate.service.dialects.labels import entity
from threegate.types import Channel, Finding
from threegate.wire.adapter import Body
from threegate.wire.errors import openai_error

ANALYZE: Final = REQUESTS["analyze"]
ANONYMIZE: Final = REQUESTS["anonymize"]


class _Presidio(OpenAiStyle):
    def key(self, headers: Mapping[str, str]) -> str:
        return _password(headers.get("authorization", "")) or presented_key(headers)

    def error(self, error: ThreegateError, language: str) -> Body | bytes:
        return {"error": openai_error(error, language)["error"]["message"]}


def _password(authorization: str) -> str:
    """Of basic authentication (RFC 7617), which clients make of `http://user:password@host`."""
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(given.strip(), validate=True).decode().partition(":")[2]
    except ValueError:
        return ""


class Analyze(_Presidio):
    name = "presidio"
    operations = (Operation.described("presidio_analyze", "/analyze", schema_of(ANALYZE)),)

    def read(self, request: ServiceRequest) -> Reading:
        body = request.body(ANALYZE)
        if body.get("ad_hoc_recognizers"):
            raise RequestError(localized("ad-hoc"), code="ad_hoc_recognizers")
        several = isinstance(body["text"], list)
        texts = body["text"] if several else [body["text"]]
        refuse_many(len(texts))
        if not all(isinstance(t, str) for t in texts):
            raise RequestError(localized("token-ids", place="text"), param="/text")
        checks = tuple(text_check(CheckStage.INPUT, text) for text in texts)

        def answer(results: Sequence[CheckResult]) -> Any:
            found = [_found(body, t, r) for t, r in zip(texts, results, strict=True)]
            return found if several else found[0]

        return Reading(checks, answer)

    def error(self, error: ThreegateError, language: str) -> bytes:
        return orjson.dumps(super().error(error, language)).removesuffix(b"}")

    def status(self, error: ThreegateError) -> int:
        return 200


class Anonymize(_Presidio):
    name = "presidio"
    operations = (Operation.described("presidio_anonymize", "/anonymize", schema_of(ANONYMIZE)),)

    def read(self, request: ServiceRequest) -> Reading:
        body = request.body(ANONYMIZE)
        made = presidio_operators.anonymized(
            body["text"], body["analyzer_results"], body.get("anonymizers") or {}
        )
        return Reading((), lambda results: made)


def _found(body: Body, text: str, result: CheckResult) -> list[Json]:
    refuse_unchecked(result)
    wanted, least = body.get("entities"), body.get("score_threshold") or 0.0
    allowed = frozenset(body.get("allow_list") or ())
    found: dict[tuple[int, int, str], float] = {}
    for ruled in result.rulings:
        one = ruled.finding
        if not isinstance(one, Finding) or not _is_personal(one):
            continue
        at = (one.span.start, one.span.end, entity(one.kind))
        if text[one.span.start : one.span.end] not in allowed:
            found[at] = max(found.get(at, 0.0), round(one.score, 4))
    return [
        {"entity_type": kind, "start": s, "end": e, "score": score, "analysis_explanation": None}
        for (s, e, kind), score in sorted(found.items())
        if score >= least and (not wanted or kind in wanted)
    ]


def _is_personal(finding: Finding) -> bool:
    family = finding.kind.partition(".")[0]
    return family in ("pii", "secret") and finding.locus.channel is Channel.USER
