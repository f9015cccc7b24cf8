"""Recognizers in Presidio's format, written in a form: what they find is shown while typing.
Changes go into the draft and are approved like rules."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode

from threegate.console.content.recognizers import (
    SCORES,
    OwnRecognizer,
    data_of,
    form_of,
    recognizers_of,
    rows_of,
    with_recognizer,
    without_recognizer,
)
from threegate.console.drafts import Workspace, fingerprint
from threegate.console.errors import ConsoleError, refusal
from threegate.console.forms.new_rule import own_pack
from threegate.console.forms.pattern_like import pattern_for
from threegate.console.presenters.highlights import Highlight, pieces
from threegate.console.views.conflict import unseen
from threegate.console.views.content.parts import change_pack, check_unused, found_in
from threegate.console.views.new_rule import target_pack
from threegate.console.views.policies import space_of
from threegate.console.web import Answer, ConsoleRequest, Redirect, Shown, blocking
from threegate.detectors.engine.scanner import PatternScanner
from threegate.detectors.presidio.policy import from_policy
from threegate.policy.language.load import pack_path
from threegate.policy.language.recognizers import fault
from threegate.types import Channel, Layer, Passage, TextLocation

PLACE = TextLocation(Layer.INPUT, Channel.USER)


async def page(visit: ConsoleRequest) -> Answer:
    """One recognizer, or the empty form of a new one."""
    space, found = await _here(visit, visit.query)
    form = form_of(found) if found else {}
    return Shown("policy/recognizer.html", await blocking(_page, visit, space, found, form))


async def try_it(visit: ConsoleRequest) -> Answer:
    """The page with the current input; nothing is saved."""
    space, found = await _here(visit, visit.form)
    work = partial(_page, visit, space, found, _given(visit))
    return Shown("policy/recognizer.html", await visit.checked(work))


async def save(visit: ConsoleRequest) -> Answer:
    space, found = await _here(visit, visit.form)
    form, was = _given(visit), found.name if found else ""
    pack = found.pack if found else target_pack(space, await blocking(space.bundle))
    path = pack_path(pack)
    text = await blocking(with_recognizer, space.text(path) or own_pack(), was, form)
    if conflict := await unseen(visit, space, {path: text}, _state(found), _address(pack, was)):
        return conflict
    await change_pack(visit, space, pack, lambda _: text)
    return Redirect(_address(pack, form["name"].strip()), done="saved")


async def remove(visit: ConsoleRequest) -> Answer:
    """Deletes it from the pack unless a rule still looks for its kind."""
    space, found = await _here(visit, visit.form)
    if found is None:
        raise refusal("no-recognizer")
    check_unused(found.used)
    name = found.name
    await change_pack(visit, space, found.pack, lambda text: without_recognizer(text, name))
    return Redirect("/policies/detectors", done="removed")


async def _here(
    visit: ConsoleRequest, given: Mapping[str, str]
) -> tuple[Workspace, OwnRecognizer | None]:
    """The draft and the named recognizer; None without a name. Raises ConsoleError."""
    space, name = await space_of(visit), given.get("was", "")
    if not name:
        return space, None
    every = recognizers_of(await blocking(space.bundle))
    return space, found_in(every, given.get("pack", ""), name, "no-recognizer")


def _state(found: OwnRecognizer | None) -> str:
    return fingerprint([str(found.data) if found else ""])


def _given(visit: ConsoleRequest) -> dict[str, str]:
    """The form, with a first pattern that fits the examples typed for it."""
    form = dict(visit.form)
    regex = pattern_for(form.get("pattern.0.regex", ""), form.get("like", ""))
    if regex and len(rows_of(form)) == 1:
        form |= {"pattern.0.regex": regex, "pattern.0.score": form.get("pattern.0.score") or "0.6"}
    return form


def _address(pack: str, name: str) -> str:
    return f"/policies/recognizer?{urlencode({'pack': pack, 'was': name})}"


def _page(
    visit: ConsoleRequest, space: Workspace, found: OwnRecognizer | None, form: Mapping[str, str]
) -> dict[str, Any]:
    names = ("name", "entity", "deny_list", "deny_score", "context", "match", "no_match")
    rows = rows_of(form)
    return {
        "pack": found.pack if found else "",
        "seen": visit.form.get("seen") or _state(found),
        "was": found.name if found else "",
        "kind": found.kind if found else "",
        "used": list(found.used) if found else [],
        "changed": found is not None and pack_path(found.pack) in space.files,
        "fields": {name: form.get(name, "") for name in names},
        "patterns": rows,
        "scores": _scores([*(r["score"] for r in rows), form.get("deny_score", "")]),
        **_tried(visit, form),
    }


def _scores(given: list[str]) -> dict[str, str]:
    """The scores to choose from: the usual ones and those already used."""
    return SCORES | {score: "" for score in given if score and score not in SCORES}


def _tried(visit: ConsoleRequest, form: Mapping[str, str]) -> dict[str, Any]:
    """The examples with the recognizer's findings, or what is wrong with it; nothing while it is
    incomplete."""
    try:
        data = data_of(form)
    except ConsoleError:
        return {"problem": "", "tried": []}
    if (wrong := fault(data)) is not None:
        return {"problem": wrong.get(visit.language), "tried": []}
    scanner = PatternScanner((from_policy([data]),))
    tried = [
        _example(scanner, expect, text)
        for expect in ("match", "no_match")
        for text in filter(None, form.get(expect, "").split("\n"))
    ]
    return {"problem": "", "tried": tried}


def _example(scanner: PatternScanner, expect: str, text: str) -> dict[str, Any]:
    found = scanner.scan(Passage(PLACE, text)).findings
    level = max((f.level for f in found), default=None)
    return {
        "expect": expect,
        "passed": bool(found) is (expect == "match"),
        "level": level.name.lower() if level is not None else "",
        "pieces": pieces(
            text, [Highlight(f.span.start, f.span.end, f.kind, "", "") for f in found]
        ),
    }
