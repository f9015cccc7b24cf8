"""Which versions changed a rule and who approved each, as an auditor would ask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from threegate.console.drafts import text_at
from threegate.console.errors import ConsoleError
from threegate.console.forms.detect_fields import own_pieces
from threegate.console.pack_merge import pieces
from threegate.console.presenters import policies
from threegate.policy.language.load import DictTree, Tree
from threegate.policy.lifecycle.commands import Approve, Event
from threegate.policy.lifecycle.versions import Versions
from threegate.policy.schema import AnyRule, ConstraintRule

MOST = 5
LOOKED_AT = 50
"""The most versions to read, newest first."""


def changed_by(
    versions: Versions, folder: Tree, rule: AnyRule, language: str
) -> list[dict[str, Any]]:
    """Versions that were in force and whose text of the rule differs from the one in force before
    (`folder` before the first), newest first. Blocks."""
    state = versions.state()
    since = {a.digest: a.at for a in state.activations}
    events = versions.events()
    names = policies.version_names(events, language)
    found: list[dict[str, Any]] = []
    for version in list(reversed(state.versions.values()))[:LOOKED_AT]:
        if version.digest not in since or len(found) == MOST:
            continue
        before, after = (_tree(versions, d, folder) for d in (version.base, version.digest))
        if tuple(_parts(before, rule)) != tuple(_parts(after, rule)):
            row = policies.version_row(version, state, "")
            reasons = _reasons(events, version.digest)
            row |= {"name": names[version.digest], "at": since[version.digest], "reasons": reasons}
            found.append(row)
    return found


def _reasons(events: Iterable[Event], digest: str) -> dict[str, str]:
    """What each approver wrote."""
    commands = ((e.by, e.command) for e in events if e.command.digest == digest)
    return {by: c.note for by, c in commands if isinstance(c, Approve) and c.note}


def _tree(versions: Versions, digest: str, folder: Tree) -> Tree:
    stored = versions.load(digest) if digest else None
    return DictTree(stored.files) if stored else folder


def _parts(tree: Tree, rule: AnyRule) -> Iterator[str]:
    """The rule, the parts that its form writes, and the text of its constitution."""
    text = text_at(tree, rule.at.file)
    try:
        own = {f"rules/{rule.id}", *(p for p in own_pieces(text, rule.id) if "/" in p)}
    except ConsoleError:  # it did not exist yet
        return
    yield from (part for key, part in pieces(rule.at.file, text).items() if key in own)
    if isinstance(rule, ConstraintRule) and rule.then.constitution:
        yield text_at(tree, rule.then.constitution.file)
