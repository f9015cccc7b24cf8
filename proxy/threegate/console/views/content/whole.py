"""The policy as a whole: enabled packs, all messages to users on one page, and download and upload
of a policy as an archive. Everything here changes only the draft."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from functools import partial
from pathlib import PurePath
from typing import Any

from ruamel.yaml.comments import CommentedMap
from starlette.responses import Response

from threegate.console.content.files import archive, unpacked
from threegate.console.drafts import PACKS, Workspace, fingerprint, packs_text
from threegate.console.errors import refusal
from threegate.console.forms.rule_form import RuleForm, dumped, edited, opened
from threegate.console.presenters.rule_words import value_words
from threegate.console.views.conflict import unseen
from threegate.console.views.content.parts import guarded
from threegate.console.views.policies import keep_file, packs_of, space_of
from threegate.console.web import Answer, ConsoleRequest, Redirect, Shown, blocking
from threegate.console.yaml_values import insert_before_rules, put_plain
from threegate.policy.compile import layered
from threegate.policy.compliance.coverage import coverage
from threegate.policy.compliance.taxonomy import Taxonomy
from threegate.policy.language.load import Bundle, load_bundle, pack_path
from threegate.policy.model import AiLabel
from threegate.policy.schema import AuditLevel, AuditSpec, ConstraintRule, Rule

MAX_DIGITS = 9
"""Of a share; Python reads no number of thousands of digits."""


def pack_rows(space: Workspace, chosen: Taxonomy, language: str) -> list[dict[str, Any]]:
    """Every available pack: on or off, and how many more categories it would cover."""
    now = coverage(load_bundle(space.tree, space.packs), chosen).covered
    names = dict.fromkeys((*space.packs, *space.ground.shelf))
    return [_pack_row(space, name, chosen, now, language) for name in names]


def _pack_row(
    space: Workspace, name: str, chosen: Taxonomy, now: int, language: str
) -> dict[str, Any]:
    on = name in space.packs
    bundle = load_bundle(space.tree, (*space.packs, name))
    title = next((p.title.get(language) for p in bundle.packs if p.pack == name), name)
    rules = sum(len(p.rules) for p in bundle.packs if p.pack == name)
    more = 0 if on else coverage(bundle, chosen).covered - now
    return {"name": name, "title": title, "on": on, "rules": rules, "more": more}


async def switch(visit: ConsoleRequest) -> Answer:
    """Enables or disables a pack in the draft."""
    space, name = await space_of(visit), visit.form.get("pack", "")
    if name not in (*space.packs, *space.ground.shelf):
        raise refusal("no-pack")
    rest = tuple(n for n in space.packs if n != name)
    packs = (*rest, name) if visit.form.get("on") else rest
    if not packs:
        raise refusal("last-pack")
    await keep_file(visit, space, PACKS, packs_text(packs))
    return Redirect("/policies/coverage", done="saved")


def kept(bundle: Bundle, language: str) -> dict[str, Any]:
    """How much of a call the log keeps, and which shares reviewers see."""
    spec = _kept(bundle)
    return {
        "level": spec.level.value,
        "levels": {level.value: value_words(level, language) for level in AuditLevel},
        "review_passed": spec.review_passed,
        "review_twice": spec.review_twice,
    }


def _kept(bundle: Bundle) -> AuditSpec:
    return next((p.audit for p in reversed(bundle.packs) if p.audit), AuditSpec())


def seen_of(bundle: Bundle) -> dict[str, str]:
    """What the two forms of the coverage page are drawn from."""
    label = labelled(bundle, "en")["label"]
    return {"kept": fingerprint([str(_kept(bundle))]), "label": fingerprint([label])}


async def keep(visit: ConsoleRequest) -> Answer:
    """Saves it in the pack whose setting applies."""
    space, form = await space_of(visit), visit.form
    bundle = await blocking(space.bundle)
    pack = next((p.pack for p in reversed(bundle.packs) if p.audit), space.packs[-1])
    state = seen_of(bundle)["kept"]
    done = Redirect("/policies/coverage", done="saved")
    change = partial(_with_audit, form=form)
    return await guarded(visit, space, pack, change, state, "/policies/coverage") or done


def _with_audit(text: str, form: Mapping[str, str]) -> str:
    """Raises ConsoleError."""
    document, default = opened(text), AuditSpec()
    spec = document.get("audit")
    if not isinstance(spec, CommentedMap):
        spec = CommentedMap()
        insert_before_rules(document, "audit", spec)
    put_plain(spec, "level", form.get("level") or default.level.value, default.level.value)
    for name in ("review_passed", "review_twice"):
        given = form.get(name, "").strip()
        if not given.isdecimal() or len(given) > MAX_DIGITS:
            raise refusal("number")
        put_plain(spec, name, int(given), getattr(default, name))
    return dumped(document)


def labelled(bundle: Bundle, language: str) -> dict[str, Any]:
    """How answers are labelled as AI-generated."""
    label = next((p.label for p in reversed(bundle.packs) if p.label), AiLabel.OFF)
    return {"label": label.value, "labels": {x.value: value_words(x, language) for x in AiLabel}}


async def save_label(visit: ConsoleRequest) -> Answer:
    """Saves it in the pack whose label setting applies."""
    space, label = await space_of(visit), visit.form.get("label", "")
    if label not in list(AiLabel):
        raise refusal("no-label")
    bundle = await blocking(space.bundle)
    pack = next((p.pack for p in reversed(bundle.packs) if p.label), space.packs[-1])
    state = seen_of(bundle)["label"]
    done = Redirect("/policies/coverage", done="saved")
    change = partial(_with_label, label=label)
    return await guarded(visit, space, pack, change, state, "/policies/coverage") or done


def _with_label(text: str, label: str) -> str:
    """Raises ConsoleError."""
    document = opened(text)
    if "label" not in document:
        insert_before_rules(document, "label", label)
    put_plain(document, "label", label, "")
    return dumped(document)


async def messages(visit: ConsoleRequest) -> Answer:
    """What users and models are told: messages rule by rule, constitutions by their files."""
    space, bundle = await packs_of(visit)
    rows = [
        {"id": r.id, "title": r.title.get(visit.language), "pack": pack}
        | {"zh": r.message.zh if r.message else "", "en": r.message.en if r.message else ""}
        for r, pack in layered(bundle)
        if isinstance(r, Rule)
    ]
    told = _constitutions(space, bundle, visit.language)
    data = {"messages": rows, "constitutions": told, "seen": _state(space, bundle)}
    return Shown("policy/messages.html", data)


def _constitutions(space: Workspace, bundle: Bundle, language: str) -> list[dict[str, Any]]:
    """Each text with the rules that tell it to the model."""
    users: dict[str, list[dict[str, str]]] = {}
    for rule, _ in layered(bundle):
        if isinstance(rule, ConstraintRule) and rule.then.constitution:
            user = {"id": rule.id, "title": rule.title.get(language)}
            users.setdefault(rule.then.constitution.file, []).append(user)
    return [
        {"file": file, "rules": rules, "text": space.text(file).strip()}
        for file, rules in users.items()
    ]


async def save_messages(visit: ConsoleRequest) -> Answer:
    """Saves the changed messages, each in its pack, and the changed constitutions."""
    space, form = await space_of(visit), visit.form
    bundle = await blocking(space.bundle)
    texts: dict[str, str] = {}
    for rule, pack in layered(bundle):
        zh, en = (form.get(f"{lang}.{rule.id}") for lang in ("zh", "en"))
        old = (rule.message.zh, rule.message.en) if rule.message else ("", "")
        if zh is None or en is None or (zh.strip(), en.strip()) == old:
            continue
        path = pack_path(pack)
        change = RuleForm(message_zh=zh.strip(), message_en=en.strip())
        now = texts.get(path, space.text(path))
        texts[path] = await blocking(edited, now, rule.id, change)
    for each in _constitutions(space, bundle, visit.language):
        text = form.get(f"constitution.{each['file']}", each["text"]).strip()
        texts |= {each["file"]: text + "\n"} if text != each["text"] else {}
    if conflict := await unseen(visit, space, texts, _state(space, bundle)):
        return conflict
    for path, text in texts.items():
        await keep_file(visit, space, path, text)
    return Redirect("/policies/messages", done="saved")


def _state(space: Workspace, bundle: Bundle) -> str:
    told = (f"{each['file']} {each['text']}" for each in _constitutions(space, bundle, "en"))
    return fingerprint([*(f"{rule.id} {rule.message}" for rule, _ in layered(bundle)), *told])


async def download(visit: ConsoleRequest) -> Answer:
    """The visitor's view as an archive: the draft on top of the policy in force."""
    space, bundle = await packs_of(visit)
    files = {path: content.decode("utf-8", "replace") for path, content in bundle.files.items()}
    drafted = {path: file.text for path, file in space.files.items()}
    body = archive({**files, **drafted, PACKS: packs_text(space.packs)})
    headers = {"content-disposition": 'attachment; filename="policy.zip"'}
    return Response(body, media_type="application/zip", headers=headers)


async def upload_page(visit: ConsoleRequest) -> Answer:
    return Shown("policy/upload.html", {"taken": None})


async def upload(visit: ConsoleRequest) -> Answer:
    """Imports an archive or one pack into the draft; identical files change nothing."""
    space, name = await space_of(visit), visit.form.get("name", "")
    try:
        content = base64.b64decode(visit.form.get("content", ""), validate=True)
        files = await blocking(unpacked, content, name)
    except binascii.Error:
        raise refusal("upload") from None
    changed = _switched_on(files, space)
    for path, text in changed.items():
        await keep_file(visit, space, path, text)
    return Shown("policy/upload.html", {"taken": sorted(changed)})


def _switched_on(files: Mapping[str, str], space: Workspace) -> dict[str, str]:
    """The files that differ from the draft. New packs are enabled, unless the archive itself says
    which ones are."""
    new = [PurePath(p).stem for p in files if p[:6] == "packs/" and not space.text(p)]
    wanted = {PACKS: packs_text(dict.fromkeys((*space.packs, *new))), **files}
    now = {PACKS: packs_text(space.packs)}
    return {p: text for p, text in wanted.items() if text != now.get(p, space.text(p))}
