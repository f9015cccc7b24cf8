"""Creates a rule from a template, blank or as a copy, and deletes it again."""

from __future__ import annotations

from threegate.console.drafts import PACKS, Workspace, packs_text
from threegate.console.errors import refusal
from threegate.console.forms.detect_fields import own_pieces
from threegate.console.forms.new_rule import (
    OWN_PACK,
    Template,
    blank,
    blank_constraint,
    free_id,
    own_pack,
    templates,
    with_copy,
    with_template,
    without_rule,
)
from threegate.console.pack_merge import pieces
from threegate.console.views.content.parts import change_pack
from threegate.console.views.policies import keep_file, packs_of, space_of
from threegate.console.web import Answer, ConsoleRequest, Redirect, Shown, blocking
from threegate.policy.language.load import Bundle, pack_path
from threegate.policy.lifecycle.store import today_utc
from threegate.policy.schema import Pack

GROUPS = ("data", "words", "topics", "safety", "answers", "model")


async def new_page(visit: ConsoleRequest) -> Answer:
    """Common needs as templates, and a blank rule."""
    space, bundle = await packs_of(visit)
    rows = [_template_row(t, visit.language) for t in templates()]
    packs = [{"name": p.pack, "title": p.title.get(visit.language)} for p in serving_packs(bundle)]
    return Shown(
        "policy/new.html",
        {"templates": rows, "groups": GROUPS, "packs": packs, "pack": target_pack(space, bundle)},
    )


def _template_row(made: Template, language: str) -> dict[str, str]:
    words = {"title": made.title.get(language), "about": made.about.get(language)}
    return {"id": made.id, "group": made.group, **words}


def target_pack(space: Workspace, bundle: Bundle) -> str:
    """The pack for the user's own rules: a separate one or, if packs are bound to callers, the last
    pack in use that some call gets, because an unbound pack would serve everybody else, or
    nobody."""
    bound = [name for pack in bundle.packs for b in pack.bindings for name in b.packs]
    if not bound:
        return OWN_PACK
    named = {name for each in space.served() if each.reached for name in each.bundle.names}
    serving = named & {pack.pack for pack in serving_packs(bundle)}
    return next((name for name in reversed(space.packs) if name in serving), bound[-1])


def serving_packs(bundle: Bundle) -> list[Pack]:
    """Without those that only bind other packs: a rule there holds for nobody."""
    bound = {name for pack in bundle.packs for b in pack.bindings for name in b.packs}
    return [pack for pack in bundle.packs if pack.pack in bound or not pack.bindings]


async def create(visit: ConsoleRequest) -> Answer:
    """Creates a rule from a template, blank, or as a copy, then opens its form."""
    space, bundle = await packs_of(visit)
    known = {p.pack for p in bundle.packs}
    pack = visit.form.get("pack") or target_pack(space, bundle)
    if pack not in known | {OWN_PACK}:
        raise refusal("no-pack-in-force")
    text = space.text(pack_path(pack)) or own_pack()
    rule_id, text = await blocking(_created, visit, space, bundle, pack, text)
    if pack not in known:
        await keep_file(visit, space, PACKS, packs_text((*space.packs, pack)))
    await keep_file(visit, space, pack_path(pack), text)
    return Redirect(f"/policies/rule/{rule_id}/form", data={"rule": rule_id})


def _created(
    visit: ConsoleRequest, space: Workspace, bundle: Bundle, pack: str, text: str
) -> tuple[str, str]:
    """The new rule's id and the pack with it. Raises ConsoleError."""
    taken = {rule.id for p in bundle.packs for rule in p.rules} | rule_ids(text)
    if source := visit.form.get("copy", ""):
        name = pack_of(space, source)
        new_id = free_id(f"{pack}.{source.rpartition('.')[2]}", taken)
        layer = visit.form.get("layer", "")
        return new_id, with_copy(text, space.text(pack_path(name)), source, new_id, layer)
    made = _template(visit.form.get("template", ""), visit.form.get("kind", ""))
    new_id = free_id(f"{pack}.{made.id}", taken)
    owner = visit.me.group or visit.me.name
    return new_id, with_template(text, made, new_id, owner, today_utc())


def _template(id: str, kind: str) -> Template:
    if not id:
        return blank(kind)
    if id == "constraint":
        return blank_constraint()
    found = next((t for t in templates() if t.id == id), None)
    if found is None:
        raise refusal("no-template")
    return found


def rule_ids(text: str) -> set[str]:
    keys = pieces("pack.yaml", text)
    return {key.removeprefix("rules/") for key in keys if key.startswith("rules/")}


def pack_of(space: Workspace, rule_id: str) -> str:
    """The pack whose text contains the rule, even while it has errors; of several, the effective
    one. Raises ConsoleError."""
    named = [p.pack for p in space.bundle().packs]
    drafts = [p.removeprefix("packs/").removesuffix(".yaml") for p in space.files if p != PACKS]
    for name in dict.fromkeys([*reversed(named), *drafts]):
        if rule_id in rule_ids(space.text(pack_path(name))):
            return name
    raise refusal("no-rule")


async def remove_rule(visit: ConsoleRequest) -> Answer:
    """Deletes the rule from the draft; for a rule in force the approver sees the deletion."""
    space, rule_id = await space_of(visit), visit.path["rule"]
    pack = await blocking(pack_of, space, rule_id)
    if await blocking(_begun_for, space, pack, rule_id):
        await keep_file(visit, space, PACKS, packs_text(p for p in space.packs if p != pack))
        await blocking(visit.parts.drafts.discard, visit.me.name, pack_path(pack))
        return Redirect("/policies/draft", done="removed")
    elsewhere = await blocking(other_packs, space, pack)
    await change_pack(visit, space, pack, lambda text: without_rule(text, rule_id, elsewhere))
    return Redirect("/policies/draft", done="removed")


def _begun_for(space: Workspace, pack: str, rule_id: str) -> bool:
    """Whether the draft created the pack and it contains only this rule."""
    path = pack_path(pack)
    text = space.text(path)
    parts = {key for key in pieces(path, text) if "/" in key}
    return not space.in_force(path) and parts <= parts_of(text, rule_id)


def parts_of(text: str, rule_id: str) -> set[str]:
    """The rule and the definitions that its form writes, as parts of the pack."""
    return {f"rules/{rule_id}", *(part for part in own_pieces(text, rule_id) if "/" in part)}


def other_packs(space: Workspace, pack: str) -> str:
    return "".join(space.text(pack_path(p.pack)) for p in space.bundle().packs if p.pack != pack)
