"""Alibaba Cloud's text moderation, as Higress' ai-security-guard and APISIX call it: `POST /`.

The plugins let a text pass whenever the answer is not status 200 with `Code` 200. So every failure
is answered as the highest risk. The access key id is the API key of this guard; the signature, made
with a secret that only the client knows, is not verified.

Risk levels: high where the policy stops the text, medium if it would edit it (which these APIs
cannot do, except for requests of MultiModalGuard), low if it flags it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import parse_qsl

from threegate.errors import RequestError, ThreegateError
from threegate.gateway.access.auth import presented_key
from threegate.i18n.messages import localized
from threegate.policy.language.vocabulary import kind_title
from threegate.service.check import Check, CheckResult, CheckStage, text_check
from threegate.service.dialects.base import Json, Operation, Reading, ServiceRequest
from threegate.service.dialects.labels import label
from threegate.types import Action, Finding, Ruling
from threegate.wire import json as strict_json
from threegate.wire.adapter import Body
from threegate.wire.errors import openai_error

_CREDENTIAL: Final = re.compile(r"\bCredential=([^,\s]+)")
LEVELS: Final = ("none", "low", "medium", "high")
SUGGESTIONS: Final = {"none": "pass", "low": "watch", "medium": "mask", "high": "block"}
_SENSITIVE: Final = {"none": "S0", "low": "S1", "medium": "S2", "high": "S4"}
_FORM: Final = "application/x-www-form-urlencoded"
_REQUEST: Final[Json] = {
    "type": "object",
    "required": ["ServiceParameters"],
    "properties": {"ServiceParameters": {"type": "string", "description": "JSON: content"}},
}


class Aliyun:
    name = "aliyun"
    operations = (Operation.described("aliyun", "/", _REQUEST, content_type=_FORM),)

    def key(self, headers: Mapping[str, str]) -> str:
        given = headers.get("authorization", "")
        found = _CREDENTIAL.search(given) if given.startswith("ACS3-") else None
        return found[1] if found else presented_key(headers)

    def read(self, request: ServiceRequest) -> Reading:
        form = _form(request.query, request.data)
        parameters = strict_json.parse(form.get("ServiceParameters", "").encode())
        text = parameters.get("content")
        if not isinstance(text, str):
            raise RequestError(localized("needed", place="content"), param="/content")
        if parameters.get("imageUrls") or form.get("ImageBase64Str"):
            raise RequestError(localized("images-unread"), code="images_refused")
        stage = CheckStage.OUTPUT if "response" in form.get("Service", "") else CheckStage.INPUT
        session = parameters.get("sessionId")
        check = text_check(stage, text, conversation=session if isinstance(session, str) else "")

        def answer(results: Sequence[CheckResult]) -> Json:
            return _answered(results[0].record_id, _data(check, results[0]))

        return Reading((check,) if text else (), answer if text else lambda _: _answered("", _NONE))

    def error(self, error: ThreegateError, language: str) -> Body:
        """Fails closed: the plugins would let the text pass on any other answer."""
        message = openai_error(error, language)["error"]["message"]
        return _answered("", {**_risk("high"), "Advice": [{"Answer": message}]})

    def status(self, error: ThreegateError) -> int:
        return 200


def _form(*parts: bytes) -> dict[str, str]:
    """The fields of query and body. Raises RequestError for more than a request has, for one that
    is there twice, and for text that is not UTF-8."""
    try:
        found = [field for part in parts for field in _fields(part)]
    except ValueError:
        raise RequestError(localized("form"), code="invalid_form") from None
    form = dict(found)
    if len(form) < len(found):
        raise RequestError(localized("form"), code="invalid_form")
    return form


def _fields(data: bytes) -> list[tuple[str, str]]:
    text = data.decode()
    return parse_qsl(text, strict_parsing=bool(text), max_num_fields=64, errors="strict")


def _answered(record_id: str, data: Json) -> Json:
    return {"Code": 200, "Message": "OK", "RequestId": record_id, "Data": data}


def _risk(level: str) -> Json:
    return {"RiskLevel": level, "AttackLevel": "none", "Suggestion": SUGGESTIONS[level]}


_NONE: Final[Json] = {**_risk("none"), "Result": [], "Detail": []}


def level_of(action: Action) -> str:
    if action >= Action.ANSWER:
        return "high"
    if action >= Action.MASK:
        return "medium"
    return "low" if action else "none"


def _data(check: Check, result: CheckResult) -> Json:
    by_type: dict[str, list[Ruling]] = {}
    for ruled in result.rulings:
        kind = ruled.finding.kind if isinstance(ruled.finding, Finding) else ""
        by_type.setdefault(label("aliyun", kind) or "contentModeration", []).append(ruled)
    edited = _edited(check, result)
    detail = [_detail(name, ruled, edited) for name, ruled in by_type.items()]
    attacks = by_type.get("promptAttack", ())
    made = {
        **_risk(level_of(result.action)),
        "AttackLevel": level_of(max((r.action for r in attacks), default=Action.ALLOW)),
        "Result": _results(result.rulings),
        "Detail": detail,
    }
    if result.stopped:
        made["Advice"] = [{"Answer": result.message, "HitLabel": "", "HitLibName": ""}]
    return made


def _edited(check: Check, result: CheckResult) -> str:
    turns = result.messages if check.stage is CheckStage.INPUT else result.answers
    return str(turns[0].get("content") or "") if turns else ""


def _detail(name: str, ruled: Sequence[Ruling], edited: str) -> Json:
    level = level_of(max(r.action for r in ruled))
    results = _results(ruled)
    if name == "sensitiveData":
        results = [{**one, "Ext": {"Desensitization": edited}} for one in results]
    shown = _SENSITIVE[level] if name == "sensitiveData" else level
    return {"Type": name, "Level": shown, "Suggestion": SUGGESTIONS[level], "Result": results}


def _results(rulings: Iterable[Ruling]) -> list[Json]:
    """One entry for each kind, the most certain; never the words found."""
    best: dict[str, Finding] = {}
    for ruled in rulings:
        found = ruled.finding
        if isinstance(found, Finding) and found.score >= best.get(found.kind, found).score:
            best[found.kind] = found
    return [
        {
            "Label": kind,
            "Description": kind_title(kind).zh,
            "Confidence": round(found.score * 100, 2),
            "RiskWords": "",
        }
        for kind, found in best.items()
    ]
