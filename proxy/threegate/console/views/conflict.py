"""A form that was drawn before the draft changed: in another tab or window, or because another
version came into force. It overwrites nothing unseen: both sides are shown, and the visitor
chooses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from threegate.console.drafts import DraftFile, Workspace
from threegate.console.errors import ERRORS
from threegate.console.presenters.changes import compared
from threegate.console.presenters.text_diff import file_changes
from threegate.console.web import ConsoleRequest, Shown

SEEN = "seen"
"""The field with the `Workspace.state` that a form was drawn from; without it all is saved."""


async def unseen(
    visit: ConsoleRequest, space: Workspace, mine: Mapping[str, str], state: str, back: str = ""
) -> Shown | None:
    """Both sides, where the form knows another state than `state` and what it makes of the files
    (`mine`) is not what the draft says. `back`: the form's page, where it has not its address."""
    changed = {path: text for path, text in mine.items() if space.text(path) != text}
    if not changed or visit.form.get(SEEN, state) == state:
        return None
    files = {path: DraftFile(text, space.in_force(path)) for path, text in changed.items()}
    ours = replace(space, files={**space.files, **files})
    before, after = [await visit.checked(side.check) for side in (space, ours)]
    shown = compared(before, after, visit.language)
    shown["texts"] = file_changes({path: space.text(path) for path in changed}, changed)
    form = {name: value for name, value in visit.form.items() if name != SEEN}
    error = ERRORS["draft-moved"].get(visit.language)
    more = {"error": error, SEEN: state, "form": form, "page": back}
    return Shown("policy/conflict.html", shown | more, 409)
